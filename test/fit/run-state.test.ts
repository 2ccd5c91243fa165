import { describe, expect, test } from 'vitest';
import { pack } from '../../src/callbacks/run-state.js';
import { unpack } from '../../src/fit/resume.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { exponentialDecay } from '../../src/nn/optimizers/schedules.js';
import { factories } from '../support/buffers.js';

describe('what a run remembers comes back through JSON', () => {
  test.each<[string, unknown]>([
    ['numbers', [1, -2.5, 1e308, 5e-324]],
    ['NaN', Number.NaN],
    ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['zeros', [0, -0]],
    ['a state of a callback', { wait: 2, best: Number.NaN, weights: { kernel: [-0] } }],
    ['floats', Float32Array.of(1, -0, Number.POSITIVE_INFINITY, 1e-45)],
    ['an object with one key', { $plain: { count: 1 } }],
    ['nothing', { a: null, b: [], c: {}, d: '' }],
  ])('%s', (_, value) => {
    expect(unpack(JSON.parse(JSON.stringify(pack(value))))).toEqual(value);
  });
});

describe.each(Object.entries(factories))('fit, %s', (_, backend) => {
  const build = (optimizer = sgd()) => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    return model;
  };
  const data = [
    [[1], [2]],
    [1, 2],
  ] as const;

  test('the rate of an epoch is that of its last step', async () => {
    const learningRate = exponentialDecay({ initialLearningRate: 0.5, decaySteps: 1, decayRate: 0.5 });
    const { history } = await build(sgd({ learningRate })).fit(...data, { epochs: 3, batchSize: 1 });
    expect(history.learningRate).toEqual([0.25, 0.0625, 0.015625]);
  });

  test('a model that was told to stop trains again in the next fit', async () => {
    const model = build();
    const stop = {
      onEpochEnd() {
        model.stopTraining = true;
      },
    };
    expect((await model.fit(...data, { epochs: 3, callbacks: [stop] })).epoch).toEqual([0]);
    expect(model.stopTraining).toBe(true);
    expect((await model.fit(...data, { epochs: 2 })).epoch).toEqual([1, 2]);
  });
});
