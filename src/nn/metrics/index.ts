export {
  type AverageOptions,
  accuracy,
  auc,
  type ConfusionOptions,
  confusionMatrix,
  type EceOptions,
  ece,
  f1,
  logLoss,
  prAuc,
  precision,
  recall,
  type TopKOptions,
  topK,
} from './classification.js';
export type { MetricName } from './counted.js';
export type { CallOptions, Metric } from './make-metric.js';
export type { MetricLabel, MetricSpecOf } from './metric.js';
export type { MetricSpec, Metrics } from './registry.js';
export { mae, mape, mse, r2, rmse } from './regression.js';
