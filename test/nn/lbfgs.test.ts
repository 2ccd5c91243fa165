import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { typescript64 } from '../../src/backends/typescript.js';
import { takeStep } from '../../src/engine/steps.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix, toMatrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout, type LayerSpec } from '../../src/nn/layers/index.js';
import type { LossName } from '../../src/nn/losses.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import type { OptimizerSpec } from '../../src/nn/optimizers/optimizers.js';
import { place } from '../../src/nn/parameters.js';
import { factories } from '../support/buffers.js';
import { build, clouds, makeEngine, weightHash } from '../support/nn/models.js';

type Values = number[] | number[][];

/** As fixtures/pytorch/training/lbfgs.py describes it. */
const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/lbfgs.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly {
    readonly name: string;
    readonly layers: readonly LayerSpec[];
    readonly loss: LossName;
    readonly options: object;
    readonly x: number[][];
    readonly y: Values;
    readonly weights: Record<string, Values>;
    readonly losses: readonly number[];
    readonly after: Record<string, readonly Values[]>;
  }[];
};

test.each(cases)(
  'in float64 $name takes the path of PyTorch',
  ({ layers, loss, options, x, y, weights, losses, after }) => {
    const engine = makeEngine({ name: '', layers, compile: { loss, optimizer: lbfgs(options) } }, typescript64());
    const { heap, network } = engine;
    for (const parameter of network.parameters) {
      [weights[parameter.name]!].flat(2).forEach((value, i) => {
        const [r, c] = [Math.floor(i / parameter.columns), i % parameter.columns];
        heap[parameter.value.offset + place(parameter, r, c)] = Math.fround(value);
      });
    }
    const program = engine.program('train', x.length);
    losses.forEach((expected, t) => {
      engine.stageBatch(program, [toMatrix(x, 'x')], [toMatrix(y, 'y')], 0);
      const { loss: found } = takeStep(engine, program);
      expect(Math.abs(found / expected - 1), `loss of step ${t + 1}: ${found} for ${expected}`).toBeLessThan(1e-8);
      for (const parameter of network.parameters) {
        [after[parameter.name]![t]!].flat(2).forEach((reference, i) => {
          const [r, c] = [Math.floor(i / parameter.columns), i % parameter.columns];
          const value = engine.heap[parameter.value.offset + place(parameter, r, c)]!;
          const what = `step ${t + 1}, ${parameter.name}[${i}]: ${value} for ${reference}`;
          expect(Math.abs(value - reference), what).toBeLessThan(1e-6 * Math.abs(reference) + 1e-8);
        });
      }
    });
  },
);

describe.each(Object.entries(factories))('%s', (_, backend) => {
  const { x, labels } = clouds(150, 4, 3, 5);
  const layers = [dense({ units: 8, inputShape: 4, activation: 'tanh' }), dense({ units: 3, activation: 'softmax' })];
  const loss = 'sparseCategoricalCrossentropy';

  /** The loss after so many epochs. */
  async function train(optimizer: OptimizerSpec, epochs: number): Promise<number> {
    const model = build({ name: '', layers, compile: { optimizer, loss } }, backend);
    await model.fit(x, labels, { epochs, ...(optimizer.name === 'lbfgs' ? {} : { batchSize: 10 }) });
    return model.evaluate(x, labels).loss!;
  }

  test('three epochs on 150 rows beat three hundred of sgd', async () => {
    const short = await train(lbfgs(), 3);
    expect(short).toBeLessThan(0.1 * (await train(sgd({ learningRate: 0.1 }), 45)));
    expect(short).toBeLessThan(await train(adam({ learningRate: 0.01 }), 45));
  });

  test('solves least squares as far as float32 goes, and then stays', async () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
    model.compile({ optimizer: lbfgs(), loss: 'meanSquaredError' });
    const rows = Array.from({ length: 30 }, (_, i) => [Math.sin(i), 20 * Math.cos(3 * i)]);
    const y = rows.map(([a, b]) => 2 * a! - 0.25 * b! + 3);
    const { history } = await model.fit(rows, y, { epochs: 4 });
    expect(history.loss!.at(-1)).toBeLessThan(1e-10);
    const weights = model.getWeights();
    expect(weights['layers.0.bias']!.data[0]).toBeCloseTo(3, 4);
    await model.fit(rows, y);
    for (const [name, { data }] of Object.entries(model.getWeights())) {
      for (const [i, value] of data.entries()) expect(value).toBeCloseTo(weights[name]!.data[i]!, 4);
    }
  });

  test('goes on from weights that were set in between', () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1, activation: 'tanh' })], backend });
    model.compile({ optimizer: lbfgs(), loss: 'meanSquaredError' });
    const step = () => model.trainOnBatch(matrix([1, 2, 3], 3, 1), [-0.3, 0.2, 0.5]).loss!;
    for (let i = 0; i < 3; i++) step();
    const solved = step();
    model.setWeights({ 'layers.0.kernel': [[-2]], 'layers.0.bias': [1] });
    expect(step()).toBeGreaterThan(10 * solved);
    for (let i = 0; i < 5; i++) step();
    expect(step()).toBeLessThan(solved + 1e-6);
  });

  test('profiling changes nothing', async () => {
    const model = build({ name: '', layers, compile: { optimizer: lbfgs(), loss } }, backend);
    const before = weightHash(model);
    expect(String(await model.profile(x, labels, { repeats: 1 }))).toContain('sparseCategoricalCrossentropy');
    expect(weightHash(model)).toBe(before);
  });

  test('reports the loss before the step, and moving moments follow', async () => {
    const model = sequential({
      layers: [dense({ units: 4, inputShape: 4 }), batchNormalization(), dense({ units: 3, activation: 'softmax' })],
      backend,
    });
    model.compile({ optimizer: lbfgs(), loss, metrics: ['accuracy'] });
    const { logs } = model.gradients(x, labels);
    expect(model.trainOnBatch(x, labels)).toEqual(logs);
    await model.fit(x, labels, { epochs: 3, validationSplit: 0.2 });
    expect(model.evaluate(x, labels).accuracy).toBeGreaterThan(0.95);
  });

  test('overflow in the line search leaves the weights finite', () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1, activation: 'exponential' })], backend });
    model.compile({ optimizer: lbfgs({ learningRate: 1e9 }), loss: 'meanSquaredError' });
    for (let i = 0; i < 3; i++) model.trainOnBatch(matrix([1, 2, 30], 3, 1), [1, 2, 3]);
    for (const { data } of Object.values(model.getWeights())) expect([...data].every(Number.isFinite)).toBe(true);
  });
});

test('both backends end in the same bits', async () => {
  const { x, labels } = clouds(90, 7, 3);
  const layers = [
    dense({ units: 9, inputShape: 7, activation: 'relu' }),
    batchNormalization(),
    dropout({ rate: 0.1 }),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const compile = { optimizer: lbfgs(), loss: 'sparseCategoricalCrossentropy' } as const;
  const hashes = await Promise.all(
    Object.values(factories).map(async (backend) => {
      const model = build({ name: '', layers, compile }, backend);
      await model.fit(x, labels, { epochs: 5 });
      return weightHash(model);
    }),
  );
  expect(new Set(hashes).size).toBe(1);
});
