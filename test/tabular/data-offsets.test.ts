import { describe, expect, test } from 'vitest';
import {
  clipOutliers,
  fillMissing,
  minMax,
  preprocess,
  preprocessingFromJSON,
  quantileNormal,
  robust,
  type StepSpec,
  standardize,
  type Table,
  zeroCentre,
} from '../../src/data/index.js';
import { moments } from '../../src/data/prep/statistics.js';

/** Steps whose results do not depend on where the numbers begin, nor on their unit. */
const steps: Readonly<Record<string, readonly StepSpec[]>> = {
  standardize: [standardize()],
  minMax: [minMax()],
  'minMax from -1 to 1': [minMax({ min: -1, max: 1 })],
  robust: [robust()],
  quantileNormal: [quantileNormal()],
  'clipOutliers, standardize': [clipOutliers(), standardize()],
  'zeroCentre, standardize': [zeroCentre(), standardize()],
  'standardize, fillMissing': [standardize(), fillMissing({ indicator: true })],
  'fillMissing by the mean, standardize': [fillMissing({ strategy: 'mean' }), standardize()],
};

const scales: readonly (readonly [string, number, number])[] = [
  ['1e10', 1e10, 1],
  ['epoch seconds', 1.7e9, 60],
  ['milliseconds, a day apart', 1.7e12, 864e5],
  ['latitudes', 52.5, 1e-6],
  ['-1e12', -1e12, 0.5],
  ['2^50', 2 ** 50, 4],
  ['1e-50', 0, 1e-50],
  ['1e-300', 0, 1e-300],
  ['1e200', 1e200, 1e190],
  ['1e299', 0, 1e299],
];

const column = (offset: number, step: number, count = 90) =>
  Float64Array.from({ length: count }, (_, i) => offset + step * ((i * 7) % 9));
const tableOf = (values: Float64Array): Table => ({ name: 'x', kind: 'number', values }) as never;

describe.each(Object.entries(steps))('%s', (_, chain) => {
  test.each(scales)('numbers near %s become what those near 0 become, and come back', async (_, offset, step) => {
    const { Table } = await import('../../src/data/index.js');
    const make = (values: Float64Array) => new Table([tableOf(values) as never]);
    const prep = () => preprocess({ numbers: chain });
    const wanted = prep().fitTransform(make(column(0, 1)));
    const fitted = prep();
    const found = fitted.fitTransform(make(column(offset, step)));
    found.data.forEach((value, i) => {
      expect(Math.abs(value - wanted.data[i]!)).toBeLessThan(2e-5);
    });
    expect(preprocessingFromJSON(JSON.parse(JSON.stringify(fitted))).transform(make(column(offset, step)))).toEqual(
      found,
    );
    const back = fitted.inverseTransform(found).column('x') as { values: Float64Array };
    back.values.forEach((value, i) => {
      expect(Math.abs((value - column(offset, step)[i]!) / step)).toBeLessThan(1e-4);
    });
  });
});

test('moments hold where squares and sums leave the range of float64', () => {
  const of = (values: readonly number[]) => moments(Float64Array.from(values));
  const [mean, deviation] = [3, Math.sqrt(2)];
  for (const unit of [1, 2 ** -1000, 2 ** -700, 2 ** 700, 2 ** 1018]) {
    const found = of([1, 2, 3, 4, 5, Number.NaN].map((value) => value * unit));
    expect([found.count, found.mean / unit]).toEqual([5, mean]);
    expect(found.deviation / unit).toBeCloseTo(deviation, 14);
  }
  expect(of([1e308, 1e308, 1e308]).mean / 1e308).toBeCloseTo(1, 15);
  expect(of([])).toEqual({ count: 0, mean: 0, variance: 0, deviation: 0 });
  expect(of([1e10, 1e10 + 2]).deviation).toBe(1);
});

test.each<[string, StepSpec]>([
  ['standardize', standardize()],
  ['minMax', minMax()],
  ['robust', robust()],
  ['clipOutliers', clipOutliers()],
  ['quantileNormal', quantileNormal()],
  ['zeroCentre', zeroCentre()],
  ['fillMissing', fillMissing({ strategy: 'mean' })],
])('%s refuses what a file could not bring back', async (_, step) => {
  const { Table } = await import('../../src/data/index.js');
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.7e308, -1.7e308]) {
    const table = new Table([{ name: 'x', kind: 'number', values: Float64Array.of(1, -value, value, 2, 3) }]);
    let prep = preprocess({ numbers: step });
    try {
      prep = prep.fit(table);
    } catch (error) {
      expect(String(error)).toMatch(/column 'x'/);
      continue;
    }
    expect(preprocessingFromJSON(JSON.parse(JSON.stringify(prep))).toJSON()).toEqual(prep.toJSON());
  }
});
