import { readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';

const path = (name: string) => new URL(`../../build/${name}`, import.meta.url);
const bytesOf = (name: string) => readFileSync(path(`${name}.wasm`));
const [whole, core, extras] = ['kernels', 'kernels.core', 'kernels.extras'].map(
  (name) => new WebAssembly.Module(bytesOf(name)),
) as [WebAssembly.Module, WebAssembly.Module, WebAssembly.Module];

const exported = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name);

/** The reserved start of a heap over which these modules stand, and the last byte that they write. */
function written(...modules: readonly WebAssembly.Module[]) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  for (const module of modules) new WebAssembly.Instance(module, { env: { memory } });
  const heap = new Uint8Array(memory.buffer);
  return { start: Array.from(heap.subarray(0, RESERVED_ELEMENTS * 4)), last: heap.findLastIndex((byte) => byte !== 0) };
}

describe.each([
  ['whole', whole],
  ['core', core],
  ['extras', extras],
])('the %s module', (_, module) => {
  test('imports nothing but the memory', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  test('exports functions alone', () => {
    const exports = WebAssembly.Module.exports(module);
    expect(exports.length).toBeGreaterThan(30);
    expect(exports.filter(({ kind }) => kind !== 'function')).toEqual([]);
  });

  test('keeps its static data within the reserved start of the heap', () => {
    expect(written(module).last).toBeLessThan(RESERVED_ELEMENTS * 4);
  });
});

test('core and extras are the whole, and share no kernel', () => {
  expect([...exported(core), ...exported(extras)].sort()).toEqual(exported(whole).sort());
});

// Read as bytes, since Node 20 knows no relaxed SIMD.
test('fast arithmetic is divided as exact arithmetic is', () => {
  const [fastCore, fastExtras] = ['kernels.fast.core', 'kernels.fast.extras'].map(bytesOf) as [Buffer, Buffer];
  const isIn = (module: Buffer) => (name: string) =>
    module.includes(Buffer.from([name.length, ...Buffer.from(name), 0]));
  expect(exported(whole).filter(isIn(fastCore))).toEqual(exported(core));
  expect(exported(whole).filter(isIn(fastExtras))).toEqual(exported(extras));
});

test('core and extras put the same data in the same places, in either order', () => {
  const expected = written(whole).start;
  expect(written(core, extras).start).toEqual(expected);
  expect(written(extras, core).start).toEqual(expected);
});

// Bytes of a program that trains a model, and of what else it loads: see also test/package/bundle.test.ts.
test.each(['kernels.extras', 'kernels.fast.extras'])('%s.wasm stays within 32 KB', (name) => {
  expect(statSync(path(`${name}.wasm`)).size).toBeLessThanOrEqual(32 * 1024);
});

test.each([
  ['kernels.core', 8],
  ['kernels.fast.core', 9],
])('%s as text stays within %d KB with gzip', (name, kilobytes) => {
  expect(gzipSync(readFileSync(path(`${name}.wasm.js`)), { level: 9 }).length).toBeLessThanOrEqual(kilobytes * 1024);
});
