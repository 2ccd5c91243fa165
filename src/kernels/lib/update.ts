import type { Heap, KernelName } from '../contract.js';
import { fillOptions, maker, type OptionRange, type OptionRanges } from '../definition.js';
import type { Arithmetic } from './arithmetic.js';

/** A learning rate that depends on the step, as plain data: what `cosine()` and the like return. */
export interface Schedule {
  /** The name of the schedule. */
  readonly name: string;
  readonly [option: string]: unknown;
}

/** Returns the learning rate of a step, from 0 on: finite and not below 0. */
export type RateFunction = (step: number) => number;

/** A number >= 0, a schedule such as `cosine({ ... })`, or a function of the step. */
export type LearningRate = number | Schedule | RateFunction;

/** Options that every optimizer takes. */
export interface CommonOptions {
  /** A number >= 0, a schedule such as `cosine({ ... })`, or a function of the step from 0 on. */
  readonly learningRate: LearningRate;
  /** Strength of the decoupled decay w -= learningRate weightDecay w before each update, of kernels only. */
  readonly weightDecay: number;
}

/** Defines an optimizer next to its loops. */
export interface OptimizerDefinition<O extends CommonOptions = CommonOptions> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Refuses options that do not go together. */
  check?(options: O): void;
  /** Its loops, by kernel, and the names of the states that each takes, in order. */
  readonly loops: Readonly<Partial<Record<KernelName, readonly string[]>>>;
  /** Returns the loop that these options ask for; the only one where there is one. */
  loop?(options: O): KernelName;
  /** The number that a state holds before the first step; default 0. */
  initial?(options: O, state: string): number;
  /** Writes the numbers that the loop reads in step t, from 1 on, to `block`, up to SETTLES. */
  fill(heap: Heap, block: number, options: O, learningRate: number, t: number): void;
}

/** Elements of the block that an optimizer's loop reads; the last is for weight decay. */
export const BLOCK_SIZE = 16;
/** The index of the number that says whether states are looked through for numbers about to become denormal. */
const SETTLES = 14;
/**
 * State falls by a factor of its decay a step at most, so that what a look at every 16th step lets pass is still no denormal
 * number at the next.
 */
export const SETTLE_EVERY = 16;

/** An optimizer as plain data: its name and all options. */
export type Spec<N extends string, O> = {
  /** The name of the optimizer. */
  readonly name: N;
} & Readonly<O>;

/** Returns the options with defaults filled in; a schedule is left to the code that evaluates it. */
export function fillUpdateOptions<O extends Pick<CommonOptions, 'learningRate'>>(
  { options: ranges, check }: { readonly options: OptionRanges<O>; check?(options: O): void },
  given: Partial<O>,
  argument: string,
): O {
  const rate: unknown = given?.learningRate;
  const schedule = Object(rate) === rate && !('definition' in (rate as object)) ? { learningRate: rate } : undefined;
  const numbers = fillOptions<O>(ranges, schedule ? { ...given, learningRate: undefined } : given, argument);
  const filled = { ...numbers, ...schedule } as O;
  check?.(filled);
  return filled;
}

/** Returns a function that checks options and returns a spec. */
export function optimizer<N extends string, O extends CommonOptions>(
  name: N,
  definition: () => OptimizerDefinition<O>,
) {
  const settling = (): OptimizerDefinition<O> => {
    const made = definition();
    return {
      ...made,
      fill(heap, block, options, learningRate, t) {
        made.fill(heap, block, options, learningRate, t);
        heap[block + SETTLES] = t % SETTLE_EVERY === 1 ? 1 : 0;
      },
    };
  };
  return maker(
    settling,
    (made, given: Partial<O> = {}): Spec<N, O> => ({ name, ...fillUpdateOptions(made, given, name) }),
  );
}

/** Returns the ranges of the options that every optimizer takes. */
export const common = (learningRate: number, weightDecay = 0): OptionRanges<CommonOptions> => ({
  learningRate: { default: learningRate, min: 0 },
  weightDecay: { default: weightDecay, min: 0 },
});
export const decay = (value: number): OptionRange => ({ default: value, min: 0, below: 1 });
/** Returns a range that is far enough from 0 to stay above it in float32. */
export const epsilon = (value: number): OptionRange => ({ default: value, min: 1e-30 });

/** Gradients below 1e-15 and state below 1e-33 become 0, as in assembly/lib/update.ts. */
export function flushing({ round }: Arithmetic) {
  const SMALL = round(1e-15);
  const TINY = round(1e-33);
  const tiny = (x: number) => (Math.abs(x) < TINY ? 0 : x);
  return {
    small: (x: number) => (Math.abs(x) < SMALL ? 0 : x),
    tiny,
    /** Looks through a state, where the block says so. */
    settle(h: Heap, state: number, n: number, block: number): void {
      if (h[block + SETTLES] === 0) return;
      for (let i = state; i < state + n; i++) h[i] = tiny(h[i]!);
    },
  };
}
