import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { StateError } from '../../src/errors.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense } from '../../src/nn/layers/index.js';
import { clouds, weightHash } from '../support/nn/models.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const threadUrl = new URL('../../build/thread.js', import.meta.url);
const backend = await wasm({ threads: 2, threadUrl });
const plain = await wasm();
afterAll(() => backend.dispose?.());

const { x, labels } = clouds(64, 128, 3);
const make = (units: number, factory = backend): Model => {
  const layers = [
    dense({ units, activation: 'relu', inputShape: 128 }),
    batchNormalization(),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const model = sequential({ layers, seed: units, backend: factory });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
};
const train = (model: Model) => {
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, labels);
  return weightHash(model);
};

/** Shared memories that were made. */
let made = 0;
const { Memory } = WebAssembly;
beforeEach(() => {
  made = 0;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      if (args[0].shared) made++;
      return new target(...args);
    },
  });
});
afterAll(() => {
  WebAssembly.Memory = Memory;
  vi.restoreAllMocks();
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('memory of threads is used again', () => {
  test('by models after those that were disposed of, to the same bits', () => {
    const sizes = [300, 512, 256, 300, 400, 512, 260, 300];
    const expected = sizes.map((units) => train(make(units, plain)));
    for (let round = 0; round < 4; round++) {
      const hashes = sizes.map((units) => {
        const model = make(units);
        const hash = train(model);
        model.dispose();
        return hash;
      });
      expect(hashes).toEqual(expected);
    }
    // Of 32 models, each of which moves to larger memory once or twice.
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(16);
  });

  test('by models after those that were dropped', async () => {
    const hashes = new Set<string>();
    for (let i = 0; i < 30; i++) {
      hashes.add(train(make(300)));
      collect();
      await turn();
      await turn();
    }
    expect(hashes.size).toBe(1);
    expect(made).toBeLessThan(16);
  });

  test('not while its model lives', async () => {
    const [first, second] = [make(300), make(300)];
    train(first);
    train(second);
    second.dispose();
    second.dispose();
    collect();
    await turn();
    const others = [make(300), make(300)];
    for (const model of others) train(model);
    const before = weightHash(first);
    for (const model of others) model.trainOnBatch(x, labels);
    expect(weightHash(first)).toBe(before);
    first.trainOnBatch(x, labels);
    others[0]?.trainOnBatch(x, labels);
    expect(weightHash(others[0] as Model)).not.toBe(before);
  });
});

test('a model that was disposed of says so', async () => {
  const model = make(300);
  train(model);
  model.dispose();
  const works: readonly (() => unknown)[] = [
    () => model.predict(x),
    () => model.evaluate(x, labels),
    () => model.trainOnBatch(x, labels),
    () => model.getWeights(),
    () => model.gradients(x, labels),
    () => model.setWeights(make(300).getWeights()),
    () => model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' }),
  ];
  for (const work of works) expect(work).toThrow(StateError);
  await expect(model.fit(x, labels, { lint: false })).rejects.toThrow(/was disposed/);
});
