import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as myelin from '../../../src/index.js';
import {
  type CompileOptions,
  type CustomOptimizer,
  cosine,
  customOptimizer,
  dense,
  deserialize,
  embedding,
  exponentialMovingAverage,
  NonFiniteError,
  sequential,
  serialize,
} from '../../../src/index.js';
import { compileModule } from '../../../src/kernels/own/module.js';
import { any } from '../../support/any.js';
import { allFactories, factories } from '../../support/buffers.js';
import { clouds, weightHash } from '../../support/nn/models.js';
import { ownOptimizers, variants } from '../../support/nn/own-optimizers.js';
import { expectSteps, Updater } from '../../support/nn/updater.js';

const threads = await myelin.wasm({ threads: 2 });
const makers = { ...ownOptimizers, ...variants };

interface Case {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  readonly after: readonly (readonly [number[], number[]])[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/pytorch/training/optimizers.json', import.meta.url), 'utf8'),
) as {
  readonly weights: readonly [number[], number[]];
  readonly gradients: readonly (readonly [number[], number[]])[];
  readonly cases: readonly Case[];
};
const cases = fixture.cases.filter(({ name }) => name in makers);

function specOf({ name, options }: Pick<Case, 'name' | 'options'>): CustomOptimizer {
  const { learningRate, weightDecay, ...rest } = options as Readonly<Record<string, number>>;
  const common = {
    ...(learningRate !== undefined && { learningRate }),
    ...(weightDecay !== undefined && { weightDecay }),
  };
  return makers[name]!(rest, common);
}

test('the table reaches most of the fixtures', () => {
  expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(Object.keys(makers)));
  expect(cases.length).toBeGreaterThan(fixture.cases.length / 2);
});

describe.each(Object.entries(allFactories))(
  '%s: optimizers written as expressions step as PyTorch does',
  (_, backend) => {
    test.each(cases)('$name $options', ({ name, options, after }) => {
      const updater = new Updater(specOf({ name, options }), backend);
      expectSteps(updater, fixture, after);
    });
  },
);

describe.each(Object.entries(factories))('%s', (_, backend) => {
  test.each(cases)('$name $options: no state becomes denormal, and a factor of NaN leaves all alone', (given) => {
    const updater = new Updater(specOf({ ...given, options: { ...given.options, weightDecay: 0 } }), backend);
    updater.weights = fixture.weights;
    for (let i = 0; i < 3; i++) updater.step(fixture.gradients[i]!);
    updater.states.fill(2e-33);
    const zeros = [new Array<number>(8).fill(0), new Array<number>(8).fill(0)];
    for (let i = 0; i < 1000; i++) updater.step(zeros);
    for (const value of updater.states) expect(value === 0 || Math.abs(value) >= 1e-33, `${value}`).toBe(true);
    const [weights, states] = [updater.weights, updater.states.slice()];
    updater.engine.heap[updater.engine.slots.factor.offset] = Number.NaN;
    updater.step(fixture.gradients[1]!);
    expect(updater.weights).toEqual(weights);
    expect(updater.states).toEqual(states);
  });
});

const { x, labels } = clouds(120, 7, 3);
const layers = [
  dense({ units: 200, inputShape: 7, activation: 'relu', learningRateMultiplier: 0.5 }),
  dense({ units: 33, activation: 'relu', trainable: false }),
  dense({ units: 3, activation: 'softmax', kernelConstraint: 'maxNorm' }),
];
const adam = (common = {}) => ownOptimizers.adam!({}, { learningRate: 0.01, ...common });

/** What else `compile` and layers ask of an optimizer. */
const settings: Readonly<Record<string, Partial<CompileOptions>>> = {
  plain: {},
  clipNorm: { clipNorm: 0.1 },
  clipValue: { clipValue: 0.01 },
  globalClipNorm: { globalClipNorm: 0.1 },
  gradientAccumulationSteps: { gradientAccumulationSteps: 3 },
  averaging: { averaging: exponentialMovingAverage() },
  weightDecay: { optimizer: adam({ weightDecay: 0.1 }) },
  schedule: { optimizer: adam({ learningRate: cosine({ initialLearningRate: 0.02, decaySteps: 40 }) }) },
  sgd: { optimizer: makers.nesterov!() },
  lion: { optimizer: makers.lion!() },
  'operations that are no few instructions': {
    optimizer: customOptimizer({
      states: { v: 0.5 },
      update: ({ weight, gradient, v, rate }, { abs, add, div, exp, log, mul, pow, sigmoid, square, sub, tanh }) => {
        const next = add(mul(0.9, v), mul(0.1, square(gradient)));
        const change = div(tanh(mul(3, gradient)), add(pow(next, 0.25), exp(mul(-9, abs(gradient)))));
        return { weight: sub(weight, mul(rate, mul(change, sigmoid(log(add(1.1, next)))))), v: next };
      },
    }),
  },
};

async function train(options: Partial<CompileOptions>, backend: myelin.BackendFactory, epochs = 3) {
  const model = sequential({ layers, backend, seed: 4 });
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', ...options });
  await model.fit(x, labels, { epochs, batchSize: 20, verbose: 0 });
  return model;
}

describe('whole trainings', () => {
  test.each(Object.entries(settings))(
    '%s: every backend and threads end in the same bits, having learnt',
    async (_, options) => {
      const untrained = sequential({ layers, backend: factories.wasm, seed: 4 });
      untrained.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      const { loss } = untrained.evaluate(x, labels);
      const hashes = [];
      for (const backend of [...Object.values(factories), threads]) {
        const model = await train(options, backend);
        expect(model.evaluate(x, labels).loss).toBeLessThan(loss!);
        hashes.push(weightHash(model));
      }
      expect(new Set(hashes).size).toBe(1);
    },
  );

  test.each(Object.keys(settings))('%s: a saved model goes on to the same bits', async (name) => {
    const model = await train(settings[name]!, factories.wasm, 1);
    const copy = deserialize(serialize(model), { backend: factories.wasm });
    for (const one of [model, copy]) await one.fit(x, labels, { epochs: 2, batchSize: 20, verbose: 0 });
    expect(weightHash(copy)).toBe(weightHash(model));
  });

  test.each(['clipNorm', 'globalClipNorm', 'weightDecay', 'schedule'])('%s does what it does to adam', async (name) => {
    const { optimizer, ...rest } = settings[name]!;
    const { learningRate = 0.01, weightDecay = 0 } = (optimizer ?? {}) as {
      learningRate?: number;
      weightDecay?: number;
    };
    const [own, built] = [
      await train(settings[name]!, factories.wasm),
      await train({ ...rest, optimizer: myelin.adam({ learningRate, weightDecay }) }, factories.wasm),
    ];
    const weights = own.getWeights();
    for (const [part, { data }] of Object.entries(built.getWeights())) {
      data.forEach((value, i) => {
        expect(Math.abs(weights[part]!.data[i]! - value), `${part}[${i}]`).toBeLessThan(2e-4);
      });
    }
  });

  test('tables learn by the rows of a batch', () => {
    const hashes = [...Object.values(factories), threads].map((backend) => {
      const tables = [embedding({ inputDim: 9, outputDim: 3, inputShape: 2 }), dense({ units: 1 })];
      const model = sequential({ layers: tables, backend });
      model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
      const before = model.getWeights()['layers.0.embeddings']!.data.slice();
      model.trainOnBatch([[1, 2], [2, 7]], [[3], [1]]); // biome-ignore format: rows
      const after = model.getWeights()['layers.0.embeddings']!.data;
      for (let row = 0; row < 9; row++) {
        const same = [0, 1, 2].every((k) => after[3 * row + k] === before[3 * row + k]);
        expect(same, `row ${row}`).toBe(![1, 2, 7].includes(row));
      }
      return weightHash(model);
    });
    expect(new Set(hashes).size).toBe(1);
  });

  test.each<[string, myelin.LayerSpec[]]>([
    ['flat parameters', [dense({ units: 2, inputShape: 1 }), dense({ units: 1 })]],
    ['tables', [embedding({ inputDim: 4, outputDim: 2, inputShape: 1 }), dense({ units: 1 })]],
  ])('%s: an update that is not finite leaves weights, state and counts as they were', (_, parts) => {
    // In step 3 it divides by 0.
    const optimizer = customOptimizer({
      states: ['seen'],
      update: ({ weight, gradient, seen, rate, step }, { add, div, mul, sub }) => ({
        weight: sub(weight, div(mul(rate, gradient), sub(step, 3))),
        seen: add(seen, 1),
      }),
    });
    for (const backend of [...Object.values(factories), threads]) {
      const model = sequential({ layers: parts, backend });
      model.compile({ optimizer, loss: 'meanSquaredError' });
      const batch = () => model.trainOnBatch([[1], [2]], [[1], [5]]);
      batch();
      batch();
      const before = serialize(model);
      expect(batch).toThrow(NonFiniteError);
      expect(serialize(model)).toEqual(before);
    }
  });
});

test('instructions become a module where they are few', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const of = (operator: string) => [{ operator: any(operator), y: 0, a: 1, b: -16 }];
  expect(compileModule(of('broadcastMaximum'), memory, false)).toBeInstanceOf(Function);
  expect(compileModule(of('broadcastMaximum'), memory, true)).toBeInstanceOf(Function);
  expect(compileModule(of('tanhForward'), memory, false)).toBeUndefined();
});

test('numbers can be set by name, in plain data', () => {
  const item = myelin.register('ownMomentum', ownOptimizers.sgd!({ momentum: 0.5 }));
  const weights = (optimizer: unknown) => {
    const model = sequential({ layers: [dense({ units: 2, inputShape: 1 })], backend: factories.wasm });
    model.compile({ optimizer: any(optimizer), loss: 'meanSquaredError' });
    for (let i = 0; i < 3; i++) model.trainOnBatch([[1], [2]], [[1, 0], [5, 2]]); // biome-ignore format: rows
    return weightHash(model);
  };
  const set = { numbers: { momentum: 0.9 }, learningRate: 0.02 };
  const expected = weights(ownOptimizers.sgd!({ momentum: 0.9 }, { learningRate: 0.02 }));
  expect(weights({ name: 'ownMomentum', ...set })).toBe(expected);
  expect(weights(customOptimizer({ ...item, ...set }))).toBe(expected);
  expect(weights('ownMomentum')).toBe(weights(item));
  expect(weights(item)).not.toBe(expected);
});

type Ops = Readonly<Record<'sub' | 'mul' | 'mean', (...args: unknown[]) => unknown>>;
type Values = Readonly<Record<string, unknown>>;
interface Loose {
  readonly update?: (values: Values, operations: Ops) => unknown;
  readonly [option: string]: unknown;
}
const make = (options: Loose | undefined) => () => customOptimizer(any(options));
const plain = (more: object) => make({ ...JSON.parse(JSON.stringify(ownOptimizers.lion!())), ...more });

test.each<[string, () => unknown, string, ...RegExp[]]>([
  ['no options', make(undefined), 'ValueError', /customOptimizer/],
  ['no update', make({ states: ['m'] }), 'ValueError', /customOptimizer\.update/, /a function of/],
  ['an option that is none', make({ updates: 1 }), 'UnknownNameError', /mean 'update'/],
  ['a learning rate below 0', make({ learningRate: -1, update: ({ weight, gradient }, { sub }) => ({ weight: sub(weight, gradient) }) }), 'ValueError', /customOptimizer\.learningRate/], // biome-ignore format: a row
  ['nothing for the weight', make({ update: () => ({}) }), 'ValueError', /returns undefined for 'weight'/],
  ['a state that is forgotten', make({ states: ['m'], update: ({ weight, gradient }, { sub }) => ({ weight: sub(weight, gradient) }) }), 'ValueError', /for 'm'/], // biome-ignore format: a row
  ['what is no state', make({ update: ({ weight, gradient }, { sub }) => ({ weight: sub(weight, gradient), m: weight }) }), 'UnknownNameError', /'m'/], // biome-ignore format: a row
  ['a reduction', make({ update: ({ weight, gradient }, { sub, mean }) => ({ weight: sub(weight, mean(gradient)) }) }), 'UnknownNameError', /step %0, op/, /'mean'/], // biome-ignore format: a row
  ['a row of numbers', make({ update: ({ weight, gradient }, { sub, mul }) => ({ weight: sub(weight, mul(gradient, [1, 2])) }) }), 'ValueError', /operand 1/, /the same for every weight/], // biome-ignore format: a row
  ['no gradient', make({ update: ({ weight, rate }, { sub }) => ({ weight: sub(weight, rate) }) }), 'ValueError', /does not depend on the gradient/], // biome-ignore format: a row
  ['five states', make({ states: ['a', 'b', 'c', 'd', 'e'], update: () => ({}) }), 'ValueError', /at most 4/],
  [
    'a state named weight',
    make({ states: ['weight'], update: () => ({}) }),
    'ValueError',
    /other than weight, gradient/,
  ],
  [
    'a number named as a state',
    make({ states: ['a'], numbers: { a: 1 }, update: () => ({}) }),
    'ValueError',
    /numbers/,
  ],
  ['a name with a point', make({ states: ['a.b'], update: () => ({}) }), 'ValueError', /letters, digits/],
  ['a state that begins with NaN', make({ states: { a: Number.NaN }, update: () => ({}) }), 'ValueError', /states\.a/],
  ['plain data without steps', plain({ steps: undefined }), 'ValueError', /steps/],
  [
    'plain data with an unknown operation',
    plain({ steps: [{ op: 'sine', args: ['m'] }] }),
    'UnknownNameError',
    /'sine'/,
  ],
  [
    'plain data with an unknown operand',
    plain({ steps: [{ op: 'abs', args: ['n'] }] }),
    'UnknownNameError',
    /operand 0/,
  ],
  ['plain data without a result', plain({ results: { weight: '%0' } }), 'UnknownNameError', /results\.m/],
  ['plain data in compile', () => sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: factories.wasm }).compile({ optimizer: any(JSON.parse(JSON.stringify(adam()))), loss: 'meanSquaredError' }), 'ValueError', /optimizer/, /compileOptionsFromSpec/], // biome-ignore format: a row
])('%s is refused', (_, act, name, ...messages) => {
  let thrown: Error | undefined;
  try {
    act();
  } catch (error) {
    thrown = error as Error;
  }
  expect(thrown?.name, thrown?.message).toBe(name);
  for (const message of messages) expect(thrown?.message).toMatch(message);
});
