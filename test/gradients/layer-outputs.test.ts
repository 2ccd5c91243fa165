import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { INTERNALS } from '../../src/engine/internals.js';
import { stepInParts } from '../../src/engine/step-in-parts.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import type { Matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { activation, add, batchNormalization, dense, dropout, input } from '../../src/nn/layers/index.js';
import { stageBatch } from '../../src/rows/arrays.js';
import { factories } from '../support/buffers.js';
import { clouds, weightHash } from '../support/nn/models.js';

const { x, labels } = clouds(700, 5, 3);

/** Activations that compute in place, layers that differ in training, and two outputs. */
function build(backend: BackendFactory) {
  const first = input({ shape: 5, name: 'first' });
  const h = dense({ units: 16, activation: 'gelu', name: 'hidden' }).apply(first);
  const n = batchNormalization({ name: 'normal' }).apply(h);
  const d = dropout({ rate: 0.5 }).apply(n);
  const e = dense({ units: 16, activation: 'prelu', name: 'wide' }).apply(d);
  const sum = add({ name: 'sum' }).apply([e, n]);
  const a = activation({ activation: 'relu', name: 'after' }).apply(sum);
  const kind = dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(a);
  const size = dense({ units: 1, name: 'size' }).apply(sum);
  return graph({ inputs: first, outputs: [kind, size], backend, seed: 2 });
}

const bits = ({ data }: Matrix) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
const hash = (record: Readonly<Record<string, Matrix>>) => Object.entries(record).map(([name, m]) => [name, bits(m)]);

describe.each(Object.entries(factories))('%s', (_, backend) => {
  test('the outputs are those of predict, and each layer is what feeds the next', () => {
    const model = build(backend);
    const loss = { kind: 'sparseCategoricalCrossentropy', size: 'meanSquaredError' } as const;
    model.compile({ optimizer: 'adam', loss });
    const y = { kind: labels, size: labels };
    for (let step = 0; step < 3; step++) model.trainOnBatch(x, y);
    const before = weightHash(model);
    const all = model.layerOutputs(x);
    expect(Object.keys(all)).toEqual(['hidden', 'normal', 'layers.2', 'wide', 'sum', 'after', 'kind', 'size']);
    const outputs = model.predictOutputs(x);
    expect(hash({ kind: all.kind!, size: all.size! })).toEqual(hash(outputs));
    expect(bits(all['layers.2']!)).toBe(bits(all.normal!));
    all.sum!.data.forEach((v, i) => {
      expect(v).toBe(Math.fround(all.wide!.data[i]! + all.normal!.data[i]!));
      expect(all.after!.data[i]).toBe(Math.max(v, 0));
    });
    // A row does not depend on those around it, nor on the layers that are asked for.
    for (const rows of [1, 7, 256, 257]) {
      const some = model.layerOutputs(x.slice(0, rows), ['after', 'hidden']);
      expect(Object.keys(some)).toEqual(['after', 'hidden']);
      for (const [name, part] of Object.entries(some)) expect(bits(part)).toBe(bits(all[name]!.slice(0, rows)));
    }
    expect(hash(model.layerOutputs(x, 'sum'))).toEqual(hash({ sum: all.sum! }));
    expect(model.layerOutputs(x, [])).toEqual({});
    expect(weightHash(model)).toBe(before);
  });

  test('needs no compile, and takes layers of a stack by their numbers', () => {
    const layers = [dense({ units: 4, inputShape: 5, activation: 'tanh' }), dense({ units: 2, name: 'last' })];
    const model = sequential({ layers, backend });
    const { last, 'layers.0': hidden } = model.layerOutputs(x);
    expect(bits(last!)).toBe(bits(model.predict(x)));
    expect([hidden!.rows, hidden!.columns]).toEqual([700, 4]);
  });
});

test('a stack so deep that its outputs do not fit side by side is computed in passes', () => {
  const layers = Array.from({ length: 60 }, () => dense({ units: 8, inputShape: 8, activation: 'tanh' }));
  const model = sequential({ layers, backend: factories.wasm, seed: 3 });
  const { x } = clouds(300, 8, 2);
  const { heapBytes } = model;
  const all = model.layerOutputs(x);
  expect(model.heapBytes).toBe(heapBytes);
  expect(Object.keys(all)).toHaveLength(60);
  expect(bits(all['layers.59']!)).toBe(bits(model.predict(x)));
  const chain = sequential({ layers: layers.slice(0, 31), backend: factories.wasm });
  const weights = Object.entries(model.getWeights()).slice(0, 62);
  chain.setWeights(Object.fromEntries(weights));
  expect(bits(all['layers.30']!)).toBe(bits(chain.predict(x)));
});

test('threads compute the same bits', async () => {
  const threads = await wasm({ threads: 2 });
  expect(hash(build(threads).layerOutputs(x))).toEqual(hash(build(factories.typescript).layerOutputs(x)));
});

test('a training step under way does not notice', async () => {
  const layers = [dense({ units: 64, inputShape: 5, activation: 'relu' }), dense({ units: 3, activation: 'softmax' })];
  const make = () => {
    const model = sequential({ layers, backend: factories.wasm, seed: 3 });
    return model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  };
  const [model, other] = [make(), make()];
  const { engine } = model[INTERNALS];
  let calls = 0;
  await stepInParts(engine, stageBatch(engine, 'train', x, labels), () => {
    model.layerOutputs(x);
    calls++;
    expect(() => model.gradients(x, labels)).toThrow(/a training step of fit is under way/);
    expect(() => model.applyGradients({})).toThrow(/a training step of fit is under way/);
    return undefined;
  });
  other.trainOnBatch(x, labels);
  expect(calls).toBeGreaterThan(5);
  expect(weightHash(model)).toBe(weightHash(other));
});

test('names that no layer has, and data that does not fit', () => {
  const model = build(factories.wasm);
  expect(() => model.layerOutputs(x, 'hiden')).toThrow(
    expect.objectContaining({ name: 'UnknownNameError', argument: 'names', hint: "Did you mean 'hidden'?" }),
  );
  expect(() => model.layerOutputs(x, ['hidden', 'first'])).toThrow(
    expect.objectContaining({ name: 'UnknownNameError', argument: 'names[1]' }),
  );
  expect(() => model.layerOutputs(x, 5 as never)).toThrow(expect.objectContaining({ name: 'ValueError' }));
  expect(() => model.layerOutputs([[1, 2]])).toThrow(expect.objectContaining({ name: 'ShapeError', argument: 'x' }));
});
