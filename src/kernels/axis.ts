import type { Call, KernelName } from './contract.js';

/** A way to cut a call into calls over parts of its output, which compute the same to the bit: sums are never cut. */
export interface Axis {
  /** How far the output reaches, and the multiples at which it may be cut. */
  readonly extent: number;
  readonly unit: number;
  /** About what the whole call takes, in nanoseconds; good enough to tell long from short. */
  readonly work: number;
  /** The call for a part; parts that run at the same time have numbers and scratch of their own. */
  cut(start: number, size: number, part: number): Call;
}

/** How kernels can be cut, beside their twins; those without an entry cannot. */
export type Axes = {
  readonly [K in KernelName]?: (call: Extract<Call, readonly [K, ...unknown[]]>) => Axis;
};

/** Elements of a cache line; threads that write to the same one slow each other down. */
const LINE = 16;

/** Nanoseconds per floating point operation and per element of the streaming kernels, measured and rounded. */
export const COST = {
  flop: 0.023,
  copy: 0.12,
  transcendental: 2,
  random: 1.6,
  normal: 4.5,
  lookUp: 2,
  moments: 0.4,
  state: 0.4,
};

interface Cut {
  /** Which argument, counted from 1, says how far the output reaches. */
  readonly place: number;
  readonly work: number;
  /** By how much each argument grows with every step along the axis; nothing for those behind. */
  readonly steps: readonly number[];
  /** Multiples at which the output may be cut; default whole cache lines. */
  readonly unit?: number;
  /** An argument that points at scratch, and how much of it a part needs. */
  readonly scratch?: readonly [argument: number, room: number];
}

/** Cuts a call along one of its sizes. */
export function along(call: Call, { place, work, steps, unit = LINE, scratch }: Cut): Axis {
  const numbers = call as readonly unknown[] as readonly number[];
  return {
    extent: numbers[place] as number,
    unit,
    work,
    cut(start, size, part) {
      // A copy of the array that begins with a string, as in `resolve`: offsets stay integers.
      const args = numbers.slice();
      steps.forEach((step, i) => {
        if (step) args[i + 1]! += start * step;
      });
      args[place] = size;
      if (scratch) args[scratch[0]]! += part * scratch[1];
      return args as unknown as Call;
    },
  };
}

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
