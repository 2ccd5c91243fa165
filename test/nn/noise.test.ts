import { describe, expect, test } from 'vitest';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { alphaDropout, dense, gaussianDropout, gaussianNoise, type LayerSpec } from '../../src/nn/layers/index.js';
import { factories } from '../support/buffers.js';

// Limits are of four standard errors or more; draws are fixed, so what passes once passes always.

const N = 200_000;

function normals(stream = 9, mean = 0, deviation = 1, step = 3): Float32Array {
  const backend = factories.wasm.open(RESERVED_ELEMENTS + 8 + N);
  backend.heap.set([1234, 5, 0, 0, step, 0, 0, 0], RESERVED_ELEMENTS);
  const y = RESERVED_ELEMENTS + 8;
  backend.kernels.randomNormal(y, N, RESERVED_ELEMENTS, stream, mean, deviation, 0);
  return backend.heap.slice(y, y + N) as Float32Array;
}

function average(values: Iterable<number> & { readonly length: number }): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function moments(values: Float32Array) {
  const mean = average(values);
  const central = (k: number) => average(Float64Array.from(values, (v) => (v - mean) ** k));
  const variance = central(2);
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

/** The normal distribution by Simpson's rule in steps of 1e-3, from 0 on. */
const cumulative = (() => {
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const table = [0.5];
  for (let i = 0; i < 7000; i++) {
    const x = i / 1000;
    table.push(table[i]! + (density(x) + 4 * density(x + 5e-4) + density(x + 1e-3)) / 6000);
  }
  return (x: number): number => {
    const at = Math.abs(x) * 1000;
    const i = Math.min(6999, Math.floor(at));
    const upper = table[i]! + (table[i + 1]! - table[i]!) * (at - i);
    return x < 0 ? 1 - upper : upper;
  };
})();

/** The largest distance between the distribution of values and the normal one, times the root of their number. */
function kolmogorov(values: Float32Array): number {
  const sorted = values.slice().sort();
  let largest = 0;
  sorted.forEach((value, i) => {
    const p = cumulative(value);
    largest = Math.max(largest, p - i / N, (i + 1) / N - p);
  });
  return largest * Math.sqrt(N);
}

function correlation(a: Float32Array, b: Float32Array): number {
  return average(a.map((value, i) => value * b[i]!));
}

describe('normal numbers', () => {
  const z = normals();
  const error = 1 / Math.sqrt(N);

  test('have the moments of the normal distribution', () => {
    const { mean, variance, skewness, kurtosis } = moments(z);
    expect(Math.abs(mean)).toBeLessThan(4 * error);
    expect(Math.abs(variance - 1)).toBeLessThan(4 * error * Math.SQRT2);
    expect(Math.abs(skewness)).toBeLessThan(4 * error * Math.sqrt(6));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * error * Math.sqrt(24));
  });

  test('have its distribution, all of them and those of each place in a vector', () => {
    // 1.95 would be passed by one draw in a thousand.
    expect(kolmogorov(z)).toBeLessThan(1.95);
    for (let lane = 0; lane < 8; lane++) {
      const { mean, variance } = moments(z.filter((_, i) => i % 8 === lane));
      expect(Math.abs(mean)).toBeLessThan(4 * error * Math.sqrt(8));
      expect(Math.abs(variance - 1)).toBeLessThan(4 * error * 4);
    }
  });

  test('reach into the tails', () => {
    const beyond = (limit: number) => z.filter((v) => Math.abs(v) > limit).length / N;
    expect(beyond(3)).toBeGreaterThan(0.0023);
    expect(beyond(3)).toBeLessThan(0.0031);
    expect(beyond(4)).toBeGreaterThan(0);
    expect(beyond(6)).toBe(0);
  });

  test('do not depend on each other, nor on those of other streams and steps', () => {
    for (const lag of [1, 2, 3, 4, 8]) {
      expect(Math.abs(correlation(z.subarray(0, N - 8), z.subarray(lag)))).toBeLessThan(5 * error);
      const squares = z.map((v) => v * v - 1);
      expect(Math.abs(correlation(squares.subarray(0, N - 8), squares.subarray(lag)))).toBeLessThan(10 * error);
    }
    for (const other of [normals(10), normals(9, 0, 1, 4)]) {
      expect(Math.abs(correlation(z, other))).toBeLessThan(5 * error);
    }
  });

  test('are sines and cosines of one angle, to float32', () => {
    // Of a block of four, numbers 0 and 2 are of one radius, and so are 1 and 3: the angle is uniform.
    const quarters = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < N; i += 4) {
      const turn = Math.atan2(z[i + 2]!, z[i]!) / (2 * Math.PI) + 0.5;
      const eighth = Math.min(7, Math.floor(8 * turn));
      quarters[eighth] = quarters[eighth]! + 1;
    }
    for (const count of quarters) expect(Math.abs(count / (N / 4) - 1 / 8)).toBeLessThan(0.004);
  });

  test('are scaled and moved', () => {
    const moved = normals(9, 3, 0.5);
    expect(Math.max(...moved.subarray(0, 9999).map((value, i) => Math.abs(value - (3 + z[i]! / 2))))).toBeLessThan(
      1e-6,
    );
  });
});

/** What a layer makes of numbers in training. */
function noisy(layer: LayerSpec, x: Float32Array): { y: Float32Array; again: Float32Array; later: Float32Array } {
  const columns = 1000;
  const layers = [layer, dense({ units: 1 })];
  const built = sequential({ layers, backend: factories.wasm, seed: 6 });
  built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const batch = matrix(x, x.length / columns, columns);
  const targets = new Float32Array(batch.rows);
  const output = () => built.gradients(batch, targets, { nodes: true }).nodes['layers.0']!.value.data;
  const [y, again] = [output(), output()];
  built.trainOnBatch(batch, targets);
  return { y, again, later: output() };
}

describe('layers', () => {
  const x = normals(77);
  const inputShape = 1000;
  const error = 1 / Math.sqrt(N);

  test.each([
    ['gaussianNoise', gaussianNoise({ stddev: 0.5, inputShape })],
    ['gaussianDropout', gaussianDropout({ rate: 0.3, inputShape })],
    ['alphaDropout', alphaDropout({ rate: 0.3, inputShape })],
  ])('%s draws anew for each step, and the same for the same step', (_, layer) => {
    const { y, again, later } = noisy(layer, x);
    expect(again.every((value, i) => value === y[i])).toBe(true);
    expect(later.filter((value, i) => value === y[i]).length / N).toBeLessThan(0.7);
  });

  test('gaussianNoise adds noise of its deviation', () => {
    const { y } = noisy(gaussianNoise({ stddev: 0.5, inputShape }), x);
    const { mean, variance } = moments(y.map((value, i) => value - x[i]!));
    expect(Math.abs(mean)).toBeLessThan(2 * error);
    expect(Math.abs(variance - 0.25)).toBeLessThan(1.5 * error);
  });

  test('gaussianDropout multiplies by noise of mean 1 and variance rate / (1 - rate)', () => {
    const { y } = noisy(gaussianDropout({ rate: 0.2, inputShape }), new Float32Array(N).fill(2));
    const { mean, variance, kurtosis } = moments(y.map((value) => value / 2));
    expect(Math.abs(mean - 1)).toBeLessThan(2 * error);
    expect(Math.abs(variance - 0.25)).toBeLessThan(1.5 * error);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(20 * error);
  });

  test.each([0.1, 0.3, 0.6])('alphaDropout of rate %d keeps mean and variance', (rate) => {
    const { y } = noisy(alphaDropout({ rate, inputShape }), x);
    const { mean, variance } = moments(y);
    expect(Math.abs(mean)).toBeLessThan(5 * error);
    expect(Math.abs(variance - 1)).toBeLessThan(8 * error);
  });
});
