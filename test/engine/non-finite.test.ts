import { describe, expect, test, vi } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { NonFiniteError } from '../../src/errors.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { prelu } from '../../src/kernels/twins/leaky.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { customLoss } from '../../src/nn/expressions/custom.js';
import {
  batchNormalization,
  dense,
  dropout,
  embedding,
  input,
  type LayerSpec,
  layerNormalization,
} from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import type { Weights } from '../../src/nn/parameters.js';
import { l2 } from '../../src/nn/regularizers.js';
import { factories, Random } from '../support/buffers.js';
import { trainingCases, weightHash } from '../support/nn/models.js';

const ROWS = 64;
const random = new Random(5);
const x = matrix(
  Float32Array.from({ length: ROWS * 3 }, () => random.uniform() - 0.5),
  ROWS,
  3,
);
const y = Array.from({ length: ROWS }, (_, i) => [Math.sin(i)]);

/** The data with one number replaced. */
const withInput = (row: number, column: number, value: number) => {
  const data = x.data.slice();
  data[row * 3 + column] = value;
  return matrix(data, ROWS, 3);
};
const withTarget = (row: number, value: number) => y.map((v, i) => (i === row ? [value] : v));

interface Case {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly compile?: Partial<CompileOptions>;
  readonly data?: () => readonly [unknown, unknown];
  /** Changes weights before training. */
  readonly weights?: (weights: Weights) => void;
  readonly expected: Partial<NonFiniteError>;
  readonly says: RegExp;
}

const plain = [dense({ units: 16, activation: 'relu', inputShape: 3 }), dense({ units: 8 }), dense({ units: 1 })];
/** Wide enough for the guard to look at operands in place of the gradient. */
const wide = [dense({ units: 300, activation: 'tanh', inputShape: 3 }), dense({ units: 300 }), dense({ units: 1 })];
const fill = (name: string, value: number) => (weights: Weights) => void weights[name]!.data.fill(value);

const cases: readonly Case[] = [
  ...[plain, wide].flatMap((layers): readonly Case[] => {
    const size = layers === wide ? 'wide' : 'small';
    return [
      {
        name: `${size}: huge weights in the middle`,
        layers,
        weights: fill('layers.1.kernel', 3e38),
        expected: { tensor: 'activation', layer: 'layers.1', cause: 'hugeWeights' },
        says: /magnitude 3e\+38/,
      },
      {
        name: `${size}: huge weights in the last layer`,
        layers,
        weights: fill('layers.2.kernel', 1e37),
        expected: { cause: 'hugeWeights' },
        says: /layers\.2\.kernel holds a weight of magnitude 1e\+37/,
      },
      {
        name: `${size}: a target too large`,
        layers,
        data: () => [x, withTarget(13, 1e30)],
        expected: { tensor: 'loss', row: 13, cause: 'unscaledTarget' },
        says: /row 13 of the data.*y goes from -?[\d.]+ to 1e\+30/,
      },
      {
        name: `${size}: a learning rate too high`,
        layers,
        compile: { optimizer: sgd({ learningRate: 1e30 }) },
        expected: { cause: 'learningRate' },
        says: /learning rate of 1e\+30 is too high/,
      },
      {
        name: `${size}: weights that would become infinite`,
        layers,
        compile: { optimizer: sgd({ learningRate: 3e38 }), loss: 'meanAbsoluteError' },
        weights: fill('layers.2.bias', -3e38),
        data: () => [x, y.map(() => [3e38])],
        expected: {},
        says: /learning rate|y goes|infinite/,
      },
      {
        name: `${size}: clipping, and a rate too high`,
        layers,
        compile: { optimizer: adam({ learningRate: 3e38 }), globalClipNorm: 1 },
        expected: { cause: 'learningRate' },
        says: /learning rate of 3e\+38/,
      },
    ];
  }),
  {
    name: 'an update that overflows',
    layers: [dense({ units: 1, inputShape: 3, name: 'only' })],
    compile: { optimizer: sgd({ learningRate: 3e38 }) },
    data: () => [x, y.map(() => [100])],
    expected: { tensor: 'weight', layer: 'only', cause: 'learningRate', epoch: 0, batch: 0 },
    says: /update would make layers\.0\.\w+ infinite.*learning rate/,
  },
  {
    name: 'state that overflows',
    layers: [dense({ units: 1, inputShape: 3 })],
    compile: { loss: customLoss((t, p, { mean, mul }) => mean(mul(t, p))) },
    data: () => [x, y.map(() => [1e30])],
    expected: { tensor: 'weight', layer: undefined as never, cause: 'unscaledTarget' },
    says: /the optimizer's v infinite.*globalClipNorm/,
  },
  {
    name: 'an input that overflows in an exponential',
    layers: [dense({ units: 4, activation: 'exponential', inputShape: 3 }), dense({ units: 1 })],
    data: () => [withInput(40, 1, 1e4), y],
    expected: { tensor: 'activation', layer: 'layers.0', row: 40, cause: 'unscaledInput' },
    says: /column 1 of x goes from -?[\d.]+ to 10000.*half of the other columns/,
  },
  {
    name: 'an input of 1e38',
    layers: [dense({ units: 200, inputShape: 3 }), dense({ units: 200 }), dense({ units: 1 })],
    data: () => [withInput(9, 2, -3e38), y],
    expected: { row: 9, cause: 'unscaledInput' },
    says: /column 2 of x goes from -3e\+38/,
  },
  {
    name: 'the logarithm of zero in a custom loss',
    layers: [dense({ units: 4, inputShape: 3 }), dense({ units: 1, activation: 'relu' })],
    compile: {
      loss: customLoss((t, p, { log, mul, mean, sub }) => mean(sub(p, mul(t, log(p))))),
    },
    expected: { tensor: 'loss', cause: 'logOfZero' },
    says: /logarithm.*stays above 0/,
  },
  {
    name: 'the logarithm of a negative rate',
    layers: [dense({ units: 1, inputShape: 3 })],
    compile: { loss: 'poisson' },
    data: () => [withInput(3, 0, -900), y.map(() => [1])],
    expected: { tensor: 'loss', cause: 'logOfZero' },
    says: /logarithm/,
  },
  {
    name: 'a finite loss with a gradient that is not',
    layers: [dense({ units: 4, inputShape: 3 }), dense({ units: 1, name: 'head', kernelInitializer: 'zeros' })],
    compile: { loss: customLoss((_, p, { log, mean, mul }) => mean(mul(1e5, log(p)))) },
    weights: fill('layers.1.bias', 2e-38),
    expected: { tensor: 'gradient', layer: 'head', cause: 'logOfZero' },
    says: /gradient by the output of head is Infinity/,
  },
  {
    name: 'batch normalization of numbers whose variance overflows',
    layers: [dense({ units: 4, inputShape: 3 }), batchNormalization(), dense({ units: 1 })],
    weights: fill('layers.0.kernel', 1e25),
    expected: { tensor: 'weight', layer: 'layers.1', cause: 'hugeWeights' },
    says: /layers\.1\.movingVariance infinite/,
  },
  {
    name: 'batch normalization with clipping',
    layers: [dense({ units: 4, inputShape: 3 }), batchNormalization(), dropout({ rate: 0.1 }), dense({ units: 1 })],
    compile: { globalClipNorm: 1 },
    weights: fill('layers.0.kernel', 1e25),
    expected: { tensor: 'weight', layer: 'layers.1' },
    says: /movingVariance/,
  },
  {
    name: 'a gamma too large',
    layers: [dense({ units: 4, inputShape: 3 }), batchNormalization({ name: 'norm' }), dense({ units: 1 })],
    weights: fill('layers.1.gamma', 3e38),
    expected: { tensor: 'activation', layer: 'norm' },
    says: /the output of norm is -?Infinity|NaN/,
  },
  {
    name: 'layer normalization, a gamma too large',
    layers: [dense({ units: 4, inputShape: 3 }), layerNormalization(), dense({ units: 1 })],
    weights: fill('layers.1.gamma', 3e38),
    expected: { tensor: 'activation', layer: 'layers.1' },
    says: /the output of layers\.1/,
  },
  {
    name: 'slopes of prelu',
    layers: [dense({ units: 4, inputShape: 3, activation: prelu() }), dense({ units: 1 })],
    weights: fill('layers.0.alpha', 3e38),
    expected: { tensor: 'activation', layer: 'layers.0' },
    says: /the output of layers\.0/,
  },
  {
    name: 'a penalty that overflows',
    layers: [dense({ units: 4, inputShape: 3, kernelRegularizer: l2(1) }), dense({ units: 1 })],
    compile: { loss: 'meanAbsoluteError' },
    weights: fill('layers.0.kernel', 1e19),
    expected: { tensor: 'loss' },
    says: /penalty on weights is Infinity/,
  },
  {
    name: 'rows of an embedding',
    layers: [embedding({ inputDim: 8, outputDim: 4, inputShape: 1 }), dense({ units: 1 })],
    data: () => [
      matrix(
        Float32Array.from({ length: ROWS }, (_, i) => i % 8),
        ROWS,
        1,
      ),
      y,
    ],
    weights: (weights) => void weights['layers.0.embeddings']!.data.fill(3e38, 12, 16),
    expected: { cause: 'hugeWeights' },
    says: /layers\.0\.embeddings holds a weight/,
  },
  {
    name: 'an embedding under a learning rate too high',
    layers: [embedding({ inputDim: 8, outputDim: 4, inputShape: 1 }), dense({ units: 1 })],
    compile: { optimizer: adam({ learningRate: 3e38 }) },
    data: () => [
      matrix(
        Float32Array.from({ length: ROWS }, (_, i) => i % 8),
        ROWS,
        1,
      ),
      y,
    ],
    expected: { cause: 'learningRate' },
    says: /learning rate/,
  },
  {
    name: 'accumulation',
    layers: plain,
    compile: { gradientAccumulationSteps: 2 },
    data: () => [x, withTarget(13, 1e30)],
    expected: { tensor: 'loss', batch: 0, row: 13 },
    says: /row 13/,
  },
  {
    name: 'averaging',
    layers: plain,
    compile: { averaging: exponentialMovingAverage(), optimizer: sgd({ learningRate: 3e38 }) },
    expected: { cause: 'learningRate' },
    says: /learning rate/,
  },
  {
    name: 'lbfgs',
    layers: plain,
    compile: { optimizer: lbfgs() },
    data: () => [x, withTarget(13, 1e30)],
    expected: { tensor: 'loss', row: 13, cause: 'unscaledTarget' },
    says: /row 13/,
  },
];

function build({ layers, compile, weights }: Case, backend = factories.wasm): Model {
  const model = sequential({ layers, seed: 2, backend });
  model.compile({ optimizer: adam(), loss: 'meanSquaredError', ...compile });
  if (weights) {
    const changed = model.getWeights();
    weights(changed);
    model.setWeights(changed);
  }
  return model;
}

describe.each(Object.entries(factories))('what is not finite on %s', (_, backend) => {
  test.each(cases)('$name', async (item) => {
    const model = build(item, backend);
    const [data, targets] = item.data?.() ?? [x, y];
    let before = weightHash(model);
    const onBatchEnd = () => {
      before = weightHash(model);
    };
    const epochs = 8;
    const options = { epochs, shuffle: false, callbacks: [{ onBatchEnd }] };
    const error = await model.fit(data as never, targets as never, options).then(
      () => expect.unreachable('training went on'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject(item.expected);
    expect((error as Error).message).toMatch(item.says);
    expect((error as Error).message).toContain('not applied');
    expect(weightHash(model)).toBe(before);
    for (const { data: values } of Object.values(model.getWeights())) expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe('the guard', () => {
  test.each(trainingCases)('is in the program of $name', ({ layers, compile }) => {
    const model = sequential({ layers, backend: factories.wasm });
    model.compile(compile);
    expect(model.program('train', 32)).toMatch(/ {2}guard /);
  });

  test('large and finite is no reason to stop, and changes no bit', () => {
    // Targets of 1e12: gradients beyond the bound, far from overflowing.
    const make = (compile: Partial<CompileOptions>) => {
      const model = sequential({ layers: wide, seed: 4, backend: factories.wasm });
      model.compile({ optimizer: sgd({ learningRate: 1e-9, momentum: 0.5 }), loss: 'meanAbsoluteError', ...compile });
      return model;
    };
    const [guarded, clipped] = [make({}), make({ globalClipNorm: 1e30 })];
    const inputs = matrix(
      x.data.map((v) => v * 1e10),
      ROWS,
      3,
    );
    for (let i = 0; i < 3; i++) {
      guarded.trainOnBatch(inputs, y);
      clipped.trainOnBatch(inputs, y);
    }
    expect(weightHash(guarded)).toBe(weightHash(clipped));
    expect(weightHash(guarded)).not.toBe(weightHash(make({})));
  });

  test('several outputs: the one whose loss is not finite is named', async () => {
    const a = input({ shape: 3 });
    const h = dense({ units: 4, activation: 'tanh' }).apply(a);
    const outputs = [dense({ units: 1, name: 'price' }).apply(h), dense({ units: 1, name: 'size' }).apply(h)];
    const model = graph({ inputs: a, outputs, backend: factories.wasm });
    model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
    const before = weightHash(model);
    const error = await model.fit(x, [y, withTarget(50, 1e30)], { batchSize: 16, shuffle: false }).catch((e) => e);
    expect(error).toMatchObject({
      epoch: 0,
      batch: 3,
      row: 50,
      layer: 'size',
      tensor: 'loss',
      cause: 'unscaledTarget',
    });
    expect(weightHash(model)).not.toBe(before);
  });

  test('rows are those of the data, shuffled or not', async () => {
    for (const shuffle of [true, false]) {
      const model = build({ layers: plain } as never);
      const error = await model.fit(x, withTarget(37, 1e30), { batchSize: 10, shuffle }).catch((e) => e);
      expect(error.row).toBe(37);
    }
  });
});

describe('trainOnBatch', () => {
  test('throws at once, and explains on demand', async () => {
    const model = build({ layers: plain } as never);
    model.trainOnBatch(x, y);
    const before = weightHash(model);
    let error: NonFiniteError | undefined;
    try {
      model.trainOnBatch(x, withTarget(5, 1e30));
    } catch (thrown) {
      error = thrown as NonFiniteError;
    }
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error?.message).toMatch(/loss is Infinity in step 2.*explain/);
    const explained = await error!.explain();
    expect(explained).toMatchObject({ row: 5, tensor: 'loss', cause: 'unscaledTarget' });
    expect(explained.message).toMatch(/Losses before: [\d.]+; largest gradients seen: [\d.]+/);
    expect(await explained.explain()).toBe(explained);
    expect(weightHash(model)).toBe(before);
  });

  test('skips where that is asked for', () => {
    const model = build({ layers: plain, compile: { onNonFinite: 'skip' } } as never);
    const before = weightHash(model);
    expect(model.trainOnBatch(x, withTarget(5, 1e30))).toMatchObject({ loss: Infinity, skippedBatches: 1 });
    expect(weightHash(model)).toBe(before);
    expect(model.trainOnBatch(x, y).skippedBatches).toBe(0);
  });
});

describe("onNonFinite: 'skip'", () => {
  const layers = [...plain.slice(0, 1), batchNormalization(), dropout({ rate: 0.2 }), ...plain.slice(1)];

  test.each([
    ['adam', {}],
    ['clipping', { globalClipNorm: 1 }],
    ['accumulation', { gradientAccumulationSteps: 2 }],
  ])('goes on as if the batch had never been: %s', async (_, compile) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      const make = () => build({ layers, compile: { ...compile, onNonFinite: 'skip' } } as never);
      const [with16, without] = [make(), make()];
      const options = { batchSize: 16, shuffle: false, epochs: 3, lint: false };
      const { history } = await with16.fit(x, withTarget(20, 1e30), options);
      expect(history.skippedBatches).toEqual([1, 1, 1]);
      const rest = [...Array(16).keys(), ...Array.from({ length: 32 }, (_, i) => 32 + i)];
      const others = matrix(Float32Array.from(rest.flatMap((r) => [...x.data.subarray(3 * r, 3 * r + 3)])), 48, 3);
      const clean = await without.fit(
        others,
        rest.map((r) => y[r]!),
        options,
      );
      expect(history.loss).toEqual(clean.history.loss);
      expect(weightHash(with16)).toBe(weightHash(without));
      expect(warn).toHaveBeenCalledOnce();
      expect(warn.mock.calls[0]![0]).toMatch(/skipped a batch.*epoch 0, batch 1.*row 20/);
    } finally {
      warn.mockRestore();
    }
  });

  test('stops where there is no other batch', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      const model = build({ layers: plain, compile: { onNonFinite: 'skip' } } as never);
      await expect(
        model.fit(
          x,
          y.map(() => [1e30]),
        ),
      ).rejects.toThrow(/unscaled|y goes/);
    } finally {
      warn.mockRestore();
    }
  });
});
