import type { Direction } from './metric.js';

// `npx vitest run test/nn/registries.test.ts --update` writes this file from the registry, so that a program which monitors
// one metric holds no others.

/** Says whether the least or the greatest value of a metric is the best. */
export const metricModes: Readonly<Record<string, Direction>> = {
  accuracy: 'max',
  auc: 'max',
  ece: 'min',
  f1: 'max',
  logLoss: 'min',
  mae: 'min',
  mape: 'min',
  mse: 'min',
  prAuc: 'max',
  precision: 'max',
  r2: 'max',
  recall: 'max',
  rmse: 'min',
  topK: 'max',
};
