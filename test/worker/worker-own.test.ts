import { afterAll, expect, test } from 'vitest';
import { customActivation, customLoss, dense, register, sequential } from '../../src/index.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';

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

test('names of this side mean in the worker what they mean here', async () => {
  const layers = [dense({ units: 3, inputShape: 2, activation: any('ownSwish') }), dense({ units: 1 })];
  const compile = { optimizer: 'adam', loss: any('ownSquare') } as const;
  const here = sequential({ layers, seed: 5, backend: factories.wasm });
  here.compile(compile);
  const there = await worker.sequential({ layers, seed: 5, worker: shared });
  await there.compile(compile);
  await there.fit(x, y, { epochs: 3 });
  await here.fit(x, y, { epochs: 3 });
  expect(await there.getWeights()).toEqual(here.getWeights());
});
