// Written by `npx vitest run test/nn/registries.test.ts --update`, from the registries. Every program that trains holds these
// names, for errors that name the nearest, but not what they name: so they stand here as text.

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
