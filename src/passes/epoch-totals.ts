import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { GatheredState } from '../nn/metrics/metric.js';
import type { LinkedProgram } from '../program/run.js';
import type { Logs } from './logs.js';
import { Totals } from './totals.js';

/** The sums as plain data. */
export interface TotalsState {
  readonly rows: number;
  readonly penalty: number;
  readonly losses: readonly number[];
  readonly hits: readonly number[];
  readonly norms: number;
  readonly updates: number;
  readonly skipped: number;
}

/** Sums of an epoch so far. */
export class EpochTotals extends Totals {
  /** Batches that were left out, because something in them was not finite. */
  skipped = 0;
  #norms = 0;
  #updates = 0;

  /** Goes on from an earlier run, if there is one. */
  constructor(engine: Engine, rows: number, from: TotalsState | undefined, gathered: GatheredState | undefined) {
    super(engine, rows);
    if (from) this.#set(from);
    if (from && this.gathered) this.gathered.state = gathered as GatheredState;
  }

  #set(from: TotalsState): void {
    this.rows = from.rows;
    this.skipped = from.skipped;
    this.penalty = from.penalty;
    this.#norms = from.norms;
    this.#updates = from.updates;
    this.losses.forEach((_, i) => {
      this.losses[i] = from.losses[i] as number;
      this.hits[i] = from.hits[i] as number;
    });
  }

  /** Begins the next epoch. */
  restart(): void {
    const none = this.losses.map(() => 0);
    this.#set({ rows: 0, penalty: 0, losses: none, hits: none, norms: 0, updates: 0, skipped: 0 });
    this.gathered?.restart();
  }

  override add(outcome: Outcome, program: LinkedProgram): void {
    super.add(outcome, program);
    if (outcome.norm === undefined) return;
    this.#norms += outcome.norm;
    this.#updates++;
  }

  get state(): TotalsState {
    const { rows, penalty, losses, hits, skipped } = this;
    return { rows, penalty, losses: [...losses], hits: [...hits], norms: this.#norms, updates: this.#updates, skipped };
  }

  /** The norm's mean is over updates, NaN where there were none. */
  override *logs(): Generator<void, Logs> {
    const { clip, trackGradientNorm, onNonFinite } = this.engine.training;
    const norm = clip || trackGradientNorm ? this.#norms / this.#updates : undefined;
    const logs = yield* super.logs(norm);
    return onNonFinite === 'skip' ? { ...logs, skippedBatches: this.skipped } : logs;
  }
}
