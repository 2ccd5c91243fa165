import type { Cursor, Position } from '../callbacks/run-state.js';
import type { FitPlan } from './fit-plan.js';

/** Returns the position at which a run begins, of a model trained for so many epochs so far, or goes on. */
export function positionOf({ firstEpoch, epochs }: FitPlan, trained: number, cursor: Cursor | undefined): Position {
  if (!cursor) {
    const first = firstEpoch ?? trained;
    const end = (epochs as number) + (firstEpoch === undefined ? trained : 0);
    return { firstEpoch: first, epochs: end, epoch: first, batch: 0, begun: false };
  }
  const { epoch, batch, begun } = cursor;
  const end = epochs === undefined ? cursor.epochs : epochs + (firstEpoch === undefined ? cursor.firstEpoch : 0);
  return { firstEpoch: cursor.firstEpoch, epochs: end, epoch, batch, begun };
}

/** Goes to the first batch of the next epoch. */
export function nextEpoch(position: Position): void {
  position.epoch++;
  position.batch = 0;
  position.begun = false;
}

/** Measures how long the present epoch takes. */
export class EpochClock {
  /** The time at which the epoch began, or went on; Infinity between epochs. */
  #began = Infinity;
  /** The seconds that it had taken before. */
  #before: number;

  constructor(seconds = 0) {
    this.#before = seconds;
  }

  get seconds(): number {
    return this.#before + Math.max(0, performance.now() - this.#began) / 1e3;
  }

  start(): void {
    this.#began = performance.now();
  }

  /** Does not count milliseconds in which the run stood still. */
  leaveOut(milliseconds: number): void {
    this.#began += milliseconds;
  }

  /** Ends the epoch. */
  reset(): void {
    this.#before = 0;
    this.#began = Infinity;
  }
}
