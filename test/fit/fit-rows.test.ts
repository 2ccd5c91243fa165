import { describe, expect, test, vi } from 'vitest';
import {
  adam,
  type BackendFactory,
  dense,
  embedding,
  type FitOptions,
  lbfgs,
  type Matrix,
  matrix,
  sequential,
  typescript,
  wasm,
} from '../../src/index.js';

const [ROWS, WIDTH] = [90, 10];
const x = matrix(
  Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.fround(Math.cos(i * i))),
  ROWS,
  WIDTH,
);
const y = matrix(
  Float32Array.from({ length: ROWS }, (_, i) => (i * 7) % 3),
  ROWS,
  1,
);
const weights = Float32Array.from({ length: ROWS }, (_, i) => 1 + (i % 4));

const chosen = Uint32Array.from({ length: 70 }, (_, i) => (i * 41) % ROWS);

function copyOf({ data, columns }: Matrix, rows: ArrayLike<number>): Matrix {
  return matrix(
    Array.from(rows).flatMap((row) => [...data.subarray(row * columns, (row + 1) * columns)]),
    rows.length,
    columns,
  );
}

function make(backend: BackendFactory) {
  const model = sequential({
    layers: [dense({ units: 6, activation: 'relu', inputShape: WIDTH }), dense({ units: 3, activation: 'softmax' })],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const backends: readonly [string, () => Promise<BackendFactory>][] = [
  ['typescript', async () => typescript()],
  ['wasm', () => wasm()],
];

describe.each(backends)('fit on rows of a matrix, %s', (_, backend) => {
  const cases: readonly [string, ArrayLike<number>, FitOptions, FitOptions?][] = [
    ['shuffled', chosen, {}],
    ['as a list', [...chosen], {}],
    ['in their order', chosen, { shuffle: false }],
    ['some twice', [3, 3, 3, 80, 5, 80], { batchSize: 4 }],
    ['one', [8], {}],
    ['pass after pass', chosen, { stepsPerEpoch: 2, batchSize: 16 }],
    ['more batches than a pass has', [1, 2, 3, 4, 5], { stepsPerEpoch: 4, batchSize: 2 }],
    ['with weights of classes', chosen, { classWeight: { 1: 3 } }],
    [
      'with weights',
      chosen,
      { sampleWeight: weights },
      { sampleWeight: Float32Array.from(chosen, (r) => weights[r]!) },
    ],
    ['validated', chosen, { validationData: [x, y], shuffle: true }],
    ['with a seed', chosen, { seed: 9 }],
  ];
  test.each(cases)('%s: the bits of a copy of them', async (_, rows, options, ofCopy = options) => {
    const [model, other] = [make(await backend()), make(await backend())];
    const shared = { epochs: 3, lint: false };
    const { history } = await model.fit(x, y, { ...shared, ...options, rows });
    const expected = await other.fit(copyOf(x, rows), copyOf(y, rows), { ...shared, ...ofCopy });
    expect(history).toEqual(expected.history);
    expect(model.getWeights()).toEqual(other.getWeights());
  });

  test('mixup mixes these rows alone', async () => {
    const make = async () => {
      const model = sequential({ layers: [dense({ units: 1, inputShape: WIDTH })], backend: await backend() });
      model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
      return model;
    };
    const [model, other] = [await make(), await make()];
    await model.fit(x, y, { rows: chosen, mixup: 0.3, epochs: 2, lint: false });
    await other.fit(copyOf(x, chosen), copyOf(y, chosen), { mixup: 0.3, epochs: 2, lint: false });
    expect(model.getWeights()).toEqual(other.getWeights());
  });
});

describe('rows of a matrix', () => {
  test('a run goes on where it stood, and not with other rows', async () => {
    const ended = make(typescript());
    await ended.fit(x, y, { rows: chosen, epochs: 4, batchSize: 16, lint: false });
    const model = make(typescript());
    const stop = {
      onBatchEnd: (batch: number) => {
        model.stopTraining = model.epochs === 2 && batch === 1;
      },
    };
    await model.fit(x, y, { rows: chosen, epochs: 4, batchSize: 16, callbacks: [stop], lint: false });
    const fewer = model.fit(x, y, { rows: chosen.subarray(1), epochs: 4, batchSize: 16, resume: true, lint: false });
    await expect(fewer).rejects.toThrow(/rows/);
    await model.fit(x, y, { rows: chosen, epochs: 4, batchSize: 16, resume: true, lint: false });
    expect(model.getWeights()).toEqual(ended.getWeights());
  });

  test('lbfgs takes all of them at once', async () => {
    const of = async (data: readonly [Matrix, Matrix], options: FitOptions) => {
      const model = sequential({ layers: [dense({ units: 1, inputShape: WIDTH })], backend: typescript() });
      model.compile({ optimizer: lbfgs(), loss: 'meanSquaredError' });
      await model.fit(...data, { epochs: 2, lint: false, ...options });
      return model.getWeights();
    };
    expect(await of([x, y], { rows: chosen })).toEqual(await of([copyOf(x, chosen), copyOf(y, chosen)], {}));
  });

  test('lint looks at these rows, and errors name rows of the data', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const data = matrix(x.data.slice(), ROWS, WIDTH);
    for (let row = 0; row < ROWS; row++) data.data[row * WIDTH] = chosen.includes(row) ? 2 : 1;
    await make(typescript()).fit(data, y, { rows: chosen });
    expect(warn.mock.calls.flat().join()).toMatch(/constant/i);
    warn.mockClear();
    const held = Array.from({ length: ROWS }, (_, row) => row).filter((row) => !chosen.includes(row));
    await make(typescript()).fit(x, y, { rows: chosen, validationData: [copyOf(x, held), copyOf(y, held)] });
    expect(warn.mock.calls.flat().join()).not.toMatch(/valid/i);
    warn.mockRestore();

    const ids = matrix(
      Float32Array.from({ length: ROWS }, (_, row) => row % 5),
      ROWS,
      1,
    );
    const model = sequential({
      layers: [embedding({ inputDim: 5, outputDim: 2, inputShape: 1 }), dense({ units: 1 })],
      backend: typescript(),
    });
    model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
    const spoil = {
      onEpochBegin: () => {
        ids.data[77] = 9;
      },
    };
    const spoilt = model.fit(ids, y, { rows: [1, 77, 2], callbacks: [spoil], lint: false });
    await expect(spoilt).rejects.toThrow(/row 77/);
  });

  test.each<[FitOptions['rows'] | object, RegExp]>([
    [[], /rows.*at least one/s],
    [[0, ROWS], /rows\[1\]/],
    [[-1], /rows\[0\]/],
    [[1.5], /rows\[0\]/],
    [['1'] as unknown as number[], /rows\[0\]/],
    [7 as unknown as number[], /rows/],
    [0 as unknown as number[], /rows: .* got 0/],
    [Number.NaN as unknown as number[], /rows: .* got NaN/],
    ['' as unknown as number[], /rows: /],
    [false as unknown as number[], /rows: .* got false/],
    [BigInt64Array.of(1n) as unknown as number[], /rows\[0\]: .* got 1n/],
    [Array.from({ length: ROWS }, (_, row) => row % 2 === 0) as unknown as number[], /rows\[0\]: .* got true/],
  ])('%s are refused', async (rows, message) => {
    await expect(make(typescript()).fit(x, y, { rows } as FitOptions)).rejects.toThrow(message);
  });

  test('none of a stream, and none beside a validation split', async () => {
    const stream = make(typescript()).fit(() => [[x, y]], { rows: [1] } as object);
    await expect(stream).rejects.toThrow(/rows/);
    const split = make(typescript()).fit(x, y, { rows: [1], validationSplit: 0.2 });
    await expect(split).rejects.toThrow(/rows and validationSplit/);
  });
});
