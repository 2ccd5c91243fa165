import { expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/contract.js';
import { compileCalls } from '../../src/kernels/own/call-list.js';
import { factories, type Buffer as Operand, place, Random } from '../support/buffers.js';
import { kernelTable } from '../support/nn/kernel-table.js';

const BASE = 64;

/** Makes a random call of a kernel, by itself or as a list of two calls whose offsets count from a base. */
function perform(name: keyof Kernels, listed: boolean, seed: number) {
  const args = kernelTable[name](new Random(seed));
  const buffers = args.filter((arg): arg is Operand => typeof arg !== 'number');
  const { backend, offsets } = place(factories.wasm, buffers, new Random(seed + 1));
  const numbers = args.map((arg) => (typeof arg === 'number' ? arg : (offsets.get(arg) as number)));
  const offset = args.map((arg) => typeof arg !== 'number');
  if (listed) {
    const shifted = numbers.map((number, i) => (offset[i] ? number - BASE : number));
    const call = { kernel: name, numbers: shifted, offset };
    const run = compileCalls([call, call], backend.kernels, BASE, new WeakMap());
    expect(run, 'is compiled').toBeDefined();
    run?.();
  } else {
    const kernel = backend.kernels[name] as (...args: number[]) => void;
    kernel(...numbers);
    kernel(...numbers);
  }
  return Buffer.from(backend.heap.buffer);
}

test.each(Object.keys(kernelTable) as (keyof Kernels)[])('%s: two calls as a list', (name) => {
  for (let seed = 1; seed <= 3; seed++) {
    expect(Buffer.compare(perform(name, true, seed), perform(name, false, seed)), `seed ${seed}`).toBe(0);
  }
});

test('kernels that are no functions of a module are left alone', () => {
  const { kernels } = factories.typescript.open(4096);
  const call = { kernel: 'reluForward', numbers: [600, 608, 8], offset: [true, true, false] };
  expect(compileCalls([call], kernels, 0, new WeakMap())).toBeUndefined();
});
