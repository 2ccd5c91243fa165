import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { NonFiniteError } from '../../src/errors.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { customLoss } from '../../src/nn/expressions/custom.js';
import { batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { layerFromSpec } from '../../src/nn/layers/registry.js';
import {
  type AveragingSpec,
  exponentialMovingAverage,
  stochasticWeightAveraging,
} from '../../src/nn/optimizers/averaging.js';
import { exponentialDecay } from '../../src/nn/optimizers/schedules.js';
import type { Weights } from '../../src/nn/parameters.js';
import { averagingTable } from '../../src/nn/registry.js';
import { l2 } from '../../src/nn/regularizers.js';
import { averagingFromSpec } from '../../src/nn/specs.js';
import { allFactories, factories } from '../support/buffers.js';
import { build, clouds, type TrainingCase, weightHash } from '../support/nn/models.js';

type Values = Record<string, number[] | number[][]>;

/** As fixtures/pytorch/training/update.py describes it. */
const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/update.json', import.meta.url), 'utf8'),
) as {
  readonly told: readonly number[];
  readonly x: number[][];
  readonly y: number[][];
  readonly start: Record<string, number[] | number[][]>;
  readonly cases: readonly {
    readonly name: string;
    readonly compile: Partial<CompileOptions>;
    readonly layers: Record<string, object>;
    readonly optimizer: 'sgd' | 'adam';
    readonly rate: number;
    readonly normalized: boolean;
    readonly steps: number;
    readonly norms: readonly number[];
    readonly after: readonly Values[];
    readonly averages?: readonly (Values | null)[];
    readonly updated?: Values;
  }[];
};

const ROWS = 4;
const normalization = ['gamma', 'beta', 'movingMean', 'movingVariance'];

function expectClose(weights: Weights, expected: Values, what: string): void {
  expect(Object.keys(weights).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { data }] of Object.entries(weights)) {
    expected[name]!.flat().forEach((reference, i) => {
      const value = data[i]!;
      const error = Math.abs(value - reference);
      expect(error, `${what}, ${name}[${i}]: ${value} for ${reference}`).toBeLessThan(
        1e-5 * Math.abs(reference) + 2e-6,
      );
    });
  }
}

describe.each(fixture.cases)('$name, as PyTorch', (item) => {
  const { normalized, optimizer, rate, start, told } = { ...fixture, ...item };

  test.each(Object.entries(allFactories))('on %s', (_, backend) => {
    const specs = [{ type: 'dense', units: 7, inputShape: 5 }, ...(normalized ? [{ type: 'batchNormalization' }] : [])];
    specs.push({ type: 'activation', activation: 'tanh' } as never, { type: 'dense', units: 3 } as never);
    const layers = specs.map((spec, i) => layerFromSpec({ ...spec, ...item.layers[i] }));
    const model = sequential({ layers, backend });
    const last = specs.length - 1;
    model.setWeights({
      ...model.getWeights(),
      'layers.0.kernel': start.kernel0,
      'layers.0.bias': start.bias0,
      [`layers.${last}.kernel`]: start.kernel1,
      [`layers.${last}.bias`]: start.bias1,
      ...Object.fromEntries((normalized ? normalization : []).map((name) => [`layers.1.${name}`, start[name]])),
    } as never);
    const make = { sgd: () => sgd({ learningRate: rate, momentum: 0.9 }), adam: () => adam({ learningRate: rate }) };
    const { averaging } = item.compile as { averaging?: AveragingSpec };
    const averaged = averaging === undefined ? {} : { averaging: averagingFromSpec(averaging) };
    model.compile({ optimizer: make[optimizer](), loss: 'meanSquaredError', ...item.compile, ...averaged });
    const norms: number[] = [];
    for (let batch = 0; batch < fixture.x.length / ROWS; batch++) {
      const rows = [batch * ROWS, batch * ROWS + ROWS] as const;
      const { gradientNorm } = model.trainOnBatch(fixture.x.slice(...rows), fixture.y.slice(...rows));
      if (gradientNorm !== undefined) norms.push(gradientNorm);
      const at = told.indexOf(batch + 1);
      if (at < 0) continue;
      expectClose(model.getWeights(), item.after[at]!, `after ${batch + 1} batches`);
      const average = item.averages?.[at];
      if (average) {
        const moments = (weights: object) => Object.entries(weights).filter(([name]) => name.includes('moving'));
        // PyTorch leaves buffers as they were when the average was made.
        const expected = { ...average, ...Object.fromEntries(moments(item.after[at]!)) };
        expectClose(model.averagedWeights(), expected, `average after ${batch + 1} batches`);
      } else if (average === null) {
        expect(() => model.averagedWeights()).toThrow(/averaged yet/);
      }
    }
    if (norms.length > 0) {
      expect(norms.length).toBe(item.norms.length);
      norms.forEach((norm, i) => {
        expect(Math.abs(norm / item.norms[i]! - 1)).toBeLessThan(1e-5);
      });
    }
    if (item.updated) {
      model.applyAveragedWeights();
      model.updateMovingMoments(fixture.x, { batchSize: ROWS });
      expectClose(model.getWeights(), item.updated, 'moments');
    }
  });
});

test('every way of averaging has a case, and some tracks norms, some moments', () => {
  const names = fixture.cases.map(({ compile: { averaging } }) => (averaging as AveragingSpec | undefined)?.name);
  for (const name of Object.keys(averagingTable)) expect(names).toContain(name);
  expect(fixture.cases.some(({ compile }) => compile.trackGradientNorm)).toBe(true);
  expect(fixture.cases.some(({ updated }) => updated)).toBe(true);
});

/** One weight per gradient: y = x, and the loss's gradient by the bias is 2 (y - target) / columns. */
function pusher(gradient: readonly number[], compile: Partial<CompileOptions>, backend: BackendFactory): Model {
  const units = gradient.length;
  const layers = [dense({ units, inputShape: 1, kernelInitializer: 'zeros', biasInitializer: 'zeros' })];
  const model = sequential({ layers, backend });
  model.compile({ optimizer: sgd({ learningRate: 1 }), loss: 'meanSquaredError', ...compile });
  return model;
}

const push = (model: Model, gradient: readonly number[]) =>
  model.trainOnBatch([[0]], [gradient.map((g) => (-g * gradient.length) / 2)]);

describe.each(Object.entries(allFactories))('clipping on %s', (name, backend) => {
  test.each(['clipNorm', 'globalClipNorm'] as const)('%s of [3, 4] to 1', (option) => {
    const model = pusher([3, 4], { [option]: 1 }, backend);
    expect(push(model, [3, 4]).gradientNorm).toBe(5);
    const step = [...model.getWeights()['layers.0.bias']!.data].map((w) => -w);
    if (name === 'fast') return;
    expect(step).toEqual([0.59999988, 0.79999984].map(Math.fround));
  });

  test('clipValue cuts both ends and nothing else', () => {
    const model = pusher([3, -4, 0.5, -0.5], { clipValue: 1 }, backend);
    push(model, [3, -4, 0.5, -0.5]);
    expect([...model.getWeights()['layers.0.bias']!.data]).toEqual([-1, 1, -0.5, 0.5]);
  });

  test.each(['clipValue', 'clipNorm', 'globalClipNorm'] as const)('%s of gradients of 1e20', (option) => {
    const gradient = [1e20, -1e20, 1e20, 1e20];
    const loss = customLoss((yTrue, yPred, { mean, mul }) => mean(mul(yTrue, yPred)));
    const model = pusher(gradient, { [option]: 1, loss }, backend);
    expect(model.trainOnBatch([[0]], [gradient.map((g) => g * 4)]).gradientNorm! / 2e20).toBeCloseTo(1, 6);
    const expected = option === 'clipValue' ? 1 : 0.5;
    model.getWeights()['layers.0.bias']!.data.forEach((w, i) => {
      expect(w).toBeCloseTo(-expected * Math.sign(gradient[i]!), 6);
    });
  });

  test.each([
    [{ clipValue: 1 }],
    [{ clipNorm: 1 }],
    [{ globalClipNorm: 1 }],
    [{ clipValue: 1, averaging: exponentialMovingAverage() }],
    [{ clipNorm: 1, gradientAccumulationSteps: 2 }],
  ] as const)('a gradient that is not finite touches nothing: %j', (options) => {
    const layers = [
      dense({ units: 4, inputShape: 2 }),
      batchNormalization(),
      dense({ units: 1, kernelRegularizer: l2(0.1), kernelConstraint: 'unitNorm' }),
    ];
    const make = () => {
      const model = sequential({ layers, backend });
      model.compile({ optimizer: adam(), loss: 'meanSquaredError', ...options });
      return model;
    };
    const [clean, disturbed] = [make(), make()];
    const batches = [0, 1, 2, 3].map(
      (i) =>
        [
          [
            [i, 1],
            [2, -i],
          ],
          [i, 1],
        ] as const,
    );
    for (const [x, y] of batches) {
      clean.trainOnBatch(x as never, y as never);
      const before = weightHash(disturbed);
      expect(() =>
        disturbed.trainOnBatch(
          [
            [1, 2],
            [2, 1],
          ],
          [3e38, -3e38],
        ),
      ).toThrow(NonFiniteError);
      expect(weightHash(disturbed)).toBe(before);
      disturbed.trainOnBatch(x as never, y as never);
    }
    expect(weightHash(disturbed)).toBe(weightHash(clean));
    if ('averaging' in options) expect(disturbed.averagedWeights()).toEqual(clean.averagedWeights());
  });

  test('tracking alone reports the norm', () => {
    const model = pusher([3, 4], { trackGradientNorm: true }, backend);
    expect(push(model, [3, 4]).gradientNorm).toBe(5);
    expect(() => model.trainOnBatch([[0]], [[3e38, -3e38]])).toThrow(NonFiniteError);
  });
});

const { x, labels } = clouds(96, 7, 3);
const head = (options: object = {}) => dense({ units: 3, activation: 'softmax', ...options });
const loss = 'sparseCategoricalCrossentropy';

describe('accumulation', () => {
  const layers = [dense({ units: 12, inputShape: 7, activation: 'tanh', kernelRegularizer: l2(1e-3) }), head()];
  const make = (options: Partial<CompileOptions>) => {
    const model = sequential({ layers, seed: 3, backend: factories.wasm });
    model.compile({ optimizer: adam({ learningRate: 0.01 }), loss, ...options });
    return model;
  };

  test.each([2, 3, 4])('of %i batches is one large batch, up to rounding', async (k) => {
    const [small, large] = [make({ gradientAccumulationSteps: k }), make({})];
    await small.fit(x, labels, { epochs: 3, batchSize: 24 / k, shuffle: false });
    await large.fit(x, labels, { epochs: 3, batchSize: 24, shuffle: false });
    const expected = large.getWeights();
    for (const [name, { data }] of Object.entries(small.getWeights())) {
      data.forEach((w, i) => void expect(Math.abs(w - expected[name]!.data[i]!)).toBeLessThan(2e-6));
    }
  });

  test('counts updates: schedules, norms, and batches left over', async () => {
    const learningRate = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 });
    const model = make({ optimizer: sgd({ learningRate }), gradientAccumulationSteps: 4, globalClipNorm: 1 });
    const rates: number[] = [];
    const norms: (number | undefined)[] = [];
    const hashes = new Set([weightHash(model)]);
    const { history } = await model.fit(x, labels, {
      epochs: 3,
      batchSize: 16,
      callbacks: [
        {
          onBatchEnd(_, { gradientNorm }) {
            rates.push(model.learningRate);
            norms.push(gradientNorm);
            hashes.add(weightHash(model));
          },
        },
      ],
    });
    // 6 batches an epoch; the third and fourth of the second epoch end the second window, and so on.
    const updates = rates.map((_, i) => Math.floor((i + 1) / 4));
    expect(rates).toEqual(updates.map((t) => 0.1 * 0.5 ** t));
    expect(norms.map((norm) => norm !== undefined)).toEqual(rates.map((_, i) => i % 4 === 3));
    expect(hashes.size).toBe(5);
    const [first, second, third, fourth] = norms.filter((norm) => norm !== undefined) as number[];
    expect(history.gradientNorm).toEqual([first, (second! + third!) / 2, fourth]);
  });

  test('an epoch without an update has no norm', async () => {
    const model = make({ gradientAccumulationSteps: 9, trackGradientNorm: true });
    const { history } = await model.fit(x, labels, { epochs: 2, batchSize: 16 });
    expect(history.gradientNorm![0]).toBeNaN();
    expect(history.gradientNorm![1]).toBeGreaterThan(0);
  });

  test('draws masks anew for every batch', () => {
    const model = sequential({
      layers: [dropout({ rate: 0.5, inputShape: 64 }), dense({ units: 1 })],
      backend: factories.wasm,
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', gradientAccumulationSteps: 4 });
    const ones = matrix(new Float32Array(64).fill(1), 1, 64);
    const losses = Array.from({ length: 8 }, () => model.trainOnBatch(ones, [1000]).loss);
    expect(new Set(losses).size).toBe(8);
  });
});

describe('averages', () => {
  const layers = [dense({ units: 8, inputShape: 7, activation: 'relu' }), head()];
  const make = (options: Partial<CompileOptions>) => {
    const model = sequential({ layers, seed: 2, backend: factories.wasm });
    model.compile({ optimizer: 'adam', loss, ...options });
    return model;
  };

  test('do not change how weights learn', async () => {
    const [plain, averaged] = [make({}), make({ averaging: exponentialMovingAverage() })];
    for (const model of [plain, averaged]) await model.fit(x, labels, { epochs: 2 });
    expect(weightHash(averaged)).toBe(weightHash(plain));
    averaged.applyAveragedWeights();
    expect(averaged.getWeights()).toEqual(averaged.averagedWeights());
    expect(weightHash(averaged)).not.toBe(weightHash(plain));
  });

  test('of equal weights are those weights', async () => {
    for (const averaging of [exponentialMovingAverage(), stochasticWeightAveraging()]) {
      const model = make({ optimizer: sgd({ learningRate: 0 }), averaging });
      await model.fit(x, labels, { epochs: 50 });
      expect(model.averagedWeights()).toEqual(model.getWeights());
    }
  });

  test('take the place of the weights every so many updates', async () => {
    const averaging = exponentialMovingAverage({ momentum: 0.5, overwriteFrequency: 3 });
    const model = make({ averaging });
    const equal: boolean[] = [];
    const onBatchEnd = () =>
      void equal.push(JSON.stringify(model.averagedWeights()) === JSON.stringify(model.getWeights()));
    await model.fit(x, labels, { epochs: 2, batchSize: 32, callbacks: [{ onBatchEnd }] });
    expect(equal).toEqual([true, false, true, false, false, true]);
  });

  test('cost what they should in the program, and survive a larger batch', () => {
    const model = make({ averaging: stochasticWeightAveraging({ start: 1, every: 1 }) });
    expect(model.program('train', 4).match(/averageWeights/g)!.length).toBe(1);
    model.trainOnBatch(x, labels);
    const first = model.averagedWeights();
    const many = clouds(3000, 7, 3);
    model.evaluate(many.x, many.labels);
    expect(model.averagedWeights()).toEqual(first);
    model.trainOnBatch(many.x, many.labels);
    const [a, b, mean] = [first, model.getWeights(), model.averagedWeights()].map((w) => w['layers.0.kernel']!.data);
    mean!.forEach((value, i) => void expect(value).toBeCloseTo((a![i]! + b![i]!) / 2, 6));
  });
});

describe('moving moments', () => {
  test('over data are those of all rows, for the first layer and batches alike', () => {
    for (const backend of Object.values(factories)) {
      const model = sequential({ layers: [batchNormalization({ inputShape: 7 }), head()], backend });
      model.compile({ optimizer: 'adam', loss });
      model.updateMovingMoments(x, { batchSize: 96 });
      const { data } = model.getWeights()['layers.0.movingMean']!;
      for (let c = 0; c < 7; c++) {
        let sum = 0;
        for (let r = 0; r < 96; r++) sum += x.data[r * 7 + c]!;
        expect(data[c]).toBeCloseTo(sum / 96, 6);
      }
    }
  });

  test('leave a row at the end out, weights as they are, and models without alone', () => {
    const model = sequential({
      layers: [batchNormalization({ inputShape: 7 }), dropout({ rate: 0.5 }), batchNormalization(), head()],
      backend: factories.wasm,
    });
    model.compile({ optimizer: 'adam', loss, globalClipNorm: 1 });
    expect(() =>
      model.trainOnBatch(
        [
          [0, 0, 0, 0, 0, 0, 0],
          [0, 0, 0, 0, 0, 0, 0],
        ],
        [0, 1],
      ),
    ).not.toThrow();
    const before = model.getWeights();
    model.updateMovingMoments(matrix(x.data.slice(0, 33 * 7), 33, 7), { batchSize: 32 });
    const after = model.getWeights();
    for (const [name, { data }] of Object.entries(after)) {
      expect(data.every(Number.isFinite)).toBe(true);
      if (name.includes('moving')) expect(data).not.toEqual(before[name]!.data);
      else expect(data).toEqual(before[name]!.data);
    }
    const plain = sequential({ layers: [head({ inputShape: 7 })], backend: factories.wasm });
    plain.compile({ optimizer: 'adam', loss });
    plain.updateMovingMoments(x);
  });
});

/** Everything at once, wide enough that threads share it. */
const everything = (compile: Partial<CompileOptions>): TrainingCase => ({
  name: 'everything',
  layers: [
    dense({ units: 150, inputShape: 7, activation: 'relu', trainable: false }),
    dense({ units: 130, activation: 'relu', kernelRegularizer: l2(1e-3), learningRateMultiplier: 0.5 }),
    batchNormalization({ trainable: false }),
    dropout({ rate: 0.2 }),
    dense({ units: 110, activation: 'tanh', kernelConstraint: 'maxNorm' }),
    batchNormalization(),
    head({ learningRateMultiplier: 2 }),
  ],
  compile: { optimizer: adam({ learningRate: 0.01, weightDecay: 0.01 }), loss, ...compile },
});

describe.each([
  [{ clipValue: 0.01, averaging: exponentialMovingAverage() }],
  [{ clipNorm: 0.1, gradientAccumulationSteps: 2, averaging: stochasticWeightAveraging({ start: 2, every: 2 }) }],
  [{ globalClipNorm: 0.5, gradientAccumulationSteps: 3 }],
] as const)('everything with %j', (options) => {
  const many = clouds(600, 7, 3);
  const train = async (backend: BackendFactory) => {
    const model = build(everything(options), backend);
    const { history } = await model.fit(many.x, many.labels, { epochs: 3, batchSize: 100 });
    const averages = 'averaging' in options ? model.averagedWeights() : undefined;
    model.updateMovingMoments(many.x);
    const result = JSON.stringify([weightHash(model), history, averages]);
    model.dispose();
    return { result, history };
  };
  const open: BackendFactory[] = [];
  afterAll(() => {
    for (const backend of open) backend.dispose?.();
  });

  test('ends in the same bits on both backends and on threads', async () => {
    const threaded = await wasm({ threads: 3, threadUrl: new URL('../../build/thread.js', import.meta.url) });
    open.push(threaded);
    const runs = [await train(factories.wasm), await train(factories.typescript), await train(threaded)];
    const losses = runs[0]!.history.loss!;
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(new Set(runs.map(({ result }) => result)).size).toBe(1);
  });
});
