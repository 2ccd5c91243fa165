import { afterEach, describe, expect, test, vi } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { GRAIN_ELEMENTS, heapElements, PAGE_ELEMENTS, SMALL_ELEMENTS } from '../../src/kernels/contract.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('opening heaps', async () => {
  const backend = await wasm();

  test.each([
    1,
    GRAIN_ELEMENTS,
    GRAIN_ELEMENTS + 1,
    SMALL_ELEMENTS - 1,
    SMALL_ELEMENTS,
    SMALL_ELEMENTS + 1,
    SMALL_ELEMENTS + PAGE_ELEMENTS,
  ])('%d elements: zeros, as many as on the other backend, shared up to 1 MiB', (elements) => {
    const { heap, base = 0 } = backend.open(elements, true);
    expect(heap.length).toBe(heapElements(elements));
    expect(heap.length).toBe(typescript().open(elements).heap.length);
    expect(heap.every((value) => value === 0 || elements > SMALL_ELEMENTS)).toBe(true);
    expect(base > 0).toBe(elements <= SMALL_ELEMENTS);
    expect(heap.byteOffset).toBe(4 * base);
  });

  test('without leave to share, a memory of its own', () => {
    const [a, b] = [backend.open(1), backend.open(1)];
    expect([a.base, b.base]).toEqual([undefined, undefined]);
    expect(a.heap.buffer).not.toBe(b.heap.buffer);
  });

  test('ranges do not overlap, and given back are zeros for others', () => {
    const opened = Array.from({ length: 200 }, (_, i) => backend.open(GRAIN_ELEMENTS * (1 + (i % 5)), true));
    for (const [i, { heap }] of opened.entries()) heap.fill(i + 1);
    for (const [i, { heap }] of opened.entries()) expect(heap.every((value) => value === i + 1)).toBe(true);
    const [memories, places] = [new Set<unknown>(), new Map<unknown, Set<number>>()];
    for (const { heap, base, dispose } of opened) {
      memories.add(heap.buffer);
      places.set(heap.buffer, (places.get(heap.buffer) ?? new Set()).add(base as number));
      dispose?.();
      dispose?.();
    }
    expect([...places.values()].reduce((sum, { size }) => sum + size, 0)).toBe(200);
    const again = Array.from({ length: 200 }, () => backend.open(3 * GRAIN_ELEMENTS, true));
    expect(again.filter(({ heap }) => memories.has(heap.buffer)).length).toBeGreaterThan(100);
    expect(again.every(({ heap }) => heap.every((value) => value === 0))).toBe(true);
  });

  test('backends of one kind share, those of another do not', async () => {
    const buffers = await Promise.all(
      [{}, {}, { extras: false }].map(async (options) => (await wasm(options)).open(1, true).heap.buffer),
    );
    expect(buffers[0]).toBe(buffers[1]);
    expect(buffers[0]).not.toBe(buffers[2]);
  });

  test('where there is no room for many, one heap alone may still have some', async () => {
    const one = await wasm({ extras: false, math: 'exact' });
    const { Memory } = WebAssembly;
    const sizes: number[] = [];
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(
        Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name as keyof typeof WebAssembly]]),
      ),
      Memory: class extends Memory {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          sizes.push(descriptor.initial);
          if (descriptor.initial > 17) throw new RangeError('could not allocate memory');
          super(descriptor);
        }
      },
    });
    const opened = Array.from({ length: 3 }, () => one.open(SMALL_ELEMENTS, true));
    expect(opened.every(({ heap }) => heap.length === SMALL_ELEMENTS)).toBe(true);
    expect(sizes.some((pages) => pages > 17) && sizes.includes(17)).toBe(true);
  });
});

describe('a model', async () => {
  const backend = await wasm();
  const build = (units: number, own = false): Model => {
    const model = sequential({
      layers: [dense({ units, inputShape: 4, activation: 'relu' }), dense({ units: 1 })],
      backend: own ? { ...backend, open: (elements) => backend.open(elements) } : backend,
      seed: 3,
    });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    return model;
  };
  const rows = (count: number) =>
    matrix(
      Float32Array.from({ length: count * 4 }, (_, i) => ((i * 7) % 11) / 11),
      count,
      4,
    );
  const train = (model: Model, counts: readonly number[]) => {
    for (const count of counts) model.trainOnBatch(rows(count), new Float32Array(count).fill(0.5));
    return Object.values(model.getWeights()).flatMap(({ data }) => [...data]);
  };

  test('that outgrows its range, and the size that shares, goes on with its bits', () => {
    const counts = [4, 300, 40, 20_000, 4];
    const [model, alone] = [build(16), build(16, true)];
    const neighbours = [build(16), build(16)];
    const before = neighbours.map((one) => train(one, [4]));
    expect(train(model, counts)).toEqual(train(alone, counts));
    expect(model.heapBytes).toBeGreaterThan(4 * SMALL_ELEMENTS);
    expect(model.heapBytes).toBe(model.summary().heapBytes);
    expect(neighbours.map((one) => train(one, []))).toEqual(before);
  });

  test('whose program runs in parts keeps its place', async () => {
    const [model, alone] = [build(64), build(64, true)];
    const x = rows(64);
    const fitted = await Promise.all(
      [model, alone].map(async (one) => {
        await one.fit(x, new Float32Array(64).fill(0.5), { epochs: 3, batchSize: 7, validationSplit: 0.2 });
        return train(one, [4]);
      }),
    );
    expect(fitted[0]).toEqual(fitted[1]);
  });

  test.each([
    ['small', 4],
    ['large', 20_000],
  ])('that was disposed of throws a StateError: %s', (_, units) => {
    const model = build(units);
    model.dispose();
    expect(() => model.predict([[1, 2, 3, 4]])).toThrow(/disposed/);
    expect(() => model.getWeights()).toThrow(expect.objectContaining({ name: 'StateError' }));
  });
});
