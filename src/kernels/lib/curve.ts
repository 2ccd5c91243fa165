import type { Heap, KernelName } from '../contract.js';
import { fillOptions, maker, type OptionRange, type OptionRanges } from '../definition.js';

type StemOf<K> = K extends `${infer Stem}Forward` ? Stem : never;

/** The name of a pair of kernels without `Forward` and `Backward`. */
export type KernelStem = StemOf<KernelName>;

/**
 * Says how an activation is computed. Every shape has a common signature, which the rest of the library goes by:
 * - elementwise: Forward (x, y, n, ...numbers), Backward (saved, dy, dx, n, ...numbers); n is a multiple of 8
 * - rows: Forward (x, y, rows, columns, stride), Backward (y, dy, dx, rows, columns, stride)
 * - units: Forward (x, slope, y, rows, units, stride), Backward (x, slope, dy, dx, dslope, rows, units, stride), with a
 *   learned slope per unit that begins at `initial`
 * - random: Forward (x, y, slopes, n, ...numbers) turns uniforms into slopes; the gradient is dy times those
 */
export type ActivationPlan =
  | { readonly shape: 'identity' }
  | {
      readonly shape: 'elementwise';
      readonly kernel: KernelStem;
      readonly numbers: readonly number[];
      /** The tensor that the gradient is computed from; 'nothing': it is dy. */
      readonly saves: 'x' | 'y' | 'nothing';
      /** About as fast as a copy. */
      readonly light?: boolean;
      /** The dense product that applies it while storing. */
      readonly fused?: 'denseForwardRelu';
    }
  | { readonly shape: 'rows'; readonly kernel: KernelStem }
  | { readonly shape: 'units'; readonly kernel: KernelStem; readonly initial: number }
  | {
      readonly shape: 'random';
      readonly kernel: KernelStem;
      readonly numbers: readonly number[];
      /** The activation that replaces it outside of training. */
      readonly inference: ActivationPlan & { readonly shape: 'elementwise' };
    };

/** Defines an activation next to its loops. */
export interface ActivationDefinition<O extends object = object> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Refuses options that do not go together. */
  check?(options: O): void;
  /** Says which kernels compute it, and what they need in the backward pass. */
  plan(options: O): ActivationPlan;
  /** The default kernel initializer of a dense layer in front of it; 'glorotUniform' unless said. */
  readonly initializer: 'glorotUniform' | 'heUniform' | 'lecunNormal';
  /** Further options to test and to time; every kernel appears with the defaults or with some of these. */
  readonly variants?: readonly Partial<O>[];
}

/** Defaults of an activation's definition. */
const plain = { options: {}, initializer: 'glorotUniform' } as const;

type Given<O extends object> = Pick<ActivationDefinition<O>, 'plan'> & Partial<ActivationDefinition<O>>;

/** An activation as plain data: its name and all options. */
export type NamedActivation<N extends string, O> = {
  /** The name of the activation. */
  readonly name: N;
} & Readonly<O>;

/** Defines an activation: returns the function that checks options and returns a spec. */
export function define<N extends string, O extends object>(name: N, definition: () => Given<O>) {
  const whole = () => ({ ...plain, ...definition() }) as ActivationDefinition<O>;
  return maker(whole, ({ options, check }, given: Partial<O> = {}): NamedActivation<N, O> => {
    const filled = fillOptions(options, given, name);
    check?.(filled);
    return { name, ...filled };
  });
}

export const elementwise = (
  kernel: KernelStem,
  saves: 'x' | 'y' | 'nothing',
  numbers: readonly number[] = [],
): ActivationPlan & { shape: 'elementwise' } => ({ shape: 'elementwise', kernel, numbers, saves });

/** Makes an axis like `elementwise`, for kernels about as fast as a copy. */
export const light = (kernel: KernelStem, saves: 'x' | 'y' | 'nothing', numbers: readonly number[] = []) => ({
  ...elementwise(kernel, saves, numbers),
  light: true,
});

/** Returns a factor or slope; it may be 0. */
export const slope = (value: number): OptionRange => ({ default: value, min: 0 });

type Numbers = readonly [a?: number, b?: number];

/** The twin of a forward loop; numbers are rounded as WebAssembly's arguments are. */
export const forward =
  (round: (x: number) => number, op: (x: number, a: number, b: number) => number) =>
  (h: Heap, x: number, y: number, n: number, ...numbers: Numbers): void => {
    const [a = 0, b = 0] = numbers;
    const [ra, rb] = [round(a), round(b)];
    for (let i = 0; i < n; i++) h[y + i] = op(h[x + i]!, ra, rb);
  };

/** The twin of a backward loop. */
export const backward =
  (round: (x: number) => number, op: (saved: number, dy: number, a: number, b: number) => number) =>
  (h: Heap, saved: number, dy: number, dx: number, n: number, ...numbers: Numbers): void => {
    const [a = 0, b = 0] = numbers;
    const [ra, rb] = [round(a), round(b)];
    for (let i = 0; i < n; i++) h[dx + i] = op(h[saved + i]!, h[dy + i]!, ra, rb);
  };
