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
export type { CallOptions, Metric, MetricLabel } from './definition.js';
export { mae, mape, mse, r2, rmse } from './regression.js';
export type { MetricName, MetricSpec, Metrics } from './table.js';
