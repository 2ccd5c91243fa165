import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import {
  deserializeTabular,
  type Row,
  readCsv,
  type Table,
  type Tabular,
  tableFromRows,
  tabular,
} from '../../src/data/index.js';
import { inferTask } from '../../src/data/tabular/design.js';
import { expected } from '../../src/data/tabular/estimate/measure.js';
import { Generator } from '../../src/kernels/lib/philox.js';

const backend = await wasm();
const quick = { backend, members: 1, layers: [16] } as const;

/** Targets far from 0 beside their spread, or of a spread that float32 has no room for. */
const scales: readonly (readonly [string, number, number])[] = [
  ['near 0', 0, 1],
  ['epoch seconds, a minute apart', 1.7e9, 60],
  ['milliseconds, a second apart', 1.7e12, 1000],
  ['1e10', 1e10, 1],
  ['-1e10', -1e10, 1],
  ['1e15', 1e15, 8],
  ['latitudes', 52.5, 1e-6],
  ['1e-50', 0, 1e-50],
  ['1e-200', 0, 1e-200],
  ['1e50', 0, 1e50],
  ['1e200', 1e200, 1e198],
];

const csvOf = (rows: readonly Row[]) => {
  const names = Object.keys(rows[0]!);
  return [names, ...rows.map((row) => names.map((name) => (row as Record<string, unknown>)[name]))]
    .map((line) => line.join())
    .join('\n');
};

/** r2 and errors of predictions, taken from the first target so that nothing is lost. */
function errorsOf(truth: readonly number[], predictions: ArrayLike<number>, unit: number) {
  const at = truth.map((value) => (value - truth[0]!) / unit);
  const mean = at.reduce((a, b) => a + b, 0) / at.length;
  const errors = truth.map((value, i) => (value - predictions[i]!) / unit);
  const squares = errors.reduce((sum, error) => sum + error * error, 0);
  return {
    rmse: Math.sqrt(squares / truth.length) * unit,
    mae: (errors.reduce((sum, error) => sum + Math.abs(error), 0) / truth.length) * unit,
    r2: 1 - squares / at.reduce((sum, value) => sum + (value - mean) ** 2, 0),
  };
}

describe.each(scales)('a target of numbers: %s', (_, offset, step) => {
  const rows = Array.from({ length: 90 }, (_, i) => ({ x: i % 9, y: offset + step * (i % 9) }));
  const truth = rows.map(({ y }) => y);
  const fitted = (epochs: number, data: Table | readonly Row[] = rows) =>
    tabular({ target: 'y', task: 'regression', ...quick, epochs }).fit(data);
  const check = (pipeline: Tabular<'regression'>) => {
    const { rmse, mae, r2 } = errorsOf(truth, pipeline.predict(rows), step);
    const found = pipeline.evaluate(rows);
    expect(found.rmse! / step).toBeCloseTo(rmse / step, 9);
    expect(found.mae! / step).toBeCloseTo(mae / step, 9);
    expect(found.r2).toBeCloseTo(r2, 9);
    return found;
  };

  test('what is hardly trained is measured as bad as it is', async () => {
    const { r2, rmse } = check(await fitted(1));
    expect(r2).toBeLessThan(0.9);
    expect(rmse! / step).toBeGreaterThan(0.5);
  });

  test('what is trained is as good as near 0, of rows, files and from a file', async () => {
    const pipeline = await fitted(150);
    const { r2, baseline } = check(pipeline);
    expect(r2).toBeGreaterThan(0.999);
    expect(new Set(pipeline.predict(rows)).size).toBe(9);
    expect(pipeline.record.validation.r2).toBeGreaterThan(0.99);
    expect(baseline!.r2).toBeCloseTo(0, 3);
    expect((baseline!.rmse as number) / step).toBeCloseTo(Math.sqrt(60 / 9), 2);
    const again = deserializeTabular(pipeline.serialize(), { backend });
    expect(again.predict(rows)).toEqual(pipeline.predict(rows));
    expect(again.evaluate(rows)).toEqual(pipeline.evaluate(rows));
    const table = await readCsv({ text: csvOf(rows) });
    expect(pipeline.evaluate(table)).toEqual(pipeline.evaluate(rows));
    const fromFile = await fitted(150, table);
    expect(fromFile.predict(table)).toEqual(pipeline.predict(rows));
    expect(pipeline.predictTable(rows).columns[0]).toMatchObject({ values: pipeline.predict(rows) });
    const [first] = pipeline.explain(rows, { repeats: 1 });
    expect(first!.importance).toBeGreaterThan(1);
  });
});

test('a target of dates is predicted and measured in milliseconds', async () => {
  const day = 864e5;
  const rows = Array.from({ length: 90 }, (_, i) => ({
    x: i % 9,
    y: new Date(Date.UTC(2024, 0, 1) + day * (i % 9)).toISOString(),
  }));
  const pipeline = await tabular({ target: 'y', ...quick, epochs: 150 }).fit(rows);
  expect(pipeline.record.task).toBe('regression');
  const { rmse, r2 } = pipeline.evaluate(rows);
  expect(r2).toBeGreaterThan(0.999);
  const truth = rows.map(({ y }) => Date.parse(y));
  expect(rmse).toBeCloseTo(errorsOf(truth, pipeline.predict(rows) as Float64Array, day).rmse, 3);
  expect(String(pipeline.predictTable(rows).value(3, 'y'))).toMatch(/^2024-01-0[34]T/);
});

/** Features that float32 cannot tell apart as they stand. */
const features: readonly (readonly [string, (k: number, i: number) => number])[] = [
  ['near 1e10', (k) => 1e10 + k],
  ['epoch seconds', (k) => 1.7e9 + 60 * k],
  ['latitudes', (k) => 52.5 + 1e-6 * k],
  ['1e15, far below most', (k, i) => (i === 0 ? 1e15 + 64 : 1e15 + k)],
  ['1e-50', (k) => 1e-50 * k],
  ['1e-200', (k) => 1e-200 * k],
  ['1e200', (k) => 1e200 * (1 + k / 100)],
  ['1e300', (k) => 1e299 * (1 + k)],
];

describe.each(features)('features far from 0, or of another scale: %s', (_, feature) => {
  const rows = Array.from({ length: 90 }, (_, i) => ({ x: feature(i % 9, i), y: (i % 9) * 1.5 }));
  test.each([1, 40])('%i columns of them are learned from', async (width) => {
    const wide = rows.map(({ x, y }) => ({
      ...Object.fromEntries(Array.from({ length: width }, (_, c) => [`x${c}`, x])),
      y,
    }));
    const pipeline = await tabular({ target: 'y', ...quick, epochs: 150 }).fit(wide);
    expect(pipeline.evaluate(wide.slice(1)).r2).toBeGreaterThan(0.98);
    expect(deserializeTabular(pipeline.serialize(), { backend }).predict(wide)).toEqual(pipeline.predict(wide));
  });
});

test('files of earlier builds predict the same bits, and are measured in float64', () => {
  const { rows, models } = JSON.parse(
    readFileSync(new URL('../fixtures/saved/tabular-2026-11-21.json', import.meta.url), 'utf8'),
  );
  for (const { target, file, predictions } of models) {
    const pipeline = deserializeTabular(Buffer.from(file, 'base64'), { backend: typescript() });
    const found = pipeline.predict(rows.slice(0, 9));
    const plain = Array.from(found as ArrayLike<unknown>, (value) => {
      return typeof value === 'number' ? value : Object.values((value as { probabilities: object }).probabilities);
    });
    expect(plain, target).toEqual(predictions);
    const metrics = pipeline.evaluate(rows);
    if (target === 'kind')
      expect(metrics).toMatchObject({
        rows: 40,
        accuracy: 1,
        confusion: [
          [24, 0],
          [0, 16],
        ],
      });
    else {
      const truth = (rows as Record<string, number>[]).map((row) => row[target]!);
      const { rmse, r2 } = errorsOf(truth, pipeline.predict(rows) as Float64Array, target === 'small' ? 1e-6 : 60);
      expect(metrics.rmse! / rmse).toBeCloseTo(1, 9);
      expect(metrics.r2).toBeCloseTo(r2, 9);
    }
    expect(metrics).not.toHaveProperty('baseline');
  }
});

describe('0 and 1 are classes, whatever their shares', () => {
  const shares = [0.5, 0.1, 0.02, 0.01, 0.005];
  const y = (share: number, i: number) => Number(i % Math.round(1 / share) === 0);
  test.each(shares)('%d of ones', async (share) => {
    const make = (of: (one: number) => unknown) =>
      Array.from({ length: 1000 }, (_, i) => ({ x: i % 7, y: of(y(share, i)) }));
    const forms: readonly (readonly [string, readonly Row[]])[] = [
      ['numbers', make((one) => one)],
      ['turned', make((one) => 1 - one)],
      ['booleans', make((one) => one === 1)],
      ['texts', make((one) => String(one))],
      ['with a missing one', [...make((one) => one), { x: 1, y: null }]],
    ];
    for (const [name, rows] of forms)
      expect(inferTask(tableFromRows(rows).column('y')).task, name).toBe('classification');
    const table = await readCsv({ text: csvOf(make((one) => one)) });
    expect(inferTask(table.column('y'))).toMatchObject({
      task: 'classification',
      why: "'y' is 0 or 1",
      remark: expect.stringMatching(/task: 'regression'/),
    });
  });

  test.each([
    [[0, 2]],
    [[1, 2, 2, 2, 2, 2, 2, 2, 2, 2]],
    [[-1, 1]],
    [[0, 0.5, 1]],
    [[0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]],
  ])('others are as they were: %j', (values) => {
    expect(inferTask({ name: 'y', kind: 'number', values: Float64Array.from(values) }).task).toBe('regression');
  });

  test('a rare class is learned, and task says otherwise', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ x: i % 20, y: Number(i % 20 === 7) }));
    const pipeline = await tabular({ target: 'y', ...quick, epochs: 30 }).fit(rows);
    expect(pipeline.record).toMatchObject({
      task: 'classification',
      classes: ['0', '1'],
      prior: { shares: [0.95, 0.05] },
    });
    expect(pipeline.record.notes.join('\n')).toMatch(/classification, since 'y' is 0 or 1\n.*say task: 'regression'/);
    expect(pipeline.evaluate(rows).baseline).toMatchObject({ prediction: '0', accuracy: 0.95, auc: 0.5 });
    const number = await tabular({ target: 'y', task: 'regression', ...quick, epochs: 2 }).fit(rows);
    expect(number.predict(rows.slice(0, 2))).toBeInstanceOf(Float64Array);
    expect(number.record.notes.join()).not.toMatch(/0 or 1/);
  });
});

describe('remarks and refusals before training', () => {
  const numbers = (values: readonly number[], rows = 210) =>
    Array.from({ length: rows }, (_, i) => ({ x: i % 11, y: values[i % values.length]! }));
  test.each([
    [
      [1, 2, 3, 5, 6, 7],
      /'y' has 6 values, 1, 2, 3, 5, 6, 7: if they are classes, say task: 'classification' \(--task classification\)/,
    ],
    [[3, 4, 5, 6, 7, 8], /'y' has 6 values/],
    [[-1, 1], /'y' has 2 values, -1, 1/],
    [[0, 2], /'y' has 2 values/],
  ])('whole numbers that may be classes: %j', async (values, message) => {
    const before: string[] = [];
    const { record } = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(numbers(values), {
      remark: (text) => before.push(text),
      callbacks: () => [{ onEpochBegin: () => expect(before.join()).toMatch(message) }],
    });
    expect(before).toHaveLength(1);
    expect(record.task).toBe('regression');
    expect(record.notes.join('\n')).toMatch(message);
    const given = await tabular({ target: 'y', task: 'regression', ...quick, epochs: 1 }).fit(numbers(values));
    expect(given.record.notes.join('\n')).not.toMatch(/if they are classes/);
  });

  test.each([[[0.5, 1, 2]], [Array.from({ length: 50 }, (_, i) => i * i)]])('not of other numbers', async (values) => {
    const { record } = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(numbers(values));
    expect(record.notes.join()).not.toMatch(/classes/);
  });

  const constant = (y: unknown) => Array.from({ length: 30 }, (_, i) => ({ x: i, z: (i * 7) % 13, y }));
  test.each<[string, readonly Row[], object, RegExp]>([
    ['one number', constant(3), {}, /target: expected values that differ, got 'y', always 3/],
    ['one number far from 0', constant(1e10 + 0.1), {}, /values that differ/],
    ['one class', constant('a'), {}, /'y' of 1 class/],
    ['one truth', constant(true), {}, /'y' of 1 class/],
    ['no value', constant(null), {}, /'y' without a value/],
    ['ones alone', constant(1), { task: 'classification' }, /'y' of 1 class/],
    [
      'a class for each row',
      Array.from({ length: 20_000 }, (_, i) => ({ x: i % 7, y: `name ${i}` })),
      {},
      /several times, got 'y' of 20000 classes in 20000 rows/,
    ],
    [
      'a class for most rows',
      Array.from({ length: 200 }, (_, i) => ({ x: i % 7, y: `n${i % 120}` })),
      {},
      /several times/,
    ],
    [
      'a number for each row',
      Array.from({ length: 500 }, (_, i) => ({ x: i % 7, y: i * 1.5 })),
      { task: 'classification' },
      /several times.*regression/s,
    ],
    [
      'more classes than memory has room for',
      Array.from({ length: 40_000 }, (_, i) => ({ x: i % 7, y: `n${i % 20_000}` })),
      { members: 5 },
      /fit into memory/,
    ],
    [
      'a target of 1e308',
      Array.from({ length: 60 }, (_, i) => ({ x: i % 7, y: 1e308 * (1 + (i % 5) / 10) })),
      {},
      /column 'y', row 0: expected a number from -1e\+300 to 1e\+300/,
    ],
    [
      'a feature of 1e308',
      Array.from({ length: 60 }, (_, i) => ({ x: i === 3 ? 1.7e308 : i % 7, y: i % 5 })),
      {},
      /column 'x', row 3.*missing: \['1.7e\+308'\]/s,
    ],
    [
      'infinite numbers',
      Array.from({ length: 60 }, (_, i) => ({ x: i % 7, y: i === 5 ? Infinity : i * 1.5 })),
      {},
      /column 'y', row 5: expected a finite number/,
    ],
  ])('%s', async (_, rows, options, message) => {
    let epochs = 0;
    const fit = tabular({ target: 'y', ...quick, epochs: 1, ...options }).fit(rows, {
      callbacks: () => [{ onEpochBegin: () => void epochs++ }],
    });
    await expect(fit).rejects.toThrow(message);
    expect(epochs).toBe(0);
  });

  test('thousands of classes without a matrix of them, in a file that loads', async () => {
    const rows = Array.from({ length: 2400 }, (_, i) => ({ x: Math.sin(i), y: `n${i % 800}` }));
    const pipeline = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(rows);
    expect(pipeline.record.notes.join()).toMatch(/no confusion matrix is kept of 800 classes/);
    expect(pipeline.record.validation).not.toHaveProperty('confusion');
    const bytes = pipeline.serialize();
    expect(bytes.length).toBeLessThan(1e6);
    expect(deserializeTabular(bytes, { backend }).evaluate(rows.slice(0, 50))).toMatchObject({
      rows: 50,
      accuracy: expect.any(Number),
    });
  });

  test('classes of one row are named', async () => {
    const rows = Array.from({ length: 90 }, (_, i) => ({
      x: i % 7,
      y: i === 4 ? 'rare' : i === 5 ? 'seldom' : i % 2 ? 'a' : 'b',
    }));
    const { record } = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(rows);
    expect(record.notes.join()).toMatch(/2 classes have one row.*'rare', 'seldom'/);
  });
});

test('what would overflow float32 in prediction is named', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ x: i % 7, y: (i % 7) * 2.5 }));
  const pipeline = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(rows);
  expect(() => pipeline.predict([{ x: 1 }, { x: 1e300 }])).toThrow(/column 'x', row 1: expected a finite number/);
});

test('the baseline is that of training, beside every figure', async () => {
  const random = new Generator(1, 9);
  const rows = Array.from({ length: 200 }, () => ({
    x: random.uniform(),
    y: ['a', 'b', 'c'][Math.floor(random.uniform() ** 2 * 3)]!,
  }));
  const pipeline = await tabular({ target: 'y', ...quick, epochs: 3 }).fit(rows);
  const shares = ['a', 'b', 'c'].map((name) => rows.filter(({ y }) => y === name).length / 200);
  expect(pipeline.record.prior).toEqual({ shares });
  const metrics = pipeline.evaluate(rows);
  expect(Object.keys(metrics.baseline!).sort()).toEqual(['accuracy', 'f1', 'logLoss', 'prediction']);
  expect(metrics.baseline).toMatchObject({ prediction: 'a', accuracy: shares[0] });
  expect(metrics.baseline!.logLoss).toBeCloseTo(-shares.reduce((sum, p) => sum + p * Math.log(p), 0), 9);
  expect(metrics.baseline!.f1).toBeCloseTo((2 * shares[0]!) / (1 + shares[0]!) / 3, 9);
  expect(pipeline.record.validation.baseline!.prediction).toBe('a');
});

test('an estimate for all networks that falls below 0 leaves the figures of two', () => {
  const figures = { rows: 2, rmse: 2, mae: 1, r2: 0.5 };
  expect(expected(figures, Float64Array.of(-1, 0.5), 4)).toEqual(figures);
  expect(expected(figures, Float64Array.of(0, 2), 4)).toEqual({ rows: 2, rmse: 1, mae: 0.5, r2: 0.875 });
  expect(expected({ rows: 2, logLoss: 0.3 }, Float64Array.of(-0.1, 0), 0)).toEqual({ rows: 2, logLoss: 0.3 });
});
