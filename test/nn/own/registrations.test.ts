import { describe, expect, test, vi } from 'vitest';
import * as myelin from '../../../src/index.js';
import { findRegistered, portable } from '../../../src/nn/registrations.js';
import { any } from '../../support/any.js';

// Each family: an item of it, options by which a model has it, and names that are the library's own.

type Myelin = typeof myelin;

interface Case {
  readonly make: (from: Myelin, name?: string) => myelin.Registrable;
  /** Another item of the family. */
  readonly other: (from: Myelin) => myelin.Registrable;
  readonly taken: readonly string[];
  readonly options: (item: unknown) => { readonly layer?: object; readonly compile?: object };
  /** Holds functions, which files have by name only. */
  readonly functional?: true;
}

const cases: Readonly<Record<string, Case>> = {
  activation: {
    make: ({ customActivation }) => customActivation((x, { mul, sigmoid }) => mul(x, sigmoid(x))),
    other: ({ customActivation }) => customActivation((x, { tanh }) => tanh(x)),
    taken: ['relu', 'swish', 'silu', 'custom'],
    options: (activation) => ({ layer: { activation } }),
  },
  loss: {
    make: ({ customLoss }) => customLoss((t, p, { square, sub }) => square(sub(p, t))),
    other: ({ customLoss }) => customLoss((t, p, { abs, sub }) => abs(sub(p, t))),
    taken: ['huber', 'meanSquaredError', 'custom'],
    options: (loss) => ({ compile: { loss } }),
  },
  optimizer: {
    make: ({ customOptimizer }) =>
      customOptimizer({
        update: ({ weight, gradient, rate }, { mul, sub }) => ({ weight: sub(weight, mul(rate, gradient)) }),
      }),
    other: ({ customOptimizer }) =>
      customOptimizer({
        update: ({ weight, gradient, rate }, { mul, sign, sub }) => ({
          weight: sub(weight, mul(rate, sign(gradient))),
        }),
      }),
    taken: ['adam', 'lion', 'lbfgs', 'custom'],
    options: (optimizer) => ({ compile: { optimizer } }),
  },
  initializer: {
    make: ({ customInitializer }) =>
      customInitializer(([rows, columns], random) => {
        return Array.from({ length: rows * columns }, () => random.normal());
      }),
    other: ({ customInitializer }) => customInitializer(([rows, columns]) => new Float32Array(rows * columns)),
    taken: ['zeros', 'heNormal', 'orthogonal', 'custom'],
    options: (kernelInitializer) => ({ layer: { kernelInitializer } }),
    functional: true,
  },
  regularizer: {
    make: ({ customRegularizer }) => customRegularizer((w, { exp }) => exp(w)),
    other: ({ customRegularizer }) => customRegularizer((w, { square }) => square(w)),
    taken: ['l1', 'l2', 'l1l2', 'custom'],
    options: (kernelRegularizer) => ({ layer: { kernelRegularizer } }),
  },
  metric: {
    make: ({ customMetric }, name = 'mine') =>
      customMetric({ name, mode: 'min', value: (t, p, { abs, sub }) => abs(sub(p, t)) }),
    other: ({ customMetric }) => customMetric({ name: 'mine', mode: 'min', value: (t, p, { sub }) => sub(p, t) }),
    taken: ['accuracy', 'f1', 'mse', 'custom'],
    options: (metric) => ({ compile: { metrics: [metric] } }),
  },
  'metric of functions': {
    make: ({ customMetric }, name = 'mine') => customMetric({ name, mode: 'min', compute: () => 1 }),
    other: ({ customMetric }) => customMetric({ name: 'mine', mode: 'min', compute: () => 2 }),
    taken: ['accuracy', 'f1', 'mse', 'custom'],
    options: (metric) => ({ compile: { metrics: [metric] } }),
    functional: true,
  },
};

const x = [[1, 2], [-1, 0.5], [0.25, -2]]; // biome-ignore format: rows
const y = [[1], [0], [-1]];

function build(from: Myelin, { layer, compile }: ReturnType<Case['options']>): myelin.Model {
  const model = from.sequential({
    layers: [from.dense({ units: 3, inputShape: 2, ...layer }), from.dense({ units: 1 })],
    backend: from.typescript(),
    seed: 3,
  });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', ...compile });
  return model;
}

function trained(model: myelin.Model): string {
  model.trainOnBatch(x, y);
  model.trainOnBatch(x, y);
  return Object.values(model.getWeights())
    .map((weights) => String(weights.data))
    .join(' ');
}

async function fresh(): Promise<Myelin> {
  vi.resetModules();
  return import('../../../src/index.js');
}

describe.each(Object.entries(cases))('%s', (named, { make, other, taken, options, functional }) => {
  const [family] = named.split(' ');

  test('does by its name what it does itself: as a text, as data with the name, and from JSON', async () => {
    const from = await fresh();
    const expected = trained(build(from, options(make(from))));
    const item = make(from);
    expect(from.register('mine', item)).toBe(item);
    for (const given of [item, 'mine', { name: 'mine' }]) {
      expect(trained(build(from, options(given)))).toBe(expected);
      const { layer, compile } = JSON.parse(JSON.stringify(options(given))) as ReturnType<Case['options']>;
      const revived = from.compileOptionsFromSpec({ optimizer: 'adam', loss: 'meanSquaredError', ...compile });
      const spec = {
        layers: [
          { type: 'dense', units: 3, inputShape: 2, ...layer },
          { type: 'dense', units: 1 },
        ],
      };
      const model = from.modelFromSpec({ ...spec, seed: 3 }, { backend: from.typescript() });
      expect(trained(model.compile(any(revived)))).toBe(expected);
    }
  });

  test('is saved with its data and its name, which another program need not know, and goes on to the same bits', async () => {
    const from = await fresh();
    from.register('mine', make(from));
    for (const given of [make(from), 'mine', { name: 'mine' }]) {
      const model = build(from, options(given));
      model.trainOnBatch(x, y);
      if (functional) continue;
      const bytes = from.serialize(model);
      const elsewhere = await fresh();
      const loaded = elsewhere.deserialize(bytes, { backend: elsewhere.typescript() });
      expect(trained(loaded)).toBe(trained(model));
      const again = elsewhere.deserialize(elsewhere.serialize(loaded), { backend: elsewhere.typescript() });
      expect(trained(again)).toBe(trained(loaded));
      if (typeof given === 'string') expect(new TextDecoder().decode(bytes)).toContain('registered');
    }
  });

  test('restores into a model that has it by name, or itself', async () => {
    const from = await fresh();
    const item = from.register('mine', make(from));
    const saved = build(from, options('mine'));
    saved.trainOnBatch(x, y);
    const model = build(from, options(item));
    await from.restore(model, from.serialize(saved));
    expect(trained(model)).toBe(trained(saved));
  });

  test("names are those of one item of the family, and never the library's", async () => {
    const from = await fresh();
    const item = make(from);
    from.register('mine', item);
    expect(from.register('mine', item)).toBe(item);
    if (!functional) expect(from.register('mine', make(from)).registered).toBe('mine');
    const refused = (name: unknown, what: unknown = other(from)) => {
      return () => from.register(any(name), any(what));
    };
    expect(refused('mine')).toThrow(new from.ValueError({ argument: 'register, name', given: "'mine'", expected: `a name that no other ${family} has`, hint: 'Each item is registered once, where the program begins.' })); // biome-ignore format: a row
    for (const name of taken) expect(refused(name)).toThrow(/the library has no/);
    for (const name of ['', ' ', 3, undefined]) expect(refused(name)).toThrow(/a text that is not empty/);
    expect(refused('another', item)).toThrow(/expected 'mine', the name that the item has/);
    // Families do not share names.
    const firsts = new Map(Object.entries(cases).map(([name, { make: made }]) => [name.split(' ')[0], made]));
    for (const [name, made] of firsts) {
      if (name !== family) expect(from.register('mine', made(from)).registered).toBe('mine');
    }
  });

  test('errors that list names have it', async () => {
    const from = await fresh();
    from.register('mineAsWell', make(from, 'mineAsWell'));
    expect(() => build(from, options('mineAswell'))).toThrow(/mineAsWell/);
  });
});

test.each<[string, unknown, RegExp]>([
  ['a function', (step: number) => step, /got a function/],
  ['what the library has', myelin.relu(), /got an object/],
  ['nothing', undefined, /got undefined/],
  ['plain data', { name: 'custom', steps: [] }, /what customActivation, customLoss/],
])('%s is not registered', (_, item, message) => {
  expect(() => myelin.register('mine', any(item))).toThrow(message);
});

test('a name in plain data that is not registered says which call is missing', () => {
  const find = () => findRegistered('metric', { registered: 'mien' });
  expect(find).toThrow(myelin.UnknownNameError);
  expect(find).toThrow(
    "metric: expected a name that is registered, got 'mien'. Call register('mien', customMetric(...)) first.",
  );
});

test('data for elsewhere have no names of this program, and all else stays as it is', async () => {
  const swish = myelin.register(
    'ownSwish',
    myelin.customActivation((v, { mul, sigmoid }) => mul(v, sigmoid(v))),
  );
  const plain = JSON.parse(JSON.stringify(swish)) as unknown;
  const spec = {
    layers: [
      { type: 'dense', name: 'ownSwish', units: 3, activation: 'ownSwish' },
      { type: 'dense', units: 1, activation: { name: 'elu', alpha: 0.5 }, kernelInitializer: 'ownSwish' },
    ],
  };
  expect(portable(spec, 'spec', 'file')).toEqual({
    layers: [{ ...spec.layers[0], activation: plain }, spec.layers[1]],
  });
  const perOutput = { loss: { a: 'huber', b: 'ownSwish' }, metrics: ['accuracy'] };
  expect(portable(perOutput, 'compile', 'worker')).toEqual(perOutput);
});
