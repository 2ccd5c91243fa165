// Calls as arrays in which V8 holds offsets as integers. Measured in bench/NOTES.md, "Cleverness that pays";
// test/engine/call-arrays.test.ts asks V8 how it holds them.

import type { Call } from './contract.js';

/**
 * Makes a call's array. It begins with a string and is filled from there, because V8 would hold an array of numbers with a
 * fraction among them in float64, offsets and all. Slices of it stay so.
 */
export function makeCall(kernel: string, numbers: readonly number[]): Call {
  const call: unknown[] = [kernel];
  for (const number of numbers) call.push(number);
  return call as unknown as Call;
}
