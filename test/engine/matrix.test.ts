import { describe, expect, test } from 'vitest';
import { dense, type Matrix, matrix, sequential, typescript } from '../../src/index.js';
import { any } from '../support/any.js';

// A matrix is cut as typed arrays and NumPy's arrays are.

const rows = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
  [10, 11, 12],
];
const m = matrix(rows);
const listed = (made: Matrix) => Array.from({ length: made.rows }, (_, r) => [...made.data.subarray(3 * r, 3 * r + 3)]);

describe('slice', () => {
  test.each<[from?: number | undefined, to?: number]>([
    [],
    [0],
    [1],
    [1, 3],
    [0, 0],
    [3, 1],
    [-1],
    [-2, -1],
    [0, -1],
    [-9, 2],
    [2, 99],
    [9],
    [undefined, 2],
    [1.7, 3.9],
    [-1.5],
    [Number.NaN, 2],
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('from %s to %s, as of arrays', (from, to) => {
    const cut = m.slice(from, to);
    expect(listed(cut)).toEqual(rows.slice(from, to));
    expect([cut.rows, cut.columns]).toEqual([rows.slice(from, to).length, 3]);
  });
});

test.each([[[]], [[2]], [[3, 0, 3]], [Uint32Array.of(1, 2)]])('take %j', (numbers) => {
  const taken = m.take(numbers);
  expect(listed(taken)).toEqual(Array.from(numbers, (i) => rows[i]));
  expect([taken.rows, taken.columns]).toEqual([numbers.length, 3]);
});

test('slice and take copy, a row and what iteration yields are views', () => {
  const own = matrix(rows);
  own.slice(0, 1).data[0] = 99;
  own.take([0]).data[0] = 99;
  expect(own.data).toEqual(m.data);
  own.row(1)[0] = 40;
  for (const row of own) row[1] = 0;
  expect(listed(own)).toEqual([
    [1, 0, 3],
    [40, 0, 6],
    [7, 0, 9],
    [10, 0, 12],
  ]);
});

test('iteration yields rows', () => {
  expect([...m].map((row) => [...row])).toEqual(rows);
  expect([...m.slice(0, 0)]).toEqual([]);
});

test.each<[string, number[][], number[]]>([
  [
    'the greatest',
    [
      [1, 3, 2],
      [9, 3, 2],
      [1, 3, 4],
    ],
    [1, 0, 2],
  ],
  [
    'the first of equal ones',
    [
      [2, 2, 1],
      [1, 2, 2],
      [0, 0, 0],
      [-0, 0, 0],
    ],
    [0, 1, 0, 0],
  ],
  [
    'negative numbers',
    [
      [-3, -1, -2],
      [-Infinity, -Infinity, -1],
    ],
    [1, 2],
  ],
  [
    'NaN is the greatest, and the first of them',
    [
      [1, NaN, 3],
      [NaN, 1, NaN],
      [Infinity, 2, NaN],
    ],
    [1, 0, 2],
  ],
  ['one column', [[3], [NaN]], [0, 0]],
])('argMax: %s', (_, given, best) => {
  expect(matrix(given).argMax()).toEqual(Uint32Array.from(best));
});

test.each<[string, () => unknown, RegExp]>([
  ['row(4)', () => m.row(4), /^row: .*<= 3.*got 4/],
  ['row(-1)', () => m.row(-1), /^row: .*got -1/],
  ['row(0.5)', () => m.row(0.5), /^row: .*integer.*got 0.5/],
  ['take of a row that is not there', () => m.take([0, 4]), /^rows\[1\]: .*got 4/],
  ['take of a negative row', () => m.take([-1]), /^rows\[0\]: .*got -1/],
  ['take of a text', () => m.take(any(['1'])), /^rows\[0\]: .*got '1'/],
])('%s is refused', (_, act, message) => {
  expect(act).toThrow(expect.objectContaining({ name: 'ValueError', message: expect.stringMatching(message) }));
});

test('what models return has these methods, and they take a matrix as data, not as a stream', async () => {
  const model = sequential({
    layers: [dense({ units: 2, inputShape: 3, activation: 'softmax' })],
    backend: typescript(),
  });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const classes = [0, 1, 1, 0];
  const { history } = await model.fit(m, classes, { validationData: [m.slice(0, 2), [0, 1]] });
  expect(history.valLoss).toHaveLength(1);
  const predicted = model.predict(m);
  expect(predicted.argMax()).toEqual(Uint32Array.from([...predicted], ([a, b]) => (b! > a! ? 1 : 0)));
  expect(model.predict(m.slice(1, 3)).data).toEqual(predicted.slice(1, 3).data);
  expect([...model.getWeights()['layers.0.kernel']!]).toHaveLength(3);
  expect(model.gradients(m, classes).gradients['layers.0.kernel']!.row(0)).toHaveLength(2);
  expect([...model.predictOutputs(m)['layers.0']!]).toHaveLength(4);
  const batches = () => [[m, classes] as const].values();
  await model.fit(batches);
  for await (const out of model.predictBatches([m, m])) expect(out.argMax()).toEqual(predicted.argMax());
});
