import { describe, expect, test } from 'vitest';
import { NonFiniteError } from '../../src/errors.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { add, dense, embedding, input, type LayerSpec } from '../../src/nn/layers/index.js';
import { factories, Random } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';

// Data is read where it lies, so that something may write to it while `fit` runs.

const ROWS = 64;
const { NaN: none, POSITIVE_INFINITY: infinite } = Number;

function data(columns = 3) {
  const random = new Random(5);
  const x = matrix(
    Float32Array.from({ length: ROWS * columns }, () => random.uniform() - 0.5),
    ROWS,
    columns,
  );
  const y = Float32Array.from({ length: ROWS }, (_, i) => i % 2);
  return { x, y, sampleWeight: new Float32Array(ROWS).fill(1) };
}

const plain = [dense({ units: 8, activation: 'relu', inputShape: 3 }), dense({ units: 1, activation: 'sigmoid' })];
/** Wide enough for the guard to look at operands in place of the gradient. */
const wide = [
  dense({ units: 300, activation: 'tanh', inputShape: 3 }),
  dense({ units: 300, activation: 'relu' }),
  dense({ units: 1, activation: 'sigmoid' }),
];
const frozen = [
  dense({ units: 8, activation: 'relu', inputShape: 3, trainable: false }),
  dense({ units: 1, activation: 'sigmoid' }),
];

type Part = 'x' | 'y' | 'sampleWeight';
type Case = readonly [string, readonly LayerSpec[], Part, number, object];
const cases: readonly Case[] = [
  ...([none, infinite, -infinite] as const).flatMap((value): Case[] => [
    [`x, ${value}`, plain, 'x', value, {}],
    [`x of a wide model, ${value}`, wide, 'x', value, {}],
    [`y, ${value}`, plain, 'y', value, {}],
  ]),
  ['x, not shuffled', plain, 'x', none, { shuffle: false }],
  ['x, below a frozen layer', frozen, 'x', none, {}],
  ['sampleWeight', plain, 'sampleWeight', none, {}],
  ['x, the first of the rows that validate stay out', plain, 'x', none, { validationSplit: 0.1 }],
  ['x, mixed with another row', plain, 'x', none, { mixup: 0.4 }],
  ['y, mixed with another row', plain, 'y', none, { mixup: 0.4 }],
  ['sampleWeight, mixed', plain, 'sampleWeight', none, { mixup: 0.4 }],
];
const tensors = { x: 'input', y: 'target', sampleWeight: 'sampleWeight' };

describe.each(Object.entries(factories))('%s', (_, backend) => {
  test.each(cases)('what is written to %s is named by row and column', async (_, layers, part, value, options) => {
    const { x, y, sampleWeight } = data();
    const model = sequential({ layers, backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'binaryCrossentropy' });
    let weights = '';
    const spoil = () => {
      weights = weightHash(model);
      if (part === 'x') x.data[3 * 41 + 2] = value;
      else (part === 'y' ? y : sampleWeight)[41] = value;
    };
    const note = () => {
      if (weights) weights = weightHash(model);
    };
    const error: unknown = await model
      .fit(x, y, {
        epochs: 3,
        batchSize: 8,
        lint: false,
        ...(part === 'sampleWeight' && { sampleWeight }),
        ...options,
        callbacks: [{ onEpochEnd: spoil, onBatchEnd: note }],
      })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ epoch: 1, row: 41, tensor: tensors[part], cause: 'changedData' });
    const place = part === 'x' ? ' in column 2' : '';
    expect(`${error}`).toContain(
      `${part} holds ${value}${place}, in row 41 of the data. It was finite when it was read`,
    );
    expect(weightHash(model)).toBe(weights);
  });
});

describe.each(Object.entries(factories))('ids and class indices, %s', (_, backend) => {
  test.each([none, 8, 1e9, -1, 0.5, 2 ** 31, infinite])('%f reaches no kernel', async (value) => {
    const ids = matrix(
      Float32Array.from({ length: ROWS }, (_, i) => i % 8),
      ROWS,
      1,
    );
    const labels = Float32Array.from({ length: ROWS }, (_, i) => i % 3);
    const layers = [
      embedding({ inputDim: 8, outputDim: 4, inputShape: 1 }),
      dense({ units: 3, activation: 'softmax' }),
    ];
    for (const [name, list] of [
      ['x', ids.data],
      ['y', labels],
    ] as const) {
      const model = sequential({ layers, backend, seed: 1 });
      model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
      const right = list[5] as number;
      let weights = '';
      const onEpochEnd = () => {
        weights = weightHash(model);
        list[5] = value;
      };
      // One batch: none before it changes weights.
      const fitting = model.fit(ids, labels, { epochs: 2, batchSize: ROWS, lint: false, callbacks: [{ onEpochEnd }] });
      const wanted = new RegExp(
        `^${name}, row 5, column 0: expected a whole number.*got ${value}.*written to the data`,
      );
      await expect(fitting).rejects.toThrow(wanted);
      expect(weightHash(model)).toBe(weights);
      list[5] = right;
    }
  });
});

test('of several inputs and rows the first is named', async () => {
  const [a, b] = [data(2).x, data(2).x];
  const [first, second] = [input({ shape: 2, name: 'first' }), input({ shape: 2, name: 'second' })];
  const sum = dense({ units: 1 }).apply(add().apply([first, second]));
  const model = graph({ inputs: [first, second], outputs: sum, backend: factories.wasm, seed: 1 });
  model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
  const onEpochEnd = () => {
    for (const row of [9, 10, 11]) b.data[2 * row] = none;
  };
  const fitting = model.fit([a, b], data().y, {
    epochs: 2,
    batchSize: 64,
    shuffle: false,
    callbacks: [{ onEpochEnd }],
  });
  await expect(fitting).rejects.toThrow(
    /x\.second holds NaN in column 0, in row 9 of the data \(and 2 more of the batch\)/,
  );
});

test('a batch that is left out is named in the warning, and the others train', async () => {
  const { x, y } = data();
  const model = sequential({ layers: plain, backend: factories.wasm, seed: 1 });
  model.compile({ optimizer: sgd(), loss: 'binaryCrossentropy', onNonFinite: 'skip' });
  const met: unknown[] = [];
  const { history } = await model.fit(x, y, {
    epochs: 2,
    batchSize: 8,
    lint: false,
    callbacks: [
      {
        onEpochEnd() {
          x.data[3 * 20] = none;
        },
        onNonFinite: (error) => void met.push([error.cause, error.row]),
      },
    ],
  });
  expect(history.skippedBatches).toEqual([0, 1]);
  expect(met).toEqual([['changedData', 20]]);
});

test('the row of a stratified split is that of the data', async () => {
  const { x, y } = data();
  x.data[3 * 41] = 3e38;
  x.data[3 * 41 + 1] = 3e38;
  const model = sequential({ layers: plain, backend: factories.wasm, seed: 1 });
  model.compile({ optimizer: sgd(), loss: 'binaryCrossentropy' });
  model.setWeights({ ...model.getWeights(), 'layers.0.kernel': new Array(3).fill(new Array(8).fill(2)) });
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const drawn = { validationSplit: 0.25, stratify: true, seed };
    const error = await model.fit(x, y, { ...drawn, batchSize: 8, lint: false }).catch((cause: unknown) => cause);
    // Or it was drawn to validate on.
    if (error instanceof NonFiniteError) expect(error.row).toBe(41);
    else expect(seed).not.toBe(1);
  }
});
