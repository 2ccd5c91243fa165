import { fillOptions, maker, type OptionRanges } from '../../kernels/definition.js';

/** Defines a way of averaging. All of them add a share of what the weights differ from the average by. */
export interface AveragingDefinition<O extends object = object> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns the share of the weights after update t, from 1 on; 1 the first time, 0 where they do not count. */
  share(options: O, t: number): number;
  /** Returns the first update that counts. */
  first(options: O): number;
}

function averaging<N extends string, O extends object>(name: N, definition: () => AveragingDefinition<O>) {
  return maker(definition, ({ options }, given: Partial<O> = {}): { readonly name: N } & Readonly<O> => {
    return { name, ...fillOptions(options, given, name) };
  });
}

/** Options of `exponentialMovingAverage`. */
export interface ExponentialMovingAverageOptions {
  /** Weight of the old average; default 0.99. */
  readonly momentum: number;
  /** Every N updates the average takes the place of the weights; default 0, never. */
  readonly overwriteFrequency: number;
}

/**
 * An exponential moving average of the weights (Polyak and Juditsky 1992), as Keras's `use_ema`: average = momentum
 * average + (1 - momentum) w after each update, from the weights after the first one on.
 */
export const exponentialMovingAverage = /* @__PURE__ */ averaging<
  'exponentialMovingAverage',
  ExponentialMovingAverageOptions
>('exponentialMovingAverage', () => ({
  options: {
    momentum: { default: 0.99, min: 0, below: 1 },
    overwriteFrequency: { default: 0, min: 0, integer: true },
  },
  share: ({ momentum }, t) => (t === 1 ? 1 : 1 - momentum),
  first: () => 1,
}));

/** Options of `stochasticWeightAveraging`. */
export interface StochasticWeightAveragingOptions {
  /** The first update that counts; default 1. An epoch is ceil(rows / batchSize) updates. */
  readonly start: number;
  /** Then every N updates; default 1. An epoch's number averages its last weights. */
  readonly every: number;
}

/**
 * The plain mean of the weights after update `start` and every `every`th after it (Izmailov et al. 2018), as PyTorch's
 * AveragedModel. Batch normalization then needs `model.updateMovingMoments(x)`.
 */
export const stochasticWeightAveraging = /* @__PURE__ */ averaging<
  'stochasticWeightAveraging',
  StochasticWeightAveragingOptions
>('stochasticWeightAveraging', () => ({
  options: { start: { default: 1, min: 1, integer: true }, every: { default: 1, min: 1, integer: true } },
  share: ({ start, every }, t) => (t < start || (t - start) % every > 0 ? 0 : 1 / ((t - start) / every + 1)),
  first: ({ start }) => start,
}));

/** A way of averaging as plain data: its name and options, which may be left out. */
export type AveragingSpec =
  | ({
      /** The way of averaging. */
      readonly name: 'exponentialMovingAverage';
    } & Partial<ExponentialMovingAverageOptions>)
  | ({
      /** The way of averaging. */
      readonly name: 'stochasticWeightAveraging';
    } & Partial<StochasticWeightAveragingOptions>);
