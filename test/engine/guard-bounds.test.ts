import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { NonFiniteError } from '../../src/errors.js';
import { deserialize, restore, serialize } from '../../src/io/save.js';
import { adam, adamw } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense } from '../../src/nn/layers/index.js';
import { factories } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';

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

describe('a run that was interrupted and goes on, here or from its file', () => {
  test.each([
    [1, 'the first batch'],
    [9, 'the middle of an epoch'],
    [16, 'the end of the second epoch'],
    [30, 'more than are remembered'],
  ])('says the same of the losses before, after %i batches, %s', async (end) => {
    const x = matrix(
      Float32Array.from({ length: 64 }, (_, i) => (i % 13) / 13),
      64,
      1,
    );
    // The fifth epoch meets what the others did not.
    const batches = (epoch: number) =>
      Array.from({ length: 8 }, (_, i) => [
        matrix(x.data.slice(8 * i, 8 * i + 8), 8, 1),
        new Float32Array(8).fill(epoch === 4 && i === 3 ? 3e38 : 1 + i + epoch),
      ]) as never;
    const make = () => {
      const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: factories.wasm, seed: 1 });
      model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError' });
      return model;
    };
    const failed = async (model: Model, resume: boolean) => {
      const error: unknown = await model.fit(batches, { epochs: 6, resume }).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(NonFiniteError);
      return (error as Error).message;
    };
    const whole = await failed(make(), false);
    expect(whole).toMatch(/Losses before: (\S+, ){5}\S+; /);

    const cut = make();
    let count = 0;
    const stop = {
      onBatchEnd: () => {
        if (++count === end) cut.stopTraining = true;
      },
    };
    await cut.fit(batches, { epochs: 6, callbacks: [stop] });
    const loaded = deserialize(serialize(cut), { backend: factories.typescript });
    const used = make();
    for (let i = 0; i < 20; i++) used.trainOnBatch([[1]], [7]);
    await restore(used, serialize(cut));
    for (const model of [cut, loaded, used]) expect(await failed(model, true)).toBe(whole);
  });

  test('a file restored brings no losses of steps that were taken since', async () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: factories.wasm, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError' });
    model.trainOnBatch([[1]], [1]);
    const bytes = serialize(model);
    for (let i = 0; i < 10; i++) model.trainOnBatch([[1]], [50]);
    await restore(model, bytes);
    let error: unknown;
    try {
      model.trainOnBatch([[1]], [3e38]);
    } catch (cause) {
      error = cause;
    }
    expect((await (error as NonFiniteError).explain()).message).not.toMatch(/Losses before/);
  });
});
