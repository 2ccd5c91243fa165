import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';

import type { BoundTarget } from '../engine/training-plan.js';
import type { Measured } from '../nn/metrics/metric.js';

/**
 * Numbers of a batch or an epoch: `loss`, metrics, `penalty`, `gradientNorm`; of an epoch also `learningRate`, that of its
 * last step, and where there was validation `valLoss` and so on. Of metrics the batches of `fit` have `accuracy` alone,
 * since others cost more than a step. With several outputs `priceLoss` and so on.
 */
export type Logs = Readonly<Record<string, number>>;

/** The numbers of validation, under the names that they have beside those of training. */
export function validationLogs(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [`val${capital(name)}`, value]));
}

/** The names of an epoch's numbers, in order. */
export function logNames(engine: Engine, validated: boolean): readonly string[] {
  const { targets, clip, trackGradientNorm } = engine.training;
  const zeros = targets.map(() => 0);
  const measured = targets.map(({ metrics }) => new Map(metrics.map((metric) => [metric, 0])));
  const outcome: Outcome = { loss: 0, penalty: 0, losses: zeros, hits: zeros, norm: undefined, refused: false };
  const logs = makeLogs(engine, outcome, 1, measured);
  const tracked = clip || trackGradientNorm ? ['gradientNorm'] : [];
  if (engine.training.onNonFinite === 'skip') tracked.push('skippedBatches');
  const validation = validated ? Object.keys(validationLogs(logs)) : [];
  return [...Object.keys(logs), ...tracked, 'learningRate', ...validation];
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
