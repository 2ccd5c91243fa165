import { expect, test } from 'vitest';
import { sharesMemory } from '../../src/passes/rare/shared-memory.js';

const PAIRS = 1000;

/**
 * Bytes of buffers that V8 has allocated while `ask` was called for so many pairs of new small arrays: the most of some
 * rounds, since in each the engine may free those of rounds before.
 */
function bytesOf(ask: (x: Float32Array, output: Float32Array) => boolean): number {
  const rounds = Array.from({ length: 5 }, () => {
    const pairs = Array.from({ length: PAIRS }, () => [Float32Array.of(1, 2), Float32Array.of(3, 4)] as const);
    const before = process.memoryUsage().arrayBuffers;
    let shared = 0;
    for (const [x, output] of pairs) if (ask(x, output)) shared++;
    expect(shared).toBe(0);
    return process.memoryUsage().arrayBuffers - before;
  });
  return Math.max(...rounds);
}

test('small arrays stay in the heap of V8 where numbers tell them apart', () => {
  expect(bytesOf((x, output) => x.buffer === output.buffer)).toBeGreaterThanOrEqual(PAIRS * 16);
  expect(bytesOf(sharesMemory)).toBeLessThan(PAIRS);
});

test('one memory is found whatever its numbers are', () => {
  const memory = new Float32Array(40).fill(Number.NaN);
  expect(sharesMemory(memory.subarray(0, 4), memory.subarray(3, 8))).toBe(true);
  expect(sharesMemory(memory.subarray(0, 4), memory.subarray(4, 8))).toBe(false);
  expect(sharesMemory(memory.subarray(0, 4), memory.slice(0, 4))).toBe(false);
  memory.fill(1);
  expect(sharesMemory(memory.subarray(0, 20), memory.subarray(19, 39))).toBe(true);
  expect(sharesMemory([memory.subarray(0, 2)], memory)).toBe(true);
});
