import { expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import { INTERNALS } from '../../src/engine/internals.js';
import {
  adamw,
  type Callback,
  type CompileOptions,
  dense,
  dropout,
  earlyStopping,
  exponentialDecay,
  type LayerSpec,
  l2,
  lambda,
  lockstep,
  type Model,
  matrix,
  model as modelOf,
  NonFiniteError,
  sequential,
} from '../../src/index.js';
import { optimizerTable } from '../../src/kernels/tables.js';
import { Random } from '../support/buffers.js';
import { byEffort } from '../support/effort.js';
import { layerCases } from '../support/nn/layer-cases.js';
import { clouds, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';

const backends = [await wasm(), typescript()];
const { x, labels } = clouds(24, 7, 3);
const MEMBERS = 3;

interface Item {
  readonly name: string;
  readonly layers: (member: number) => readonly LayerSpec[];
  readonly compile: (member: number) => CompileOptions;
  readonly targets: number[] | number[][];
}

const head = dense({ units: 3, activation: 'softmax' });
const plain = (optimizer: CompileOptions['optimizer']): CompileOptions => {
  return { optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] };
};

const items: readonly Item[] = [
  ...trainingCases.map((item) => {
    return {
      name: item.name,
      layers: () => item.layers,
      compile: () => item.compile,
      targets: targetsOf(item, labels),
    };
  }),
  ...Object.entries(optimizerTable).map(([name, make]) => {
    const compile = () => plain((make as () => CompileOptions['optimizer'])());
    const layers = () => [dense({ units: 5, activation: 'tanh', inputShape: 7 }), head];
    return { name, layers, compile, targets: labels };
  }),
  {
    name: 'rates, decay, dropout and penalties of their own',
    layers: (member) => [
      dense({ units: 9, activation: 'relu', inputShape: 7, kernelRegularizer: l2(0.01 * (member + 1)) }),
      dropout({ rate: 0.1 + 0.2 * member }),
      head,
    ],
    compile: (member) => ({
      ...plain(
        adamw({
          learningRate: exponentialDecay({ initialLearningRate: 0.01 * (member + 1), decaySteps: 3, decayRate: 0.5 }),
          weightDecay: 0.1 * (member + 1),
        }),
      ),
      gradientAccumulationSteps: 2,
    }),
    targets: labels,
  },
];

const graphs = Object.entries(layerCases).flatMap(([kind, { gradients }]) =>
  gradients.map((graph, i) => [`${kind} ${i}`, graph] as const),
);

/** Two groups of models alike. */
function twoOf({ layers, compile }: Item, backend: (typeof backends)[number]) {
  const make = () =>
    Array.from({ length: MEMBERS }, (_, i) => sequential({ layers: layers(i), seed: i, backend }).compile(compile(i)));
  return [make(), make()] as const;
}

/** Rows that each member has as a batch of its own. */
const batch = (list: readonly unknown[], member: number, step: number) => {
  return Array.from({ length: 6 }, (_, r) => list[(6 * step + 5 * member + r) % list.length]) as number[][];
};
const rows = [...x].map((row) => [...row]);

test.each(items)('$name: every step is the one that each takes alone', (item) => {
  for (const backend of backends) {
    const [alone, together] = twoOf(item, backend);
    const group = lockstep(together);
    for (let step = 0; step < byEffort(5, 20); step++) {
      const xs = alone.map((_, i) => batch(rows, i, step));
      const ys = alone.map((_, i) => batch(item.targets, i, step));
      const expected = alone.map((model, i) => model.trainOnBatch(xs[i]!, ys[i]!));
      expect(group.trainOnBatch(xs, ys, { perMember: true })).toEqual(expected);
    }
    expect(group.trainOnBatch(x, item.targets)).toEqual(alone.map((model) => model.trainOnBatch(x, item.targets)));
    expect(together.map(weightHash)).toEqual(alone.map(weightHash));
    for (const model of [...alone, ...together]) model.dispose();
  }
});

test.each(graphs)('layer %s', (_, item) => {
  const draw = new Random(3);
  for (const backend of backends) {
    const make = () =>
      [1, 2].map((seed) => {
        const net =
          'output' in item
            ? modelOf({ inputs: item.inputs, outputs: item.output, seed, backend })
            : sequential({ layers: [...item, dense({ units: 3 })], seed, backend });
        return net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      });
    const [alone, together] = [make(), make()];
    const group = lockstep(together);
    const parts = alone[0]![INTERNALS].engine.network.inputs.map(({ width }) => {
      return matrix(
        Float32Array.from({ length: 5 * width }, () => draw.integer(2)),
        5,
        width,
      );
    });
    const data = parts.length === 1 ? parts[0]! : parts;
    const units = alone[0]!.predictOutputs(data);
    const y = Object.values(units)[0]!;
    const targets = matrix(
      Float32Array.from(y.data, () => draw.uniform()),
      y.rows,
      y.columns,
    );
    for (let step = 0; step < 3; step++) {
      expect(group.trainOnBatch(data, targets)).toEqual(alone.map((net) => net.trainOnBatch(data, targets)));
    }
    expect(together.map(weightHash)).toEqual(alone.map(weightHash));
  }
});

const last = items.at(-1)!;

/** Does work while the engine compiles modules at once as `make` says; returns how many it was asked for. */
function watching(make: (bytes: BufferSource) => void, work: () => void): number {
  const { Module } = WebAssembly;
  let count = 0;
  WebAssembly.Module = class extends Module {
    constructor(bytes: BufferSource) {
      count++;
      make(bytes);
      super(bytes);
    }
  } as typeof Module;
  try {
    work();
  } finally {
    WebAssembly.Module = Module;
  }
  return count;
}

const stepsOf = (model: Model) => model[INTERNALS].engine.program('train', 24).steps.length;

test('small networks over one memory run one function', () => {
  const [first, together] = twoOf(last, backends[0]!);
  const before = lockstep(first);
  for (let step = 0; step < 2; step++) before.trainOnBatch(x, labels);
  const group = lockstep(together);
  const step = () => group.trainOnBatch(x, labels);
  // The types of kernels are known by now, and three members lie in two memories at most. Batches that accumulate are a program
  // of their own.
  for (let program = 0; program < 2; program++) expect([1, 2]).toContain(watching(() => {}, step));
  expect(watching(() => {}, step)).toBe(0);
  expect(together.map(stepsOf)).toEqual([1, 1, 1]);
  group.leave(together[1]!);
  expect(group.models).toEqual([together[0], together[2]]);
  expect(stepsOf(together[1]!)).toBeGreaterThan(9);
});

test('where the engine refuses a module, calls run as they would alone', () => {
  const [alone, together] = twoOf(last, backends[0]!);
  const refuse = () => {
    throw new WebAssembly.CompileError('refused');
  };
  const group = lockstep(together);
  const refused = watching(refuse, () => {
    for (let step = 0; step < 3; step++) group.trainOnBatch(x, labels);
  });
  expect(refused).toBeGreaterThan(0);
  for (let step = 0; step < 3; step++) for (const model of alone) model.trainOnBatch(x, labels);
  expect(together.map(weightHash)).toEqual(alone.map(weightHash));
  expect(together.map(stepsOf).every((steps) => steps > 9)).toBe(true);
});

test.each(backends)(
  'fit: members have data of their own, stop early, and callbacks see each ($name)',
  async (backend) => {
    const [alone, together] = twoOf(last, backend);
    const seen = new Set<Model>();
    const options = (member: number) => ({
      epochs: 12,
      batchSize: 5,
      validationSplit: 0.25,
      lint: false,
      callbacks: [
        earlyStopping({ monitor: 'valLoss', patience: member, minDelta: 0.02, restoreBestWeights: true }),
        lambda({ onEpochEnd: (_epoch, _logs, model) => void seen.add(model) }),
      ],
    });
    const xs = together.map((_, i) => rows.slice(i));
    const ys = together.map((_, i) => labels.slice(i));
    const group = lockstep(together);
    const histories = await group.fit(xs, ys, options, { perMember: true });
    expect(seen).toEqual(new Set(together));
    for (const [i, model] of alone.entries()) {
      const { epoch, history } = await model.fit(xs[i]!, ys[i]!, options(i));
      expect([histories[i]!.epoch, histories[i]!.history]).toEqual([epoch, history]);
    }
    expect(new Set(histories.map(({ epoch }) => epoch.length)).size).toBeGreaterThan(1);
    expect(together.map(weightHash)).toEqual(alone.map(weightHash));
    await group.fit(x, labels, { epochs: 1, lint: false });
    for (const model of alone) await model.fit(x, labels, { epochs: 1, lint: false });
    expect(together.map(weightHash)).toEqual(alone.map(weightHash));
  },
);

test('a member that fails ends alone, and its error comes last', async () => {
  const [alone, together] = twoOf(last, backends[0]!);
  const fail: Callback = {
    onEpochEnd(_epoch, _logs, model) {
      if (model === together[0]) throw new RangeError('enough');
    },
  };
  const fitted = lockstep(together).fit(x, labels, { epochs: 3, lint: false, callbacks: [fail] });
  await expect(fitted).rejects.toThrow('enough');
  expect(together.map(({ epochs }) => epochs)).toEqual([1, 3, 3]);
  await alone[2]!.fit(x, labels, { epochs: 3, lint: false });
  expect(weightHash(together[2]!)).toBe(weightHash(alone[2]!));
});

test('a step that is refused stops one member, and data that does not fit stops all', () => {
  const [alone, together] = twoOf(last, backends[0]!);
  const group = lockstep(together);
  const before = together.map(weightHash);
  expect(() => group.trainOnBatch([x, x, [[1]]], [labels, labels, [0]], { perMember: true })).toThrow(
    /7 columns|rows of 7/,
  );
  expect(together.map(weightHash)).toEqual(before);
  const weights = together[0]!.getWeights();
  const broken = Object.fromEntries(
    Object.entries(weights).map(([name, { data, rows: r, columns }]) => [
      name,
      matrix(
        data.map(() => 3e38),
        r,
        columns,
      ),
    ]),
  );
  together[0]!.setWeights(broken);
  for (let step = 0; step < 2; step++) {
    expect(() => group.trainOnBatch(x, labels)).toThrow(NonFiniteError);
    alone[1]!.trainOnBatch(x, labels);
  }
  expect(weightHash(together[1]!)).toBe(weightHash(alone[1]!));
});

test('what does not go together is refused', async () => {
  const [models, others] = twoOf(last, backends[0]!);
  const small = sequential({ layers: [dense({ units: 3, inputShape: 7 })], backend: backends[0]! });
  expect(() => lockstep([])).toThrow(/models: .*at least one model/s);
  expect(() => lockstep([{} as Model])).toThrow(/a model/);
  expect(() => lockstep([models[0]!, models[0]!])).toThrow(/models\[1\].*each model once/s);
  expect(() => lockstep([small])).toThrow(/compile/);
  small.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  expect(() => lockstep([models[0]!, small])).toThrow(/models\[1\].*architecture/s);
  const group = lockstep(models);
  expect(() => group.leave(others[0]!)).toThrow(/a member of the group/);
  expect(() => group.trainOnBatch([x], [labels], { perMember: true })).toThrow(/an entry for each of 3 members/);
  await expect(group.fit(x, labels, { callbacks: [earlyStopping({ monitor: 'loss' })] })).rejects.toThrow(
    /one for each member/,
  );
  const running = group.fit(x, labels, { epochs: 2, lint: false });
  await expect(group.fit(x, labels)).rejects.toThrow(/fit is still running/);
  await running;
});
