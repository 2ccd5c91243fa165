import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  activation,
  adam,
  type CustomLoss,
  customActivation,
  customLoss,
  dense,
  type Matrix,
  matrix,
  modelFromSpec,
  sequential,
  wasm,
} from '../../src/index.js';
import { operations } from '../../src/nn/expressions/operations.js';
import type { Operation } from '../../src/nn/expressions/operator.js';
import { allFactories, factories, Random } from '../support/buffers.js';
import { lossCases } from '../support/nn/expression-cases.js';
import { activations, losses } from '../support/nn/expressions.js';
import { checkGradients, INPUTS } from '../support/nn/gradient-check.js';
import { weightHash } from '../support/nn/models.js';

const backend = factories.wasm;
const layers = [
  dense({ units: 9, inputShape: INPUTS, activation: 'tanh' }),
  dense({ units: 3, kernelInitializer: 'glorotNormal' }),
];
describe('gradients, by float64 central differences', () => {
  test('every operation has a case', () => {
    const named = new Set(lossCases.map(({ name }) => name.split(/[ ,]/)[0]));
    // What differs between training and inference is for layers, whose cases test/nn/own/layers.test.ts has.
    for (const [op, { phases }] of Object.entries<Operation>(operations)) if (!phases) expect(named).toContain(op);
  });
  test('every operation has a row in the documentation', () => {
    const rows = readFileSync(new URL('../../docs/custom.md', import.meta.url), 'utf8')
      .match(/^\|.*$/gm)!
      .join('\n');
    for (const op of Object.keys(operations)) expect(rows).toContain(`\`${op}(`);
  });
  test.each(lossCases)('$name', ({ name, loss }) => checkGradients({ name, layers, loss }));
  test.each(Object.entries(losses))('loss %s', (name, loss) => {
    const units = name === 'gaussian' ? 2 : 3;
    checkGradients({ name, layers: [layers[0]!, dense({ units })], loss });
  });
  test.each(Object.entries(activations))('activation %s', (name, custom) => {
    const units = name === 'mixed' ? 2 : 9;
    // Behind a tanh, where kinks are not on the grid of the parameters.
    const second = dense({ units, activation: custom });
    const third = name === 'mixed' ? 'relu' : custom;
    checkGradients({
      name,
      layers: [
        layers[0]!,
        second,
        dense({ units: 9, activation: 'tanh' }),
        activation({ activation: third }),
        dense({ units: 1 }),
      ],
      loss: 'meanSquaredError',
    });
  });
  test('activations of one column, at the end of a model', () => {
    const smooth = dense({ units: 1, activation: activations.silu! });
    checkGradients({ name: 'one', layers: [layers[0]!, smooth], loss: losses.logCosh! });
  });
});

interface LossFixture {
  readonly yTrue: number[][];
  readonly yPred: number[][];
  readonly loss: number;
  readonly gradient: number[][];
}
interface ActivationFixture {
  readonly x: number[][];
  readonly dy: number[][];
  readonly y: number[][];
  readonly gradient: number[][];
}
const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/parts/expressions.json', import.meta.url), 'utf8'),
) as {
  losses: Record<string, LossFixture>;
  activations: Record<string, ActivationFixture>;
};

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value), `[${i}]: ${actual[i]} for ${value}`).toBeLessThanOrEqual(
      5e-6 * Math.abs(value) + 1e-6 * scale,
    );
  });
}

/** The loss of predictions, and its gradient by them: a model that passes its input on. */
function lossOf(loss: CustomLoss | 'meanSquaredError', yPred: number[][], yTrue: number[][], factory = backend) {
  const identity = activation({ activation: 'linear', inputShape: yPred[0]!.length, name: 'out' });
  const model = sequential({ layers: [identity], backend: factory });
  model.compile({ optimizer: 'sgd', loss });
  const { logs, nodes } = model.gradients(yPred, yTrue, { nodes: true });
  return { loss: logs.loss as number, gradient: nodes.out!.gradient as Matrix };
}

describe.each(Object.entries(allFactories))('against PyTorch, %s', (_, factory) => {
  test('the fixtures are those of the tables', () => {
    expect(Object.keys(fixtures.losses)).toEqual(Object.keys(losses));
    expect(Object.keys(fixtures.activations)).toEqual(Object.keys(activations));
  });
  test.each(Object.entries(fixtures.losses))('loss %s', (name, { yTrue, yPred, loss, gradient }) => {
    const actual = lossOf(losses[name]!, yPred, yTrue, factory);
    expectClose([actual.loss], [loss]);
    expectClose(actual.gradient.data, gradient.flat());
  });
  test.each(Object.entries(fixtures.activations))('activation %s', (name, { x, dy, y, gradient }) => {
    const layer = activation({ activation: activations[name]!, inputShape: x[0]!.length });
    const model = sequential({ layers: [layer], backend: factory });
    // The gradient by the output is dy.
    model.compile({ optimizer: 'sgd', loss: customLoss((t, p, { mul, sum }) => sum(mul(t, p))) });
    expectClose(model.predict(x).data, y.flat());
    expectClose(model.gradients(x, dy, { nodes: true }).nodes.input!.gradient!.data, gradient.flat());
  });
});

test('squares written by hand are the built-in loss', () => {
  const random = new Random(5);
  for (const [rows, columns] of [
    [1, 1],
    [7, 3],
    [33, 8],
    [5, 21],
  ] as const) {
    // biome-ignore format: sizes
    const draw = () => Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.number()));
    const [yPred, yTrue] = [draw(), draw()];
    const own = lossOf(losses.meanSquaredError!, yPred, yTrue);
    const builtIn = lossOf('meanSquaredError', yPred, yTrue);
    expect(own.loss).toBeCloseTo(builtIn.loss, 4);
    expectClose(own.gradient.data, Array.from(builtIn.gradient.data));
  }
});

const wave = (rows: number, columns: number) =>
  matrix(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898) * 1.5),
    rows,
    columns,
  );

/** A model that uses custom activations and a custom loss, trained a little. */
async function trained(factory = backend, units = 13, rows = 90) {
  const model = sequential({
    layers: [
      dense({ units, inputShape: 4, activation: activations.mish! }),
      dense({ units }),
      activation({ activation: activations.layerNorm! }),
      dense({ units: 3, activation: activations.softmax! }),
    ],
    seed: 3,
    backend: factory,
  });
  model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: losses.mahalanobis!, metrics: ['accuracy'] });
  const x = wave(rows, 4);
  const y = Array.from({ length: rows }, (_, r) => [0, 1, 2].map((c) => (x.data[4 * r]! > c - 1 ? 1 : 0)));
  const { history } = await model.fit(x, y, { epochs: 4, batchSize: rows > 90 ? 256 : 32, validationSplit: 0.2 });
  return { model, history, x, hash: weightHash(model) };
}

describe('training', () => {
  test('is the same on both backends and on any number of threads, to the bit', async () => {
    const [a, b] = [await trained(factories.wasm), await trained(factories.typescript)];
    expect(b.hash).toBe(a.hash);
    expect(b.history).toEqual(a.history);
    expect(b.model.predict(b.x)).toEqual(a.model.predict(a.x));
    const two = await wasm({ threads: 2, threadUrl: new URL('../../build/thread.js', import.meta.url) });
    try {
      const [one, shared] = [await trained(factories.wasm, 400, 512), await trained(two, 400, 512)];
      expect(shared.hash).toBe(one.hash);
      one.model.dispose();
      shared.model.dispose();
    } finally {
      two.dispose?.();
    }
  });

  test('does not depend on what lies in the padding', () => {
    const [yPred, yTrue] = [[[1, 2, 4]], [[2, 1, 3]]];
    const loss = customLoss((t, p, { div, log, mean }) => mean(log(div(p, t))));
    for (const factory of Object.values(factories)) {
      expect(lossOf(loss, yPred, yTrue, factory).loss).toBeCloseTo(Math.log((4 / 3) * 1) / 3, 6);
    }
  });

  test('converges with a loss of its own', async () => {
    // Mean and variance of a noisy line, by the likelihood of a normal distribution.
    const random = new Random(8);
    const x = Array.from({ length: 400 }, () => [4 * random.uniform() - 2]);
    const noise = () => random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2;
    const y = x.map(([v]) => [2 * v! - 1 + 0.5 * noise()]);
    const model = sequential({ layers: [dense({ units: 2, inputShape: 1 })], seed: 1, backend });
    model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: losses.gaussian! });
    await model.fit(x, y, { epochs: 60, batchSize: 50 });
    const [at0, at1] = model.predict([[0], [1]]).data as unknown as [number, number];
    const { data } = model.predict([[0], [1]]);
    expect([at0, at1].every(Number.isFinite)).toBe(true);
    expect(data[0]).toBeCloseTo(-1, 0.7);
    expect(data[2]).toBeCloseTo(1, 0.7);
    // A sum of four uniforms has variance 1/3, here times a quarter.
    expect(Math.exp(data[1]!)).toBeGreaterThan(0.06);
    expect(Math.exp(data[1]!)).toBeLessThan(0.11);
    expect(() => model.evaluate(x, [[1, 2]])).toThrow(/targetColumns|1 x 2/);
  });

  test('a row is predicted alike in any company', async () => {
    const { model, x } = await trained();
    const whole = model.predict(x).data;
    for (const r of [0, 41, 89]) {
      const alone = model.predict(matrix(x.data.slice(4 * r, 4 * r + 4), 1, 4)).data;
      expect(alone).toEqual(whole.slice(3 * r, 3 * r + 3));
    }
  });

  test('a larger heap and a second compile keep the numbers of expressions', () => {
    const model = sequential({
      layers: [dense({ units: 3, inputShape: 4, activation: activations.gelu! })],
      backend,
    });
    const fill = (rows: number) => [wave(rows, 4), wave(rows, 3)] as const;
    model.compile({ optimizer: 'sgd', loss: losses.mahalanobis! });
    const before = model.gradients(...fill(5));
    model.gradients(...fill(5000));
    expect(model.gradients(...fill(5))).toEqual(before);
    model.compile({ optimizer: 'adam', loss: losses.mahalanobis! });
    expect(model.gradients(...fill(5))).toEqual(before);
  });

  test('one loss for each of several outputs, by name', () => {
    expect(Object.keys(losses.huber!)).toEqual(['name', 'steps']);
    const model = sequential({ layers: [dense({ units: 2, inputShape: 2, name: 'out' })], backend });
    for (const loss of [losses.huber!, [losses.huber!], { out: losses.huber! }]) {
      model.compile({ optimizer: 'sgd', loss });
      expect(model.evaluate([[1, 2]], [[3, 4]]).loss).toBeGreaterThan(0);
    }
  });
});

describe('plain data', () => {
  test('is a list of steps, each result once', () => {
    const custom = customLoss((yTrue, yPred, { mean, mul, sub }) => {
      const error = sub(yPred, yTrue);
      return mean(mul(error, error), { axis: 1 });
    });
    expect(JSON.parse(JSON.stringify(custom))).toEqual({
      name: 'custom',
      steps: [
        { op: 'sub', args: ['yPred', 'yTrue'] },
        { op: 'mul', args: ['%0', '%0'] },
        { op: 'mean', args: ['%1'], axis: 1 },
      ],
    });
    let depth = 0;
    customActivation((x, { mul }) => {
      let y = x;
      for (; depth < 5000; depth++) y = mul(y, y);
      return y;
    });
    expect(depth).toBe(5000);
  });

  test('goes through JSON, models and losses', async () => {
    const { model, x } = await trained();
    const spec = JSON.parse(JSON.stringify(model.spec));
    const copy = modelFromSpec(spec, { backend });
    copy.setWeights(JSON.parse(JSON.stringify(model.getWeights())));
    expect(copy.predict(x)).toEqual(model.predict(x));
    expect(JSON.stringify(copy.spec)).toBe(JSON.stringify(model.spec));
    const y = wave(90, 3);
    copy.compile({ optimizer: 'sgd', loss: customLoss(JSON.parse(JSON.stringify(losses.mahalanobis))) });
    model.compile({ optimizer: 'sgd', loss: losses.mahalanobis! });
    expect(copy.gradients(x, y)).toEqual(model.gradients(x, y));
  });
});
