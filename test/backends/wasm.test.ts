import { readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { partOf } from '../../src/backends/extras.js';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';

const path = (name: string) => new URL(`../../build/${name}`, import.meta.url);
const bytesOf = (name: string) => readFileSync(path(`${name}.wasm`));
const [whole, core, extras, special] = ['', '.core', '.extras', '.special'].map(
  (part) => new WebAssembly.Module(bytesOf(`kernels${part}`)),
) as [WebAssembly.Module, WebAssembly.Module, WebAssembly.Module, WebAssembly.Module];

const exported = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name);

/** The reserved start of a heap over which these modules stand, and the last byte that they write. */
function written(...modules: readonly WebAssembly.Module[]) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  for (const module of modules) new WebAssembly.Instance(module, { env: { memory } });
  const heap = new Uint8Array(memory.buffer);
  return { start: Array.from(heap.subarray(0, RESERVED_ELEMENTS * 4)), last: heap.findLastIndex((byte) => byte !== 0) };
}

describe.each([
  ['whole', whole, 100],
  ['core', core, 30],
  ['extras', extras, 60],
  ['special', special, 2],
])('the %s module', (_, module, fewest) => {
  test('imports nothing but the memory', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  test('exports functions alone', () => {
    const exports = WebAssembly.Module.exports(module);
    expect(exports.length).toBeGreaterThan(fewest);
    expect(exports.filter(({ kind }) => kind !== 'function')).toEqual([]);
  });

  test('keeps its static data within the reserved start of the heap', () => {
    expect(written(module).last).toBeLessThan(RESERVED_ELEMENTS * 4);
  });
});

test('core, extras and special kernels are the whole, and share no kernel', () => {
  expect([core, extras, special].flatMap(exported).sort()).toEqual(exported(whole).sort());
});

test('names of kernels say which module beyond the core has them', () => {
  expect(exported(extras).filter((name) => partOf(name) !== 0)).toEqual([]);
  expect(exported(special).filter((name) => partOf(name) !== 1)).toEqual([]);
});

// Read as bytes, since Node 20 knows no relaxed SIMD.
test('fast arithmetic is divided as exact arithmetic is', () => {
  const isIn = (module: Buffer) => (name: string) =>
    module.includes(Buffer.from([name.length, ...Buffer.from(name), 0]));
  for (const [part, module] of Object.entries({ core, extras, special })) {
    expect(exported(whole).filter(isIn(bytesOf(`kernels.fast.${part}`)))).toEqual(exported(module));
  }
});

test('the parts put the same data in the same places, in any order', () => {
  const expected = written(whole).start;
  expect(written(core, extras, special).start).toEqual(expected);
  expect(written(special, extras, core).start).toEqual(expected);
});

// Bytes of a program that trains a model, and of what else it loads: see also test/package/bundle.test.ts.
test.each(['extras', 'fast.extras', 'special', 'fast.special'].map((part) => `kernels.${part}`))(
  '%s.wasm stays within 32 KB',
  (name) => {
    expect(statSync(path(`${name}.wasm`)).size).toBeLessThanOrEqual(32 * 1024);
  },
);

test.each([
  ['kernels.core', 8],
  ['kernels.fast.core', 9],
])('%s as text stays within %d KB with gzip', (name, kilobytes) => {
  expect(gzipSync(readFileSync(path(`${name}.wasm.js`)), { level: 9 }).length).toBeLessThanOrEqual(kilobytes * 1024);
});
