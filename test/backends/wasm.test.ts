import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';

const path = new URL('../../build/kernels.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(path));

test('the only import is the memory', () => {
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});

test('only functions are exported', () => {
  const exports = WebAssembly.Module.exports(module);
  expect(exports.length).toBeGreaterThan(30);
  expect(exports.filter(({ kind }) => kind !== 'function')).toEqual([]);
});

test.each(['kernels.wasm', 'kernels.fast.wasm'])('%s stays within 48 KB', (name) => {
  expect(statSync(new URL(name, path)).size).toBeLessThanOrEqual(48 * 1024);
});

test('static data fits into the reserved start of the heap', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new WebAssembly.Instance(module, { env: { memory } });
  const heap = new Uint8Array(memory.buffer);
  expect(heap.findLastIndex((byte) => byte !== 0)).toBeLessThan(RESERVED_ELEMENTS * 4);
});
