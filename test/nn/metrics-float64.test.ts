import { describe, expect, test } from 'vitest';
import { type MatrixLike, matrix } from '../../src/matrix.js';
import {
  accuracy,
  auc,
  confusionMatrix,
  f1,
  logLoss,
  mae,
  mape,
  mse,
  prAuc,
  r2,
  rmse,
  topK,
} from '../../src/nn/metrics/index.js';

/** The numbers in each form that metrics take and that has room for float64. */
const forms: readonly (readonly [string, (values: readonly number[]) => MatrixLike])[] = [
  ['number[]', (values) => values],
  ['Float64Array', (values) => Float64Array.from(values)],
  ['rows', (values) => values.map((value) => [value])],
  ['rows of Float64Array', (values) => values.map((value) => Float64Array.of(value))],
  ['matrix of Float64Array', (values) => ({ data: Float64Array.from(values), rows: values.length, columns: 1 })],
  ['matrix as from JSON', (values) => ({ data: values, rows: values.length, columns: 1 })],
];

/** What stands at its place times `step`, from `offset` on: predictions are off by whole steps. */
const scales: readonly (readonly [string, number, number])[] = [
  ['near 0', 0, 1],
  ['1e10', 1e10, 1],
  ['-1e10', -1e10, 1],
  ['epoch seconds, a minute apart', 1.7e9, 60],
  ['dates in milliseconds, an hour apart', 1.7e12, 3_600_000],
  ['2^52', 2 ** 52, 1],
  ['latitudes', 52.5, 2 ** -20],
  ['1e-50', 0, 2 ** -166],
  ['1e-200', 0, 2 ** -664],
  ['1e200', 0, 2 ** 664],
  ['1e300', 0, 2 ** 996],
];

const truth = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const guess = [1, 1, 0, 3, 9, 5, 5, 10, 8];
// Errors -1 0 2 0 -5 0 1 -3 0: squares 40, sizes 12; around the mean 60.
describe.each(forms)('errors are computed in float64: %s', (_, form) => {
  test.each(scales)('%s', (_, offset, step) => {
    const [y, p] = [truth, guess].map((values) => form(values.map((value) => offset + step * value))) as [
      MatrixLike,
      MatrixLike,
    ];
    const squared = (40 / 9) * step * step;
    if (squared > 0 && squared < Infinity) expect(mse(y, p) / squared).toBeCloseTo(1, 12);
    else expect(mse(y, p)).toBe(squared);
    expect(rmse(y, p) / step).toBeCloseTo(Math.sqrt(40 / 9), 12);
    expect(mae(y, p) / step).toBeCloseTo(12 / 9, 12);
    expect(r2(y, p)).toBeCloseTo(1 - 40 / 60, 12);
    if (offset > 0)
      expect(mape(y, p)).toBeCloseTo(
        truth.reduce((sum, v, i) => sum + (step * Math.abs(v - guess[i]!)) / (offset + step * v), 0) / 9,
        15,
      );
  });

  test('whole numbers next to each other beyond float32', () => {
    expect(mse(form([16777217]), form([16777216]))).toBe(1);
    expect(mae(form([2 ** 53 - 1]), form([2 ** 53]))).toBe(1);
    expect(mse(form([1e39]), form([1e39]))).toBe(0);
  });

  test('a mean among equal targets, far from 0, is met or not', () => {
    expect(r2(form([1e10 + 0.1, 1e10 + 0.1, 1e10 + 0.1]), form([1e10 + 0.1, 1e10 + 0.1, 1e10 + 0.1]))).toBe(1);
    expect(r2(form([0.1, 0.1, 0.1]), form([0.1, 0.1, 0.2]))).toBe(0);
  });

  test('scores that float32 does not tell apart', () => {
    const scores = form([0.5 + 1e-12, 0.5 + 3e-12, 0.5 + 2e-12, 0.5 + 4e-12, 0.5, 0.5]);
    expect(auc([0, 1, 0, 1, 1, 0], scores)).toBe(6.5 / 9);
    expect(auc([0, 1, 0, 1, 1, 0], form([-3e300, 1e-320, -0, 1e300, -1e300, 0]))).toBe(7 / 9);
    expect(prAuc([1, 0], form([0.5, 0.5 + 1e-12]))).toBe(0.5);
    expect(accuracy([1, 0], form([0.5 + 1e-12, 0.5 - 1e-12]))).toBe(1);
    expect(f1([1, 0], form([0.5 + 1e-12, 0.5 - 1e-12]))).toBe(1);
    expect(logLoss([1], form([0.1]))).toBe(-Math.log(0.1));
  });
});

test('several columns of float64: r2 is the mean over them, the first of the largest is the class', () => {
  const y = truth.map((v) => [1e10 + v, v]);
  const p = guess.map((v, i) => [1e10 + v, truth[i]!]);
  expect(r2(y, p)).toBeCloseTo((1 - 40 / 60 + 1) / 2, 12);
  const scores = [[0.2, 0.4 - 1e-13, 0.4]];
  expect([accuracy([2], scores), topK([1], scores, { k: 1 })]).toEqual([1, 0]);
});

test('float32 is measured as it stands, beside float64 too', () => {
  const p = Float32Array.of(16777216, 3);
  expect(mse([16777217, 3], p)).toBe(0.5);
  expect(mse(matrix([16777217, 3], 2, 1), p)).toBe(0);
});

test.each([NaN, Infinity, -Infinity])('%s is refused wherever it comes', (value) => {
  for (const [, form] of forms) {
    expect(() => mse(form([1, value]), form([1, 2]))).toThrow(/yTrue, row 1, column 0: expected a finite number/);
    expect(() => mse([1, 2], form([1, value]))).toThrow(/yPred, row 1/);
  }
  expect(mse([1e308, 1e308, 0], [1e308, 1e308, 0])).toBe(0);
});

test('class indices that memory has no room for are refused', () => {
  expect(() => accuracy([1.7e9], [1.7e9])).toThrow(
    /yTrue: expected class indices below 16777216.*got class 1700000000/,
  );
  expect(() => f1([3], [2 ** 32])).toThrow(/yPred: expected class indices/);
  expect(() => confusionMatrix([20_000], [1])).toThrow(/yTrue: expected at most 5792.*got 20001 classes/);
  expect(accuracy([20_000, 1], [20_000, 2])).toBe(0.5);
});
