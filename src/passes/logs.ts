import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';

import type { BoundTarget } from '../engine/training-plan.js';
import type { BoundMetric, Measured } from '../nn/metrics/metric.js';

/**
 * Numbers of a batch or an epoch: `loss`, metrics, `penalty`, `gradientNorm`; of an epoch also `learningRate`, that of its
 * last step, and where there was validation `valLoss` and so on. Of metrics the batches of `fit` have `accuracy` alone,
 * since others cost more than a step. With several outputs `priceLoss` and so on. Of a model whose metrics its type names, as
 * `compile` returns it, the type has `loss` and these metrics as numbers, the others as optional ones, and no other names.
 */
export type Logs<Names extends string = string> = string extends Names
  ? Readonly<Record<string, number>>
  : Readonly<Record<'loss' | Names, number>> & Readonly<Partial<Record<Occasional, number>>>;

/** Numbers that logs have where options ask for them. */
export type Occasional = 'penalty' | 'gradientNorm' | 'skippedBatches';

/**
 * Returns the numbers that users see of a step, an epoch or an evaluation; of metrics the counted ones and the `measured`.
 */
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

/** Returns the name of a metric in logs; with several outputs it begins with that of its output. */
export function labelOf({ label }: BoundMetric, output: string | undefined): string {
  return output === undefined ? label : `${output}${capital(label)}`;
}

/** Capitalizes a name, to follow another. */
export function capital(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
