import type { Call } from './contract.js';
import { type Names, named, namesOf } from './operands.js';

/** A way to cut a call into calls over parts of its output, which compute the same to the bit: sums are never cut. */
export interface Axis {
  /** Says how far the output reaches, and at which multiples it may be cut. */
  readonly extent: number;
  readonly unit: number;
  /** About what the whole call takes, in nanoseconds; good enough to tell long from short. */
  readonly work: number;
  /** Returns the call for a part; parts that run at the same time have numbers and scratch of their own. */
  cut(start: number, size: number, part: number): Call;
}

/** Elements of a cache line; threads that write to the same one slow each other down. */
export const LINE = 16;

/** Says by the names of a signature how a call is cut. */
interface Cut<Name extends string> {
  /** The number that says how far the output reaches. */
  readonly over: Name;
  readonly work: number;
  /** By how much operands grow with every step along it; the others are those of all parts. */
  readonly by: { readonly [N in Name]?: number };
  /** Multiples at which the output may be cut; default whole cache lines. */
  readonly unit?: number;
  /** Elements of `scratch` that a part needs for itself. */
  readonly room?: number;
}

/** Cuts calls of a signature along one of their sizes; `describe` gets a call's numbers by name. */
export function along<S extends string>(
  signature: S,
  describe: (numbers: Readonly<Record<Names<S>, number>>) => Cut<Names<S>>,
): (call: Call) => Axis {
  return (call) => {
    const names = ['kernel', ...namesOf(signature, call.length - 1)];
    const numbers: Readonly<Record<string, number>> = named(signature, call);
    const { over, work, by, unit = LINE, room = 0 } = describe(numbers as Record<Names<S>, number>);
    return {
      extent: numbers[over] as number,
      unit,
      work,
      cut(start, size, part) {
        // A slice, whose offsets stay integers: see call-arrays.ts.
        const args = call.slice() as unknown as number[];
        names.forEach((name, i) => {
          const step = by[name as Names<S>];
          if (step) args[i]! += start * step;
          if (name === 'scratch') args[i]! += part * room;
        });
        args[names.indexOf(over)] = size;
        return args as unknown as Call;
      },
    };
  };
}
