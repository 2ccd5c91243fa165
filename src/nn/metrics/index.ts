export * from './classification.js';
export type { MetricName } from './counted.js';
export type { CallOptions, Metric } from './make-metric.js';
export type { Labelled, MetricLabel, MetricSpecOf } from './metric.js';
export type { MetricLabels, MetricSpec, Metrics } from './registry.js';
export * from './regression.js';
