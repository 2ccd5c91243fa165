import type { Backend, Call, Heap, KernelName } from '../kernels/contract.js';
import { type Program, productFlops } from './emitter.js';
import type { Tensor } from './plan.js';

/** A program bound to a backend's heap. */
export interface LinkedProgram extends Program {
  readonly steps: readonly (() => void)[];
  /** The heap, which no other model gets while a program on it is there. */
  readonly heap: Heap;
  /** The rows of the first output on the heap, padding included. */
  readonly outputRows: Heap;
  /**
   * The number of steps that write nothing that outlives the call: those up to the last dense product, which updates
   * follow.
   */
  readonly undoable: number;
}

/** Cuts a call of more than `longest` floating point operations into shorter ones, which compute the same to the bit. */
export type CutCall = (call: Call, longest: number) => readonly Call[];

/** Makes one call of all that a program does, to the same bits; undefined where it cannot, or that is no faster. */
export type JoinCalls = (program: Program, backend: Backend) => (() => void) | undefined;

/**
 * Binds every call to its kernel, or with threads every thread's part of it; without threads `cut` makes several of long ones, and `join` one of all. `slice` keeps offsets integers, where a rest
 * pattern would gather them with fractions into an array of float64; kernels called with float64 offsets take up to
 * twice as long.
 */
export function link(program: Program, backend: Backend, threads = 1, cut?: CutCall, join?: JoinCalls): LinkedProgram {
  const { offset, size } = program.outputs[0] as Tensor;
  const { heap } = backend;
  const outputRows = heap.subarray(offset, offset + size);
  const shared = threads > 1 ? backend.linkShared?.(program.calls, program.updates) : undefined;
  if (shared) return { ...program, heap, outputRows, steps: shared, undoable: shared.length - 1 };
  const joined = join?.(program, backend);
  if (joined) return { ...program, heap, outputRows, steps: [joined], undoable: 1 };
  const whole = backend.place?.(program) ?? program.calls;
  const calls = cut ? whole.flatMap((call) => cut(call, backend.longestCall)) : whole;
  // Kernels are looked up once each, since looking takes longer than binding.
  const kernels: { [K in KernelName]?: (...args: number[]) => void } = {};
  const steps = calls.map((call: Call) => {
    const [name] = call;
    kernels[name] ??= backend.kernels[name] as (...args: number[]) => void;
    const kernel = kernels[name] ?? (program.updates.get(name)?.(backend) as (...args: number[]) => void);
    return kernel.bind(null, ...(call.slice(1) as number[])) as () => void;
  });
  const undoable = calls.findLastIndex((call) => productFlops(call[0], call, 1) > 0) + 1;
  return { ...program, heap, outputRows, steps, undoable };
}

export function run({ steps }: LinkedProgram): void {
  for (let i = 0; i < steps.length; i++) (steps[i] as () => void)();
}
