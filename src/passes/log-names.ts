import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import { capital, type Logs, makeLogs } from './logs.js';

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
