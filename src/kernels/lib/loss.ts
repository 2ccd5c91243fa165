import type { Heap, KernelName } from '../contract.js';
import { fillOptions, maker, type OptionRange, type OptionRanges } from '../definition.js';

/** Options that every loss takes. */
export interface CommonLossOptions {
  /** 'mean' of the rows' losses, each times its weight, which are not normalized; or their 'sum'. Default 'mean'. */
  readonly reduction: 'mean' | 'sum';
}

/** Numbers that targets may be: each has a range in words, and says of a number whether it lies in it. */
export const DOMAINS = {
  any: { expected: 'a number', holds: () => true },
  nonNegative: { expected: 'a target of 0 or more', holds: (v: number) => v >= 0 },
  probability: { expected: 'a target from 0 to 1', holds: (v: number) => v >= 0 && v <= 1 },
  sign: { expected: 'a target of -1 or 1, or of 0 or 1', holds: (v: number) => v === -1 || v === 0 || v === 1 },
} as const;

/** Defines a loss next to its kernel, which has its name. */
export interface LossDefinition<O = object> {
  /** The activation that must end the model, and is computed together with the loss. */
  readonly fuses?: 'softmax' | 'sigmoid';
  /**
   * The meaning of a row of targets: a class index; a class, by a number for each; a yes or no for each output;
   * numbers. Decides on accuracy and class weights. Default 'numbers'.
   */
  readonly targets: 'label' | 'class' | 'yesNo' | 'numbers';
  /** The domain of every target but class indices; default 'any'. */
  readonly domain: keyof typeof DOMAINS;
  /** Outputs above this are a yes, where none is fused. Default 0.5. */
  readonly threshold?: number;
  /** A hint for errors: which loss to take for the other kind of output. */
  readonly advice?: string;
  /**
   * Wants outputs above 0, since it takes their logarithm as they are, or in an expression divides by them or takes a root.
   * The explanation of a loss that is not finite says so.
   */
  readonly needsPositive?: boolean;
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns the arguments that the kernel takes after those that all loss kernels take. */
  args(options: O): readonly number[];
}

/** A loss as plain data: its name and all options. */
export type NamedLoss<N extends string, O> = {
  /** The name of the loss. */
  readonly name: N;
} & Readonly<O> &
  CommonLossOptions;

const common: OptionRanges<CommonLossOptions> = { reduction: { default: 'mean', oneOf: ['mean', 'sum'] } };

/** Defaults of a loss's definition. */
const plain = { targets: 'numbers', domain: 'any', options: {}, args: () => [] } as const;

/** Returns a function that checks options and returns a spec. */
export function loss<N extends KernelName, O = object>(name: N, definition?: () => Partial<LossDefinition<O>>) {
  const whole = () => ({ ...plain, ...definition?.() }) as LossDefinition<O>;
  return maker(whole, ({ options }, given: Partial<O & CommonLossOptions> = {}): NamedLoss<N, O> => {
    const ranges = { ...common, ...options } as OptionRanges<O & CommonLossOptions>;
    return { name, ...fillOptions<O & CommonLossOptions>(ranges, given, name) } as NamedLoss<N, O>;
  });
}

export const smoothing: OptionRange = { default: 0, min: 0, max: 1 };

/** The arguments of a loss kernel in front of its own. */
export type LossArguments = readonly [
  y: number,
  targets: number,
  weights: number,
  dy: number,
  loss: number,
  rows: number,
  columns: number,
  stride: number,
  targetStride: number,
  scale: number,
  slope: number,
  ...own: number[],
];

export type LossKernel = (heap: Heap, ...args: LossArguments) => void;
