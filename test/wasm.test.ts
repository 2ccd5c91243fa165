import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE_ELEMENTS, RESERVED_ELEMENTS } from '../src/kernels/contract.js';
import { wasmFactory } from './support/buffers.js';

const path = new URL('../build/kernels.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(path));

test('the only import is the memory', () => {
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});

test('only functions are exported', () => {
  const exports = WebAssembly.Module.exports(module);
  expect(exports.length).toBeGreaterThan(30);
  expect(exports.filter(({ kind }) => kind !== 'function')).toEqual([]);
});

test('the module stays within 24 KB', () => {
  expect(statSync(path).size).toBeLessThanOrEqual(24 * 1024);
});

test('static data fits into the reserved start of the heap', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new WebAssembly.Instance(module, { env: { memory } });
  const heap = new Uint8Array(memory.buffer);
  expect(heap.findLastIndex((byte) => byte !== 0)).toBeLessThan(RESERVED_ELEMENTS * 4);
});

test('a heap grows in place and linked kernels go on working', () => {
  const backend = wasmFactory.open(1000);
  const relu = backend.kernels.reluForward.bind(null, 300, 400, 4);
  backend.heap.set([-1, 2, -3, 4], 300);
  backend.grow(10 * PAGE_ELEMENTS);
  expect(backend.heap.length).toBe(10 * PAGE_ELEMENTS);
  relu();
  expect([...backend.heap.slice(400, 404)]).toEqual([0, 2, 0, 4]);
});
