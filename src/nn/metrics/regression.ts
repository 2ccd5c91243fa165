import type { Numbers } from '../../matrix.js';
import { type Measure, metric } from './make-metric.js';
import type { Sample } from './sample.js';

/** Sizes of which neither squares nor their sums leave the range of float64. */
const [SMALL, LARGE] = [2 ** -450, 2 ** 450];

/** Returns a power of two near the greatest of sizes whose squares might leave the range of float64, else 1. */
const unitOf = (size: number): number =>
  size === 0 || (size >= SMALL && size <= LARGE) || !Number.isFinite(size) ? 1 : 2 ** Math.floor(Math.log2(size));

/** Returns the mean of the squares of errors that are `unit` as large. */
function squares({ targets, predictions }: Sample): { readonly mean: number; readonly unit: number } {
  const { length } = targets.data;
  let largest = 0;
  let total = 0;
  for (let i = 0; i < length; i++) {
    const error = targets.data[i]! - predictions.data[i]!;
    largest = Math.max(largest, Math.abs(error));
    total += error * error;
  }
  const unit = unitOf(largest);
  if (unit === 1) return { mean: total / length, unit };
  total = 0;
  for (let i = 0; i < length; i++) total += ((targets.data[i]! - predictions.data[i]!) / unit) ** 2;
  return { mean: total / length, unit };
}

const of = (compute: (sample: Sample) => number) =>
  ({
    options: {},
    reads: 'values',
    fits: ['values', 'binary', 'classes', 'multiLabel'],
    best: 'min',
    compute,
  }) satisfies Measure;

const means = (term: (target: number, error: number) => number) =>
  of(({ targets, predictions }) => {
    const { length } = targets.data;
    let total = 0;
    for (let i = 0; i < length; i++) total += term(targets.data[i]!, targets.data[i]! - predictions.data[i]!);
    return total / length;
  });

/** The mean squared error. */
export const mse = /* @__PURE__ */ metric<'mse', object>(
  'mse',
  /* @__PURE__ */ of((sample) => {
    const { mean, unit } = squares(sample);
    return mean * unit * unit;
  }),
);

/** The root of the mean squared error, that of all columns together. */
export const rmse = /* @__PURE__ */ metric<'rmse', object>(
  'rmse',
  /* @__PURE__ */ of((sample) => {
    const { mean, unit } = squares(sample);
    return Math.sqrt(mean) * unit;
  }),
);

/** The mean absolute error. */
export const mae = /* @__PURE__ */ metric<'mae', object>(
  'mae',
  /* @__PURE__ */ means((_, error) => Math.abs(error)),
);

/** The mean absolute error as a share of the target: 0.1 is 10%. Targets of 0 count as 2.2e-16, as in scikit-learn. */
export const mape = /* @__PURE__ */ metric<'mape', object>(
  'mape',
  /* @__PURE__ */ means((target, error) => Math.abs(error) / Math.max(Math.abs(target), Number.EPSILON)),
);

/**
 * 1 less the squared errors of a column by those of its mean. Targets are taken from the first of them, from which their
 * distances are exact where targets are far from 0 relative to their spread.
 */
function determination(targets: Numbers['data'], predictions: Numbers['data'], c: number, columns: number): number {
  const first = targets[c]!;
  let off = 0;
  let size = 0;
  for (let i = c; i < targets.length; i += columns) {
    const distance = targets[i]! - first;
    off += distance;
    size = Math.max(size, Math.abs(distance), Math.abs(targets[i]! - predictions[i]!));
  }
  const unit = unitOf(size);
  const mean = off / (targets.length / columns);
  let left = 0;
  let there = 0;
  for (let i = c; i < targets.length; i += columns) {
    left += ((targets[i]! - predictions[i]!) / unit) ** 2;
    there += ((targets[i]! - first - mean) / unit) ** 2;
  }
  return there === 0 ? Number(left === 0) : 1 - left / there;
}

/**
 * The coefficient of determination: 1 less the squared error by that of the targets' mean; the mean over columns. Of a
 * column of equal targets 1 if all are met, else 0; NaN for a single row.
 */
export const r2 = /* @__PURE__ */ metric<'r2', object>('r2', {
  options: {},
  reads: 'values',
  fits: ['values', 'binary', 'classes', 'multiLabel'],
  best: 'max',
  compute({ rows, targets: { data: targets, columns }, predictions: { data: predictions } }) {
    if (rows < 2) return Number.NaN;
    let total = 0;
    for (let c = 0; c < columns; c++) total += determination(targets, predictions, c, columns);
    return total / columns;
  },
});
