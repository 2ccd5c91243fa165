import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { dense } from '../../src/nn/layers/index.js';
import { exponentialDecay } from '../../src/nn/optimizers/schedules.js';
import * as worker from '../../src/worker/index.js';

// Models of a worker from their making to their end.

const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const shared = new worker.TrainingWorker({ workerUrl });
afterAll(() => shared.terminate());

test('what is set while a call is under way is not undone by what the worker told before it knew', async () => {
  const layers = [dense({ units: 2, inputShape: 3 })];
  const model = await worker.sequential({ layers, backend: worker.wasm(), worker: shared });
  // The rate changes with each step, so that the worker tells of it after each call.
  const learningRate = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 });
  await model.compile({ optimizer: sgd({ learningRate }), loss: 'meanSquaredError' });
  const x = [[1, 2, 3]];
  const y = [[1, 0]];
  await model.trainOnBatch(x, y);
  expect(model.learningRate).toBe(0.05);
  for (const rate of [0.5, 0.25, 0.125]) {
    // The call is on its way when the rate is set, and its answer holds the rate of before.
    const call = model.trainOnBatch(x, y);
    model.learningRate = rate;
    await call;
    expect(model.learningRate).toBe(rate);
    await model.summary();
    expect(model.learningRate).toBe(rate);
  }
  await model.dispose();
});

test.each([
  // Weights and gradients are 9 MB each, and are freed when a model is disposed of; its description is, when nobody refers to it.
  ['weights', "dense({ units: 1500, inputShape: 1500, kernelInitializer: 'ones' })", 8],
  ['description', "dense({ units: 1, inputShape: 1, name: 'x'.repeat(4e6) })", 4],
])(
  'a worker that several models share keeps no %s of one that was disposed of',
  (_, layer, megabytes) => {
    const built = JSON.stringify(new URL('../../build/worker.js', import.meta.url).href);
    const index = JSON.stringify(new URL('../../build/index.js', import.meta.url).href);
    const program = `
    import { dense } from ${index};
    import { sequential, TrainingWorker, typescript } from ${built};
    const worker = new TrainingWorker();
    const make = async () => (await sequential({ layers: [${layer}], backend: typescript(), worker })).dispose();
    for (let i = 0; i < 5; i++) await make();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 60; i++) await make();
    console.log(Math.round((process.memoryUsage().rss - before) / 2 ** 20));
    worker.terminate();
  `;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(Number(stdout)).toBeLessThan(30 * megabytes);
  },
  120_000,
);
