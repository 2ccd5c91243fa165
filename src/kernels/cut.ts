import type { Call } from './contract.js';

/** A way to cut a call into calls over parts of its output, which compute the same to the bit: sums are never cut. */
export interface Axis {
  /** Says how far the output reaches, and at which multiples it may be cut. */
  readonly extent: number;
  readonly unit: number;
  /** About what the whole call takes, in nanoseconds; good enough to tell long from short. */
  readonly work: number;
  /** The call for a part; parts that run at the same time have numbers and scratch of their own. */
  cut(start: number, size: number, part: number): Call;
}

/** Elements of a cache line; threads that write to the same one slow each other down. */
const LINE = 16;

interface Cut {
  /** The number of the argument, counted from 1, that says how far the output reaches. */
  readonly place: number;
  readonly work: number;
  /** By how much each argument grows with every step along the axis; nothing for those after. */
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
      // A slice, whose offsets stay integers: see call-arrays.ts.
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
