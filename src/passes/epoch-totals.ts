import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { Measured } from '../nn/metrics/metric.js';
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

  constructor({ training }: Engine, from?: TotalsState) {
    super(training.targets);
    if (!from) return;
    this.rows = from.rows;
    this.skipped = from.skipped;
    this.penalty = from.penalty;
    this.#norms = from.norms;
    this.#updates = from.updates;
    training.targets.forEach((_, i) => {
      this.losses[i] = from.losses[i] as number;
      this.hits[i] = from.hits[i] as number;
    });
  }

  override add(outcome: Outcome, rows: number): void {
    super.add(outcome, rows);
    if (outcome.norm === undefined) return;
    this.#norms += outcome.norm;
    this.#updates++;
  }

  get state(): TotalsState {
    const { rows, penalty, losses, hits, skipped } = this;
    return { rows, penalty, losses: [...losses], hits: [...hits], norms: this.#norms, updates: this.#updates, skipped };
  }

  /** The norm's mean is over updates, NaN where there were none. */
  override logs(engine: Engine, measured?: Measured): Logs {
    const { clip, trackGradientNorm, onNonFinite } = engine.training;
    const norm = clip || trackGradientNorm ? this.#norms / this.#updates : undefined;
    const logs = super.logs(engine, measured, norm);
    return onNonFinite === 'skip' ? { ...logs, skippedBatches: this.skipped } : logs;
  }
}
