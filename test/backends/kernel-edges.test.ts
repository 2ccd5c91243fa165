import { describe, expect, test } from 'vitest';
import { type Backend, RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { allFactories } from '../support/buffers.js';

const X = RESERVED_ELEMENTS;
const Y = X + 64;
const OUT = Y + 64;

/** What random operands never meet: ties, bounds that are hit exactly, numbers that are not finite. */
interface Edge {
  readonly x: readonly number[];
  readonly y?: readonly number[];
  run(backend: Backend): void;
  /** Where the result stands, and what it is. */
  readonly at: number;
  readonly result: readonly number[];
}

const edges: Readonly<Record<string, Edge>> = {
  'of equal scores the first is the class, which is right': {
    x: [1, 2, 2, 2, 0, 0, 0, 0],
    y: [0, 1, 0, 0, 0, 0, 0, 0],
    run: ({ kernels }) => kernels.categoricalAccuracy(X, Y, OUT, 1, 4, 8, 8),
    at: OUT,
    result: [1],
  },
  'of equal scores the last is not the class': {
    x: [1, 2, 2, 2, 0, 0, 0, 0],
    y: [0, 0, 0, 1, 0, 0, 0, 0],
    run: ({ kernels }) => kernels.categoricalAccuracy(X, Y, OUT, 1, 4, 8, 8),
    at: OUT,
    result: [0],
  },
  'of equal scores the first is the class of a label': {
    x: [2, 2, 2, 0, 0, 0, 0, 0, 1, 3, 3, 0, 0, 0, 0, 0],
    y: [0, 2],
    run: ({ kernels }) => kernels.sparseCategoricalAccuracy(X, Y, OUT, 2, 3, 8),
    at: OUT,
    result: [1],
  },
  'a score at the threshold is a no': {
    x: [0.5, 0, 0, 0, 0, 0, 0, 0, 0.75, 0, 0, 0, 0, 0, 0, 0],
    y: [0, 0, 0, 0, 0, 0, 0, 0, 1],
    run: ({ kernels }) => kernels.binaryAccuracy(X, Y, OUT, 2, 1, 8, 8, 0.5),
    at: OUT,
    result: [2],
  },
  'a gradient with an infinite number is not clipped': {
    x: [1, Infinity, -3, 0],
    run: ({ kernels }) => kernels.clipGradient(X, 4, 0.5),
    at: X,
    result: [1, Infinity, -3, 0],
  },
  'a gradient with NaN is not clipped': {
    x: [1, Number.NaN, -3, 0],
    run: ({ kernels }) => kernels.clipGradient(X, 4, 0.5),
    at: X,
    result: [1, Number.NaN, -3, 0],
  },
  'hardSigmoid has no gradient at 0 and at 1': {
    x: [0, 1, 0.5, 0.25, 0, 0, 0, 0],
    y: [6, 6, 6, 12, 0, 0, 0, 0],
    run: ({ kernels }) => kernels.rampBackward(X, Y, OUT, 8, 3, 1 / 6),
    at: OUT,
    result: [0, 0, 1, 2],
  },
  'relu6 has no gradient at 0 and at 6': {
    x: [0, 6, 3, 5.5, 0, 0, 0, 0],
    y: [2, 2, 2, 2, 0, 0, 0, 0],
    run: ({ kernels }) => kernels.relu6Backward(X, Y, OUT, 8),
    at: OUT,
    result: [0, 0, 2, 2],
  },
};

describe.each(Object.entries(allFactories))('%s', (_, factory) => {
  const open = ({ x, y = [] }: Pick<Edge, 'x' | 'y'>): Backend => {
    const backend = factory.open(OUT + 64);
    backend.heap.set(x, X);
    backend.heap.set(y, Y);
    return backend;
  };

  test.each(Object.entries(edges))('%s', (_, edge) => {
    const backend = open(edge);
    edge.run(backend);
    const { at, result } = edge;
    const got = Array.from(backend.heap.subarray(at, at + result.length));
    got.forEach((value, i) => {
      if (Number.isFinite(result[i])) expect(value).toBeCloseTo(result[i] as number, 6);
      else expect(value).toBe(result[i]);
    });
  });

  test('what is drawn at the rate is kept, what is below is dropped', () => {
    const backend = open({ x: Array.from({ length: 16 }, () => 1) });
    backend.kernels.randomUniform(Y, 16, OUT, 7);
    const drawn = backend.heap.slice(Y, Y + 16);
    const rate = drawn.slice().sort()[5] as number;
    backend.kernels.dropoutForward(X, X, Y, 16, OUT, 7, rate, 0);
    const kept = Array.from(backend.heap.subarray(X, X + 16), (value) => value > 0);
    expect(kept).toEqual(Array.from(drawn, (value) => value >= rate));
    expect(kept.filter((keep) => !keep)).toHaveLength(5);
  });
});
