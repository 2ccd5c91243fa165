import { type Measure, metric } from './definition.js';
import type { Sample } from './sample.js';

const means = (term: (target: number, error: number) => number, finish = (mean: number) => mean) =>
  ({
    options: {},
    reads: 'values',
    fits: ['values', 'binary', 'classes', 'multiLabel'],
    compute({ targets, predictions }: Sample) {
      const { length } = targets.data;
      let total = 0;
      for (let i = 0; i < length; i++) total += term(targets.data[i]!, targets.data[i]! - predictions.data[i]!);
      return finish(total / length);
    },
  }) satisfies Measure;

const square = (_: number, error: number): number => error * error;

/** The mean squared error. */
export const mse = /* @__PURE__ */ metric<'mse', object>('mse', /* @__PURE__ */ means(square));

/** The root of the mean squared error, that of all columns together. */
export const rmse = /* @__PURE__ */ metric<'rmse', object>('rmse', /* @__PURE__ */ means(square, Math.sqrt));

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
 * The coefficient of determination: 1 less the squared error by that of the targets' mean; the mean over columns. Of a
 * column of equal targets 1 if all are met, else 0; NaN for a single row.
 */
export const r2 = /* @__PURE__ */ metric<'r2', object>('r2', {
  options: {},
  reads: 'values',
  fits: ['values', 'binary', 'classes', 'multiLabel'],
  compute({ rows, targets: { data: targets, columns }, predictions: { data: predictions } }) {
    if (rows < 2) return Number.NaN;
    let total = 0;
    for (let c = 0; c < columns; c++) {
      let mean = 0;
      for (let i = c; i < targets.length; i += columns) mean += targets[i]!;
      mean /= rows;
      let left = 0;
      let there = 0;
      for (let i = c; i < targets.length; i += columns) {
        left += square(0, targets[i]! - predictions[i]!);
        there += square(0, targets[i]! - mean);
      }
      total += there === 0 ? Number(left === 0) : 1 - left / there;
    }
    return total / columns;
  },
});
