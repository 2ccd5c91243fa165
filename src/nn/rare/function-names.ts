// `npx vitest run test/nn/registries.test.ts --update` writes this file from the registries. Every program that trains holds
// these names, for errors that suggest the nearest one, but not the definitions: so the names are repeated here as text.

export const optimizerFunctions: readonly string[] = [
  'adadelta',
  'adagrad',
  'adamax',
  'adan',
  'lbfgs',
  'lion',
  'momentum',
  'nadam',
  'nesterov',
  'radam',
];

export const initializerFunctions: readonly string[] = ['identity', 'orthogonal', 'truncatedNormal', 'varianceScaling'];

export const metricFunctions: readonly string[] = [
  'auc',
  'ece',
  'f1',
  'logLoss',
  'mae',
  'mape',
  'mse',
  'prAuc',
  'precision',
  'r2',
  'recall',
  'rmse',
  'topK',
];

export const scheduleFunctions: readonly string[] = [
  'constantRate',
  'cosine',
  'cosineRestarts',
  'exponentialDecay',
  'inverseTimeDecay',
  'oneCycle',
  'polynomial',
  'stepDecay',
  'warmup',
];

export const averagingFunctions: readonly string[] = ['exponentialMovingAverage', 'stochasticWeightAveraging'];
