import type { Backend, Call, Heap, Phase } from '../kernels/contract.js';
import { type Program, productFlops } from './emitter.js';
import type { Tensor } from './plan.js';
import { phasesOf, splitLongCall } from './split.js';

/** A program bound to a backend's heap. */
export interface LinkedProgram extends Program {
  readonly steps: readonly (() => void)[];
  /** The rows of the first output on the heap, padding included. */
  readonly outputRows: Heap;
  /** So many steps write nothing that outlives the call: those up to the last dense product, behind which updates come. */
  readonly undoable: number;
}

/**
 * Binds every call to its kernel, or with threads every thread's part of it. `slice` keeps offsets integers, where a rest
 * pattern would gather them with fractions into an array of float64; kernels called with float64 offsets take up to
 * twice as long.
 */
export function link(program: Program, backend: Backend, threads = 1): LinkedProgram {
  const { linkPhases } = backend;
  const { offset, size } = program.outputs[0] as Tensor;
  const outputRows = backend.heap.subarray(offset, offset + size);
  const phases = threads > 1 && linkPhases ? phasesOf(program.calls, threads) : [];
  if (linkPhases && phases.some((phase) => phase.length > 1)) {
    const steps = segments(phases).map(linkPhases);
    return { ...program, outputRows, steps, undoable: steps.length - 1 };
  }
  const calls = program.calls.flatMap((call) => splitLongCall(call, backend.longestCall));
  const steps = calls.map((call: Call) => {
    const kernel = backend.kernels[call[0]] as (...args: number[]) => void;
    return kernel.bind(null, ...(call.slice(1) as number[])) as () => void;
  });
  const undoable = calls.findLastIndex(([kernel, ...args]) => productFlops({ kernel, args }) > 0) + 1;
  return { ...program, outputRows, steps, undoable };
}

/** Floating point operations between two chances to hand over to the event loop. */
const SEGMENT_FLOPS = 4e8;

/** Groups phases so that short programs are one order to the threads and long ones can be left in between. */
function segments(phases: readonly Phase[]): readonly (readonly Phase[])[] {
  const groups: Phase[][] = [[]];
  let flops = 0;
  for (const phase of phases) {
    if (flops > SEGMENT_FLOPS) {
      groups.push([]);
      flops = 0;
    }
    groups.at(-1)?.push(phase);
    for (const [kernel, ...args] of phase.flat()) flops += productFlops({ kernel, args });
  }
  return groups;
}

export function run({ steps }: LinkedProgram): void {
  for (let i = 0; i < steps.length; i++) (steps[i] as () => void)();
}
