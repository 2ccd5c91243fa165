import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { auto, hasRelaxedSimd } from '../../src/backends/detect.js';
import { planFast, v8Version } from '../../src/backends/fused.js';
import { instances } from '../../src/backends/instance.js';
import { wasm } from '../../src/backends/wasm.js';
import { dense } from '../../src/nn/layers/index.js';
import { allFactories, type Buffer, makers, place, Random, strayWrites, wasmFactory } from '../support/buffers.js';
import { kernelTable } from '../support/nn/kernel-table.js';
import { build, clouds, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';

const present = hasRelaxedSimd();
const products = ['denseForward', 'denseInputGradient', 'denseKernelGradient'] as const;

test('options of the backend are checked', async () => {
  await expect(wasm({ math: 'quick' as 'fast' })).rejects.toThrow(/wasm\.math.*exact, fast/);
  await expect(wasm({ maths: 'fast' } as object)).rejects.toThrow(/Did you mean 'math'/);
  expect((await wasm()).math).toBe('exact');
});

test.skipIf(present)('an engine without relaxed SIMD says so, and auto() takes exact arithmetic', async () => {
  await expect(wasm({ math: 'fast' })).rejects.toThrow(/Node 21/);
  const backend = await auto({ math: 'fast' });
  expect([backend.name, backend.math]).toEqual(['wasm', 'exact']);
  expect(backend.reason).toMatch(/relaxed SIMD/);
});

describe.skipIf(!present)('fused arithmetic', () => {
  test('is what auto() gives where it was asked for', async () => {
    const backend = await auto({ math: 'fast' });
    expect(backend.math).toBe('fast');
    expect(backend.reason).toMatch(/^Fused multiply-add in tiles of [46] rows/);
  });

  test.each([
    ['Node 21', undefined, { v8: '11.8.172.17-node.20' }, 11.8, false],
    ['Node 22', 'Node.js/22', { v8: '12.4.254.21-node.56' }, 12.4, false],
    ['Node 23', 'Node.js/23', { v8: '12.9.202.28-node.14' }, 12.9, false],
    ['Node 24', 'Node.js/24', { v8: '13.6.233.17-node.63' }, 13.6, true],
    [
      'Chrome 129',
      'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36',
      {},
      12.9,
      false,
    ],
    ['Chrome 156', 'Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/156.0.0.0 Safari/537.36', {}, 15.6, true],
    ['Firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', {}, undefined, false],
    ['Bun', 'Bun/1.4.5', { v8: '14.6.202.34-node.20', bun: '1.4.5' }, undefined, false],
  ] as const)('%s takes the tiles whose sums fit its registers', (_, agent, versions, version, tall) => {
    expect(v8Version(agent, versions)).toBe(version);
    expect(planFast({ v8: version, fuses: true })).toMatchObject({ math: 'fast', tall });
  });

  test('an engine that rounds products before it adds them computes exactly', () => {
    const plan = planFast({ v8: 13.6, fuses: false });
    expect(plan.math).toBe('exact');
    expect(plan.reason).toMatch(/taking exact arithmetic/);
  });

  test('tiles of 6 rows and of 4, 4 panels and 3, give the same bits', async () => {
    const bytes = readFileSync('build/kernels.fast.wasm');
    const module = new WebAssembly.Module(bytes);
    for (const rows of [1, 5, 6, 7, 12, 45]) {
      const [tall, low] = [true, false].map((choice) => {
        const memory = instances.allocate(40_000);
        const kernels = instances.instantiate(
          { core: module, extras: instances.withoutExtras('none') },
          memory,
          choice,
        );
        const heap = new Float32Array(memory.buffer);
        const random = new Random(rows);
        for (let i = 1000; i < 30_000; i++) heap[i] = random.uniform() - 0.5;
        kernels.denseForward(1000, 4000, 8000, 10_000, 34_000, rows, 40, 72, 40, 72);
        kernels.denseInputGradient(10_000, 4000, 15_000, 34_000, rows, 40, 72, 72, 40, 320);
        kernels.denseKernelGradient(1000, 10_000, 20_000, 34_000, rows, 40, 72, 40, 72);
        return heap.slice(1000, 30_000);
      });
      expect(tall, `${rows} rows`).toEqual(low);
    }
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

  test.each(products)('%s writes nowhere else', (name) => {
    for (let seed = 0; seed < 60; seed++) {
      const args = kernelTable[name](new Random(seed));
      const buffers = args.filter((arg): arg is Buffer => typeof arg !== 'number');
      const placed = place(allFactories.fast!, buffers, new Random(seed + 1));
      const resolved = args.map((arg) => (typeof arg === 'number' ? arg : placed.offsets.get(arg)!));
      (placed.backend.kernels[name] as (...args: number[]) => void)(...resolved);
      expect(strayWrites(placed), `seed ${seed}`).toEqual([]);
    }
  });

  test('an element of a product has the same bits whatever tile it falls into', () => {
    const [inputs, units, xStride, yStride] = [45, 41, 48, 48];
    for (let rows = 1; rows < 28; rows++) {
      const random = new Random(rows);
      const m = makers(random);
      const [x, w, b, dy] = [m.vector(rows * xStride), m.panels(inputs, units), m.vector(48), m.vector(rows * yStride)];
      const outputs = [m.vector(rows * yStride), m.vector(rows * xStride), m.vector(48 * inputs)] as const;
      const parts = outputs.map(({ data }) => m.vector(data.length)) as [Buffer, Buffer, Buffer];
      const dwRow = m.vector(48);
      const scratch = m.scratch(4000);
      const { backend, offsets } = place(
        allFactories.fast!,
        [x, w, b, dy, ...outputs, ...parts, dwRow, scratch],
        new Random(rows),
      );
      const at = (buffer: Buffer) => offsets.get(buffer)!;
      const { heap, kernels } = backend;
      const forward = (y: Buffer, r: number, n: number) =>
        kernels.denseForward(
          at(x) + r * xStride,
          at(w),
          at(b),
          at(y) + r * yStride,
          at(scratch),
          n,
          inputs,
          units,
          xStride,
          yStride,
        );
      const inputGradient = (dx: Buffer, r: number, n: number) =>
        kernels.denseInputGradient(
          at(dy) + r * yStride,
          at(w),
          at(dx) + r * xStride,
          at(scratch),
          n,
          inputs,
          units,
          yStride,
          xStride,
          inputs * 8,
        );
      const kernelGradient = (dw: Buffer, i: number, n: number) =>
        kernels.denseKernelGradient(at(x) + i, at(dy), at(dw), at(scratch), rows, n, units, xStride, yStride);
      forward(outputs[0], 0, rows);
      inputGradient(outputs[1], 0, rows);
      kernelGradient(outputs[2], 0, inputs);
      for (let r = 0; r < rows; r++) {
        forward(parts[0], r, 1);
        inputGradient(parts[1], r, 1);
      }
      for (let i = 0; i < inputs; i++) {
        kernelGradient(dwRow, i, 1);
        for (let c = 0; c < 48; c++) heap[at(parts[2]) + ((c >> 3) * inputs + i) * 8 + (c & 7)] = heap[at(dwRow) + c]!;
      }
      outputs.forEach((output, k) => {
        const bits = (buffer: Buffer, stride: number, columns: number) =>
          [...heap.subarray(at(buffer), at(buffer) + buffer.data.length)].filter((_, i) => i % stride < columns);
        const [stride, columns] = [[yStride, units] as const, [xStride, inputs] as const, [8, 8] as const][k]!;
        expect(bits(output, stride, columns), `${products[k]}, ${rows} rows`).toEqual(bits(parts[k]!, stride, columns));
      });
    }
  });

  test('threads compute the bits of one', async () => {
    const threaded = await wasm({
      math: 'fast',
      threads: 2,
      threadUrl: new URL('../../build/thread.js', import.meta.url),
    });
    const layers = [dense({ units: 200, inputShape: 90, activation: 'relu' }), dense({ units: 130 })];
    const compile = { optimizer: 'adam', loss: 'meanSquaredError' } as const;
    const random = new Random(5);
    const [x, y] = [90, 130].map((columns) =>
      Array.from({ length: 70 }, () => Array.from({ length: columns }, () => random.number())),
    );
    const hashes: string[] = [];
    for (const factory of [allFactories.fast!, threaded]) {
      const model = build({ name: 'wide', layers, compile }, factory);
      await model.fit(x!, y!, { epochs: 2, batchSize: 70 });
      hashes.push(weightHash(model));
    }
    threaded.dispose?.();
    expect(hashes[1]).toBe(hashes[0]);
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
