import { describe, expect, test } from 'vitest';
import { type Backend, type BackendFactory, RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { exp, log, log1p, sigmoid, tanh } from '../../src/kernels/lib/math.js';
import { Generator, philox, words } from '../../src/kernels/lib/philox.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { factories, Random } from '../support/buffers.js';

const BASE = RESERVED_ELEMENTS;

/** A heap with values behind the reserved elements. */
function heapWith(factory: BackendFactory, values: ArrayLike<number>, room = 4096): Backend {
  const backend = factory.open(BASE + values.length + room);
  backend.heap.set(values, BASE);
  return backend;
}

const read = ({ heap }: Backend, offset: number, n: number) => Array.from(heap.subarray(offset, offset + n));

/** The distance of `value` from `exact` in units of the last place of float32. */
function ulps(value: number, exact: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), -126);
  return Math.abs(value - exact) / 2 ** (exponent - 23);
}

describe('transcendental functions', () => {
  const table = [
    { name: 'exp', f: exp, exact: Math.exp, low: -86, high: 88.7, limit: 1 },
    { name: 'sigmoid', f: sigmoid, exact: (x: number) => 1 / (1 + Math.exp(-x)), low: -80, high: 40, limit: 2.5 },
    { name: 'tanh', f: tanh, exact: Math.tanh, low: -12, high: 12, limit: 1.5 },
    { name: 'log', f: log, exact: Math.log, low: 1e-30, high: 4, limit: 1 },
    { name: 'log1p', f: log1p, exact: Math.log1p, low: 0, high: 1, limit: 2.5 },
  ];

  test.each(table)('$name stays within $limit ulp', ({ f, exact, low, high, limit }) => {
    const random = new Random(1);
    let worst = 0;
    for (let i = 0; i < 300_000; i++) {
      const narrow = i % 3 === 0 ? 2 ** -(i % 20) : 1;
      const x = Math.fround((low + (high - low) * random.uniform()) * (low <= 0 ? narrow : 1));
      worst = Math.max(worst, ulps(f(x), exact(x)));
    }
    expect(worst).toBeLessThanOrEqual(limit);
    expect(worst).toBeGreaterThan(0.4);
  });

  test.each([
    [exp, 0, 1],
    [exp, 89, Infinity],
    [exp, -87, 0],
    [exp, -Infinity, 0],
    [exp, Infinity, Infinity],
    [exp, Number.NaN, Number.NaN],
    [log, 1, 0],
    [log, 0, -Infinity],
    [log, -1, Number.NaN],
    [log, Infinity, Infinity],
    [sigmoid, 0, 0.5],
    [sigmoid, -Infinity, 0],
    [sigmoid, Infinity, 1],
    [tanh, Infinity, 1],
    [tanh, -Infinity, -1],
    [tanh, Number.NaN, Number.NaN],
  ])('%o of %d is %d', (f, x, y) => {
    expect(f(x)).toBe(y);
  });
});

describe('Philox4x32-10', () => {
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [new Array(4).fill(0xffffffff), new Array(2).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as [number[], number[], number[]][])('known answer %#', (counter, key, expected) => {
    const out = new Uint32Array(4);
    const [c0, c1, c2, c3] = counter as [number, number, number, number];
    philox(c0, c1, c2, c3, key[0]!, key[1]!, out);
    expect([...out]).toEqual(expected);
  });

  test.each(Object.entries(factories))('%s draws the same words in its kernel', (_, factory) => {
    const halves = [0xa4093822, 0x299f31d0, 0x85a308d3, 0x13198a2e].flatMap((word) => [word & 0xffff, word >>> 16]);
    const backend = heapWith(factory, halves);
    backend.kernels.randomUniform(BASE + 64, 40, BASE, 0x03707344);
    const out = new Uint32Array(4);
    for (let block = 0; block < 10; block++) {
      philox(block, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, out);
      const expected = [...out].map((word) => (word >>> 8) * 2 ** -24);
      expect(read(backend, BASE + 64 + 4 * block, 4)).toEqual(expected);
    }
  });

  test('integers are drawn without bias and cover their range', () => {
    const generator = new Generator(5, 1);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[generator.integer(7)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(words(2 ** 40 + 3)).toEqual([3, 256]);
  });
});

describe.each(Object.entries(factories))('pinned cases, %s', (_, factory) => {
  test('softmax of large logits', () => {
    const backend = heapWith(factory, [1000, 1001, 1002]);
    backend.kernels.softmaxForward(BASE, BASE + 8, 1, 3, 8);
    const expected = [0.0900305732, 0.2447284711, 0.6652409558];
    read(backend, BASE + 8, 3).forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i]!, 6);
    });
    backend.heap[BASE + 16] = 0;
    backend.kernels.sparseCategoricalCrossentropy(BASE, BASE + 16, -1, BASE + 24, BASE + 32, 1, 3, 8, 1, 1, 1, 0);
    expect(backend.heap[BASE + 32]).toBeCloseTo(1002.4076059644 - 1000, 5);
  });

  test.each([
    [2, 0, 2.126928011],
    [2, 1, 0.126928011],
    [100, 0, 100],
    [-100, 1, 100],
    [100, 1, 0],
  ])('binary crossentropy of logit %d with target %d', (z, y, expected) => {
    const backend = heapWith(factory, [z, 0, 0, 0, 0, 0, 0, 0, y]);
    backend.kernels.binaryCrossentropy(BASE, BASE + 8, -1, BASE + 16, BASE + 24, 1, 1, 8, 8, 1, 1, 0);
    expect(backend.heap[BASE + 24]).toBeCloseTo(expected, 5);
  });

  /** Batch normalization of one column; returns outputs and running moments. */
  function normalize(values: readonly number[]) {
    const rows = values.length;
    const x = values.flatMap((v) => [v, 0, 0, 0, 0, 0, 0, 0]);
    const backend = heapWith(factory, x);
    const [mean, variance, gamma, beta, movingMean, movingVariance, factor, y, dx, dgamma] = Array.from(
      { length: 10 },
      (_, i) => BASE + rows * 8 * (i + 1) + 16,
    ) as [number, number, number, number, number, number, number, number, number, number];
    backend.heap[gamma] = 1;
    backend.heap[beta] = 0.5;
    backend.heap[movingVariance] = 1;
    backend.heap[factor] = 1;
    backend.kernels.batchNormalizationMoments(BASE, mean, variance, rows, 1, 8);
    backend.kernels.batchNormalizationUpdate(mean, variance, movingMean, movingVariance, factor, rows, 1, 0.9);
    backend.kernels.batchNormalizationForward(BASE, mean, variance, gamma, beta, y, rows, 1, 8, 1e-5);
    backend.kernels.batchNormalizationBackward(
      BASE,
      mean,
      variance,
      gamma,
      y,
      dx,
      dgamma,
      dgamma + 8,
      rows,
      1,
      8,
      1e-5,
    );
    const column = (offset: number) => values.map((_, r) => backend.heap[offset + r * 8]!);
    return {
      y: column(y).map((v) => v - 0.5),
      dx: column(dx),
      variance: backend.heap[variance]!,
      movingMean: backend.heap[movingMean]!,
      movingVariance: backend.heap[movingVariance]!,
    };
  }

  test('batch normalization of 1 to 4', () => {
    const { y, movingMean, movingVariance } = normalize([1, 2, 3, 4]);
    const expected = [-1.34163542, -0.44721181, 0.44721181, 1.34163542];
    y.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 5);
    });
    expect(movingMean).toBeCloseTo(0.25, 6);
    expect(movingVariance).toBeCloseTo(1.0666667, 6);
  });

  test('batch normalization of a constant column', () => {
    const { y, dx } = normalize([7, 7, 7, 7]);
    expect(y).toEqual([0, 0, 0, 0]);
    for (const v of dx) expect(Number.isFinite(v)).toBe(true);
  });

  test('variance around a large mean', () => {
    const { variance } = normalize([9999, 10000, 10001]);
    expect(Math.abs(variance / (2 / 3) - 1)).toBeLessThan(1e-5);
  });

  test('global norm clipping', () => {
    const backend = heapWith(factory, [3, 4]);
    backend.kernels.gradientNorm(BASE, 2, BASE + 8);
    backend.kernels.clipFactor(BASE + 8, BASE + 9, 1);
    expect(backend.heap[BASE + 8]).toBe(5);
    const factor = backend.heap[BASE + 9]!;
    expect(Math.abs(3 * factor - 0.59999988)).toBeLessThan(1e-7);
    expect(Math.abs(4 * factor - 0.79999984)).toBeLessThan(1e-7);
  });

  test('a norm of huge gradients is finite and right', () => {
    const backend = heapWith(factory, [1e20, 0, 0, -1e20]);
    backend.kernels.gradientNorm(BASE, 4, BASE + 8);
    expect(backend.heap[BASE + 8]! / (Math.SQRT2 * 1e20)).toBeCloseTo(1, 6);
  });

  /** Writes Adam's numbers of the first step to the heap. */
  function fillAdam({ heap }: Backend, block: number): void {
    adam.definition.fill(heap, block, adam(), 1e-3, 1);
  }

  test('a norm that is not finite leaves weights and state alone', () => {
    const weights = [1, 2, 3, 4];
    const backend = heapWith(factory, [Infinity, 1, 1, 1, ...weights, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    const [g, w, m, v, norm, factor, block] = [0, 4, 8, 12, 20, 21, 22].map((i) => BASE + i) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    fillAdam(backend, block);
    const before = backend.heap.slice(w, v + 4);
    backend.kernels.gradientNorm(g, 4, norm);
    backend.kernels.clipFactor(norm, factor, 1);
    backend.kernels.adam(w, g, m, v, 4, block, factor);
    backend.kernels.sgd(w, g, 4, block, factor);
    backend.kernels.sgdMomentum(w, g, m, 4, block, factor);
    expect(backend.heap.slice(w, v + 4)).toEqual(before);
  });

  test.each([
    [0.1, 9.999999e-4, 2e-10],
    [1e-4, 9.999e-4, 1e-8],
    [1e-10, 9.901e-6, 1e-9],
  ])('the first step of Adam from gradient %d', (gradient, expected, tolerance) => {
    const backend = heapWith(factory, [0, 0, 0, 0, gradient, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const at = (i: number) => BASE + i;
    fillAdam(backend, at(17));
    backend.kernels.adam(at(0), at(4), at(8), at(12), 4, at(17), at(16));
    expect(Math.abs(-backend.heap[BASE]! - expected)).toBeLessThan(tolerance);
  });

  test('tiny gradients and state become exactly zero', () => {
    const vectors = [1, 1e-16, 1e-33, 1e-33].flatMap((value) => [value, value, value, value]);
    const backend = heapWith(factory, [...vectors, 1]);
    const at = (i: number) => BASE + i;
    fillAdam(backend, at(17));
    backend.kernels.adam(at(0), at(4), at(8), at(12), 4, at(17), at(16));
    expect(read(backend, BASE, 16)).toEqual([1, 1e-16, 0, 0].flatMap((v) => [v, v, v, v]).map(Math.fround));
  });

  test('the sum of a million tenths', () => {
    const n = 1e6;
    const backend = heapWith(factory, new Float32Array(n).fill(0.1));
    backend.kernels.sum(BASE, n, BASE + n);
    expect(Math.abs(backend.heap[BASE + n]! / 100000.0015 - 1)).toBeLessThan(1e-6);
  });
});
