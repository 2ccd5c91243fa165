import type { Call, KernelName } from './contract.js';
import { type Axis, along } from './cut.js';

export { type Axis, along };

/** Says how kernels can be cut, beside their twins; those without an entry cannot. */
export type Axes = {
  readonly [K in KernelName]?: (call: Extract<Call, readonly [K, ...unknown[]]>) => Axis;
};

/** Nanoseconds per element of the streaming kernels, measured and rounded. */
export const COST = {
  copy: 0.12,
  transcendental: 2,
  random: 1.6,
  normal: 4.5,
  lookUp: 2,
  moments: 0.4,
  state: 0.4,
};

const ones = (n: number) => Array.from({ length: n }, () => 1);

/** A kernel that takes `operands` vectors and their length. */
export function elements(operands: number, cost: number): (call: Call) => Axis {
  return (call) => {
    const place = operands + 1;
    return along(call, { place, work: (call[place] as number) * cost, steps: ones(operands) });
  };
}

/** The same of one that draws numbers: its last argument says which number of the stream is the first. */
export function draws(operands: number, cost: number): (call: Call) => Axis {
  return (call) => {
    const steps = Array.from({ length: call.length - 1 }, (_, i) => (i < operands || i === call.length - 2 ? 1 : 0));
    return along(call, { place: operands + 1, work: (call[operands + 1] as number) * cost, steps });
  };
}

/** A kernel that takes `operands` matrices and rows of numbers, all cut at the same columns, then rows and columns. */
export function columns(operands: number, cost: number): (call: Call) => Axis {
  return (call) => {
    const place = operands + 2;
    const work = (call[place] as number) * (call[operands + 1] as number) * cost;
    return along(call, { place, work, steps: ones(operands) });
  };
}
