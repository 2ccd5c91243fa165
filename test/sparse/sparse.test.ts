import { describe, expect, test } from 'vitest';
import { typescript64 } from '../../src/backends/typescript.js';
import { ShapeError, ValueError } from '../../src/errors.js';
import * as myelin from '../../src/index.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { type SparseMatrix, sparse } from '../../src/sparse-matrix.js';
import { any } from '../support/any.js';
import { allFactories, factories, Random } from '../support/buffers.js';

const { dense, dropout, sequential, input, concatenate, model } = myelin;

/** Random rows by their non-zeros: some empty, some full, the others of this density. */
function draw(seed: number, rows: number, columns: number, density = 0.1): SparseMatrix {
  const random = new Random(seed);
  const indptr = [0];
  const indices: number[] = [];
  for (let r = 0; r < rows; r++) {
    const share = r % 7 === 3 ? 0 : r % 11 === 5 ? 1 : density;
    for (let c = 0; c < columns; c++) if (random.uniform() < share) indices.push(c);
    indptr.push(indices.length);
  }
  return sparse({ indptr, indices, values: indices.map(() => random.number()), columns });
}

const solid = ({ data, rows, columns }: Matrix) => matrix(data, rows, columns);

const parts = { indptr: [0, 2, 2, 3], indices: [0, 3, 1], values: [1.5, -2, 4], columns: 4 };
const expected = [
  [1.5, 0, 0, -2],
  [0, 0, 0, 0],
  [0, 4, 0, 0],
];

describe('sparse makes the same of', () => {
  test.each<[string, () => SparseMatrix]>([
    ['compressed rows', () => sparse(parts)],
    [
      'entries in any order',
      () => sparse({ rowIndices: [2, 0, 0], columnIndices: [1, 3, 0], values: [4, -2, 1.5], rows: 3, columns: 4 }),
    ],
    ['objects by number', () => sparse([{ 3: -2, 0: 1.5 }, {}, { 1: 4 }], { columns: 4 })],
    ['objects by name', () => sparse([{ d: -2, a: 1.5 }, {}, { b: 4 }], { columns: ['a', 'b', 'c', 'd'] })],
  ])('%s', (_, make) => {
    const x = make();
    expect([x.rows, x.columns]).toEqual([3, 4]);
    expect(Array.from(x, (row) => Array.from(row))).toEqual(expected);
    expect(Array.from(x.data)).toEqual(expected.flat());
    expect(Array.from(x.row(2))).toEqual(expected[2]);
    expect(Array.from(x.take([2, 0, 2]).data)).toEqual([2, 0, 2].flatMap((r) => expected[r]!));
    expect(Array.from(x.slice(-2).data)).toEqual(expected.slice(-2).flat());
    expect(x.slice(1, 1).rows).toBe(0);
    expect(Array.from(x.argMax())).toEqual([0, 0, 1]);
    expect(sparse(JSON.parse(JSON.stringify(x)))).toEqual(x);
  });
});

describe('sparse refuses', () => {
  const entries = { rowIndices: [0, 1], columnIndices: [3, 2], values: [1, 2], rows: 2, columns: 4 };
  test.each<[string, unknown, unknown, typeof ValueError | typeof ShapeError, RegExp]>([
    [
      'a column twice',
      { ...parts, indices: [3, 3, 1] },
      undefined,
      ValueError,
      /indices\[1\].*ascending.*3 after 3 in row 0/,
    ],
    ['unsorted columns', { ...parts, indices: [3, 0, 1] }, undefined, ValueError, /indices\[1\].*0 after 3 in row 0/],
    ['a column too far', { ...parts, indices: [0, 4, 1] }, undefined, ValueError, /indices\[1\].*0 to 3, got 4/],
    ['a negative column', { ...parts, indices: [-1, 3, 1] }, undefined, ValueError, /indices\[0\].*got -1/],
    ['fewer values', { ...parts, values: [1] }, undefined, ShapeError, /values: expected 3.*got 1 numbers/],
    ['more indices', { ...parts, indptr: [0, 2] }, undefined, ShapeError, /indices: expected 2.*got 3 numbers/],
    ['rows that go back', { ...parts, indptr: [0, 2, 1, 3] }, undefined, ValueError, /indptr\[2\].*from 2/],
    ['rows past the end', { ...parts, indptr: [0, 9, 9, 9] }, undefined, ValueError, /indptr\[1\].*to 3.*got 9/],
    ['rows that begin late', { ...parts, indptr: [1, 2, 3] }, undefined, ValueError, /indptr: .*got 1 first/],
    ['texts', { ...parts, values: ['a', 1, 2] }, undefined, ValueError, /values\[0\].*a number, got 'a'/],
    ['no columns', { ...parts, columns: 0 }, undefined, ValueError, /sparse\.columns/],
    ['too many columns', { ...parts, columns: 2 ** 23 + 1 }, undefined, ValueError, /sparse\.columns/],
    [
      'an entry twice',
      { ...entries, rowIndices: [1, 1], columnIndices: [2, 2] },
      undefined,
      ValueError,
      /row 1, column 2 twice/,
    ],
    ['an entry in no row', { ...entries, rowIndices: [0, 2] }, undefined, ValueError, /rowIndices\[1\].*0 to 1, got 2/],
    [
      'an entry in no column',
      { ...entries, columnIndices: [4, 2] },
      undefined,
      ValueError,
      /columnIndices\[0\].*0 to 3/,
    ],
    ['fewer columns than rows', { ...entries, columnIndices: [1] }, undefined, ShapeError, /columnIndices: expected 2/],
    ['an unknown name', [{ z: 1 }], { columns: ['a'] }, ValueError, /sparse\[0\]\.z.*a name among columns/],
    ['a text in a row', [{ a: 'b' }], { columns: ['a'] }, ValueError, /sparse\[0\]\.a: expected a number, got 'b'/],
    ['a name twice', [{ a: 1 }], { columns: ['a', 'a'] }, ValueError, /columns.*a name twice/],
    ['a number', 4, undefined, ValueError, /sparse: .*got 4/],
  ])('%s', (_, given, options, kind, message) => {
    const make = () => sparse(any(given), any(options));
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });
});

interface Case {
  readonly columns: number;
  readonly density?: number;
  readonly layers: () => myelin.LayerSpec[];
  readonly compile?: Partial<myelin.CompileOptions>;
}

const cases: Record<string, Case> = {
  relu: {
    columns: 90,
    layers: () => [
      dense({ units: 33, activation: 'relu', inputShape: 90 }),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
  },
  'a single layer': { columns: 50, layers: () => [dense({ units: 3, activation: 'softmax', inputShape: 50 })] },
  'one column': {
    columns: 1,
    layers: () => [dense({ units: 9, activation: 'tanh', inputShape: 1 }), dense({ units: 3, activation: 'softmax' })],
  },
  'many numbers': {
    columns: 20,
    density: 0.7,
    layers: () => [dense({ units: 5, activation: 'gelu', inputShape: 20 }), dense({ units: 3, activation: 'softmax' })],
  },
  'a layer that takes dense rows': {
    columns: 40,
    layers: () => [dropout({ rate: 0.1, inputShape: 40 }), dense({ units: 3, activation: 'softmax' })],
  },
  'penalties, norms and accumulation': {
    columns: 70,
    layers: () => [
      dense({ units: 17, activation: 'relu', inputShape: 70, kernelRegularizer: 'l2', useBias: false }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { globalClipNorm: 1, gradientAccumulationSteps: 2 },
  },
};

const labels = Array.from({ length: 150 }, (_, r) => (r * 7) % 3);

type Backend = myelin.BackendFactory;

function build({ layers, compile }: Case, backend: Backend) {
  const network = sequential({ layers: layers(), seed: 4, backend });
  network.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], ...compile });
  return network;
}

const bits = (network: { getWeights(): Record<string, Matrix> }) =>
  Object.values(network.getWeights()).map(({ data }) => Array.from(new Uint32Array(Float32Array.from(data).buffer)));

describe.each(Object.keys(allFactories))('%s: sparse rows end in the bits of dense ones', (name) => {
  const backend = allFactories[name] as Backend;

  test.each(Object.keys(cases))('%s', async (key) => {
    const each = cases[key] as Case;
    const rows = draw(3, 150, each.columns, each.density);
    const run = async (x: Matrix) => {
      const network = build(each, backend);
      const options = { epochs: 3, batchSize: 32, validationSplit: 0.2, classWeight: [1, 2, 1] };
      const { history } = await network.fit(x, labels, options);
      const logs = network.trainOnBatch(x.slice(0, 20), labels.slice(0, 20));
      const streamed = await network.fit(() => [{ x: x.slice(20, 60), y: labels.slice(20, 60) }], { epochs: 2 });
      const predicted = network.predict(x);
      return {
        logs,
        loss: history.loss,
        validation: history.val_loss,
        streamed: streamed.history.loss,
        evaluated: network.evaluate(x, labels),
        predicted: Array.from(predicted.data),
        few: Array.from(network.predict(x, { batchSize: 7 }).data),
        weights: bits(network),
      };
    };
    expect(await run(rows)).toEqual(await run(solid(rows)));
  });
});

test('both backends end in the same bits', async () => {
  const rows = draw(9, 150, 90);
  const hashes = Object.values(factories).map(async (backend) => {
    const network = build(cases.relu as Case, backend);
    await network.fit(rows, labels, { epochs: 3 });
    return bits(network);
  });
  const [one, other] = await Promise.all(hashes);
  expect(one).toEqual(other);
});

test('of several inputs some may be sparse', async () => {
  const run = async (a: Matrix, b: Matrix) => {
    const [first, second] = [input({ shape: 60, name: 'a' }), input({ shape: 30, name: 'b' })];
    const hidden = dense({ units: 12, activation: 'relu' }).apply(first);
    const joined = concatenate().apply([hidden, second]);
    const output = dense({ units: 3, activation: 'softmax' }).apply(joined);
    const network = model({ inputs: [first, second], outputs: output, seed: 2, backend: factories.wasm });
    network.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    await network.fit({ a, b }, labels, { epochs: 2, sampleWeight: labels.map((label) => label + 1) });
    return [bits(network), Array.from(network.predict([a, b]).data)];
  };
  const [a, b] = [draw(1, 150, 60), draw(2, 150, 30)];
  const dense2 = await run(solid(a), solid(b));
  expect(await run(a, b)).toEqual(dense2);
  expect(await run(a, solid(b))).toEqual(dense2);
});

test('gradients are those of finite differences, in float64', () => {
  const network = build(cases.relu as Case, typescript64());
  const { columns } = cases.relu as Case;
  const layers = [dense({ units: 7, activation: 'tanh', inputShape: columns }), dense({ units: 1 })];
  const checked = sequential({ layers, seed: 4, backend: typescript64() });
  checked.compile({ optimizer: myelin.sgd({ learningRate: 1 }), loss: 'meanSquaredError' });
  const [x, y] = [draw(5, 12, columns), Array.from({ length: 12 }, (_, r) => r / 6 - 1)];
  const before = checked.getWeights();
  checked.trainOnBatch(x, y);
  const after = checked.getWeights();
  checked.setWeights(before);
  const name = 'layers.0.kernel';
  const [kernel, moved] = [before[name] as Matrix, after[name] as Matrix];
  let seen = 0;
  for (let i = 0; i < kernel.data.length; i += 13, seen++) {
    const at = (shift: number) => {
      const data = kernel.data.slice();
      data[i]! += shift;
      checked.setWeights({ ...before, [name]: matrix(data, kernel.rows, kernel.columns) });
      return [data[i]!, checked.evaluate(x, y).loss] as const;
    };
    const [[high, more], [low, less]] = [at(2 ** -8), at(-(2 ** -8))];
    const gradient = kernel.data[i]! - moved.data[i]!;
    expect(gradient).toBeCloseTo((more! - less!) / (high - low), 4);
  }
  expect(seen).toBeGreaterThan(40);
  network.dispose();
});

test('a program has room for non-zeros, not for rows', async () => {
  const columns = 20_000;
  const random = new Random(1);
  const rows = sparse(
    Array.from({ length: 512 }, () => ({ [random.integer(columns)]: 1, [random.integer(columns)]: 1 })),
    { columns },
  );
  const y = Array.from({ length: 512 }, (_, r) => r % 2);
  const sizeOf = (x: Matrix) => {
    const layers = [dense({ units: 8, activation: 'relu', inputShape: columns }), dense({ units: 1 })];
    const network = sequential({ layers, seed: 1, backend: factories.wasm });
    network.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    network.trainOnBatch(x, y);
    const { heapBytes: bytes } = network.summary();
    return { bytes, weights: bits(network) };
  };
  const [few, all] = [sizeOf(rows), sizeOf(solid(rows))];
  expect(few.weights).toEqual(all.weights);
  // The dense batch and its packed copy take 512 x 20,000 numbers each.
  expect(all.bytes - few.bytes).toBeGreaterThan(0.95 * 2 * 512 * columns * 4);
});

test('numbers that are not finite are named, and so is what was written later', async () => {
  const network = build(cases.relu as Case, factories.wasm);
  const rows = draw(3, 150, 90);
  const at = rows.indptr[2]!;
  const value = rows.values[at]!;
  rows.values[at] = Number.NaN;
  expect(() => network.predict(rows)).toThrow(ValueError);
  expect(() => network.predict(rows)).toThrow(`x, row 2, column ${rows.indices[at]}`);
  rows.values[at] = value;
  rows.indices[at] = 90;
  expect(() => network.trainOnBatch(rows, labels)).toThrow(/x, row 2.*got column 90/);
});

test('lint looks at non-zeros', async () => {
  const layers = [dense({ units: 1, inputShape: 2000 })];
  const network = sequential({ layers, backend: factories.wasm });
  network.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const rows = sparse(
    Array.from({ length: 20 }, (_, r) => ({ [r]: 1, 1999: 500 * r })),
    { columns: 2000 },
  );
  expect(
    myelin.lint(rows, rows.take([0]).row(0).subarray(0, 20)).map(({ code, column }) => [code, column]),
  ).toContainEqual(['unscaledColumn', 1999]);
});

test('a saved model goes on with sparse rows', async () => {
  const rows = draw(3, 150, 90);
  const network = build(cases.relu as Case, factories.wasm);
  await network.fit(rows, labels, { epochs: 1 });
  const again = await myelin.load(myelin.serialize(network), { backend: factories.wasm });
  expect(again.predict(rows).data).toEqual(network.predict(rows).data);
  await network.fit(rows, labels, { epochs: 1 });
  await again.fit(rows, labels, { epochs: 1 });
  expect(bits(any(again))).toEqual(bits(network));
});
