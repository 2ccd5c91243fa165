import type { Backend, Call } from '../kernels/contract.js';
import type { Program } from './emitter.js';
import { splitLongCall } from './split.js';

/** A program bound to a backend's heap. */
export interface LinkedProgram extends Program {
  readonly steps: readonly (() => void)[];
}

export function link(program: Program, backend: Backend): LinkedProgram {
  const steps = program.calls.flatMap(splitLongCall).map(([kernel, ...args]: Call) => {
    const run = backend.kernels[kernel] as (...args: number[]) => void;
    return run.bind(null, ...args) as () => void;
  });
  return { ...program, steps };
}

export function run({ steps }: LinkedProgram): void {
  for (let i = 0; i < steps.length; i++) (steps[i] as () => void)();
}
