import { exp, log, pow } from '../../kernels/lib/elementary.js';
import { power } from '../../kernels/lib/power.js';

/** Returns a^b, for a whole b as products come to. */
function raise(a: number, b: number): number {
  if (Number.isInteger(b)) return b < 0 ? 1 / power(a, -b) : power(a, b);
  if (a === 0) return b > 0 ? 0 : Infinity;
  return a > 0 ? pow(a, b) : Number.NaN;
}

const flag = (holds: boolean) => (holds ? 1 : 0);

/**
 * The operations on single numbers, such as the rate and the step. In float64 and with portable functions alone, since what
 * they compute reaches weights.
 */
export const scalarOperations = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => (a >= b || Number.isNaN(a) ? a : b),
  min: (a, b) => (a <= b || Number.isNaN(a) ? a : b),
  exp: (x) => exp(x),
  log: (x) => log(x),
  tanh: (x) => 1 - 2 / (exp(2 * x) + 1),
  sigmoid: (x) => 1 / (1 + exp(-x)),
  relu: (x) => (x < 0 ? 0 : x),
  abs: (x) => Math.abs(x),
  square: (x) => x * x,
  sqrt: (x) => Math.sqrt(x),
  pow: raise,
  sign: (x) => flag(x >= 0) - flag(x <= 0),
  greater: (a, b) => flag(a > b),
  greaterEqual: (a, b) => flag(a >= b),
  less: (a, b) => flag(a < b),
  lessEqual: (a, b) => flag(a <= b),
  equal: (a, b) => flag(a === b),
  notEqual: (a, b) => flag(a !== b),
  where: (condition, a, b) => (condition === 0 ? b : a),
} satisfies Record<string, (...args: [number, number, number]) => number>;

/** An operation of updates: one that works element by element. */
export type UpdateOperation = keyof typeof scalarOperations;
