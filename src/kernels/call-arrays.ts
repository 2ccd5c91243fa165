// Calls as arrays in which V8 holds offsets as integers. Measured in bench/NOTES.md, "Cleverness that pays";
// test/engine/call-arrays.test.ts asks V8 how it holds them.

import type { Call } from './contract.js';

/**
 * Makes a call's array, with offsets for tensors. It begins with a string and is filled from there, because V8 would hold
 * an array of numbers with a fraction among them in float64, offsets and all. Slices of it stay so.
 */
export function makeCall(kernel: string, args: readonly (number | { readonly offset: number })[]): Call {
  const call: unknown[] = [kernel];
  for (const arg of args) call.push(typeof arg === 'number' ? arg : arg.offset);
  return call as unknown as Call;
}
