import type { Phase } from '../../kernels/contract.js';
import { composedKernels, type Ground } from '../../kernels/own/composed.js';
import type { Control } from './control.js';

/** Messages of the main thread to the others. */
export type Message =
  | { readonly type: 'heap'; readonly heap: number; readonly memory: WebAssembly.Memory }
  | { readonly type: 'program'; readonly program: number; readonly heap: number; readonly phases: readonly Phase[] }
  | { readonly type: 'extras'; readonly modules: readonly (WebAssembly.Module | undefined)[] }
  | { readonly type: 'forget' | 'drop'; readonly heap: number }
  | { readonly type: 'loop' };

/** Holds what a thread starts with. */
export interface ThreadData {
  readonly role: 'myelin-thread';
  readonly control: SharedArrayBuffer;
  readonly threads: number;
  readonly cores: number;
  readonly thread: number;
  /** The core; extras come in a message, once a program needs one. */
  readonly module: WebAssembly.Module;
  /** A memory of one page: a thread that cannot compute on it is not ready. */
  readonly memory: WebAssembly.Memory;
  readonly tall: boolean | undefined;
}

type Step = () => void;

/** Binds one thread's calls of a program, phase by phase. */
export function bindPhases(phases: readonly Phase[], thread: number, ground: Ground): readonly (readonly Step[])[] {
  return phases.map((phase) =>
    (phase[thread] ?? []).map((call) => {
      const made = composedKernels[call[0]]?.(ground) ?? ground.kernels[call[0]];
      const kernel = made as (...args: number[]) => void;
      return kernel.bind(null, ...(call.slice(1) as number[])) as Step;
    }),
  );
}

/** Runs one thread's part of a program. Every thread passes every barrier. */
export function runPhases(phases: readonly (readonly Step[])[], control: Control): void {
  for (let p = 0; p < phases.length; p++) {
    const steps = phases[p] as readonly Step[];
    for (let i = 0; i < steps.length; i++) (steps[i] as Step)();
    control.barrier();
  }
}
