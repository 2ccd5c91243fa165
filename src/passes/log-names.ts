import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { Direction } from '../nn/metrics/metric.js';
import { capital, type Logs, labelOf, makeLogs } from './logs.js';

/** Returns the numbers of validation, under the names that they have next to those of training. */
export function validationLogs(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [validationName(name), value]));
}

const validationName = (name: string) => `val${capital(name)}`;

/** Returns the names of an epoch's numbers, in order. */
export function logNames(engine: Engine, validated: boolean): readonly string[] {
  const { targets, clip, trackGradientNorm } = engine.training;
  const zeros = targets.map(() => 0);
  const measured = targets.map(({ metrics }) => new Map(metrics.map((metric) => [metric, 0])));
  const outcome: Outcome = { loss: 0, penalty: 0, losses: zeros, hits: zeros, norm: undefined };
  const logs = makeLogs(engine, outcome, 1, measured);
  const tracked = clip || trackGradientNorm ? ['gradientNorm'] : [];
  if (engine.training.onNonFinite === 'skip') tracked.push('skippedBatches');
  const validation = validated ? Object.keys(validationLogs(logs)) : [];
  return [...Object.keys(logs), ...tracked, 'learningRate', ...validation];
}

/**
 * Returns whether the least or the greatest of an epoch's numbers is the best: metrics say so, and of all else it is
 * the least.
 */
export function logModes(engine: Engine, names: readonly string[]): Readonly<Record<string, Direction>> {
  const { targets } = engine.training;
  const metrics = targets.flatMap(({ name, metrics }) =>
    metrics.map((metric) => [labelOf(metric, targets.length > 1 ? name : undefined), metric.best] as const),
  );
  const known = new Map([...metrics, ...metrics.map(([name, best]) => [validationName(name), best] as const)]);
  return Object.fromEntries(names.map((name) => [name, known.get(name) ?? 'min']));
}
