import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasRelaxedSimd } from '../../src/backends/detect.js';
import type { KernelName } from '../../src/kernels/contract.js';
import {
  denseForward,
  type KernelSet,
  type OpenKernelsOptions,
  openKernels,
  StateError,
} from '../../src/kernels-entry/index.js';
import { type Buffer, Random } from '../support/buffers.js';
import { kernelTable } from '../support/nn/kernel-table.js';

const backends = ['wasm', 'typescript'] as const;
const bits = (values: Float32Array) =>
  Array.from(values, (v) => (Number.isNaN(v) ? 'NaN' : Object.is(v, -0) ? '-0' : v));

/** Runs a random call, from the same seed the same one, and returns what its operands hold then. */
function perform({ heap, kernels }: KernelSet, name: KernelName, seed: number) {
  heap.reset();
  const args = kernelTable[name](new Random(seed));
  const places = new Map<Buffer, ReturnType<typeof heap.allocate>>();
  for (const arg of args) {
    if (typeof arg !== 'number' && !places.has(arg)) places.set(arg, heap.allocate(Math.max(arg.data.length, 1)));
  }
  for (const [{ data }, place] of places) place.data.set(data);
  const numbers = args.map((arg) => (typeof arg === 'number' ? arg : places.get(arg)!.offset));
  (kernels[name] as (...args: number[]) => void)(...numbers);
  return [...places].flatMap(([{ columns, stride, data }, place]) =>
    bits(place.data.slice(0, data.length).filter((_, i) => i % stride < columns)),
  );
}

describe('every kernel', async () => {
  const [a, b] = await Promise.all(backends.map((backend) => openKernels({ backend })));

  test('is there, by the same names on both backends', () => {
    expect(Object.keys(a!.kernels).sort()).toEqual(Object.keys(kernelTable).sort());
    expect(Object.keys(b!.kernels).sort()).toEqual(Object.keys(kernelTable).sort());
  });

  test.each(Object.keys(kernelTable) as KernelName[])('%s has the same bits on both backends', (name) => {
    for (let seed = 0; seed < 20; seed++) {
      expect(perform(a!, name, seed), `seed ${seed}`).toEqual(perform(b!, name, seed));
    }
  });
});

describe.each(backends)('a heap of %s', (backend) => {
  test('hands out zeros on 64 bytes that do not overlap', async () => {
    const { heap } = await openKernels({ backend });
    const parts = [heap.scalar(), heap.vector(9), heap.matrix(3, 9), heap.kernel(3, 9), heap.allocate(5)];
    expect(parts.map(({ size }) => size)).toEqual([8, 16, 48, 48, 5]);
    let end = 512;
    for (const { offset, size, data } of parts) {
      expect(offset % 16).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(data.length).toBe(size);
      expect(data.every((v) => v === 0)).toBe(true);
      end = offset + size;
    }
    expect(heap.used).toBeGreaterThanOrEqual(end);
    expect(heap.elements).toBe(16_384);
  });

  test('takes numbers row by row and gives them back, whatever the layout', async () => {
    const { heap } = await openKernels({ backend });
    const values = Float32Array.from({ length: 27 }, (_, i) => i + 1);
    for (const tensor of [heap.matrix(3, 9), heap.kernel(3, 9), heap.vector(27)]) {
      tensor.data.fill(7);
      expect(tensor.set(values).get()).toEqual(values);
      const padding = tensor.size - 27;
      expect(tensor.data.filter((v) => v === 0).length).toBe(padding);
    }
    // Panels of 8 units: unit 8 of input 0 begins the second.
    expect(heap.kernel(3, 9).set(values).data[24]).toBe(9);
  });

  test('grows and keeps what is there; kernels and what was prepared go on, old views are empty', async () => {
    const { heap, kernels } = await openKernels({ backend, elements: 1024 });
    const { add } = kernels;
    const [x, y] = [heap.vector(8).set([1, 2, 3, 4, 5, 6, 7, 8]), heap.matrix(1, 8)];
    const operands = { x: heap.matrix(1, 8).set(x.get()), kernel: heap.kernel(8, 8), y };
    operands.kernel.set(Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 2 : 0)));
    const run = denseForward.prepare(operands);
    const [view, whole] = [x.data, heap.data];
    const large = heap.allocate(100_000);
    expect([view.length, whole.length]).toEqual([0, 0]);
    expect(heap.elements).toBeGreaterThan(100_000);
    expect(large.data.every((v) => v === 0)).toBe(true);
    add(x.offset, x.offset, large.offset, 8);
    expect([...large.data.subarray(0, 8)]).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    run();
    expect([...y.get()]).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });

  test('after a reset hands out the same places, which are 0, and refuses what was there before', async () => {
    const { heap } = await openKernels({ backend });
    const old = heap.vector(8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    const operands = { x: heap.matrix(2, 3), kernel: heap.kernel(3, 4), y: heap.matrix(2, 4) };
    const run = denseForward.prepare(operands);
    heap.reset();
    expect(heap.used).toBe(512);
    const next = heap.vector(8);
    expect(next.offset).toBe(old.offset);
    expect([...next.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    for (const use of [run, () => old.data, () => old.get(), () => old.set(next.get()), () => denseForward(operands)]) {
      expect(use).toThrow(expect.objectContaining({ name: 'StateError' }));
    }
    expect(StateError).toBeTypeOf('function');
  });
});

describe('sources of the kernels', () => {
  const url = new URL('../../build/kernels.wasm', import.meta.url);
  const bytes = new Uint8Array(readFileSync(url));
  const response = (type: string, status = 200) => new Response(bytes, { status, headers: { 'content-type': type } });

  async function product(options: OpenKernelsOptions) {
    const { heap } = await openKernels(options);
    const x = heap.matrix(5, 20).set(Float32Array.from({ length: 100 }, (_, i) => Math.fround(Math.sqrt(i) - 5)));
    const kernel = heap.kernel(20, 35).set(Float32Array.from({ length: 700 }, (_, i) => Math.fround(1 / (i + 1))));
    const y = heap.matrix(5, 35);
    denseForward({ x, kernel, y });
    return bits(y.get());
  }

  test.each([
    ['a file URL', () => url],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['a module', () => new WebAssembly.Module(bytes)],
    ['a response that is compiled as it arrives', () => response('application/wasm')],
    ['a promise of one', () => Promise.resolve(response('application/wasm'))],
    ['a response whose type has parameters', () => response('application/wasm; charset=utf-8')],
    ['a response of another type', () => response('application/octet-stream')],
    ['an address', () => new URL(`data:application/wasm;base64,${globalThis.Buffer.from(bytes).toString('base64')}`)],
  ])('%s', async (_, source) => {
    expect(await product({ source: source() })).toEqual(await product({ backend: 'typescript' }));
  });

  test('the responses above go both ways of the loader', async () => {
    const streamed: unknown[] = [];
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = (source, imports) => {
      streamed.push(source);
      return instantiateStreaming(source, imports);
    };
    try {
      await openKernels({ source: response('application/octet-stream') });
      expect(streamed.length).toBe(0);
      await openKernels({ source: response('application/wasm') });
      expect(streamed.length).toBe(1);
    } finally {
      WebAssembly.instantiateStreaming = instantiateStreaming;
    }
  });

  test.runIf(hasRelaxedSimd())('fast ones are near the exact ones, and say what was taken', async () => {
    const { math, reason } = await openKernels({ math: 'fast' });
    expect(reason).toMatch(math === 'fast' ? /^Fused/ : /exact/);
    const exact = await product({});
    const source = new URL('../../build/kernels.fast.wasm', import.meta.url);
    for (const options of [{}, ...(math === 'fast' ? [{ source }] : [])]) {
      (await product({ math: 'fast', ...options })).forEach((v, i) => {
        expect(v as number).toBeCloseTo(exact[i] as number, 4);
      });
    }
  });

  // (module (import "other" "f" (func)))
  const foreign = Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 11, 1, 5, 111, 116, 104, 101, 114, 1, 102, 0, 0,
  ]);

  test.each<[string, object, string, RegExp]>([
    ['no options', [], 'ValueError', /openKernels: expected an object of options/],
    ['an unknown option', { backnd: 'wasm' }, 'UnknownNameError', /openKernels\.backnd.*Did you mean 'backend'/],
    ['an unknown backend', { backend: 'webgl' }, 'UnknownNameError', /openKernels\.backend.*'webgl'/],
    ['an unknown math', { math: 'exakt' }, 'UnknownNameError', /Did you mean 'exact'/],
    ['elements below the kernels own', { elements: 100 }, 'ValueError', /openKernels\.elements.*>= 512/],
    ['more elements than there can be', { elements: 2 ** 31 }, 'ValueError', /openKernels\.elements/],
    ['fast arithmetic of TypeScript', { backend: 'typescript', math: 'fast' }, 'ValueError', /openKernels\.math/],
    ['a source of TypeScript', { backend: 'typescript', source: bytes }, 'ValueError', /openKernels\.source/],
    ['a path', { source: 'kernels.wasm' }, 'ValueError', /openKernels\.source.*a URL.*new URL/],
    ['a number', { source: 5 }, 'ValueError', /openKernels\.source.*got 5/],
    ['a missing file', { source: new URL('none.wasm', url) }, 'FileError', /Cannot read.*none\.wasm/],
    ['a server that has none', { source: response('text/html', 404) }, 'BackendError', /status is 404/],
    [
      'an address that does not answer',
      { source: new URL('http://127.0.0.1:1/k.wasm') },
      'BackendError',
      /127\.0\.0\.1/,
    ],
    ['bytes that are no module', { source: new Uint8Array(8) }, 'BackendError', /cannot start/],
    [
      'a module without kernels',
      { source: Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]) },
      'ValueError',
      /without the compute/,
    ],
    ['a module with other imports', { source: foreign }, 'ValueError', /other imports/],
  ])('refused: %s', async (_, options, name, message) => {
    const error = await openKernels(options).catch((error: unknown) => error);
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
  });
});
