import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { trainingControl } from '../../src/callbacks/training-control.js';
import { internalsOf } from '../../src/engine/internals.js';
import { exportState, importState } from '../../src/engine/state.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { maxNorm, nonNeg, unitNorm } from '../../src/kernels/twins/constraints.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout, gaussianNoise, type LayerSpec } from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { factories } from '../support/buffers.js';
import { clouds } from '../support/nn/models.js';

// What a run keeps account of: draws, moments, averages, seconds, what is frozen.

afterEach(() => void vi.restoreAllMocks());

const ones = matrix(new Float32Array(8 * 16).fill(1), 8, 16);

function drawing(layer: LayerSpec, seed: number, backend = factories.wasm): Model {
  const model = sequential({ layers: [layer, dense({ units: 1 })], seed, backend });
  model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
  return model;
}

/** What a layer that draws makes of ones in a step, the first where it is not said. */
function drawn(model: Model, taken = 0): string {
  internalsOf(model).engine.steps.taken = taken;
  return String(model.gradients(ones, new Float32Array(8), { nodes: true }).nodes['layers.0']!.value.data);
}

describe.each(Object.entries(factories))('every bit of the seed and of the step counts, %s', (_, backend) => {
  const far = [1, 1 + 2 ** 16, 1 + 2 ** 31, 1 + 2 ** 32, 1 + 2 ** 48, 2];
  const makers = {
    dropout: () => dropout({ rate: 0.5, inputShape: 16 }),
    gaussianNoise: () => gaussianNoise({ stddev: 1, inputShape: 16 }),
  };
  test.each(Object.entries(makers))('%s', (_, make) => {
    const draws = far.map((seed) => drawn(drawing(make(), seed, backend)));
    expect(new Set(draws).size).toBe(far.length);
    expect(drawn(drawing(make(), 1, backend))).toBe(draws[0]);
    const model = drawing(make(), 1, backend);
    const steps = [0, 1, 2 ** 16, 2 ** 32].map((taken) => drawn(model, taken));
    expect(new Set(steps).size).toBe(4);
  });
});

test('updateMovingMoments draws a mask for each batch', () => {
  const layers = [dropout({ rate: 0.5, inputShape: 16 }), batchNormalization(), dense({ units: 1 })];
  const model = sequential({ layers, seed: 3, backend: factories.wasm });
  model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
  const { steps } = internalsOf(model).engine;
  const masks = [0, 1, 2].map((taken) => {
    steps.taken = taken;
    return model.gradients(ones, new Float32Array(8), { nodes: true }).nodes['layers.0']!.value.data;
  });
  steps.taken = 0;
  const x = matrix(new Float32Array(24 * 16).fill(1), 24, 16);
  model.updateMovingMoments(x, { batchSize: 8 });
  const { data } = model.getWeights()['layers.1.movingMean']!;
  data.forEach((mean, c) => {
    const expected = masks.flatMap((mask) => [...mask].filter((_, i) => i % 16 === c)).reduce((a, b) => a + b) / 24;
    expect(mean).toBeCloseTo(expected, 5);
  });
});

describe('averages begin anew with a state that is fresh', () => {
  const { x, labels } = clouds(32, 4, 3);
  const make = (optimizer = adam()) => {
    const model = sequential({
      layers: [dense({ units: 3, inputShape: 4, activation: 'softmax' })],
      seed: 1,
      backend: factories.wasm,
    });
    model.compile({
      optimizer,
      loss: 'sparseCategoricalCrossentropy',
      averaging: exponentialMovingAverage({ momentum: 0.9 }),
    });
    return model;
  };
  test.each([1, 3, 20])('after %i steps', (count) => {
    const [fresh, used] = [make(), make()];
    const start = fresh.getWeights();
    const state = exportState(internalsOf(fresh).engine);
    for (let i = 0; i < count; i++) used.trainOnBatch(x, labels);
    importState(internalsOf(used).engine, state);
    used.setWeights(start);
    expect(() => used.averagedWeights()).toThrow(/No weights have been averaged/);
    const { heap, training } = internalsOf(used).engine;
    const { offset, size } = training.update.average!.values;
    expect(heap.slice(offset, offset + size).every((value) => value === 0)).toBe(true);
    for (const model of [fresh, used]) for (let i = 0; i < 2; i++) model.trainOnBatch(x, labels);
    expect(used.averagedWeights()).toEqual(fresh.averagedWeights());
    expect(used.getWeights()).toEqual(fresh.getWeights());
  });
});

describe.each(Object.entries(factories))('constraints leave what is frozen as it is, %s', (_, backend) => {
  test.each([
    ['maxNorm', maxNorm({ maxValue: 0.1 })],
    ['unitNorm', unitNorm()],
    ['nonNeg', nonNeg()],
  ])('%s', (_, constraint) => {
    const { x, labels } = clouds(32, 4, 3);
    const own = { kernelConstraint: constraint, biasConstraint: constraint } as const;
    const make = (trainable: boolean) => {
      const layers = [
        dense({ units: 5, inputShape: 4, ...own, biasInitializer: 'ones', trainable }),
        dense({ units: 3, activation: 'softmax' }),
      ];
      const model = sequential({ layers, seed: 1, backend });
      model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
      const before = model.getWeights();
      model.trainOnBatch(x, labels);
      return [before, model.getWeights()] as const;
    };
    const [before, after] = make(false);
    for (const name of ['layers.0.kernel', 'layers.0.bias']) expect(after[name]).toEqual(before[name]);
    expect(after['layers.1.kernel']).not.toEqual(before['layers.1.kernel']);
    const [given, moved] = make(true);
    expect(moved['layers.0.kernel']).not.toEqual(given['layers.0.kernel']);
  });
});

test('seconds of an epoch leave out what the run stood still', async () => {
  let now = 1e6;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1;
    return now;
  });
  const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], seed: 1, backend: factories.wasm });
  model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
  const control = trainingControl();
  let paused: Promise<void> | undefined;
  const x = Float32Array.from({ length: 16 }, (_, i) => i / 16);
  const fitting = model.fit(x, x, {
    epochs: 3,
    batchSize: 2,
    lint: false,
    control,
    callbacks: [
      {
        onBatchEnd(batch) {
          if (model.epochs === 1 && batch === 3) paused = control.pause();
        },
      },
    ],
  });
  while (!paused) await new Promise((resolve) => setImmediate(resolve));
  await paused;
  now += 200_000;
  control.resume();
  const { seconds } = await fitting;
  expect(seconds).toHaveLength(3);
  for (const time of seconds) expect(time).toBeLessThan(10);
});
