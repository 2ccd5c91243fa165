import { afterAll, expect, test } from 'vitest';
import {
  adam,
  type CompileOptions,
  customActivation,
  customLoss,
  customOptimizer,
  customSchedule,
  dense,
  input,
  type LayerSpec,
  model,
  register,
  sequential,
} from '../../src/index.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';
import { featureModulation, gatedLinearUnit, rmsNormalization } from '../support/nn/own-layers.js';

// Items of the user's own, by name and themselves, in a worker that has registered nothing.

const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const shared = new worker.TrainingWorker({ workerUrl });
afterAll(() => shared.terminate());

const x = [[1, 2], [-1, 0.5], [0.25, -2]]; // biome-ignore format: rows
const y = [[1], [0], [-1]];

register(
  'ownSwish',
  customActivation((v, { mul, sigmoid }) => mul(v, sigmoid(v))),
);
register(
  'ownSquare',
  customLoss((t, p, { square, sub }) => square(sub(p, t))),
);

test('optimizers of expressions go to the worker whole, and functions do not', async () => {
  const optimizer = customOptimizer({
    states: ['velocity'],
    update: ({ weight, gradient, velocity, rate }, { add, mul, sub }) => {
      const next = add(mul(0.9, velocity), gradient);
      return { velocity: next, weight: sub(weight, mul(rate, next)) };
    },
  });
  register('ownVelocity', optimizer);
  const layers = [dense({ units: 3, inputShape: 2 }), dense({ units: 1 })];
  const here = sequential({ layers, seed: 5, backend: factories.wasm });
  here.compile({ optimizer, loss: 'meanSquaredError' });
  await here.fit(x, y, { epochs: 3 });
  for (const given of [optimizer, 'ownVelocity']) {
    const there = await worker.sequential({ layers, seed: 5, worker: shared });
    await there.compile({ optimizer: any(given), loss: 'meanSquaredError' });
    await there.fit(x, y, { epochs: 3 });
    expect(await there.getWeights()).toEqual(here.getWeights());
  }
  const there = await worker.sequential({ layers, worker: shared });
  for (const learningRate of [() => 0.1, customSchedule(() => 0.1)]) {
    const refused = async () => there.compile({ optimizer: adam({ learningRate }), loss: 'meanSquaredError' });
    await expect(refused()).rejects.toThrow(/compile\.optimizer\.learningRate.*learningRateScheduler/);
  }
});

/** Trains the same model here and in the worker, to the same weights. */
async function trainBoth(layers: LayerSpec[], compile: CompileOptions) {
  const here = sequential({ layers, seed: 5, backend: factories.wasm });
  here.compile(compile);
  const there = await worker.sequential({ layers, seed: 5, worker: shared });
  await there.compile(compile);
  await there.fit(x, y, { epochs: 3 });
  await here.fit(x, y, { epochs: 3 });
  expect(await there.getWeights()).toEqual(here.getWeights());
  return { here, there };
}

test('names of this side mean in the worker what they mean here', async () => {
  const layers = [dense({ units: 3, inputShape: 2, activation: any('ownSwish') }), dense({ units: 1 })];
  const compile = { optimizer: 'adam', loss: any('ownSquare') } as const;
  await trainBoth(layers, compile);
});

test('layers of functions of this side are made here, and go there as data', async () => {
  const layers = [dense({ units: 6, inputShape: 2 }), rmsNormalization(), gatedLinearUnit({ units: 1 })];
  const compile = { optimizer: 'adam', loss: 'meanSquaredError' } as const;
  const { here, there } = await trainBoth(layers, compile);
  expect(JSON.stringify(await there.spec)).toBe(JSON.stringify(here.spec));

  const [a, b] = [input({ shape: 2, name: 'a' }), input({ shape: 1, name: 'b' })];
  const graph = { inputs: [a, b], outputs: featureModulation({ name: 'film' }).apply([a, b]), seed: 2 };
  const film = await worker.model({ ...graph, worker: shared });
  const data = { a: x, b: y };
  expect(await film.predict(data)).toEqual(model({ ...graph, backend: factories.wasm }).predict(data));
});

test('a layer that does not fit is refused before anything goes to the worker', async () => {
  const layers = [rmsNormalization({ inputShape: 2, epsilon: any(Number.NaN) })];
  await expect(worker.sequential({ layers, worker: shared })).rejects.toThrow(/layers\.0 \(rmsNormalization\)/);
});
