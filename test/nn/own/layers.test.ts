import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type BackendFactory,
  customLayer,
  customLoss,
  dense,
  deserialize,
  dropout,
  model as graphModel,
  input,
  type LayerSpec,
  type Model,
  matrix,
  modelFromSpec,
  ShapeError,
  sequential,
  serialize,
  ValueError,
  wasm,
} from '../../../src/index.js';
import { trace } from '../../../src/nn/graph.js';
import { TAKEN } from '../../../src/nn/layers/custom-layer.js';
import { layerTable } from '../../../src/nn/layers/registry.js';
import { allFactories, factories } from '../../support/buffers.js';
import { checkGradients, INPUTS } from '../../support/nn/gradient-check.js';
import { weightHash } from '../../support/nn/models.js';
import { featureModulation, otherLayers, rmsNormalization, sixLayers } from '../../support/nn/own-layers.js';

const cases: readonly (readonly [name: string, make: () => LayerSpec])[] = [
  ...Object.entries(sixLayers),
  ...Object.entries(otherLayers),
];
const backend = factories.wasm;

const wave = (rows: number, columns: number) =>
  matrix(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898) * 1.5),
    rows,
    columns,
  );

describe('gradients, by float64 central differences', () => {
  const first = dense({ units: 6, activation: 'tanh', inputShape: INPUTS });
  test.each(cases)('%s', (name, make) => {
    checkGradients({ name, layers: [first, make(), dense({ units: 2 })], loss: 'meanSquaredError' });
  });
  test.each(cases)('%s, weighted, after a frozen layer', (name, make) => {
    const frozen = dense({ units: 6, activation: 'tanh', inputShape: INPUTS, trainable: false });
    const layers = [frozen, make(), dense({ units: 9 }), make(), dense({ units: 2 })];
    checkGradients({ name, layers, loss: 'meanSquaredError', weighted: true });
  });
  test('two inputs, one tensor for both, and a penalty on the output', () => {
    const [a, b] = [input({ shape: INPUTS }), input({ shape: 3 })];
    const h = dense({ units: 5, activation: 'tanh' }).apply(a);
    const sum = customLayer({
      inputs: ['a', 'b'],
      forward: ({ a, b }, { add }) => add(a, b),
    });
    const y = featureModulation().apply([h, dense({ units: 2, activation: 'tanh' }).apply(b)]);
    const twice = sum({ activityRegularizer: 'l2' }).apply([y, sum().apply([y, h])]);
    const graph = trace([a, b], [dense({ units: 2 }).apply(twice)]);
    checkGradients({ name: 'two inputs', graph, loss: 'meanSquaredError' });
  });
});

interface Fixture {
  readonly x: number[][];
  readonly dy: number[][];
  readonly weights: Record<string, number[][]>;
  readonly y: number[][];
  readonly dx: number[][];
  readonly gradients: Record<string, number[][]>;
}
const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/pytorch/parts/own_layers.json', import.meta.url), 'utf8'),
) as Record<string, Fixture>;

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value), `[${i}]: ${actual[i]} for ${value}`).toBeLessThanOrEqual(
      5e-6 * Math.abs(value) + 1e-6 * scale,
    );
  });
}

describe.each(Object.entries(allFactories))('against PyTorch, %s', (_, factory) => {
  test('the fixtures are those of the six layers', () => {
    expect(Object.keys(fixtures)).toEqual(Object.keys(sixLayers));
  });
  test.each(Object.entries(fixtures))('%s', (name, { x, dy, weights, y, dx, gradients }) => {
    const layers = [Object.assign(sixLayers[name]!(), { inputShape: 5 })];
    const model = sequential({ layers, backend: factory });
    const named = (given: Record<string, number[][]>) =>
      Object.fromEntries(Object.entries(given).map(([key, value]) => [`layers.0.${key}`, value]));
    model.setWeights(named(weights));
    // The gradient by the output is dy.
    model.compile({ optimizer: 'sgd', loss: customLoss((t, p, { mul, sum }) => sum(mul(t, p))) });
    expectClose(model.predict(x).data, y.flat());
    const found = model.gradients(x, dy, { nodes: true });
    expectClose(found.nodes.input!.gradient!.data, dx.flat());
    for (const [key, value] of Object.entries(named(gradients))) {
      expectClose(found.gradients[key]!.data, value.flat());
    }
  });
});

/** A model of a layer between others, trained a little. */
async function trained(make: () => LayerSpec, factory: BackendFactory = backend, units = 13, rows = 90) {
  const model = sequential({
    layers: [
      dense({ units, activation: 'tanh', inputShape: 4 }),
      make(),
      dense({ units }),
      make(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 3,
    backend: factory,
  });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], globalClipNorm: 1 });
  const x = wave(rows, 4);
  const y = Array.from({ length: rows }, (_, r) => (x.data[4 * r]! > 0.5 ? 2 : x.data[4 * r + 1]! > 0 ? 1 : 0));
  const batchSize = rows > 90 ? 256 : 32;
  const { history } = await model.fit(x, y, { epochs: 3, batchSize, validationSplit: 0.2 });
  return { model, history, x, y, hash: weightHash(model) };
}

describe('training', () => {
  test.each(cases)(
    '%s has the same bits on both backends, and predicts a row alike in any company',
    async (_, make) => {
      const [a, b] = [await trained(make), await trained(make, factories.typescript)];
      expect(b.hash).toBe(a.hash);
      expect(b.history).toEqual(a.history);
      const whole = a.model.predict(a.x).data;
      expect(b.model.predict(b.x).data).toEqual(whole);
      expect(whole.every(Number.isFinite)).toBe(true);
      for (const r of [0, 41, 89]) {
        const alone = a.model.predict(matrix(a.x.data.slice(4 * r, 4 * r + 4), 1, 4)).data;
        expect(alone).toEqual(whole.slice(3 * r, 3 * r + 3));
      }
    },
  );

  test('has the same bits on any number of threads', async () => {
    const two = await wasm({ threads: 2, threadUrl: new URL('../../../build/thread.js', import.meta.url) });
    try {
      for (const [, make] of cases) {
        const [one, shared] = [await trained(make, backend, 300, 512), await trained(make, two, 300, 512)];
        expect(shared.hash).toBe(one.hash);
        one.model.dispose();
        shared.model.dispose();
      }
    } finally {
      two.dispose?.();
    }
  });

  test('draws for a dropout what the layer dropout in its place draws', () => {
    const own = customLayer({ options: { rate: 0.5 }, forward: ({ x }, { dropout: drop }, { rate }) => drop(x, rate) });
    const weights = (layer: LayerSpec) => {
      const layers = [dense({ units: 16, inputShape: 4 }), layer, dense({ units: 1 })];
      const model = sequential({ layers, backend, seed: 2 });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      for (let i = 0; i < 3; i++) model.trainOnBatch(wave(20, 4), wave(20, 1));
      return weightHash(model);
    };
    expect(weights(own({ rate: 0.3 }))).toBe(weights(dropout({ rate: 0.3 })));
    expect(weights(own({ rate: 0.3 }))).not.toBe(weights(own({ rate: 0.4 })));
  });

  test.each(Object.entries(allFactories))('a second dropout of a layer draws other numbers, %s', (_, factory) => {
    const pair = customLayer({
      parameters: ({ x }) => ({ w: { shape: [x], initializer: 'ones' } }),
      forward: ({ x, w }, { concatenate, dropout: drop, mul }) => {
        const y = mul(x, w);
        return concatenate(drop(y, 0.5), drop(y, 0.5));
      },
    });
    const model = sequential({ layers: [pair({ inputShape: 64, name: 'pair' })], backend: factory });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const { nodes } = model.gradients(matrix(new Float32Array(64).fill(1), 1, 64), wave(1, 128), { nodes: true });
    const kept = Array.from(nodes.pair!.value!.data, (v) => v > 0);
    expect(kept.slice(0, 64)).not.toEqual(kept.slice(64));
    expect(kept.filter(Boolean).length).toBeGreaterThan(40);
    expect(kept.filter(Boolean).length).toBeLessThan(88);
  });
});

describe('weights', () => {
  const layer = customLayer({
    options: { l2: 0 },
    parameters: ({ x }, { l2 }) => ({
      w: { shape: [x, 3], constraint: 'nonNeg', ...(l2 > 0 ? { regularizer: { name: 'l2', lambda: l2 } } : {}) },
      fixed: { shape: [3], initializer: { name: 'constant', value: 2 }, trainable: false },
      slow: { shape: [3], initializer: 'ones', learningRateMultiplier: 0.5 },
    }),
    forward: ({ x, w, fixed, slow }, { add, matmul, mul }) => add(mul(slow, matmul(x, w)), fixed),
  });
  const make = (options = {}) => {
    const model = sequential({ layers: [layer({ inputShape: 4, name: 'own', ...options })], backend, seed: 1 });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    return model;
  };
  const [x, y] = [wave(12, 4), wave(12, 3)];
  const change = (model: Model, name: string) => {
    const before = model.getWeights()[name]!.data.slice();
    model.trainOnBatch(x, y);
    return Array.from(model.getWeights()[name]!.data, (v, i) => v - before[i]!);
  };

  test('have names, shapes and initializers', async () => {
    const model = make();
    const weights = model.getWeights();
    const shapes = Object.entries(weights).map(([name, { rows, columns }]) => [name, rows, columns]);
    expect(shapes).toEqual([
      ['layers.0.w', 4, 3],
      ['layers.0.fixed', 1, 3],
      ['layers.0.slow', 1, 3],
    ]);
    expect(Array.from(weights['layers.0.fixed']!.data)).toEqual([2, 2, 2]);
    expect(model.summary().layers[0]).toMatchObject({
      type: 'custom',
      parameters: 18,
      outputShape: [null, 3],
    });
    expect(model.summary().trainableParameters).toBe(15);
    const again = make();
    again.setWeights(weights);
    expect(again.predict(x)).toEqual(model.predict(x));
    expect(String(await model.profile(x, y))).toContain('layers.0');
  });

  test('are frozen, constrained and penalized as those of other layers', () => {
    expect(change(make(), 'layers.0.fixed')).toEqual([0, 0, 0]);
    expect(change(make(), 'layers.0.slow').every((step) => step !== 0)).toBe(true);
    expect(change(make({ trainable: false }), 'layers.0.slow')).toEqual([0, 0, 0]);
    const model = make();
    model.setTrainable('own', false);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(change(model, 'layers.0.w').every((step) => step === 0)).toBe(true);
    model.setTrainable('own', true);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(change(model, 'layers.0.w').some((step) => step !== 0)).toBe(true);
    expect(change(model, 'layers.0.fixed')).toEqual([0, 0, 0]);
    expect(model.getWeights()['layers.0.w']!.data.every((v) => v >= 0)).toBe(true);
    const penalty = make({ l2: 0.5 }).evaluate(x, y).loss! - make().evaluate(x, y).loss!;
    const squares = make()
      .getWeights()
      ['layers.0.w']!.data.reduce((sum, v) => sum + v * v, 0);
    expect(penalty).toBeCloseTo(0.5 * squares, 4);
  });

  test('learn at the product of the rates of layer and weight', () => {
    const steps = change(make(), 'layers.0.slow');
    const slower = change(make({ learningRateMultiplier: 0.25 }), 'layers.0.slow');
    steps.forEach((step, i) => {
      expect(slower[i]! / step).toBeCloseTo(0.25, 4);
    });
    // Half of the step that the gradient makes at the rate of sgd.
    const { gradients } = make().gradients(x, y);
    steps.forEach((step, i) => {
      expect(step / gradients['layers.0.slow']!.data[i]!).toBeCloseTo(-0.005, 5);
    });
  });

  test('of a narrow vector take a step with momentum and decay, whatever lies in the padding', () => {
    const hashes = Object.values(allFactories).map((factory) => {
      const model = sequential({ layers: [layer({ inputShape: 4 })], backend: factory, seed: 1 });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      model.trainOnBatch(x, y);
      model.compile({ optimizer: 'adamw', loss: 'meanSquaredError', gradientAccumulationSteps: 2, globalClipNorm: 1 });
      for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
      return weightHash(model);
    });
    expect(new Set(hashes).size).toBe(1);
  });
});

describe('training and inference differ', () => {
  const centered = customLayer({
    parameters: ({ x }) => ({ center: { shape: [x] }, only: { shape: [x, x], regularizer: 'l2' } }),
    forward: ({ x, center, only }, { add, inTraining, matmul, mean, sub }) =>
      inTraining(sub(add(x, matmul(x, only)), mean(x, { axis: 0 })), add(x, center)),
  });

  test.each(Object.entries(allFactories))('by what inTraining says, %s', (_, factory) => {
    const shifted = customLayer({
      parameters: ({ x }) => ({ center: { shape: [x] } }),
      forward: ({ x, center }, { add, inTraining, mean, sub }) =>
        inTraining(add(sub(x, mean(x, { axis: 0 })), center), add(x, center)),
    });
    const model = sequential({ layers: [shifted({ inputShape: 2, name: 'own' })], backend: factory });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [[[1, 2], [3, 6]], [[0, 0], [0, 0]]]; // biome-ignore format: rows
    expect(Array.from(model.predict(x).data)).toEqual([1, 2, 3, 6]);
    const inside = (training: boolean) => model.gradients(x, y, { nodes: true, training }).nodes.own!.value!;
    expect(Array.from(inside(true).data)).toEqual([-1, -2, 1, 2]);
    expect(Array.from(inside(false).data)).toEqual([1, 2, 3, 6]);
    expect(model.evaluate(x, y).loss).toBe((1 + 4 + 9 + 36) / 4);
  });

  test('training refuses a batch of one row where it takes means over rows', () => {
    const model = sequential({
      layers: [otherLayers['a mean over rows that training alone knows']!({ inputShape: 2 })],
      backend,
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(() => model.trainOnBatch([[1, 2]], [[0, 0]])).toThrow(ShapeError);
    expect(() => model.gradients(wave(3, 2), wave(3, 2), { perRow: true })).toThrow(ValueError);
    expect(model.predict([[1, 2]]).rows).toBe(1);
    const free = sequential({ layers: [rmsNormalization({ inputShape: 2 })], backend });
    free.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(Object.keys(free.gradients(wave(3, 2), wave(3, 2), { perRow: true }).perRow!)).toEqual(['layers.0.gamma']);
    expect(free.trainOnBatch([[1, 2]], [[0, 0]]).loss).toBeGreaterThan(0);
  });

  test('a parameter that a pass does not use has no gradient in it', () => {
    expect(() => sequential({ layers: [centered({ inputShape: 2 })], backend })).toThrow(
      /no gradient comes to 'center'/,
    );
    const fixed = customLayer({
      parameters: ({ x }) => ({ only: { shape: [x, x] }, row: { shape: [x] } }),
      forward: ({ x, only, row }, { add, inTraining, matmul, mul }) => inTraining(add(matmul(x, only), mul(x, row)), x),
    });
    const model = sequential({ layers: [fixed({ inputShape: 3 })], backend });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const gradients = (training: boolean) =>
      Object.values(model.gradients(wave(4, 3), wave(4, 3), { training }).gradients).flatMap(({ data }) => [...data]);
    expect(gradients(true).every((v) => v !== 0)).toBe(true);
    expect(gradients(false)).toEqual(Array(12).fill(0));
  });

  test('functions make models from specs too', () => {
    const layers = [rmsNormalization({ inputShape: 3 })];
    expect(modelFromSpec({ layers }, { backend }).spec.layers[0]).toMatchObject({ widths: { x: 3 } });
  });
});

describe('plain data', () => {
  test.each(cases)('%s goes through JSON and files', async (_, make) => {
    const { model, x, y } = await trained(make);
    const spec = JSON.parse(JSON.stringify(model.spec));
    const copy = modelFromSpec(spec, { backend });
    copy.setWeights(JSON.parse(JSON.stringify(model.getWeights())));
    expect(copy.predict(x)).toEqual(model.predict(x));
    expect(JSON.stringify(copy.spec)).toBe(JSON.stringify(model.spec));
    expect(String(copy.summary())).toBe(String(modelFromSpec(structuredClone(spec), { backend }).summary()));

    const loaded = deserialize(serialize(model), { backend: factories.typescript });
    expect(JSON.stringify(loaded.spec)).toBe(JSON.stringify(model.spec));
    await model.fit(x, y, { epochs: 2, batchSize: 32 });
    await loaded.fit(x, y, { epochs: 2, batchSize: 32 });
    expect(weightHash(loaded)).toBe(weightHash(model));

    // The layers of a model's spec make another one, as they do where layers are the library's own.
    const again = sequential({ layers: model.spec.layers, backend, seed: 3 });
    expect(again.summary().parameters).toBe(model.summary().parameters);
  });

  test('holds widths, weights and steps', () => {
    const layers = [dense({ units: 8, inputShape: 2 }), rmsNormalization({ name: 'rms', epsilon: 0.5 })];
    expect(JSON.parse(JSON.stringify(sequential({ layers, backend }).spec.layers[1]))).toEqual({
      type: 'rmsNormalization',
      name: 'rms',
      widths: { x: 8 },
      parameters: { gamma: { shape: [8], initializer: 'ones' } },
      steps: [
        { op: 'square', args: ['x'] },
        { op: 'mean', args: ['%0'], axis: 1 },
        { op: 'add', args: ['%1', 0.5] },
        { op: 'sqrt', args: ['%2'] },
        { op: 'div', args: ['x', '%3'] },
        { op: 'mul', args: ['gamma', '%4'] },
      ],
    });
    // The same function makes layers of other widths.
    const narrow = sequential({ layers: [rmsNormalization({ inputShape: 3 })], backend });
    expect(narrow.summary().parameters).toBe(3);
  });

  test('a graph with layers of two inputs', () => {
    const [a, b] = [input({ shape: 4, name: 'a' }), input({ shape: 2, name: 'b' })];
    const y = featureModulation({ name: 'film' }).apply([a, b]);
    const model = graphModel({ inputs: [a, b], outputs: y, backend, seed: 4 });
    const spec = JSON.parse(JSON.stringify(model.spec));
    expect(spec.layers[0]).toMatchObject({ type: 'custom', inputs: ['a', 'b'], widths: { x: 4, condition: 2 } });
    const copy = modelFromSpec(spec, { backend });
    const x = { a: wave(5, 4), b: wave(5, 2) };
    expect(copy.predict(x)).toEqual(model.predict(x));
    expect(deserialize(serialize(model), { backend }).predict(x)).toEqual(model.predict(x));
  });

  test('the names of the library are those of its layers', () => {
    expect([...TAKEN].sort()).toEqual(Object.keys(layerTable).sort());
  });
});
