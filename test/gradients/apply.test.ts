import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { INTERNALS } from '../../src/engine/internals.js';
import { exportState } from '../../src/engine/state.js';
import { customOptimizer } from '../../src/index.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { optimizerTable } from '../../src/kernels/tables.js';
import { adam, adamw } from '../../src/kernels/twins/adam.js';
import { maxNorm } from '../../src/kernels/twins/constraints.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { batchNormalization, concatenate, dense, embedding, input, type LayerSpec } from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import { cosine } from '../../src/nn/optimizers/schedules.js';
import { l1l2, l2 } from '../../src/nn/regularizers.js';
import { factories } from '../support/buffers.js';
import { clouds, weightHash } from '../support/nn/models.js';

const ROWS = 10;
const { x, labels } = clouds(ROWS * 4, 5, 3);
const batches = [0, 1, 2, 3].map((i) => ({
  x: x.slice(i * ROWS, (i + 1) * ROWS),
  y: labels.slice(i * ROWS, (i + 1) * ROWS),
}));

const layers = (): LayerSpec[] => [
  dense({
    units: 9,
    inputShape: 5,
    activation: 'prelu',
    kernelRegularizer: l2(0.01),
    activityRegularizer: l2(0.01),
    kernelConstraint: maxNorm({ maxValue: 1 }),
  }),
  dense({ units: 17, activation: 'tanh', biasRegularizer: l1l2({ l1: 0.01, l2: 0.01 }), learningRateMultiplier: 0.5 }),
  dense({ units: 6, trainable: false }),
  dense({ units: 3, activation: 'softmax', kernelConstraint: 'unitNorm' }),
];

function build(compile: Partial<CompileOptions>, backend: BackendFactory = factories.wasm, of = layers()): Model {
  const model = sequential({ layers: of, backend, seed: 4 });
  return model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', ...compile } as CompileOptions);
}

const zeros = (rows: number, columns: number) => matrix(new Float32Array(rows * columns), rows, columns);
const engineOf = (model: Model) => model[INTERNALS].engine;
/** Weights, state of the optimizer and counts, all that training goes by. */
const allOf = (model: Model) => [weightHash(model), exportState(engineOf(model))];

/** As many optimizers as the fixtures of PyTorch have cases: every loop of every optimizer is among them. */
const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/optimizers.json', import.meta.url), 'utf8'),
) as { cases: readonly { name: keyof typeof optimizerTable; options: object }[] };

const cases: readonly (readonly [string, Partial<CompileOptions>])[] = [
  ...fixture.cases.map(({ name, options }) => {
    const optimizer = (optimizerTable[name] as unknown as (options: object) => CompileOptions['optimizer'])(options);
    return [`${name} ${JSON.stringify(options)}`, { optimizer }] as const;
  }),
  [
    "an optimizer of one's own",
    {
      optimizer: customOptimizer({
        states: { v: 0.5 },
        weightDecay: 0.1,
        update: ({ weight, gradient, v, rate }, { add, div, mul, sqrt, square, sub }) => {
          const next = add(mul(0.9, v), mul(0.1, square(gradient)));
          return { weight: sub(weight, mul(rate, div(gradient, add(sqrt(next), 0.1)))), v: next };
        },
      }),
    },
  ],
  ['a schedule', { optimizer: adam({ learningRate: cosine({ initialLearningRate: 0.1, decaySteps: 3 }) }) }],
  ['a rate above what is safe', { optimizer: sgd({ learningRate: 1e7 }), globalClipNorm: 1e-8 }],
  ['clipValue', { clipValue: 0.01 }],
  ['clipNorm', { clipNorm: 0.01 }],
  ['globalClipNorm', { globalClipNorm: 0.01 }],
  ['trackGradientNorm', { trackGradientNorm: true }],
  ['averaging', { averaging: exponentialMovingAverage({ momentum: 0.5 }) }],
  ['averages that overwrite', { averaging: exponentialMovingAverage({ momentum: 0.5, overwriteFrequency: 2 }) }],
  ['accumulation', { gradientAccumulationSteps: 2, clipNorm: 0.01 }],
  ['onNonFinite', { onNonFinite: 'skip' }],
];

describe.each(Object.entries(factories))(
  '%s: trainOnBatch is applyGradients after gradients, to the bit',
  (_, backend) => {
    test.each(cases)('%s', (_, compile) => {
      const [model, other] = [build(compile, backend), build(compile, backend)];
      for (const { x, y } of batches) {
        const logs = model.trainOnBatch(x, y);
        const { gradients } = other.gradients(x, y);
        const applied = other.applyGradients(gradients);
        const { loss: _, penalty: __, ...rest } = logs;
        expect(applied).toEqual(rest);
      }
      expect(allOf(model)).toEqual(allOf(other));
      expect(model.learningRate).toBe(other.learningRate);
    });
  },
);

test('an embedding that learns by rows, too', () => {
  const make = () => {
    const [ids, others] = [input({ shape: 2, name: 'ids' }), input({ shape: 5, name: 'others' })];
    const table = embedding({ inputDim: 40, outputDim: 3 }).apply(ids);
    const h = concatenate().apply([table, others]);
    const y = dense({ units: 3, activation: 'softmax' }).apply(h);
    const model = graph({ inputs: [ids, others], outputs: y, backend: factories.wasm, seed: 4 });
    return model.compile({ optimizer: adamw({ weightDecay: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
  };
  const [model, other] = [make(), make()];
  batches.forEach(({ x, y }, b) => {
    const ids = matrix(
      Array.from({ length: 2 * ROWS }, (_, i) => (i * (b + 3)) % 17),
      ROWS,
      2,
    );
    model.trainOnBatch({ ids, others: x }, y);
    other.applyGradients(other.gradients({ ids, others: x }, y).gradients);
  });
  expect(allOf(model)).toEqual(allOf(other));
});

test('with threads, too', async () => {
  const threads = await wasm({ threads: 2 });
  const [model, other] = [build({ globalClipNorm: 0.1 }, threads), build({ globalClipNorm: 0.1 })];
  for (const { x, y } of batches) {
    model.applyGradients(model.gradients(x, y).gradients);
    other.trainOnBatch(x, y);
  }
  expect(allOf(model)).toEqual(allOf(other));
});

describe("gradients of one's own", () => {
  test('a sum of two batches is a batch of both', () => {
    const [model, other] = [build({ optimizer: sgd() }), build({ optimizer: sgd() })];
    const [a, b] = [0, 1].map((i) => model.gradients(batches[i]!.x, batches[i]!.y).gradients) as [
      Record<string, Matrix>,
      Record<string, Matrix>,
    ];
    const mean = Object.entries(a).map(([name, { data, rows, columns }]) => {
      return [
        name,
        matrix(
          data.map((g, i) => (g + b[name]!.data[i]!) / 2),
          rows,
          columns,
        ),
      ];
    });
    model.applyGradients(Object.fromEntries(mean));
    other.trainOnBatch(x.slice(0, 2 * ROWS), labels.slice(0, 2 * ROWS));
    for (const [name, { data }] of Object.entries(model.getWeights())) {
      data.forEach((w, i) => {
        expect(w).toBeCloseTo(other.getWeights()[name]!.data[i]!, 6);
      });
    }
  });

  test('rows of numbers, flat arrays and matrices all do', () => {
    const [model, other] = [build({}), build({})];
    const { gradients } = model.gradients(batches[0]!.x, batches[0]!.y);
    const plain = Object.entries(gradients).map(([name, { data, rows, columns }]) => {
      if (rows === 1) return [name, [...data]];
      return [name, Array.from({ length: rows }, (_, r) => [...data.slice(r * columns, (r + 1) * columns)])];
    });
    model.applyGradients(gradients);
    other.applyGradients(Object.fromEntries(plain));
    expect(allOf(model)).toEqual(allOf(other));
  });

  test.each(Object.entries(optimizerTable))('parameters without one stay as they are, state included: %s', (name) => {
    const optimizer = optimizerTable[name as 'adam']({ weightDecay: 0.1 });
    const model = build({ optimizer, averaging: exponentialMovingAverage({ momentum: 0.5 }) });
    model.trainOnBatch(batches[0]!.x, batches[0]!.y);
    const { gradients } = model.gradients(batches[1]!.x, batches[1]!.y);
    const chosen = ['layers.0.bias', 'layers.1.kernel'];
    const before = [model.getWeights(), exportState(engineOf(model)).tensors] as const;
    model.applyGradients(Object.fromEntries(chosen.map((name) => [name, gradients[name]!])));
    const after = [model.getWeights(), exportState(engineOf(model)).tensors] as const;
    for (const name of Object.keys(before[0])) {
      const same = Buffer.from(before[0][name]!.data.buffer).equals(Buffer.from(after[0][name]!.data.buffer));
      expect(same, name).toBe(!chosen.includes(name));
    }
    for (const name of Object.keys(before[1])) {
      const other = !chosen.some((each) => name.endsWith(each));
      if (other && name.startsWith('optimizer.')) expect(after[1][name], name).toEqual(before[1][name]);
    }
    // What has a gradient learns as if all had one.
    const whole = build({ optimizer, averaging: exponentialMovingAverage({ momentum: 0.5 }) });
    whole.trainOnBatch(batches[0]!.x, batches[0]!.y);
    whole.applyGradients(gradients);
    for (const name of chosen) expect(after[0][name]).toEqual(whole.getWeights()[name]);
  });

  test('rows of an embedding whose gradients are all 0 stay as they are', () => {
    const of = [embedding({ inputDim: 7, outputDim: 2, inputShape: 1 }), dense({ units: 3, activation: 'softmax' })];
    const model = build({ optimizer: sgd({ learningRate: 0.5 }) }, factories.wasm, of);
    const table = model.getWeights()['layers.0.embeddings']!;
    const gradient = zeros(7, 2);
    for (const row of [5, 2]) gradient.data.fill(0.5, 2 * row, 2 * row + 2);
    model.applyGradients({ 'layers.0.embeddings': gradient });
    const after = model.getWeights()['layers.0.embeddings']!;
    [...after].forEach((row, r) => {
      if (r === 5 || r === 2) expect([...row]).toEqual([...table.row(r)].map((w) => Math.fround(w - 0.25)));
      else expect([...row]).toEqual([...table.row(r)]);
    });
  });

  test('the norm is that of the gradients that are given', () => {
    const model = build({ trackGradientNorm: true });
    model.trainOnBatch(batches[0]!.x, batches[0]!.y);
    const bias = Array.from({ length: 17 }, (_, i) => i / 10);
    const norm = Math.hypot(...bias);
    expect(model.applyGradients({ 'layers.1.bias': bias }).gradientNorm).toBeCloseTo(norm, 5);
  });

  test('a batch that was refused before leaves no trace', () => {
    const huge = matrix(
      batches[0]!.x.data.map((v) => v * 1e38),
      ROWS,
      5,
    );
    const linear = { optimizer: 'adam', loss: 'meanSquaredError' } as const;
    const refused = sequential({
      layers: [dense({ units: 3, inputShape: 5, kernelRegularizer: l2(0.1) })],
      backend: factories.wasm,
    });
    refused.compile(linear);
    expect(() => refused.trainOnBatch(huge, zeros(ROWS, 3))).toThrow(/not finite|The loss is/);
    const before = refused.getWeights()['layers.0.bias']!;
    refused.applyGradients({ 'layers.0.bias': [1, -1, 0] });
    expect(refused.getWeights()['layers.0.bias']).not.toEqual(before);
  });

  test('moving moments stay as they are', () => {
    const of = [dense({ units: 4, inputShape: 5 }), batchNormalization(), dense({ units: 3, activation: 'softmax' })];
    const model = build({}, factories.wasm, of);
    model.trainOnBatch(batches[0]!.x, batches[0]!.y);
    const before = model.getWeights();
    model.applyGradients(model.gradients(batches[1]!.x, batches[1]!.y).gradients);
    const after = model.getWeights();
    for (const name of Object.keys(before)) {
      if (name.includes('moving')) expect(after[name]).toEqual(before[name]);
      else expect(after[name]).not.toEqual(before[name]);
    }
  });
});

describe('what does not fit is refused before anything has changed', () => {
  const fine = () => build({}).gradients(batches[0]!.x, batches[0]!.y).gradients;
  const bad: readonly (readonly [string, (gradients: Record<string, Matrix>) => object, object])[] = [
    [
      'an unknown name',
      (all) => ({ ...all, 'layers.1.kernl': all['layers.1.kernel'] }),
      { name: 'UnknownNameError', argument: "gradients['layers.1.kernl']", hint: "Did you mean 'layers.1.kernel'?" },
    ],
    [
      'another shape',
      (all) => ({ ...all, 'layers.1.kernel': zeros(9, 16) }),
      { name: 'ShapeError', argument: "gradients['layers.1.kernel']", given: '9 x 16' },
    ],
    [
      'a frozen layer',
      (all) => ({ ...all, 'layers.2.bias': zeros(1, 6) }),
      { name: 'ValueError', argument: "gradients['layers.2.bias']", given: 'a gradient of a frozen layer' },
    ],
    ['no object', (all) => Object.values(all), { name: 'ValueError', argument: 'gradients' }],
    ['nothing', () => ({}), { name: 'ValueError', argument: 'gradients', given: 'none' }],
    [
      'text',
      (all) => ({ ...all, 'layers.1.bias': 'x' }),
      { name: 'ValueError', argument: "gradients['layers.1.bias']" },
    ],
    [
      'NaN',
      (all) => ({ ...all, 'layers.1.bias': Array(17).fill(Number.NaN) }),
      { name: 'NonFiniteError', tensor: 'gradient', layer: 'layers.1' },
    ],
  ];
  test.each(bad)('%s', (_, spoil, error) => {
    const model = build({});
    model.trainOnBatch(batches[0]!.x, batches[0]!.y);
    const before = allOf(model);
    expect(() => model.applyGradients(spoil(fine()) as Record<string, Matrix>)).toThrow(expect.objectContaining(error));
    expect(allOf(model)).toEqual(before);
  });

  test('moving moments, a solver, a model without an optimizer, gaps among what accumulates', () => {
    const of = [dense({ units: 4, inputShape: 5 }), batchNormalization(), dense({ units: 3, activation: 'softmax' })];
    const moving = { 'layers.1.movingMean': [0, 0, 0, 0] };
    expect(() => build({}, factories.wasm, of).applyGradients(moving)).toThrow(/counted along the way/);
    expect(() => build({ optimizer: lbfgs() }, factories.wasm, of).applyGradients(fine())).toThrow(/lbfgs/);
    expect(() => sequential({ layers: of, backend: factories.wasm }).applyGradients({})).toThrow(/call compile/);
    const { 'layers.1.bias': bias } = fine();
    const model = build({ gradientAccumulationSteps: 3 });
    expect(() => model.applyGradients({ 'layers.1.bias': bias! })).toThrow(/gradientAccumulationSteps/);
  });

  test("onNonFinite: 'skip' counts the batch, and an update that would make a weight infinite is none", () => {
    const model = build({ onNonFinite: 'skip', optimizer: sgd({ learningRate: 1e30 }) });
    const before = allOf(model);
    const gradients = { ...fine(), 'layers.1.bias': Array(17).fill(Infinity) };
    expect(model.applyGradients(gradients)).toEqual({ skippedBatches: 1 });
    expect(model.applyGradients({ 'layers.1.bias': Array(17).fill(1e30) })).toEqual({ skippedBatches: 1 });
    expect(allOf(model)).toEqual(before);
    const stops = build({ optimizer: sgd({ learningRate: 1e30 }) });
    expect(() => stops.applyGradients({ 'layers.1.bias': Array(17).fill(1e30) })).toThrow(
      /would make layers.1.bias infinite/,
    );
    expect(model.applyGradients({ 'layers.1.bias': Array(17).fill(1e-35) })).toEqual({ skippedBatches: 0 });
  });
});
