import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { model, sequential } from '../../src/model/model.js';
import {
  activation,
  add,
  average,
  batchNormalization,
  concatenate,
  dense,
  dropout,
  embedding,
  layerNormalization,
  maximum,
  multiply,
} from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import type { LayerSpec } from '../../src/nn/layers/kind.js';
import { l2 } from '../../src/nn/regularizers.js';
import { vectorTensor } from '../../src/program/plan.js';
import { planWorkspace } from '../../src/program/workspace.js';
import { testSome } from '../support/effort.js';
import { workOf } from '../support/work.js';

// Building, compiling, training, reading and writing a model do work in proportion to its layers: each way for a model to be
// large is taken four times as far, and work is counted.

const backend = typescript();

/** A model of a size, a batch for it, and how it is compiled. */
interface Subject {
  readonly make: () => Model;
  readonly x: unknown;
  readonly y: unknown;
  readonly options: CompileOptions;
}

const list = <T>(count: number, item: (i: number) => T) => Array.from({ length: count }, (_, i) => item(i));
const rows = [
  [1, 2],
  [2, 1],
];
const sgd = { optimizer: { name: 'sgd', learningRate: 1e-9 }, loss: 'meanSquaredError' } as const;
const compiled = (make: () => Model, options: object = {}): Subject => {
  return { make, x: rows, y: rows, options: { ...sgd, ...options } as CompileOptions };
};
const stack = (layers: readonly object[]) => () => sequential({ layers: layers as never, backend });
/** One input, as many branches, and what joins them. */
const joined = (count: number, join: () => LayerSpec, options: object) => () => {
  const x = input({ shape: 2 });
  const branches = list(count, (i) => dense({ units: 2, ...options, name: `branch${i}` }).apply(x));
  return model({ inputs: x, outputs: dense({ units: 2 }).apply(join().apply(branches)), backend });
};
const inputShape = (i: number) => (i === 0 ? { inputShape: 2 } : {});

/** Heads on one hidden layer, with what is said once for all of them or for each by its name. */
function heads(count: number, named: boolean): Subject {
  const make = () => {
    const x = input({ shape: 2 });
    const h = dense({ units: 2 }).apply(x);
    const outputs = list(count, (i) => dense({ units: 2, activation: 'softmax', name: `head${i}` }).apply(h));
    return model({ inputs: x, outputs, backend });
  };
  const each = <T>(value: T) => Object.fromEntries(list(count, (i) => [`head${i}`, value]));
  const options = {
    optimizer: sgd.optimizer,
    loss: named ? each('sparseCategoricalCrossentropy') : 'sparseCategoricalCrossentropy',
    metrics: named ? each(['accuracy']) : ['accuracy'],
    ...(named && { lossWeights: each(0.5) }),
  } as unknown as CompileOptions;
  return { make, x: rows, y: each([0, 1]), options };
}

function columns(count: number, feed: (x: ReturnType<typeof input>, i: number) => ReturnType<typeof input>): Subject {
  const make = () => {
    const inputs = list(count, (i) => input({ shape: 1, name: `column${i}` }));
    const joint = concatenate().apply(inputs.map(feed));
    return model({ inputs, outputs: dense({ units: 2 }).apply(joint), backend });
  };
  return { ...compiled(make), x: Object.fromEntries(list(count, (i) => [`column${i}`, [[1], [0]]])) };
}

const subjects: Readonly<Record<string, (n: number) => Subject>> = {
  'a stack of dense layers': (n) => compiled(stack(list(n, (i) => dense({ units: 2, ...inputShape(i) })))),
  'a stack with activations of their own': (n) =>
    compiled(stack(list(n, (i) => dense({ units: 2, activation: 'gelu', ...inputShape(i) }))), { optimizer: 'adam' }),
  'a stack of widths in no order': (n) =>
    compiled(
      stack(
        list(n, (i) => dense({ units: i === n - 1 ? 2 : 1 + ((i * 37) % 31), activation: 'tanh', ...inputShape(i) })),
      ),
    ),
  'a stack of every kind': (n) =>
    compiled(
      stack([
        ...list(n, (i) => {
          const kinds = [
            dense({ units: 2, ...inputShape(i) }),
            batchNormalization(),
            activation({ activation: 'sigmoid' }),
            dropout({ rate: 0.1 }),
            layerNormalization(),
          ];
          return kinds[i % kinds.length]!;
        }),
        dense({ units: 2 }),
      ]),
    ),
  'layers with penalties and rates of their own': (n) =>
    compiled(
      stack(
        list(n, (i) =>
          dense({
            units: 2,
            kernelRegularizer: l2(1e-9 * (i + 1)),
            activityRegularizer: l2(1e-9),
            learningRateMultiplier: 1 + i,
            kernelConstraint: 'maxNorm',
            ...inputShape(i),
          }),
        ),
      ),
      { clipNorm: 1, trackGradientNorm: true },
    ),
  'layers of which every other is frozen': (n) =>
    compiled(stack(list(n, (i) => dense({ units: 2, trainable: i % 2 === 0, ...inputShape(i) }))), {
      globalClipNorm: 1,
      gradientAccumulationSteps: 2,
    }),
  'residual connections': (n) =>
    compiled(() => {
      const x = input({ shape: 2 });
      let h = x;
      for (let i = 0; i < n; i++) h = add().apply([h, dense({ units: 2, activation: 'tanh' }).apply(h)]);
      return model({ inputs: x, outputs: dense({ units: 2, activation: 'tanh' }).apply(h), backend });
    }),
  'connections from each end to the other': (n) =>
    compiled(() => {
      const x = input({ shape: 2 });
      const down = [x];
      for (let i = 0; i < n; i++) down.push(dense({ units: 2, activation: 'relu' }).apply(down.at(-1)!));
      let h = down.pop()!;
      while (down.length > 0) h = dense({ units: 2, activation: 'tanh' }).apply(concatenate().apply([h, down.pop()!]));
      return model({ inputs: x, outputs: h, backend });
    }),
  'branches side by side': (n) => compiled(joined(n, concatenate, { activation: 'relu' })),
  'branches that are added': (n) => compiled(joined(n, add, { activation: 'relu' })),
  'branches that are averaged': (n) => compiled(joined(n, average, { activation: 'gelu' })),
  'branches of which the largest counts': (n) => compiled(joined(n, maximum, {})),
  'branches that are multiplied': (n) => compiled(joined(n, multiply, { activation: 'tanh' })),
  inputs: (n) => columns(n, (x) => x),
  'inputs with a table each': (n) =>
    columns(n, (x, i) => embedding({ inputDim: 2, outputDim: 1, learningRateMultiplier: 1 + i }).apply(x)),
  outputs: (n) => heads(n, false),
  'outputs with losses of their own': (n) => heads(n, true),
};

const SIZE = 60;

const ready = ({ make, options }: Subject) => {
  const made = make();
  made.compile(options);
  return made;
};

/** What is done with a model; what comes back is what is counted. */
const actions: Readonly<Record<string, (subject: Subject) => () => unknown>> = {
  'build and compile': (subject) => () => ready(subject),
  'train, evaluate and predict': (subject) => {
    const made = ready(subject);
    const { x, y } = subject as never as { x: number[][]; y: number[][] };
    return () =>
      made.fit(x, y, { validationData: [x, y] }).then(() => [made.trainOnBatch(x, y), made.predictOutputs(x)]);
  },
  'read gradients': (subject) => {
    const made = ready(subject);
    return () => made.gradients(subject.x as never, subject.y as never, { nodes: true });
  },
  'read and set weights, and print': (subject) => {
    const made = ready(subject);
    return () => [made.setWeights(made.getWeights()), String(made.summary()), made.program('train', 2)];
  },
  'write and read': (subject) => {
    const made = ready(subject);
    return () => deserialize(serialize(made), { backend });
  },
};

describe.each(Object.entries(actions))('four times as large takes about four times the work to %s', (_, prepare) => {
  // The plan of a workspace compares each tensor with those that are placed, up to a number of them; what comes then is counted below.
  testSome(Object.entries(subjects))('%s', async (_, of) => {
    // What runs for the first time is compiled and cached.
    await prepare(of(10))();
    const [small, large] = [prepare(of(SIZE)), prepare(of(4 * SIZE))];
    const workspace = /program\/workspace\.ts/;
    const [once, more] = [await workOf(async () => small(), workspace), await workOf(async () => large(), workspace)];
    expect(once).toBeGreaterThan(100);
    expect(more / once).toBeLessThan(4.5);
  });
});

test('four times as many layers take about four times the work to freeze, each by its name', async () => {
  const freezing = (count: number) => {
    const made = stack(list(count, (i) => dense({ units: 2, ...inputShape(i), name: `layer${i}` })))();
    return async () => list(count, (i) => made.setTrainable(i % 2 ? `layers.${i}` : `layer${i}`, false));
  };
  await freezing(10)();
  const [once, more] = [await workOf(freezing(60)), await workOf(freezing(240))];
  expect(once).toBeGreaterThan(100);
  expect(more / once).toBeLessThan(4.2);
});

test('from some thousands of tensors on, the plan of a workspace takes work in proportion to them', async () => {
  const plan = (layers: number) => async () => {
    const item = (name: string, first: number, last: number) => ({
      tensor: vectorTensor(name, 32 + (first % 7)),
      first,
      last,
    });
    const items = list(layers, (i) => [item('y', i, 2 * layers - i), item('dy', 2 * layers - i, 2 * layers - i + 1)]);
    planWorkspace(items.flat(), 0);
  };
  const [once, more] = [await workOf(plan(2500)), await workOf(plan(10_000))];
  expect(once).toBeGreaterThan(100);
  expect(more / once).toBeLessThan(4.5);
});
