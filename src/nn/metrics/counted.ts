import type { RegisteredNames } from '../registered.js';
import { configure, type MetricDefinition, type MetricLabel } from './metric.js';

export const accuracyDefinition = {
  options: {},
  reads: 'decisions',
  fits: ['binary', 'classes', 'multiLabel', 'values'],
  best: 'max',
  counted: true,
} satisfies MetricDefinition;

const make = (options: MetricLabel = {}) => configure('accuracy', accuracyDefinition, options, countedAccuracy);

/** `accuracy` without what computes it outside of programs, which kernels do while they run. */
const countedAccuracy = /* @__PURE__ */ Object.assign(make, { definition: accuracyDefinition as MetricDefinition });

export const metricNames = { accuracy: countedAccuracy };

/** A metric that `metrics` takes by name; the others come from their functions. */
export type MetricName = keyof typeof metricNames | RegisteredNames<'metric'>;
