import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BLOCK_SIZE, type OptimizerDefinition } from '../../src/kernels/lib/update.js';
import { optimizerTable, type UpdateSpec, updateLoops } from '../../src/kernels/tables.js';
import { batchNormalization, dense } from '../../src/nn/layers/index.js';
import { cosine } from '../../src/nn/optimizers/schedules.js';
import { optimizerFromSpec } from '../../src/nn/specs.js';
import { allFactories, factories } from '../support/buffers.js';
import { build, clouds, makeEngine, weightHash } from '../support/nn/models.js';
import { expectSteps, Updater } from '../support/nn/updater.js';

interface Case {
  readonly name: UpdateSpec['name'];
  readonly options: object;
  readonly after: readonly (readonly [number[], number[]])[];
}

/** As fixtures/pytorch/training/optimizers.py describes it. */
const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/optimizers.json', import.meta.url), 'utf8'),
) as {
  readonly weights: readonly [number[], number[]];
  readonly gradients: readonly (readonly [number[], number[]])[];
  readonly cases: readonly Case[];
};

type Make = (options?: object) => UpdateSpec;
const makers = optimizerTable as unknown as Readonly<Record<string, Make & { definition: OptimizerDefinition }>>;
const specOf = (name: string, options: object = {}) => makers[name]!(options);

const both = (value: number) => [new Array<number>(8).fill(value), new Array<number>(8).fill(value)];

test('the fixtures hold every optimizer and reach every loop', () => {
  expect(new Set(fixture.cases.map(({ name }) => name))).toEqual(new Set(Object.keys(optimizerTable)));
  const reached = fixture.cases.map(({ name, options }) => {
    const { definition } = makers[name]!;
    return definition.loop?.(specOf(name, options)) ?? Object.keys(definition.loops)[0];
  });
  expect(new Set(reached)).toEqual(new Set(Object.keys(updateLoops)));
  expect(fixture.gradients.length).toBeGreaterThan(20);
});

describe.each(Object.entries(allFactories))('%s steps as PyTorch does', (_, backend) => {
  test.each(fixture.cases)('$name $options', ({ name, options, after }) => {
    const updater = new Updater(specOf(name, options), backend);
    expectSteps(updater, fixture, after);
  });
});

describe.each(Object.entries(factories))('%s', (_, backend) => {
  const g = 0.1;
  // From zero weights and state. Adam's three are in NUMERICS; nadam's momenta of steps 1 and 2 follow from its options.
  const mu = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** (t * 0.004));
  const first: readonly (readonly [string, number, number])[] = [
    ['sgd', g, 0.01 * g],
    ['momentum', g, 0.01 * g],
    ['nesterov', g, 0.01 * 1.9 * g],
    ['adagrad', g, 0.01],
    ['adadelta', g, g * Math.sqrt(1e-6 / (0.1 * g * g + 1e-6))],
    ['rmsprop', g, 0.1],
    ['adam', g, 9.999999e-4],
    ['adam', 1e-4, 9.999e-4],
    ['adam', 1e-10, 9.901e-6],
    ['adamw', g, 9.999999e-4],
    ['nadam', g, 2e-3 * (1 + (0.1 * mu(2)) / (1 - mu(1) * mu(2)))],
    ['radam', g, 1e-3 * g],
    ['adamax', g, 2e-3],
    ['adan', g, 1e-3],
    ['lion', g, 1e-4],
  ];

  test.each(first)('%s takes its first step along a gradient of %d: %d', (name, gradient, change) => {
    const updater = new Updater(specOf(name), backend);
    updater.weights = both(0);
    updater.step(both(gradient));
    for (const value of updater.weights.flat())
      expect(Math.abs(-value / change - 1)).toBeLessThan(2e-6 + 1e-4 * +(gradient < g));
  });

  test.each(fixture.cases)(
    '$name $options: what has no gradient stays, and no state becomes denormal',
    ({ name, options }) => {
      const updater = new Updater(specOf(name, { ...options, weightDecay: 0 }), backend);
      updater.weights = both(0.3);
      const still = updater.weights;
      for (let i = 0; i < 10; i++) updater.step(both(0));
      expect(updater.weights).toEqual(still);

      for (let i = 0; i < 3; i++) updater.step(fixture.gradients[i]!);
      updater.states.fill(2e-33);
      for (let i = 0; i < 1000; i++) updater.step(both(0));
      for (const value of updater.states) expect(value === 0 || Math.abs(value) >= 1e-33, `${value}`).toBe(true);
      expect(updater.weights.flat().every(Number.isFinite)).toBe(true);
    },
  );

  test.each(fixture.cases)('$name $options: a factor of NaN leaves everything alone', ({ name, options }) => {
    const updater = new Updater(specOf(name, { ...options, weightDecay: 0.1 }), backend);
    updater.weights = fixture.weights;
    for (let i = 0; i < 3; i++) updater.step(fixture.gradients[i]!);
    const [weights, states] = [updater.weights, updater.states.slice()];
    updater.engine.heap[updater.engine.slots.factor.offset] = Number.NaN;
    updater.step(both(1));
    expect(updater.weights).toEqual(weights);
    expect(updater.states).toEqual(states);
  });

  test('a variance below 0 by rounding counts as 0', () => {
    for (const momentum of [0, 0.9]) {
      const updater = new Updater(specOf('rmsprop', { centered: true, epsilon: 0.5, momentum }), backend);
      const { heap, training } = updater.engine;
      const mean = training.groups[0]!.states[1]!;
      heap.fill(0.1, mean.offset, mean.offset + mean.size);
      updater.weights = both(0);
      updater.step(both(0.1));
      for (const value of updater.weights.flat()) expect(value).toBeCloseTo((-0.01 * 0.1) / 0.5, 8);
    }
  });

  test('a gradient that is no number shows in the weights', () => {
    for (const name of Object.keys(optimizerTable)) {
      const updater = new Updater(specOf(name), backend);
      updater.weights = both(0);
      updater.step(both(Number.NaN));
      expect(updater.weights.flat().every(Number.isNaN), name).toBe(true);
    }
  });
});

describe('whole trainings', () => {
  const layers = [
    dense({ units: 17, inputShape: 7, activation: 'relu' }),
    batchNormalization(),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const { x, labels } = clouds(120, 7, 3);

  test.each(fixture.cases)(
    '$name $options: both backends end in the same bits, having learnt',
    async ({ name, options }) => {
      const spec = specOf(name, {
        ...options,
        weightDecay: 0.01,
        learningRate: cosine({ initialLearningRate: name === 'adadelta' ? 1 : 0.02, decaySteps: 60 }),
      });
      const compile = { optimizer: spec, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] } as const;
      const hashes = await Promise.all(
        Object.values(factories).map(async (backend) => {
          const model = build({ name, layers, compile }, backend);
          const { loss: untrained } = model.evaluate(x, labels);
          await model.fit(x, labels, { epochs: 10, batchSize: 20 });
          expect(model.evaluate(x, labels).loss).toBeLessThan(untrained! * 0.8);
          return weightHash(model);
        }),
      );
      expect(new Set(hashes).size).toBe(1);
    },
  );

  test('a spec goes through JSON', () => {
    const spec = specOf('rmsprop', { learningRate: cosine({ initialLearningRate: 1, decaySteps: 3 }), centered: true });
    const copy = JSON.parse(JSON.stringify(spec)) as UpdateSpec;
    const model = build(
      { name: '', layers, compile: { optimizer: optimizerFromSpec(copy), loss: 'sparseCategoricalCrossentropy' } },
      factories.wasm,
    );
    expect(model.learningRate).toBe(1);
    expect(copy).toEqual(spec);
  });

  test('weight decay is of kernels alone', () => {
    const text = (weightDecay: number) =>
      build(
        { name: '', layers, compile: { optimizer: specOf('sgd', { weightDecay }), loss: 'meanSquaredError' } },
        factories.wasm,
      ).program('train', 4);
    expect(text(0)).not.toContain('decayWeights');
    expect(text(0.1)).toContain('decayWeights %kernels');
  });
});

describe('the numbers of a step', () => {
  const block = (name: string, t: number, options = specOf(name)) => {
    const heap = new Float64Array(BLOCK_SIZE);
    makers[name]!.definition.fill(heap, 0, options, 1e-3, t);
    return heap;
  };

  test.each(Object.keys(optimizerTable))('%s: are the same whether the steps before were counted or not', (name) => {
    const counted = specOf(name);
    for (let t = 1; t <= 400; t++) {
      if (t % 7 === 0) expect(block(name, t, counted)).toEqual(block(name, t));
      block(name, t, counted);
    }
    expect(block(name, 3, counted)).toEqual(block(name, 3));
  });

  test.each(Object.keys(optimizerTable))('%s: are finite, and leave the last to weight decay', (name) => {
    for (const t of [1, 2, 5, 6, 1000, 1e6, 2 ** 40]) {
      const numbers = block(name, t);
      expect(numbers.every(Number.isFinite), `step ${t}`).toBe(true);
      expect(numbers[BLOCK_SIZE - 1]).toBe(0);
    }
  });
});

test('states begin as they should in models of any size', () => {
  for (const backend of Object.values(factories)) {
    const optimizer = specOf('adagrad', { initialAccumulatorValue: 0.5 });
    const layers = [dense({ units: 300, inputShape: 300 })];
    const engine = makeEngine({ name: '', layers, compile: { loss: 'meanSquaredError', optimizer } }, backend);
    engine.program('train', 1);
    const { offset, size } = engine.training.groups[0]!.states[0]!;
    expect(engine.heap.subarray(offset, offset + size).every((value) => value === 0.5)).toBe(true);
  }
});
