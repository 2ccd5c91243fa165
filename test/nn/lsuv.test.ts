import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { layerSequentialUnitVariance } from '../../src/model/lsuv.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout, type LayerSpec } from '../../src/nn/layers/index.js';
import type { Weights } from '../../src/nn/parameters.js';
import { factories, Random, wasmFactory } from '../support/buffers.js';

const random = new Random(3);
const ROWS = 300;
const x = matrix(
  Float32Array.from({ length: ROWS * 12 }, () => 3 * random.number()),
  ROWS,
  12,
);

/** Variances of the pre-activations of a stack of dense layers, in float64 and without the library. */
function variances(weights: Weights, activation: (v: number) => number): number[] {
  const found: number[] = [];
  let rows = Array.from({ length: ROWS }, (_, r) => [...x.data.slice(r * 12, r * 12 + 12)]);
  for (let i = 0; weights[`layers.${i}.kernel`]; i++) {
    const kernel = weights[`layers.${i}.kernel`] as Matrix;
    const bias = weights[`layers.${i}.bias`] as Matrix;
    const z = rows.map((row) =>
      Array.from(bias.data, (b, c) => row.reduce((sum, v, k) => sum + v * kernel.data[k * kernel.columns + c]!, b)),
    );
    const flat = z.flat();
    const mean = flat.reduce((sum, v) => sum + v, 0) / flat.length;
    found.push(flat.reduce((sum, v) => sum + (v - mean) ** 2, 0) / flat.length);
    rows = z.map((row) => row.map(activation));
  }
  return found;
}

const stack = (activation: 'tanh' | 'relu'): LayerSpec[] => [
  dense({ units: 40, inputShape: 12, activation, kernelInitializer: { name: 'constant', value: 0.01 } }),
  ...Array.from({ length: 8 }, (_, i) => dense({ units: 30 + (i % 3) * 10, activation })),
  dense({ units: 5, activation: 'softmax' }),
];

const functions = { tanh: Math.tanh, relu: (v: number) => Math.max(0, v) };

describe.each(['tanh', 'relu'] as const)('ten layers of %s', (activation) => {
  test.each([0.1, 0.01, 1e-4])('reach variance 1 within %f', (tolerance) => {
    const model = sequential({ layers: stack(activation), backend: wasmFactory, seed: 2 });
    const before = variances(model.getWeights(), functions[activation]);
    expect(before.filter((v) => Math.abs(v - 1) < 0.1).length).toBeLessThan(5);
    const report = layerSequentialUnitVariance(model, x, { tolerance });
    const after = variances(model.getWeights(), functions[activation]);
    expect(after.length).toBe(10);
    expect(report.map(({ name }) => name)).toEqual(after.map((_, i) => `layers.${i}`));
    after.forEach((variance, i) => {
      expect(Math.abs(variance - 1)).toBeLessThan(tolerance * 1.01);
      expect(report[i]!.variance).toBeCloseTo(variance, 5);
      expect(report[i]!.iterations).toBeLessThanOrEqual(2);
    });
  });
});

test('kernels stay orthogonal, backends agree to the bit, the seed decides', () => {
  const run = (backend = wasmFactory, seed = 2): Model => {
    const model = sequential({ layers: stack('tanh'), backend, seed });
    layerSequentialUnitVariance(model, x);
    return model;
  };
  const [a, b] = Object.values(factories).map((backend) => run(backend).getWeights());
  expect(a).toEqual(b);
  expect(run(wasmFactory, 3).getWeights()).not.toEqual(a);
  const { data, rows, columns } = a!['layers.0.kernel']!;
  const product = (p: number, q: number) =>
    Array.from({ length: columns }, (_, c) => data[p * columns + c]! * data[q * columns + c]!).reduce((s, v) => s + v);
  for (let p = 1; p < rows; p++) {
    expect(product(p, p) / product(0, 0)).toBeCloseTo(1, 5);
    expect(Math.abs(product(p, 0) / product(0, 0))).toBeLessThan(1e-5);
  }
});

test('other layers pass signals on as in inference and keep their weights; biases count', () => {
  const layers = [
    dense({ units: 20, inputShape: 12, biasInitializer: { name: 'randomNormal', stddev: 0.3 } }),
    batchNormalization(),
    dropout({ rate: 0.5 }),
    dense({ units: 9, activation: 'relu' }),
  ];
  const model = sequential({ layers, backend: wasmFactory });
  model.setWeights({ ...model.getWeights(), 'layers.1.movingVariance': new Float32Array(20).fill(25) });
  const before = model.getWeights();
  const report = layerSequentialUnitVariance(model, x, { tolerance: 1e-3 });
  expect(report.map(({ name }) => name)).toEqual(['layers.0', 'layers.3']);
  for (const { variance } of report) expect(Math.abs(variance - 1)).toBeLessThan(1e-3);
  const after = model.getWeights();
  for (const name of Object.keys(before).filter((key) => !key.endsWith('kernel'))) {
    expect(after[name], name).toEqual(before[name]);
  }
});

test('rows that are all alike are refused, and the weights stay', () => {
  const model = sequential({ layers: stack('relu'), backend: wasmFactory });
  const before = model.getWeights();
  expect(() => layerSequentialUnitVariance(model, matrix(new Float32Array(36), 3, 12))).toThrow(
    /layers\.0.*variance 0/,
  );
  expect(() => layerSequentialUnitVariance(model, [[1, 2]])).toThrow(/^x: .*12 columns/);
  expect(model.getWeights()).toEqual(before);
});
