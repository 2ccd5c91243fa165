import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BackendFactory, Kernels } from '../../src/kernels/contract.js';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import type { OptionRange } from '../../src/kernels/definition.js';
import { type LossName, type LossSpec, lossTable } from '../../src/kernels/tables.js';
import { allFactories, factories } from '../support/buffers.js';
import { definitionOf, lossNames } from '../support/nn/losses.js';

interface Case {
  readonly y: readonly number[];
  readonly t: readonly number[];
  readonly loss: number;
  readonly gradient: readonly number[];
}

interface Fixture {
  readonly name: LossName;
  readonly options: object;
  readonly cases: readonly Case[];
}

const path = new URL('../fixtures/pytorch/parts/losses.json', import.meta.url);
const fixtures = (JSON.parse(readFileSync(path, 'utf8')) as { losses: Fixture[] }).losses;

const make = (name: LossName, options: object = {}) => (lossTable[name] as (options: object) => LossSpec)(options);

interface Batch {
  readonly y: readonly (readonly number[])[];
  readonly t: readonly (readonly number[])[];
  readonly weights?: readonly number[];
  readonly scale?: number;
  readonly slope?: number;
}

/** Calls a loss's kernel on rows. */
function compute(factory: BackendFactory, spec: LossSpec, { y, t, weights, scale = 1, slope = scale }: Batch) {
  const { name } = spec;
  const definition = definitionOf(name);
  const [rows, columns] = [y.length, y[0]!.length];
  const stride = Math.ceil(columns / 8) * 8;
  const targetStride = definition.targets === 'label' ? 1 : stride;
  const at = (i: number) => RESERVED_ELEMENTS + i * rows * stride;
  const [output, targets, dy] = [at(0), at(1), at(2)];
  const own = at(3);
  const loss = own + rows + 8;
  const backend = factory.open(loss + 16);
  y.forEach((row, r) => {
    backend.heap.set(row, output + r * stride);
  });
  t.forEach((row, r) => {
    backend.heap.set(row, targets + r * targetStride);
  });
  if (weights) backend.heap.set(weights, own);
  const kernel = backend.kernels[name as keyof Kernels] as (...args: number[]) => void;
  const shape = [rows, columns, stride, targetStride, scale, slope];
  kernel(output, targets, weights ? own : -1, dy, loss, ...shape, ...definition.args(spec));
  const gradient = y.map((_, r) => Array.from(backend.heap.subarray(dy + r * stride, dy + r * stride + columns)));
  return { loss: backend.heap[loss]!, gradient };
}

/** NUMERICS: rtol 1.3e-6, atol 1e-5; the absolute part grows with numbers that cancel, such as logits of 1000. */
function expectClose(what: string, value: number, expected: number, size = 1): void {
  const error = Math.abs(value - expected);
  expect(error, `${what}: ${value}, not ${expected}`).toBeLessThanOrEqual(1e-5 * size + 1.3e-6 * Math.abs(expected));
}

describe('PyTorch', () => {
  test('every loss has cases, with defaults and with each of its options', () => {
    expect(new Set(fixtures.map(({ name }) => name))).toEqual(new Set(lossNames));
    for (const name of lossNames) {
      const tried = fixtures.filter((fixture) => fixture.name === name).map(({ options }) => Object.keys(options));
      expect(tried).toContainEqual([]);
      for (const option of Object.keys(definitionOf(name).options)) expect(tried.flat(), name).toContain(option);
    }
  });

  describe.each(Object.entries(allFactories))('%s', (_, factory) => {
    test.each(fixtures.map((f) => ({ ...f, label: `${f.name} ${JSON.stringify(f.options)}` })))(
      '$label',
      ({ name, options, cases }) => {
        for (const { y, t, loss, gradient } of cases) {
          const what = `y ${y}, t ${t}`;
          const computed = compute(factory, make(name, options), { y: [y], t: [t] });
          expectClose(`loss of ${what}`, computed.loss, loss);
          gradient.forEach((g, i) => {
            expectClose(`gradient ${i} of ${what}`, computed.gradient[0]![i]!, g);
          });
        }
      },
    );

    test.each(fixtures.map((f) => ({ ...f, label: `${f.name} ${JSON.stringify(f.options)}` })))(
      '$label: weights, sums and scales',
      ({ name, options, cases }) => {
        const { length } = cases[0]!.y;
        const same = cases.filter(({ y }) => y.length === length && y.every((v) => Math.abs(v) <= 100)).slice(0, 23);
        const batch = { y: same.map(({ y }) => y), t: same.map(({ t }) => t) };
        const weights = same.map((_, i) => [1, 0.25, 0, 3][i % 4]!);
        const computed = compute(factory, make(name, options), { ...batch, weights, scale: 0.5, slope: 2 });
        const expected = same.reduce((sum, { loss }, i) => sum + loss * weights[i]!, 0) * 0.5;
        const size = same.reduce((sum, { loss }) => sum + Math.abs(loss), 1);
        expectClose('loss', computed.loss, expected, size);
        same.forEach(({ gradient }, r) => {
          gradient.forEach((g, i) => {
            expectClose(`gradient ${r}, ${i}`, computed.gradient[r]![i]!, 2 * g * weights[r]!, 6);
          });
        });
        const ones = compute(factory, make(name, options), { ...batch, weights: same.map(() => 1) });
        expect(ones).toEqual(compute(factory, make(name, options), batch));
        const none = compute(factory, make(name, options), { ...batch, weights: same.map(() => 0) });
        expect(Math.abs(none.loss)).toBe(0);
        for (const row of none.gradient) for (const g of row) expect(Math.abs(g)).toBe(0);
      },
    );
  });
});

describe.each(Object.entries(factories))('pinned cases, %s', (_, factory) => {
  const one = (name: LossName, y: number[], t: number[], options = {}) =>
    compute(factory, make(name, options), { y: [y], t: [t] });

  test('binary crossentropy from logits', () => {
    expect(one('binaryCrossentropy', [2], [0]).loss).toBeCloseTo(2.126928011, 6);
    expect(one('binaryCrossentropy', [2], [1]).loss).toBeCloseTo(0.126928011, 7);
    expect(one('binaryCrossentropy', [100], [0]).loss).toBe(100);
    expect(one('binaryCrossentropy', [-100], [1]).loss).toBe(100);
  });

  test('a gradient of 0 where output and target are equal', () => {
    for (const name of ['meanAbsoluteError', 'quantile', 'meanAbsolutePercentageError', 'huber', 'logCosh'] as const) {
      expect(one(name, [0.5, -3], [0.5, -3]).gradient[0]!.map(Math.abs)).toEqual([0, 0]);
    }
  });

  test('smoothed targets are those of Keras', () => {
    const options = { labelSmoothing: 0.2 };
    const soft = one('categoricalCrossentropy', [1, 2, 3, 4, 5], [0.04, 0.04, 0.84, 0.04, 0.04]);
    for (const name of ['categoricalCrossentropy', 'sparseCategoricalCrossentropy'] as const) {
      const smoothed = one(
        name,
        [1, 2, 3, 4, 5],
        name === 'sparseCategoricalCrossentropy' ? [2] : [0, 0, 1, 0, 0],
        options,
      );
      expect(smoothed.loss).toBeCloseTo(soft.loss, 6);
      smoothed.gradient[0]!.forEach((g, i) => {
        expect(g).toBeCloseTo(soft.gradient[0]![i]!, 6);
      });
    }
    expect(one('binaryCrossentropy', [3], [1], options).loss).toBeCloseTo(
      one('binaryCrossentropy', [3], [0.9]).loss,
      6,
    );
  });

  test('focal losses with gamma 0 are crossentropies', () => {
    const z = [-3, 0.5, 100, -100];
    const t = [1, 0, 0, 1];
    const binary = one('binaryFocalCrossentropy', z, t, { gamma: 0 });
    expect(binary.loss).toBeCloseTo(one('binaryCrossentropy', z, t).loss, 4);
    const categorical = one('categoricalFocalCrossentropy', z, [0, 1, 0, 0], { gamma: 0, alpha: 1 });
    expect(categorical.loss).toBeCloseTo(one('categoricalCrossentropy', z, [0, 1, 0, 0]).loss, 4);
  });

  test('rows of zeros have finite cosine similarities and gradients', () => {
    for (const [y, t] of [
      [
        [0, 0, 0],
        [1, 2, 3],
      ],
      [
        [1, 2, 3],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      [
        [1e-20, 0, 0],
        [1, 0, 0],
      ],
      [
        [3e38, 3e38, 0],
        [3e38, 1, 0],
      ],
    ] as [number[], number[]][]) {
      const { loss, gradient } = one('cosineSimilarity', y, t);
      expect(Number.isFinite(loss)).toBe(true);
      expect(gradient[0]!.every(Number.isFinite)).toBe(true);
    }
    expect(one('cosineSimilarity', [0, 0, 0], [1, 2, 3]).loss).toBeCloseTo(0);
  });

  test('of equal scores the first is the rival of a categorical hinge', () => {
    const { loss, gradient } = one('categoricalHinge', [2, 2, 0], [0, 0, 1]);
    expect(loss).toBe(3);
    expect(gradient[0]!.map((g) => g + 0)).toEqual([1, 0, -1]);
  });

  test('a tenth of a million rows sums to what it should', () => {
    const y = Array.from({ length: 100_000 }, () => [0.1]);
    const t = y.map(() => [0]);
    const { loss } = compute(factory, make('meanAbsoluteError'), { y, t });
    expect(loss / 10_000).toBeCloseTo(1, 6);
  });
});

test('specs are plain data, and every option has a place in them', () => {
  for (const name of lossNames) {
    const spec = make(name);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    const options = Object.entries(definitionOf(name).options as Record<string, OptionRange>);
    expect(spec).toEqual({
      name,
      reduction: 'mean',
      ...Object.fromEntries(options.map(([key, r]) => [key, r.default])),
    });
  }
});
