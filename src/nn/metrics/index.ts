export * from './classification.js';
export type { MetricName } from './counted.js';
export type { CallOptions, Metric } from './make-metric.js';
export type { Labelled, MetricLabel, MetricSpecOf } from './metric.js';
export {
  type CustomMetric,
  type CustomMetricName,
  type CustomMetricOptions,
  customMetric,
  type ExpressionMetric,
  type RowsMetric,
  type TotalsMetric,
} from './own-metric.js';
export type { MetricLabels, MetricSpec, Metrics } from './registry.js';
export * from './regression.js';
