import { describe, expect, test } from 'vitest';
import { auto } from '../src/backends/detect.js';
import { hasRelaxedSimd, wasm } from '../src/backends/wasm.js';
import { allFactories, Random, wasmFactory } from './support/buffers.js';
import { build, clouds, targetsOf, trainingCases } from './support/models.js';

const present = hasRelaxedSimd();

test('options of the backend are checked', async () => {
  await expect(wasm({ math: 'quick' as 'fast' })).rejects.toThrow(/wasm\.math.*exact, fast/);
  await expect(wasm({ maths: 'fast' } as object)).rejects.toThrow(/Did you mean 'math'/);
  expect((await wasm()).math).toBe('exact');
});

test.skipIf(present)('an engine without relaxed SIMD says so, and auto() takes exact arithmetic', async () => {
  await expect(wasm({ math: 'fast' })).rejects.toThrow(/Node 22/);
  const backend = await auto({ math: 'fast' });
  expect([backend.name, backend.math]).toEqual(['wasm', 'exact']);
  expect(backend.reason).toMatch(/relaxed SIMD/);
});

describe.skipIf(!present)('fused arithmetic', () => {
  test('is what auto() gives where it was asked for', async () => {
    const backend = await auto({ math: 'fast' });
    expect([backend.math, backend.reason]).toEqual(['fast', undefined]);
  });

  test('really fuses: a product that rounds to 1 leaves its rest', () => {
    const heaps = [wasmFactory, allFactories.fast!].map((factory) => {
      const backend = factory.open(2000);
      const x = 1 + 2 ** -12;
      backend.heap.set([x], 300);
      backend.heap.set([x], 400);
      backend.heap.set([-(1 + 2 ** -11)], 500);
      backend.kernels.denseForward(300, 400, 500, 600, 700, 1, 1, 1, 8, 8);
      return backend.heap[600];
    });
    expect(heaps).toEqual([0, 2 ** -24]);
  });

  test.each(trainingCases)('$name learns as well as exactly', async (item) => {
    const { x, labels } = clouds(150, 7, 3);
    const y = targetsOf(item, labels);
    const losses: number[] = [];
    for (const factory of [wasmFactory, allFactories.fast!]) {
      const model = build(item, factory);
      await model.fit(x, y, { epochs: 5 });
      losses.push(model.evaluate(x, y).loss!);
    }
    expect(Math.abs(losses[1]! / losses[0]! - 1)).toBeLessThan(0.02);
  });

  test('predicts a batch and its rows alike', () => {
    const model = build(trainingCases[0]!, allFactories.fast!);
    const random = new Random(3);
    const rows = Array.from({ length: 33 }, () => Array.from({ length: 7 }, () => random.number()));
    const together = model.predict(rows);
    rows.forEach((row, r) => {
      expect([...model.predict([row]).data]).toEqual([...together.data.slice(r * 3, r * 3 + 3)]);
    });
  });
});
