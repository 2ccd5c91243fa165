import { describe, expect, test } from 'vitest';
import { NonFiniteError } from '../src/errors.js';
import { adam, adamw } from '../src/kernels/adam.js';
import { sgd } from '../src/kernels/optimizers.js';
import { matrix } from '../src/matrix.js';
import { batchNormalization, dense } from '../src/model/layers/index.js';
import { type Model, sequential } from '../src/train/model.js';
import type { CompileOptions } from '../src/train/model-types.js';
import { factories } from './support/buffers.js';
import { weightHash } from './support/models.js';

// Both sides of the bounds within which an update is let pass without a closer look.

const ROWS = 8;
const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe.each(Object.entries(factories))('%s', (_, backend) => {
  /** Wide enough for the guard to look at the operands of products. All kernels are 1 / 300. */
  const wide = (compile: Partial<CompileOptions> = {}): Model => {
    const own = { kernelInitializer: { name: 'constant', value: 1 / 300 } } as const;
    const layers = [
      dense({ units: 300, inputShape: 300, ...own }),
      dense({ units: 300, ...own }),
      dense({ units: 1, ...own }),
    ];
    const model = sequential({ layers, backend, seed: 1 });
    model.compile({ optimizer: adam({ learningRate: 1e-3 }), loss: 'meanSquaredError', ...compile });
    return model;
  };
  const of = (size: number) => matrix(new Float32Array(ROWS * 300).fill(size), ROWS, 300);

  test('operands whose product has no finite square are refused, those below the bound pass', () => {
    // Outputs are as large as x, and gradients of kernels x^2: at 1e12 the average of squares would be infinite.
    for (const size of [1e12, 1e15]) {
      const model = wide();
      const before = weightHash(model);
      const error = thrown(() => model.trainOnBatch(of(size), new Float32Array(ROWS)));
      expect(error).toBeInstanceOf(NonFiniteError);
      expect(error).toMatchObject({ tensor: 'weight' });
      expect(weightHash(model)).toBe(before);
    }
    // On both sides of 1e8, with gradients whose squares are finite.
    for (const size of [5e7, 2e8]) {
      const model = wide();
      const before = weightHash(model);
      expect(model.trainOnBatch(of(size), new Float32Array(ROWS)).loss! / size ** 2).toBeCloseTo(1, 4);
      expect(weightHash(model)).not.toBe(before);
      for (const { data } of Object.values(model.getWeights())) expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test.each([
    ['sgd', (weightDecay: number) => sgd({ learningRate: 1e3, weightDecay })],
    ['adamw', (weightDecay: number) => adamw({ learningRate: 1e3, weightDecay })],
  ])('%s: decay that makes weights infinite is refused at rates that are safe without', (_, make) => {
    const build = (weightDecay: number) => {
      const model = sequential({ layers: [dense({ units: 4, inputShape: 3 })], backend, seed: 1 });
      model.compile({ optimizer: make(weightDecay), loss: 'meanAbsoluteError' });
      return model;
    };
    const x = matrix(new Float32Array(ROWS * 3).fill(0.5), ROWS, 3);
    const y = matrix(new Float32Array(ROWS * 4), ROWS, 4);
    const model = build(1e37);
    const before = weightHash(model);
    const error = thrown(() => model.trainOnBatch(x, y));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(/update would make layers\.0\.kernel infinite/);
    expect(weightHash(model)).toBe(before);
    expect(model.trainOnBatch).toBeTypeOf('function');
    const small = build(1e-4);
    small.trainOnBatch(x, y);
    expect(weightHash(small)).not.toBe(before);
  });

  test('the message has the losses and the norms of the steps before, each by its name', async () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 3 })], backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError', trackGradientNorm: true });
    const x = matrix(
      Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i)),
      ROWS,
      3,
    );
    const y = Float32Array.from({ length: ROWS }, (_, i) => 3 + i);
    const logs = [1, 2, 3].map(() => model.trainOnBatch(x, y));
    const error = thrown(() => model.trainOnBatch(x, new Float32Array(ROWS).fill(3e38))) as NonFiniteError;
    const short = (name: string) => logs.map((log) => String(Number(log[name]!.toPrecision(3)))).join(', ');
    const { message } = await error.explain();
    expect(message).toContain(`Losses before: ${short('loss')}; norms of the gradient: ${short('gradientNorm')}.`);
  });

  test('without norms, the largest gradients', async () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1, useBias: false })], backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 1e-6 }), loss: 'meanSquaredError' });
    const gradient = model.gradients([[2]], [5]).gradients['layers.0.kernel']!.data[0]!;
    const { loss } = model.trainOnBatch([[2]], [5]);
    const error = thrown(() => model.trainOnBatch([[2]], [3e38])) as NonFiniteError;
    const { message } = await error.explain();
    const short = (value: number) => String(Number(value.toPrecision(3)));
    expect(short(loss!)).not.toBe(short(Math.abs(gradient)));
    expect(message).toContain(`Losses before: ${short(loss!)}; largest gradients seen: ${short(Math.abs(gradient))}.`);
  });

  test.each([
    ['small', 4],
    ['wide', 300],
  ])('moments of batch normalization that overflow are refused, where nothing else is infinite: %s', (_, units) => {
    const layers = [
      dense({ units, inputShape: 3 }),
      batchNormalization(),
      dense({ units, activation: 'tanh' }),
      dense({ units: 1 }),
    ];
    const model = sequential({ layers, backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError' });
    const weights = model.getWeights();
    weights['layers.0.kernel']!.data.forEach((_, i, all) => {
      all[i] = i % 2 ? 3e20 : -3e20;
    });
    model.setWeights(weights);
    const before = weightHash(model);
    const x = matrix(
      Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i * i)),
      ROWS,
      3,
    );
    const error = thrown(() => model.trainOnBatch(x, new Float32Array(ROWS).fill(0.1)));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ tensor: 'weight' });
    expect((error as Error).message).toMatch(/layers\.1\.movingVariance infinite/);
    expect(weightHash(model)).toBe(before);
  });
});
