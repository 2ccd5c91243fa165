import { describe, expect, test } from 'vitest';
import { NonFiniteError } from '../../src/errors.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { mae } from '../../src/nn/metrics/index.js';
import { exponentialDecay } from '../../src/nn/optimizers/schedules.js';
import { factories } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';

// Steps of the optimizer whose count, rate or weight nothing else looks at.

describe.each(Object.entries(factories))('%s', (_, backend) => {
  const line = (options: { readonly learningRateMultiplier?: number } = {}) =>
    sequential({
      layers: [dense({ units: 1, inputShape: 1, kernelInitializer: 'ones', useBias: false, ...options })],
      backend,
      seed: 1,
    });
  const kernel = (model: ReturnType<typeof line>) => Object.values(model.getWeights())[0]!.data[0]!;

  describe('compiling again begins anew', () => {
    const schedule = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 });
    test.each([
      ['the schedule', sgd({ learningRate: schedule })],
      ['the bias correction of Adam', adam({ learningRate: schedule })],
      ['the moments of Adam', adam({ learningRate: 0.1 })],
    ])('%s', (_, optimizer) => {
      const trained = line();
      trained.compile({ optimizer, loss: 'meanSquaredError' });
      for (let i = 0; i < 3; i++) trained.trainOnBatch([[2]], [1]);
      trained.learningRate = 0.7;
      trained.compile({ optimizer, loss: 'meanSquaredError' });
      const fresh = line();
      fresh.setWeights(trained.getWeights());
      fresh.compile({ optimizer, loss: 'meanSquaredError' });
      expect(trained.learningRate).toBe(fresh.learningRate);
      expect(trained.learningRate).toBeCloseTo(0.1, 6);
      for (const model of [trained, fresh]) for (let i = 0; i < 2; i++) model.trainOnBatch([[2]], [1]);
      expect(weightHash(trained)).toBe(weightHash(fresh));
    });
  });

  test.each([0.5, 0.25, 2, 1])(
    'learningRateMultiplier %d scales the step, and that alone',
    (learningRateMultiplier) => {
      const model = line({ learningRateMultiplier });
      model.compile({ optimizer: sgd({ learningRate: 0.125 }), loss: 'meanSquaredError' });
      // (2 w - 1)^2 at w = 1 has the slope 4.
      expect(model.trainOnBatch([[2]], [1]).loss).toBe(1);
      expect(kernel(model)).toBe(1 - 0.125 * 4 * learningRateMultiplier);
      expect(model.learningRate).toBe(0.125);
    },
  );

  test('a multiplier of one layer leaves the others alone', () => {
    const layer = (options: object = {}) =>
      dense({ units: 1, inputShape: 1, kernelInitializer: 'ones', useBias: false, ...options });
    const model = sequential({ layers: [layer(), layer({ learningRateMultiplier: 0.5 }), layer()], backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.125 }), loss: 'meanSquaredError' });
    model.trainOnBatch([[2]], [1]);
    expect(Object.values(model.getWeights()).map(({ data }) => data[0])).toEqual([0.5, 0.75, 0.5]);
  });

  describe('an epoch of 5 rows in batches of 2 is the mean over rows', () => {
    // Errors are 0 but in the last row, which is alone in its batch: 25 / 5. A mean over batches were 25 / 3.
    const x = Float32Array.of(1, 2, 3, 4, 5);
    const y = Float32Array.of(1, 2, 3, 4, 0);
    const compiled = () => {
      const model = line();
      model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'meanSquaredError', metrics: [mae()] });
      return model;
    };
    test('fit', async () => {
      const validationData: [Float32Array, Float32Array] = [x, y];
      const options = { epochs: 1, batchSize: 2, shuffle: false, lint: false, validationData, validationBatchSize: 2 };
      const { history } = await compiled().fit(x, y, options);
      expect(history).toMatchObject({ loss: [5], valLoss: [5], mae: [1], valMae: [1] });
    });
    test('evaluate, in batches of 256', () => {
      const many = Float32Array.from({ length: 257 }, (_, i) => i);
      const targets = many.map((value, i) => (i === 256 ? 0 : value));
      const logs = compiled().evaluate(many, targets);
      expect([logs.loss, logs.mae]).toEqual([Math.fround(256 ** 2) / 257, 256 / 257].map((v) => expect.closeTo(v, 4)));
    });
    test('evaluateBatches', async () => {
      const batches = [
        [0, 2],
        [2, 4],
        [4, 5],
      ].map(([from, to]) => [x.slice(from, to), y.slice(from, to)] as const);
      expect(await compiled().evaluateBatches(batches)).toMatchObject({ loss: 5, mae: 1 });
    });
  });

  describe('clipping by a norm', () => {
    // (3e18 w)^2 has the slope 1.8e37 at w = 1, of which 100 are more than float32 holds.
    test.each([
      ['globalClipNorm', 3e38, undefined],
      ['clipNorm', 3e38, undefined],
      ['clipValue', 3e38, undefined],
      ['globalClipNorm', 1, -99],
      ['clipNorm', 1, -99],
      ['clipValue', 1, -99],
    ])('%s %d of a gradient of 1.8e37 makes the weight %d, or throws', (name, limit, weight) => {
      const model = line();
      model.compile({ optimizer: sgd({ learningRate: 100 }), loss: 'meanSquaredError', [name]: limit });
      const step = () => model.trainOnBatch(matrix(Float32Array.of(3e18), 1, 1), [0]);
      if (weight === undefined) expect(step).toThrow(NonFiniteError);
      else step();
      expect(kernel(model)).toBe(weight ?? 1);
    });

    test.each(['globalClipNorm', 'clipNorm', 'clipValue'])('%s does not hide NaN', (name) => {
      const model = line();
      model.compile({ optimizer: sgd({ learningRate: 0.25 }), loss: 'meanSquaredError', [name]: 1 });
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => model.trainOnBatch([[bad]], [0])).toThrow();
        expect(() => model.trainOnBatch(matrix(Float32Array.of(1e30), 1, 1), [0])).toThrow(NonFiniteError);
        expect(kernel(model)).toBe(1);
      }
    });
  });
});

describe('validationSplit with stratify holds out the same share of each class', () => {
  // Classes of so many rows, the share, and the rows of each class to validate on: largest remainders are rounded up.
  test.each<[sizes: number[], share: number, held: number[]]>([
    [[7, 2, 1], 0.3, [2, 1, 0]],
    [[6, 3], 1 / 3, [2, 1]],
    [[10, 10], 0.25, [3, 2]],
    [[4, 8, 12], 0.25, [1, 2, 3]],
    [[5, 5, 5], 0.2, [1, 1, 1]],
  ])('classes of %j, %d: %j', async (sizes, share, held) => {
    const labels = sizes.flatMap((size, label) => new Array<number>(size).fill(label));
    const model = sequential({
      layers: [dense({ units: sizes.length, inputShape: 1, activation: 'softmax', kernelInitializer: 'zeros' })],
      backend: factories.typescript!,
      seed: 1,
    });
    model.compile({
      optimizer: sgd({ learningRate: 0 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const seen: number[] = [];
    for (const label of sizes.keys()) {
      model.setWeights({
        'layers.0.kernel': [sizes.map(() => 0)],
        'layers.0.bias': [sizes.map((_, i) => (i === label ? 10 : 0))],
      });
      const options = { validationSplit: share, stratify: true, batchSize: 4, lint: false, epochs: 1 } as const;
      const { history } = await model.fit(new Float32Array(labels.length), labels, options);
      const total = held.reduce((sum, count) => sum + count, 0);
      seen.push(Math.round(history.valAccuracy![0]! * total));
    }
    expect(seen).toEqual(held);
  });
});
