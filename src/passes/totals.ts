import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { Measured } from '../nn/metrics/metric.js';
import type { Logs } from './logs.js';
import { makeLogs } from './logs.js';

/** Sums of an evaluation so far; means are over rows, not over batches, and a loss that is a sum is the sum of all. */
export class Totals {
  rows = 0;
  penalty = 0;
  readonly losses: number[];
  readonly hits: number[];

  constructor(readonly targets: Engine['training']['targets']) {
    this.losses = targets.map(() => 0);
    this.hits = targets.map(() => 0);
  }

  #rowsOf(target: number, rows: number): number {
    return this.targets[target]?.objective.summed ? 1 : rows;
  }

  add({ penalty, losses, hits }: Outcome, rows: number): void {
    this.rows += rows;
    this.penalty += penalty * rows;
    for (let i = 0; i < losses.length; i++) {
      this.losses[i] = (this.losses[i] as number) + (losses[i] as number) * this.#rowsOf(i, rows);
      this.hits[i] = (this.hits[i] as number) + (hits[i] as number);
    }
  }

  logs(engine: Engine, measured?: Measured, norm?: number): Logs {
    const { rows, hits } = this;
    const losses = this.losses.map((sum, i) => sum / this.#rowsOf(i, rows));
    const penalty = this.penalty / rows;
    const loss = losses.reduce((sum, value, i) => sum + this.targets[i]!.objective.weight * value, 0) + penalty;
    return makeLogs(engine, { loss, penalty, losses, hits, norm, trouble: undefined }, rows, measured);
  }
}
