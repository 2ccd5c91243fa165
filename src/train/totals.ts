import type { Measured } from '../model/metrics/counted.js';
import type { Logs } from './callbacks.js';
import type { Engine } from './engine.js';
import type { Outcome } from './steps.js';
import type { BoundTarget } from './training-plan.js';

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

/** Sums of an epoch so far; means are over rows, not over batches, and a loss that is a sum is the sum of all. */
export class EpochTotals {
  rows = 0;
  /** Batches that were left out, because something in them was not finite. */
  skipped = 0;
  readonly #targets: Engine['training']['targets'];
  #norms = 0;
  #updates = 0;
  #penalty = 0;
  readonly #losses: number[];
  readonly #hits: number[];

  constructor({ training }: Engine, from?: TotalsState) {
    this.#targets = training.targets;
    this.#losses = training.targets.map((_, i) => from?.losses[i] ?? 0);
    this.#hits = training.targets.map((_, i) => from?.hits[i] ?? 0);
    if (!from) return;
    this.rows = from.rows;
    this.skipped = from.skipped;
    this.#penalty = from.penalty;
    this.#norms = from.norms;
    this.#updates = from.updates;
  }

  #rowsOf(target: number, rows: number): number {
    return this.#targets[target]?.objective.summed ? 1 : rows;
  }

  add({ penalty, losses, hits, norm }: Outcome, rows: number): void {
    this.rows += rows;
    this.#penalty += penalty * rows;
    if (norm !== undefined) {
      this.#norms += norm;
      this.#updates++;
    }
    for (let i = 0; i < losses.length; i++) {
      this.#losses[i] = (this.#losses[i] as number) + (losses[i] as number) * this.#rowsOf(i, rows);
      this.#hits[i] = (this.#hits[i] as number) + (hits[i] as number);
    }
  }

  get state(): TotalsState {
    return {
      rows: this.rows,
      penalty: this.#penalty,
      losses: [...this.#losses],
      hits: [...this.#hits],
      norms: this.#norms,
      updates: this.#updates,
      skipped: this.skipped,
    };
  }

  /** `updates` says that these are totals of training; the norm's mean is over updates, NaN where there were none. */
  logs(engine: Engine, measured?: Measured, updates = false): Logs {
    const { rows } = this;
    const { clip, trackGradientNorm } = engine.training;
    const norm = updates && (clip || trackGradientNorm) ? this.#norms / this.#updates : undefined;
    const losses = this.#losses.map((sum, i) => sum / this.#rowsOf(i, rows));
    const penalty = this.#penalty / rows;
    const loss = losses.reduce((sum, value, i) => sum + this.#targets[i]!.objective.weight * value, 0) + penalty;
    const outcome = { loss, penalty, losses, hits: this.#hits, norm, refused: false };
    const logs = makeLogs(engine, outcome, rows, measured);
    return updates && engine.training.onNonFinite === 'skip' ? { ...logs, skippedBatches: this.skipped } : logs;
  }
}

/** The numbers that users see of a step, an epoch or an evaluation; of metrics the counted ones and the `measured`. */
export function makeLogs(
  engine: Engine,
  { loss, penalty, losses, hits, norm }: Outcome,
  rows: number,
  measured: Measured = [],
): Logs {
  const { penaltySlots, targets } = engine.training;
  const logs: Record<string, number> = { loss };
  for (let i = 0; i < targets.length; i++) {
    const { name, objective, metrics } = targets[i] as BoundTarget;
    const several = targets.length > 1;
    if (several) logs[`${name}Loss`] = losses[i] as number;
    for (const metric of metrics) {
      const counted = (hits[i] as number) / (rows * objective.hitsPerRow);
      const value = metric.compute ? measured[i]?.get(metric) : counted;
      const label = several ? `${name}${capital(metric.label)}` : metric.label;
      if (value !== undefined) logs[label] = value;
    }
  }
  if (penaltySlots.length > 0) logs.penalty = penalty;
  if (norm !== undefined) logs.gradientNorm = norm;
  return logs;
}

/** A name within another. */
export function capital(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
