import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { customLoss } from '../../src/nn/expressions/custom.js';
import { batchNormalization, concatenate, dense, dropout, embedding, input } from '../../src/nn/layers/index.js';
import { l2 } from '../../src/nn/regularizers.js';
import { factories } from '../support/buffers.js';
import { clouds, weightHash } from '../support/nn/models.js';

const ROWS = 11;
const { x, labels } = clouds(ROWS, 5, 3);
const sampleWeight = labels.map((_, i) => (i % 4) / 2);
const backends = Object.entries(factories);

function classifier(backend = factories.wasm, extra = [dropout({ rate: 0.4 })]): Model {
  const layers = [
    dense({ units: 9, inputShape: 5, activation: 'gelu', kernelRegularizer: l2(0.01) }),
    ...extra,
    dense({ units: 7, activation: 'relu', trainable: false }),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const model = sequential({ layers, backend, seed: 5 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Two inputs, of which one holds ids, and two outputs. */
function twoByTwo(backend = factories.wasm): Model {
  const [ids, others] = [input({ shape: 2, name: 'ids' }), input({ shape: 5, name: 'others' })];
  const h = concatenate().apply([embedding({ inputDim: 7, outputDim: 3 }).apply(ids), others]);
  const kind = dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(h);
  const size = dense({ units: 1, name: 'size' }).apply(dense({ units: 6, activation: 'tanh' }).apply(h));
  const model = graph({ inputs: [ids, others], outputs: [kind, size], backend, seed: 5 });
  const loss = { kind: 'sparseCategoricalCrossentropy', size: 'meanSquaredError' } as const;
  model.compile({ optimizer: 'adam', loss, lossWeights: { kind: 1, size: 0.5 } });
  return model;
}

const both = {
  ids: matrix(
    Array.from({ length: 2 * ROWS }, (_, i) => (3 * i) % 7),
    ROWS,
    2,
  ),
  others: x,
};
const targets = { kind: labels, size: labels.map((label) => label / 2) };
const bits = (record: Readonly<Record<string, Matrix>>) =>
  Object.fromEntries(
    Object.entries(record).map(([name, { data }]) => [name, [...new Uint32Array(data.slice().buffer)]]),
  );
const scaled = (of: Matrix, factor: number) =>
  matrix(
    of.data.map((v) => v * factor),
    of.rows,
    of.columns,
  );

describe.each(backends)('%s', (_, backend) => {
  test('what is asked for comes beside what always comes, which keeps its bits', () => {
    for (const weights of [{}, { sampleWeight }]) {
      const model = classifier(backend);
      const plain = model.gradients(x, labels, weights);
      const nodes = model.gradients(x, labels, { ...weights, nodes: true });
      const all = model.gradients(x, labels, { ...weights, nodes: true, inputs: true, perRow: true });
      expect(Object.keys(plain.gradients)).toEqual([
        'layers.0.kernel',
        'layers.0.bias',
        'layers.3.kernel',
        'layers.3.bias',
      ]);
      expect([plain.inputs, plain.perRow, plain.nodes]).toEqual([{}, {}, {}]);
      for (const other of [nodes, all]) {
        expect(other.logs).toEqual(plain.logs);
        expect(bits(other.gradients)).toEqual(bits(plain.gradients));
      }
      expect(all.nodes).toEqual(nodes.nodes);
      expect(all.inputs).toEqual({ input: nodes.nodes.input!.gradient });
      const inputs = model.gradients(x, labels, { ...weights, inputs: true });
      expect(inputs.inputs).toEqual(all.inputs);
      expect(bits(inputs.gradients)).toEqual(bits(plain.gradients));
    }
  });

  test('each row has the gradients of a batch of its own, to the bit', () => {
    for (const weights of [undefined, sampleWeight]) {
      const model = classifier(backend);
      model.trainOnBatch(x, labels);
      const { perRow } = model.gradients(x, labels, { perRow: true, ...(weights ? { sampleWeight: weights } : {}) });
      for (let r = 0; r < ROWS; r++) {
        const own = weights ? { sampleWeight: [weights[r]!] } : {};
        const { gradients } = model.gradients(x.slice(r, r + 1), [labels[r]!], own);
        for (const [name, { data }] of Object.entries(gradients)) {
          expect([...perRow[name]!.row(r)], `${name}, row ${r}`).toEqual([...data]);
        }
      }
    }
  });

  test('several inputs and outputs, ids and tables', () => {
    const model = twoByTwo(backend);
    const { inputs, perRow, gradients } = model.gradients(both, targets, { inputs: true, perRow: true });
    expect(Object.keys(inputs)).toEqual(['others']);
    expect([inputs.others!.rows, inputs.others!.columns]).toEqual([ROWS, 5]);
    expect(Object.keys(perRow)).toEqual(Object.keys(gradients));
    expect(perRow['layers.0.embeddings']!.columns).toBe(21);
    for (let r = 0; r < ROWS; r++) {
      const row = { ids: both.ids.slice(r, r + 1), others: x.slice(r, r + 1) };
      const own = model.gradients(row, { kind: [labels[r]!], size: [labels[r]! / 2] }).gradients;
      for (const [name, { data }] of Object.entries(own)) expect([...perRow[name]!.row(r)], name).toEqual([...data]);
    }
  });

  test('from the gradient of the outputs by the loss comes what comes from the loss', () => {
    const make = () => {
      const layers = [
        dense({ units: 9, inputShape: 5, activation: 'gelu' }),
        dropout({ rate: 0.3 }),
        dense({ units: 2 }),
      ];
      return sequential({ layers, backend, seed: 5 }).compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    };
    const model = make();
    const y = labels.map((label) => [label, -label]);
    const fromLoss = model.gradients(x, y, { inputs: true, nodes: true });
    const outputGradient = fromLoss.nodes['layers.2']!.gradient!;
    const other = make();
    const { outputs, ...given } = other.gradients(x, { outputGradient, inputs: true, nodes: true });
    const { logs, ...wanted } = fromLoss;
    expect(given).toEqual(wanted);
    expect(outputs).toEqual({ 'layers.2': fromLoss.nodes['layers.2']!.value });
    expect(logs.loss).toBeGreaterThan(0);
    // And so does training by them.
    model.applyGradients(fromLoss.gradients);
    other.applyGradients(given.gradients);
    expect(weightHash(model)).toBe(weightHash(other));
  });

  test('without compile, frozen or not, and after compile the same', () => {
    const layers = [dense({ units: 9, inputShape: 5, activation: 'tanh' }), dense({ units: 3, activation: 'softmax' })];
    const model = sequential({ layers, backend, seed: 5 });
    const outputGradient = clouds(ROWS, 3, 2, 9).x;
    const options = { outputGradient, inputs: true, perRow: true } as const;
    const before = model.gradients(x, options);
    expect(Object.keys(before.gradients)).toHaveLength(4);
    model.setTrainable('layers.0', false);
    const frozen = model.gradients(x, options);
    expect(Object.keys(frozen.gradients)).toEqual(['layers.1.kernel', 'layers.1.bias']);
    expect(frozen.inputs).toEqual(before.inputs);
    expect(bits({ a: frozen.gradients['layers.1.kernel']! })).toEqual(
      bits({ a: before.gradients['layers.1.kernel']! }),
    );
    model.setTrainable('layers.0', true);
    const hash = weightHash(model);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(model.gradients(x, options)).toEqual(before);
    model.setTrainable('layers.1', false);
    expect(Object.keys(model.gradients(x, options).gradients)).toEqual(['layers.0.kernel', 'layers.0.bias']);
    expect(weightHash(model)).toBe(hash);
    expect([...model.predict(x).data]).toEqual([...before.outputs['layers.1']!.data]);
  });

  test('of several outputs some', () => {
    const model = twoByTwo(backend);
    const [kind, size] = [clouds(ROWS, 3, 2, 9).x, clouds(ROWS, 1, 2, 9).x];
    const zeros = matrix(new Float32Array(ROWS), ROWS, 1);
    const only = model.gradients(both, { outputGradient: { kind }, inputs: true });
    expect(only).toEqual(model.gradients(both, { outputGradient: [kind, zeros], inputs: true }));
    expect(only.outputs).toEqual(model.predictOutputs(both));
    const isZero = (name: string) => only.gradients[name]!.data.every((g) => g === 0);
    expect(['layers.2.kernel', 'layers.3.kernel', 'layers.4.kernel'].map(isZero)).toEqual([false, true, true]);
    const sum = model.gradients(both, { outputGradient: { kind, size }, inputs: true });
    const other = model.gradients(both, { outputGradient: { size }, inputs: true });
    sum.inputs.others!.data.forEach((g, i) => {
      expect(g).toBeCloseTo(only.inputs.others!.data[i]! + other.inputs.others!.data[i]!, 5);
    });
  });

  test('training: false computes as predict does, and draws nothing', () => {
    const extra = [batchNormalization(), dropout({ rate: 0.5 })];
    const model = classifier(backend, extra as never);
    model.trainOnBatch(x, labels);
    const before = weightHash(model);
    const outputGradient = clouds(ROWS, 3, 2, 9).x;
    const calm = model.gradients(x, { outputGradient, inputs: true, perRow: true, training: false });
    expect([...calm.outputs['layers.4']!.data]).toEqual([...model.predict(x).data]);
    const training = model.gradients(x, { outputGradient, inputs: true });
    expect([...training.outputs['layers.4']!.data]).not.toEqual([...calm.outputs['layers.4']!.data]);
    const { logs } = model.gradients(x, labels, { training: false });
    expect(logs.loss).toBeCloseTo(model.evaluate(x, labels).loss!, 6);
    expect(logs.accuracy).toBe(model.evaluate(x, labels).accuracy);
    // No row knows of others, so that rows add up to the batch.
    for (const [name, { data, columns }] of Object.entries(calm.gradients)) {
      for (let k = 0; k < columns && k < data.length; k++) {
        const sum = [...calm.perRow[name]!].reduce((total, row) => total + row[k]!, 0);
        expect(data[k]).toBeCloseTo(sum, 4);
      }
    }
    expect(weightHash(model)).toBe(before);
  });
});

test('both backends and threads compute the same bits', async () => {
  const outputGradient = clouds(ROWS, 3, 2, 9).x;
  const all = [...Object.values(factories), await wasm({ threads: 2 })].map((backend) => {
    const [one, two] = [classifier(backend), twoByTwo(backend)];
    return [
      one.gradients(x, labels, { inputs: true, perRow: true }),
      one.gradients(x, { outputGradient, inputs: true, perRow: true, training: false }),
      two.gradients(both, targets, { inputs: true, perRow: true }),
    ].map(({ gradients, inputs, perRow }) => [bits(gradients), bits(inputs), bits(perRow)]);
  });
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
});

test('a custom loss has gradients of inputs and rows, in training and in inference mode', () => {
  const loss = customLoss((yTrue, yPred, { mean, square, sub }) => mean(square(sub(yPred, yTrue))));
  const layers = [dense({ units: 9, inputShape: 5, activation: 'tanh' }), dense({ units: 1 })];
  const custom = sequential({ layers, backend: factories.wasm, seed: 5 }).compile({ optimizer: 'sgd', loss });
  const plain = sequential({ layers, backend: factories.wasm, seed: 5 });
  plain.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  for (const training of [true, false]) {
    const [a, b] = [custom, plain].map((model) => model.gradients(x, labels, { inputs: true, perRow: true, training }));
    for (const part of ['gradients', 'inputs', 'perRow'] as const) {
      for (const [name, { data }] of Object.entries(a![part])) {
        data.forEach((g, i) => {
          expect(g).toBeCloseTo(b![part][name]!.data[i]!, 5);
        });
      }
    }
  }
});

test('batches of many sizes one after the other, between steps', () => {
  const [model, other] = [classifier(), classifier()];
  for (let rows = 1; rows <= 80; rows++) {
    const { x, labels } = clouds(rows, 5, 3, rows);
    model.gradients(x, labels, { inputs: true });
    model.gradients(x, { outputGradient: scaled(model.predict(x), 0.5) });
    model.layerOutputs(x);
    model.trainOnBatch(x, labels);
    other.trainOnBatch(x, labels);
  }
  expect(weightHash(model)).toBe(weightHash(other));
});

describe('what does not fit is refused', () => {
  const given = clouds(ROWS, 3, 2, 9).x;
  const cases: readonly (readonly [string, () => unknown, object])[] = [
    [
      'rows of one batch with batch normalization',
      () => classifier(factories.wasm, [batchNormalization()] as never).gradients(x, labels, { perRow: true }),
      { name: 'ValueError', argument: 'gradients.perRow', hint: /training: false/ },
    ],
    [
      'one row with batch normalization',
      () =>
        classifier(factories.wasm, [batchNormalization()] as never).gradients([[1, 2, 3, 4, 5]], {
          outputGradient: [[1, 2, 3]],
        }),
      { name: 'ShapeError', argument: 'x' },
    ],
    [
      'a gradient of another width',
      () => classifier().gradients(x, { outputGradient: labels }),
      { name: 'ShapeError', argument: 'outputGradient', given: `${ROWS} x 1` },
    ],
    [
      'of other rows',
      () => classifier().gradients(x, { outputGradient: given.slice(1) }),
      { name: 'ShapeError', argument: 'outputGradient', given: `${ROWS - 1} x 3` },
    ],
    [
      'NaN',
      () => classifier().gradients(x, { outputGradient: scaled(given, Number.NaN) }),
      { name: 'ValueError', argument: 'outputGradient, row 0, column 0' },
    ],
    [
      'an unknown output',
      () => twoByTwo().gradients(both, { outputGradient: { knd: given } as never }),
      { name: 'UnknownNameError', argument: 'outputGradient.knd' },
    ],
    [
      'none',
      () => twoByTwo().gradients(both, { outputGradient: {} }),
      { name: 'ValueError', argument: 'outputGradient' },
    ],
    [
      'one for two',
      () => twoByTwo().gradients(both, { outputGradient: given }),
      { name: 'ShapeError', argument: 'outputGradient' },
    ],
    [
      'weights without a loss',
      () => classifier().gradients(x, { outputGradient: given, sampleWeight } as never),
      { name: 'UnknownNameError', argument: 'gradients.sampleWeight' },
    ],
    [
      'an option that is misspelt',
      () => classifier().gradients(x, labels, { input: true } as never),
      { name: 'UnknownNameError', argument: 'gradients.input', hint: "Did you mean 'inputs'?" },
    ],
    [
      'a flag that is none',
      () => classifier().gradients(x, labels, { inputs: 1 } as never),
      { name: 'ValueError', argument: 'gradients.inputs' },
    ],
    [
      'a loss that is not there',
      () => sequential({ layers: [dense({ units: 1, inputShape: 5 })], backend: factories.wasm }).gradients(x, labels),
      { name: 'StateError' },
    ],
  ];
  test.each(cases)('%s', (_, call, { hint, ...error }: { hint?: unknown }) => {
    const expected =
      hint instanceof RegExp
        ? { ...error, hint: expect.stringMatching(hint) }
        : { ...error, ...(hint ? { hint } : {}) };
    expect(call).toThrow(expect.objectContaining(expected));
  });
});
