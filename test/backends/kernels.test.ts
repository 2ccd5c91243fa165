import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/contract.js';
import { type Buffer, factories, liveBits, place, Random, strayWrites } from '../support/buffers.js';
import { kernelTable } from '../support/nn/kernel-table.js';

const DRAWS = 60;

/** Runs one random call on a backend, from the same seed the same call. */
function perform(name: keyof Kernels, backendName: keyof typeof factories, seed: number) {
  const args = kernelTable[name](new Random(seed));
  const buffers = args.filter((arg): arg is Buffer => typeof arg !== 'number');
  const placed = place(factories[backendName], buffers, new Random(seed + 1));
  const resolved = args.map((arg) => (typeof arg === 'number' ? arg : (placed.offsets.get(arg) as number)));
  (placed.backend.kernels[name] as (...args: number[]) => void)(...resolved);
  return { placed, buffers, stray: strayWrites(placed) };
}

test('the table holds every kernel that the module exports', () => {
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync('build/kernels.wasm'))).map(
    ({ name }) => name,
  );
  expect(Object.keys(kernelTable).sort()).toEqual(exported.sort());
});

describe.each(Object.keys(kernelTable) as (keyof Kernels)[])('%s', (name) => {
  test('WebAssembly and TypeScript agree to the bit and write nowhere else', () => {
    for (let seed = 0; seed < DRAWS; seed++) {
      const a = perform(name, 'wasm', seed);
      const b = perform(name, 'typescript', seed);
      expect(a.stray, `wasm, seed ${seed}`).toEqual([]);
      expect(b.stray, `typescript, seed ${seed}`).toEqual([]);
      a.buffers.forEach((buffer, i) => {
        const [x, y] = [liveBits(a.placed, buffer), liveBits(b.placed, b.buffers[i] as Buffer)];
        const differs = x.findIndex((bits, k) => bits !== y[k]);
        expect(differs, `seed ${seed}, argument ${i}, first differing element`).toBe(-1);
      });
    }
  });
});
