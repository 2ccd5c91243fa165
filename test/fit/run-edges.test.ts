import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import type { Callback, FitOptions } from '../../src/callbacks/interfaces.js';
import { deserialize, restore, serialize } from '../../src/io/save.js';
import { adam, adamax } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { auc } from '../../src/nn/metrics/index.js';
import { shuffled } from '../../src/rows/shuffle.js';

// What a run counts, draws and remembers, which its losses do not show.

const backend = typescript();
const ROWS = 40;
const x = Float32Array.from({ length: ROWS }, (_, i) => i / 10 - 2);
const classes = Float32Array.from({ length: ROWS }, (_, i) => i % 2);

function logistic(compile: object = {}) {
  const model = sequential({
    layers: [dense({ units: 1, inputShape: 1, activation: 'sigmoid', kernelInitializer: 'ones' })],
    backend,
    seed: 1,
  });
  model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'binaryCrossentropy', ...compile });
  return model;
}

describe('an order of rows', () => {
  test('holds each row once, differs by epoch and by seed, and is the same for the same two', async () => {
    const orders = await Promise.all([0, 1, 2].flatMap((epoch) => [5, 6].map((seed) => shuffled(50, seed, epoch))));
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(new Set(orders.map(String)).size).toBe(orders.length);
    expect(await shuffled(50, 6, 2)).toEqual(orders.at(-1));
  });

  test('is any of all orders: each row is at each place equally often', async () => {
    const [n, draws] = [4, 4000];
    const counts = Array.from({ length: n }, () => new Array<number>(n).fill(0));
    for (let epoch = 0; epoch < draws; epoch++)
      for (const [at, row] of (await shuffled(n, 3, epoch)).entries()) counts[row]![at]!++;
    // A count has a deviation of 27.
    for (const count of counts.flat()) expect(Math.abs(count - draws / n)).toBeLessThan(150);
  });
});

test('stratified validation draws its rows, anew for each seed', async () => {
  const losses: number[] = [];
  for (const seed of [1, 2, 3, 4]) {
    const options = { validationSplit: 0.25, stratify: true, seed, lint: false };
    losses.push((await logistic().fit(x, classes, options)).history.valLoss![0]!);
  }
  expect(new Set(losses).size).toBe(losses.length);
});

test.each([
  [32, 1],
  [33, 2],
  [65, 3],
])('%d rows are %d batches by default', async (rows, expected) => {
  let batches = 0;
  const callbacks: Callback[] = [{ onBatchEnd: () => void batches++ }];
  await logistic().fit(new Float32Array(rows), new Float32Array(rows), { lint: false, callbacks });
  expect(batches).toBe(expected);
});

test('metrics over all rows of an epoch begin anew in the next', async () => {
  const model = logistic({ metrics: [auc()] });
  const sorted = Float32Array.from({ length: ROWS }, (_, i) => Number(i >= ROWS / 2));
  const flip: Callback = {
    onEpochEnd: () => model.setWeights({ 'layers.0.kernel': [[-1]], 'layers.0.bias': [[0]] }),
  };
  const { history } = await model.fit(x, sorted, { epochs: 3, lint: false, callbacks: [flip] });
  expect(history.auc).toEqual([1, 0, 0]);
});

describe('a run that is interrupted and resumed', () => {
  /** Interrupts the run before a batch, counted from 0 over all epochs, and goes on from its file. */
  async function interrupted(compile: object, y: Float32Array, at: number, options: () => FitOptions) {
    const model = logistic(compile);
    const controller = new AbortController();
    let seen = 0;
    const stop: Callback = { onBatchBegin: () => void (seen++ === at && controller.abort()) };
    const given = options();
    const callbacks = [...(given.callbacks ?? []), stop];
    await expect(model.fit(x, y, { ...given, callbacks, signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const loaded = deserialize(serialize(model), { backend });
    const again = options();
    return loaded.fit(x, y, { ...again, callbacks: [...(again.callbacks ?? []), {}], resume: true });
  }

  test('counts the batches that were skipped before', async () => {
    const spoilt = classes.slice();
    // Float32 has no room for this loss.
    const compile = { loss: 'meanSquaredError', onNonFinite: 'skip' };
    spoilt[0] = 1e30;
    const options = () => ({ batchSize: 10, shuffle: false, lint: false, epochs: 2 });
    const { history } = await interrupted(compile, spoilt, 2, options);
    expect(history.skippedBatches).toEqual([1, 1]);
  });

  test('keeps the states of two callbacks of one kind apart', async () => {
    const options = (): FitOptions => ({
      batchSize: 20,
      lint: false,
      epochs: 12,
      callbacks: [
        earlyStopping({ monitor: 'loss', patience: 4 }),
        earlyStopping({ monitor: 'loss', patience: 9, startFromEpoch: 4 }),
      ],
    });
    const whole = await logistic().fit(x, classes, options());
    // The loss stays: the first epoch is the best, and four without a better one follow.
    expect(whole.history.loss).toHaveLength(5);
    for (const at of [3, 5, 7]) {
      expect((await interrupted({}, classes, at, options)).history.loss, `before batch ${at}`).toHaveLength(5);
    }
  });
});

test('a state of another optimizer is refused, though it has as many numbers', async () => {
  const trained = logistic({ optimizer: adam() });
  trained.trainOnBatch([[1]], [1]);
  const other = logistic({ optimizer: adamax() });
  await expect(restore(other, serialize(trained))).rejects.toThrow(/not the model's, which is adamax/);
  const same = logistic({ optimizer: adam() });
  await restore(same, serialize(trained));
  expect(same.getWeights()).toEqual(trained.getWeights());
});
