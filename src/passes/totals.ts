import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { Gathering } from '../nn/metrics/metric.js';
import type { LinkedProgram } from '../program/run.js';
import { gather } from './gather.js';
import type { Logs } from './logs.js';
import { makeLogs } from './logs.js';

/** Returns the divisor of an output's loss. */
function rowsOf({ training }: Engine, target: number, rows: number): number {
  return training.targets[target]?.objective.summed ? 1 : rows;
}

/**
 * Sums of an evaluation so far, and the rows that metrics need of it; means are over rows, not over batches, and a loss that
 * is a sum is the sum of all.
 */
export class Totals {
  rows = 0;
  penalty = 0;
  readonly losses: number[];
  readonly hits: number[];
  /** Undefined where no metric needs any. */
  readonly gathered: Gathering | undefined;

  constructor(
    protected readonly engine: Engine,
    rows: number,
  ) {
    this.losses = engine.training.targets.map(() => 0);
    this.hits = [...this.losses];
    this.gathered = gather(engine, rows);
  }

  /** Adds what a program that has just run reports. */
  add({ penalty, losses, hits }: Outcome, program: LinkedProgram): void {
    const { rows } = program;
    this.rows += rows;
    this.penalty += penalty * rows;
    for (let i = 0; i < losses.length; i++) {
      this.losses[i] = (this.losses[i] as number) + (losses[i] as number) * rowsOf(this.engine, i, rows);
      this.hits[i] = (this.hits[i] as number) + (hits[i] as number);
    }
    this.gathered?.add(this.engine.heap, program);
  }

  /** Yields while it measures what was gathered. */
  *logs(norm?: number): Generator<void, Logs> {
    const measured = this.gathered && (yield* this.gathered.measure());
    const { engine, rows, hits } = this;
    const losses = this.losses.map((sum, i) => sum / rowsOf(engine, i, rows));
    const penalty = this.penalty / rows;
    const loss =
      losses.reduce((sum, value, i) => sum + engine.training.targets[i]!.objective.weight * value, 0) + penalty;
    return makeLogs(engine, { loss, penalty, losses, hits, norm }, rows, measured);
  }
}
