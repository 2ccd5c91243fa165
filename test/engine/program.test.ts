import { describe, expect, test } from 'vitest';
import { HeapSizeError } from '../../src/errors.js';
import type { Call } from '../../src/kernels/contract.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense, dropout } from '../../src/nn/layers/index.js';
import { align, checkHeapSize, rowStride, vectorTensor } from '../../src/program/plan.js';
import { splitLongCall } from '../../src/program/product-axes.js';
import { planWorkspace } from '../../src/program/workspace.js';
import { factories, Random, wasmFactory } from '../support/buffers.js';
import { build, makeEngine, trainingCases } from '../support/nn/models.js';

describe('programs as text', () => {
  test.each(trainingCases)('$name', (item) => {
    const model = build(item, wasmFactory);
    expect(model.program('train', 32)).toMatchSnapshot();
  });

  test('other modes', () => {
    const model = build(trainingCases[0]!, wasmFactory);
    for (const mode of ['gradients', 'evaluate', 'predict'] as const) {
      expect(model.program(mode, 1 + Number(mode === 'gradients'))).toMatchSnapshot();
    }
  });

  test('the backend makes no difference', () => {
    const texts = Object.values(factories).map((factory) => build(trainingCases[0]!, factory).program('train', 5));
    expect(texts[0]).toBe(texts[1]);
  });
});

describe('the planner', () => {
  test.each([
    ['few', 60, 50],
    ['so many that they are placed in the order of time', 6000, 4000],
  ])('tensors alive at the same time never overlap, others share: %s', (_, count, calls) => {
    const random = new Random(4);
    const items = Array.from({ length: count }, (_, i) => {
      const first = random.integer(calls);
      const tensor = vectorTensor(`t${i}`, 1 + random.integer(300));
      return { tensor, first, last: first + random.integer(8) };
    });
    const end = planWorkspace(items, 1000);
    let total = 0;
    const inOrder = [...items].sort((a, b) => a.first - b.first);
    for (const [at, a] of inOrder.entries()) {
      total += a.tensor.size;
      expect(a.tensor.offset % 16).toBe(0);
      expect(a.tensor.offset).toBeGreaterThanOrEqual(1000);
      expect(a.tensor.offset + a.tensor.size).toBeLessThanOrEqual(end);
      for (let i = at + 1; i < count && inOrder[i]!.first <= a.last; i++) {
        const b = inOrder[i]!;
        const apart =
          a.tensor.offset + a.tensor.size <= b.tensor.offset || b.tensor.offset + b.tensor.size <= a.tensor.offset;
        if (!apart) expect.fail(`${a.tensor.name} and ${b.tensor.name} overlap`);
      }
    }
    expect(end - 1000).toBeLessThan(total / 2);
  });

  test('many tensors of a step that goes through layers and back take little more than those alive at once', () => {
    const layers = 5000;
    const items = Array.from({ length: layers }, (_, i) => [
      { tensor: vectorTensor(`a${i}`, 32 + (i % 7)), first: i, last: 2 * layers - i },
      { tensor: vectorTensor(`d${i}`, 32 + (i % 7)), first: 2 * layers - i, last: 2 * layers - i + 1 },
    ]).flat();
    const end = planWorkspace(items, 0);
    const most = items.reduce((sum, { tensor }, i) => sum + (i % 2 ? 0 : align(tensor.size)), 0);
    expect(end).toBeGreaterThanOrEqual(most);
    expect(end).toBeLessThan(1.3 * most);
  });

  test('each is at the lowest place that all larger ones leave free during its life', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const [calls, most] = [1 + random.integer(60), 1 + random.integer(40)];
      const items = Array.from({ length: random.integer(90) }, (_, i) => {
        const first = random.integer(calls);
        const unused = random.integer(20) === 0;
        const span = unused
          ? { first: Number.POSITIVE_INFINITY, last: -1 }
          : { first, last: first + random.integer(most) };
        return { tensor: vectorTensor(`t${i}`, random.integer(random.integer(2) ? 8 : 500)), ...span };
      });
      const base = random.integer(100);
      const placed: typeof items = [];
      const expected = new Map<string, number>();
      for (const item of [...items].sort((a, b) => b.tensor.size - a.tensor.size)) {
        const busy = placed.filter(({ first, last }) => first <= item.last && item.first <= last);
        const at = (tensor: { name: string }) => expected.get(tensor.name)!;
        const fits = (place: number) =>
          busy.every(
            ({ tensor }) => place + item.tensor.size <= at(tensor) || align(at(tensor) + tensor.size) <= place,
          );
        const places = [align(base), ...busy.map(({ tensor }) => align(at(tensor) + tensor.size))];
        expected.set(item.tensor.name, Math.min(...places.filter(fits)));
        placed.push(item);
      }
      planWorkspace(items, base);
      expect(Object.fromEntries(items.map(({ tensor }) => [tensor.name, tensor.offset]))).toEqual(
        Object.fromEntries(expected),
      );
    }
  });

  test('row strides avoid multiples of 2 KB', () => {
    expect([1, 8, 9, 512, 784, 1024].map(rowStride)).toEqual([8, 8, 16, 528, 784, 1040]);
  });

  test('a heap above 4 GiB is refused before anything is allocated', () => {
    expect(() => checkHeapSize(2 ** 30)).not.toThrow();
    let opened = 0;
    const open = (elements: number) => {
      opened++;
      return wasmFactory.open(elements);
    };
    const counting = { ...wasmFactory, open };
    const layers = [dense({ units: 40_000, inputShape: 40_000 }), dropout({ rate: 0.5 })];
    expect(() => sequential({ layers, backend: counting })).toThrow(/6\.0\d GiB .*the limit is 4\.00 GiB/);
    expect(opened).toBe(0);
  });

  test('a batch that would outgrow the heap is refused and leaves the model usable', () => {
    const layers = [dense({ units: 60_000, inputShape: 2, activation: 'softmax' })];
    const model = sequential({ layers, backend: wasmFactory });
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const rows = 20_000;
    const bytes = model.heapBytes;
    const batch = matrix(new Float32Array(2 * rows), rows, 2);
    expect(() => model.trainOnBatch(batch, new Float32Array(rows))).toThrow(HeapSizeError);
    expect(model.heapBytes).toBe(bytes);
    expect(model.trainOnBatch([[1, 2]], [3]).loss).toBeGreaterThan(5);
  });
});

describe('long calls are cut into ranges of their output', () => {
  const [rows, inputs, units] = [200, 301, 420];
  const strides = [304, 424] as const;
  const [x, w, b, y, scratch] = [1024, 100_000, 300_000, 301_000, 500_000];
  const calls: Call[] = [
    ['denseForward', x, w, b, y, scratch, rows, inputs, units, strides[0], strides[1]],
    ['denseForwardRelu', x, w, b, y, scratch, rows, inputs, units, strides[0], strides[1]],
    ['denseKernelGradient', x, y, w, scratch, rows, inputs, units, strides[0], strides[1]],
    ['denseInputGradient', y, w, x, scratch, rows, inputs, units, strides[1], strides[0], inputs * 8],
  ];

  test.each(calls)('%s', (...call) => {
    const parts = splitLongCall(call as unknown as Call, 1e7);
    expect(parts.length).toBeGreaterThan(1);
    const heaps = [[call as unknown as Call], parts].map((list) => {
      const backend = wasmFactory.open(700_000);
      const random = new Random(1);
      for (let i = 256; i < scratch; i++) backend.heap[i] = random.uniform() - 0.5;
      for (const [kernel, ...args] of list) (backend.kernels[kernel] as (...args: number[]) => void)(...args);
      return backend.heap.slice(0, scratch);
    });
    expect(Buffer.compare(Buffer.from(heaps[0]!.buffer), Buffer.from(heaps[1]!.buffer))).toBe(0);
  });

  test('short ones stay whole', () => {
    const call: Call = ['denseForward', 0, 0, 0, 0, 0, 8, 8, 8, 8, 8];
    expect(splitLongCall(call, 1e7)).toEqual([call]);
    const engine = makeEngine(trainingCases[0]!, wasmFactory);
    const program = engine.program('train', 32);
    expect(program.steps.length).toBe(program.calls.length);
  });
});

describe('staging a batch', () => {
  const compile = { optimizer: 'sgd', loss: 'meanSquaredError' } as const;

  test.each([1, 2, 7, 8, 9, 30, 32, 63, 64, 90])('of %i columns copies the rows it should, and no more', (columns) => {
    const engine = makeEngine({ name: '', layers: [dense({ units: 1, inputShape: columns })], compile }, wasmFactory);
    const input = engine.program('train', 5).inputs[0]!;
    const x = matrix(
      Float32Array.from({ length: 20 * columns }, (_, i) => i + 1),
      20,
      columns,
    );
    for (const order of [undefined, Uint32Array.from({ length: 20 }, (_, i) => (i * 7) % 20)]) {
      for (const start of [0, 3, 15]) {
        engine.heap.fill(-1, input.offset, input.offset + input.size);
        engine.stage(input, x, start, order);
        for (let r = 0; r < 5; r++) {
          const from = (order ? order[start + r]! : start + r) * columns;
          const row = engine.heap.slice(input.offset + r * input.stride, input.offset + (r + 1) * input.stride);
          expect(row.subarray(0, columns)).toEqual(x.data.slice(from, from + columns));
          expect(row.subarray(columns).every((value) => value === -1)).toBe(true);
        }
      }
    }
  });
});
