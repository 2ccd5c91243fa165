import { describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { activation, batchNormalization, dense, dropout, input } from '../../src/nn/layers/index.js';
import { factories } from '../support/buffers.js';
import { clouds } from '../support/nn/models.js';

// gradients(x, y, { nodes: true }) where the loss computes the last activation.

const ROWS = 12;
const { x, labels } = clouds(ROWS, 4, 3);
const oneHot = labels.map((label) => [0, 1, 2].map((c) => Number(c === label)));
const soft = labels.map((label) => [0, 1, 2].map((c) => (c === label ? 0.7 : 0.15)));
const yes = labels.map((label) => [0, 1, 2].map((c) => Number(c >= label)));
const sampleWeight = labels.map((_, i) => (i % 3) / 2);

/** The loss of a row by its probabilities, in float64, as documented. */
type RowLoss = (p: readonly number[], t: readonly number[]) => number;
const crossentropy: RowLoss = (p, t) => t.reduce((sum, tc, c) => sum - tc * Math.log(p[c]!), 0);
const focal: RowLoss = (p, t) => t.reduce((sum, tc, c) => sum - 0.25 * tc * (1 - p[c]!) ** 2 * Math.log(p[c]!), 0);
const binary: RowLoss = (p, t) =>
  t.reduce((sum, tc, c) => sum - (tc * Math.log(p[c]!) + (1 - tc) * Math.log(1 - p[c]!)) / t.length, 0);
const binaryFocal: RowLoss = (p, t) =>
  t.reduce((sum, tc, c) => {
    const wrong = tc * (1 - p[c]!) + (1 - tc) * p[c]!;
    return sum + (wrong ** 2 * -(tc * Math.log(p[c]!) + (1 - tc) * Math.log(1 - p[c]!))) / t.length;
  }, 0);
const smooth = (t: readonly number[], share: number, classes: number) =>
  t.map((tc) => tc * (1 - share) + share / classes);

type Ending = 'softmax' | 'sigmoid';
type Case = readonly [
  string,
  CompileOptions['loss'],
  Ending,
  readonly unknown[],
  readonly (readonly number[])[],
  RowLoss,
];
const cases: readonly Case[] = [
  ['sparseCategoricalCrossentropy', 'sparseCategoricalCrossentropy', 'softmax', labels, oneHot, crossentropy],
  ['categoricalCrossentropy', 'categoricalCrossentropy', 'softmax', soft, soft, crossentropy],
  [
    'smoothed',
    { name: 'sparseCategoricalCrossentropy', labelSmoothing: 0.2, reduction: 'mean' },
    'softmax',
    labels,
    oneHot,
    (p, t) => crossentropy(p, smooth(t, 0.2, 3)),
  ],
  ['categoricalFocalCrossentropy', 'categoricalFocalCrossentropy', 'softmax', oneHot, oneHot, focal],
  ['binaryCrossentropy', 'binaryCrossentropy', 'sigmoid', yes, yes, binary],
  ['binaryFocalCrossentropy', 'binaryFocalCrossentropy', 'sigmoid', yes, yes, binaryFocal],
  [
    'a sum',
    { name: 'categoricalCrossentropy', labelSmoothing: 0, reduction: 'sum' },
    'softmax',
    oneHot,
    oneHot,
    (p, t) => ROWS * crossentropy(p, t),
  ],
];

/** The gradient of the mean over rows by each probability, by central differences. */
function differences(p: Float32Array, t: readonly (readonly number[])[], loss: RowLoss, weights: readonly number[]) {
  return t.flatMap((row, r) => {
    const own = Array.from(p.slice(3 * r, 3 * r + 3));
    return own.map((value, c) => {
      const step = 1e-5 * Math.min(value, 1 - value);
      const at = (shift: number) => loss(own.with(c, value + shift), row);
      return ((at(step) - at(-step)) / (2 * step)) * (weights[r]! / ROWS);
    });
  });
}

describe.each(Object.entries(factories))('%s', (_, backend) => {
  describe.each(cases)('%s', (_, loss, ending, y, t, rowLoss) => {
    const both = {
      'in one layer': [dense({ units: 5, inputShape: 4, activation: 'tanh' }), dense({ units: 3, activation: ending })],
      'as a layer': [
        dense({ units: 5, inputShape: 4, activation: 'tanh' }),
        dense({ units: 3 }),
        activation({ activation: ending }),
      ],
    };
    test.each(Object.entries(both))('the output and the gradient by it: %s', (_, layers) => {
      const model = sequential({ layers, backend, seed: 3 });
      model.compile({ optimizer: sgd(), loss, metrics: ['accuracy'] });
      const last = `layers.${layers.length - 1}`;
      for (const weights of [undefined, sampleWeight]) {
        const given = weights ? { sampleWeight: weights } : {};
        const { nodes, logs } = model.gradients(x, y as never, { nodes: true, ...given });
        const { value, gradient } = nodes[last]!;
        expect([...value.data]).toEqual([...model.predict(x).data]);
        const expected = differences(value.data, t, rowLoss, weights ?? labels.map(() => 1));
        expected.forEach((slope, i) => {
          expect(Math.abs(gradient!.data[i]! - slope)).toBeLessThan(2e-5 * Math.max(1, Math.abs(slope)));
        });
        expect(logs).toEqual(model.gradients(x, y as never, given).logs);
      }
      if (layers.length === 3) {
        const logits = model.gradients(x, y as never, { nodes: true }).nodes['layers.1']!;
        expect([...logits.value.data].some((v) => v < 0)).toBe(true);
        expect(logits.gradient!.data).toHaveLength(3 * ROWS);
      }
    });
  });
});

test('an output that another layer takes, too, has both gradients', () => {
  const first = input({ shape: 4 });
  const p = dense({ units: 3, activation: 'softmax', name: 'p' }).apply(first);
  const q = dense({ units: 1, name: 'q', kernelInitializer: 'ones' }).apply(p);
  const model = graph({ inputs: first, outputs: [p, q], backend: factories.wasm, seed: 2 });
  const loss = { p: 'categoricalCrossentropy', q: 'meanSquaredError' } as const;
  model.compile({ optimizer: sgd(), loss, lossWeights: { p: 0.5, q: 2 } });
  const target = labels.map((label) => [label]);
  const { nodes } = model.gradients(x, { p: oneHot, q: target }, { nodes: true });
  const outputs = model.predictOutputs(x);
  expect([...nodes.p!.value.data]).toEqual([...outputs.p!.data]);
  const alone = differences(
    outputs.p!.data,
    oneHot,
    crossentropy,
    labels.map(() => 0.5),
  );
  alone.forEach((slope, i) => {
    const row = Math.floor(i / 3);
    // q has weights of 1, and 2 (q - t)^2 the slope 4 (q - t).
    const other = (4 * (outputs.q!.data[row]! - labels[row]!)) / ROWS;
    expect(nodes.p!.gradient!.data[i]).toBeCloseTo(slope + other, 4);
  });
});

test('layers are in training mode, and nothing changes', () => {
  const layers = [
    dense({ units: 6, inputShape: 4 }),
    batchNormalization(),
    dropout({ rate: 0.5 }),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const model = sequential({ layers, backend: factories.wasm, seed: 3 });
  model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  const before = model.getWeights();
  const read = () => model.gradients(x, labels, { nodes: true }).nodes;
  const nodes = read();
  expect(read()).toEqual(nodes);
  expect(model.getWeights()).toEqual(before);
  // The batch's own moments: columns of mean 0.
  const { data } = nodes['layers.1']!.value;
  const sums = [0, 1, 2, 3, 4, 5].map((c) =>
    matrix(data, ROWS, 6)
      .data.filter((_, i) => i % 6 === c)
      .reduce((a, b) => a + b),
  );
  for (const sum of sums) expect(sum).toBeCloseTo(0, 5);
  expect(nodes['layers.2']!.value.data.filter((value) => value === 0).length).toBeGreaterThan(10);
  expect([...nodes['layers.3']!.value.data]).not.toEqual([...model.predict(x).data]);
});
