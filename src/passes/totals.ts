import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/steps.js';
import type { BoundTarget } from '../engine/training-plan.js';
import type { Measured } from '../nn/metrics/counted.js';
import type { BoundMetric } from '../nn/metrics/registry.js';
import type { Logs } from './logs.js';

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
    return makeLogs(engine, { loss, penalty, losses, hits, norm, refused: false }, rows, measured);
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
      if (value !== undefined) logs[labelOf(metric, several ? name : undefined)] = value;
    }
  }
  if (penaltySlots.length > 0) logs.penalty = penalty;
  if (norm !== undefined) logs.gradientNorm = norm;
  return logs;
}

/** What logs call a metric, of several outputs with the name of its own. */
export function labelOf({ label }: BoundMetric, output: string | undefined): string {
  return output === undefined ? label : `${output}${capital(label)}`;
}

/** A name within another. */
export function capital(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
