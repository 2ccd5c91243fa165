import type { Backend, Call } from '../kernels/contract.js';
import type { Program } from './emitter.js';
import { splitLongCall } from './split.js';

/** A program bound to a backend's heap. */
export interface LinkedProgram extends Program {
  readonly steps: readonly (() => void)[];
}

/**
 * Binds every call to its kernel. `slice` keeps offsets integers, where a rest pattern would gather them with fractions
 * into an array of float64; kernels called with float64 offsets take up to twice as long.
 */
export function link(program: Program, backend: Backend): LinkedProgram {
  const steps = program.calls
    .flatMap((call) => splitLongCall(call, backend.longestCall))
    .map((call: Call) => {
      const kernel = backend.kernels[call[0]] as (...args: number[]) => void;
      return kernel.bind(null, ...(call.slice(1) as number[])) as () => void;
    });
  return { ...program, steps };
}

export function run({ steps }: LinkedProgram): void {
  for (let i = 0; i < steps.length; i++) (steps[i] as () => void)();
}
