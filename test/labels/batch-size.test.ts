import { describe, expect, test } from 'vitest';
import { activation, auc, dense, input, model as makeModel, matrix, sequential } from '../../src/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';

// `evaluate` and the predictions take `batchSize`, as in Keras, and return the same to the bit whatever it is.

const ROWS = 600;
const x = matrix(
  Float32Array.from({ length: 3 * ROWS }, (_, i) => Math.sin(i)),
  ROWS,
  3,
);
const y = Array.from({ length: ROWS }, (_, i) => i % 2);
const sizes = [1, 7, 32, 255, 256, 257, 600, 10_000];

describe.each(['typescript', 'wasm'] as const)('%s', (name) => {
  const backend = factories[name];
  const one = sequential({
    layers: [dense({ units: 9, inputShape: 3, activation: 'relu' }), dense({ units: 1, activation: 'sigmoid' })],
    seed: 5,
    backend,
  });
  one.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy', auc()] });
  const from = input({ shape: 3 });
  const hidden = dense({ units: 4, activation: 'tanh' }).apply(from);
  const outputs = [
    dense({ units: 2, activation: 'softmax', name: 'a' }).apply(hidden),
    activation({ activation: 'sigmoid', name: 'b' }).apply(dense({ units: 1 }).apply(hidden)),
  ];
  const two = makeModel({ inputs: from, outputs, seed: 5, backend });
  two.compile({ optimizer: 'adam', loss: { a: 'sparseCategoricalCrossentropy', b: 'meanSquaredError' } });
  const both = { a: y, b: y };

  test.each(sizes)('%i rows at a time', (batchSize) => {
    const sampleWeight = y.map((_, i) => 1 + (i % 3));
    expect(one.evaluate(x, y, { batchSize, sampleWeight })).toEqual(one.evaluate(x, y, { sampleWeight }));
    expect(two.evaluate(x, both, { batchSize })).toEqual(two.evaluate(x, both));
    expect(one.predict(x, { batchSize })).toEqual(one.predict(x));
    expect(two.predictOutputs(x, { batchSize })).toEqual(two.predictOutputs(x));
    expect(one.predictClasses(x, { batchSize })).toEqual(one.predictClasses(x));
    expect(two.predictClasses(x, { batchSize })).toEqual(two.predictClasses(x));
    const output = new Float32Array(ROWS);
    expect(one.predict(x, { output, batchSize })).toBe(output);
    expect(output).toEqual(one.predict(x).data);
  });

  test.each([0, -1, 1.5, Number.NaN, '32', null])('%s is refused', (batchSize) => {
    const options = any({ batchSize });
    const message = /^batchSize: expected an integer >= 1/;
    for (const call of [
      () => one.predict(x, options),
      () => one.predictClasses(x, options),
      () => two.predictOutputs(x, options),
      ...(batchSize === null ? [] : [() => one.evaluate(x, y, options), () => two.evaluate(x, both, options)]),
    ]) {
      expect(call).toThrow(message);
    }
  });

  test('where there is no such option, it is refused', () => {
    const options = any({ batchSize: 8 });
    expect(() => one.trainOnBatch(x, y, options)).toThrow(/trainOnBatch\.batchSize/);
    expect(() => one.evaluate(x, y, any({ batchsize: 8 }))).toThrow(/Did you mean 'batchSize'/);
    expect(() => two.predictOutputs(x, any({ output: new Float32Array(9) }))).toThrow(/predictOutputs\.output/);
  });
});
