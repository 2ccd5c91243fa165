import type { AveragingSpec } from '../nn/optimizers/averaging.js';
import type { Averaging } from '../nn/rare/averages.js';
import type { Clip } from '../program/training.js';

/** Says what becomes of a batch in which NaN or infinity occurs: an error, or it is skipped and counted. */
export type OnNonFinite = 'stop' | 'skip';

/** Options of `compile` about the way from gradients to weights. At most one kind of clipping. */
export interface UpdateOptions {
  /** Cuts every element of the gradient off at -clipValue and clipValue; above 0, default no clipping. */
  readonly clipValue?: number;
  /** Scales the gradient of each parameter (a kernel, a bias) to at most this norm; above 0, default no clipping. */
  readonly clipNorm?: number;
  /** Scales the gradient of all parameters together to at most this norm; above 0, default no clipping. */
  readonly globalClipNorm?: number;
  /** Reports `gradientNorm`, which clipping of any kind does anyway; default false. */
  readonly trackGradientNorm?: boolean;
  /**
   * Updates once in this many batches, by the mean of their gradients; an integer of at least 1, default 1. Batches left at
   * the end of an epoch wait for those of the next, as in Keras.
   */
  readonly gradientAccumulationSteps?: number;
  /**
   * Says what becomes of a batch in which NaN or infinity occurs, in an output, the loss, a gradient, or a weight after the
   * update: 'stop' throws a NonFiniteError that says where and why; 'skip' goes on without the batch and counts it in
   * `skippedBatches`, but for an epoch without any other. Weights and state are untouched either way. Default 'stop'.
   */
  readonly onNonFinite?: OnNonFinite;
  /** Keeps an average of the weights: `exponentialMovingAverage()` or `stochasticWeightAveraging()`. Default: none. */
  readonly averaging?: AveragingSpec;
}

export const updateOptionNames: readonly (keyof UpdateOptions)[] = [
  'clipValue',
  'clipNorm',
  'globalClipNorm',
  'trackGradientNorm',
  'gradientAccumulationSteps',
  'averaging',
  'onNonFinite',
];

/** The options checked. */
export interface UpdatePlan {
  readonly clip: Clip | undefined;
  readonly trackGradientNorm: boolean;
  /** Batches whose gradients make one update. */
  readonly accumulationSteps: number;
  readonly averaging: Averaging | undefined;
  readonly onNonFinite: OnNonFinite;
}

/** The plan of updates without options. */
export const PLAIN_UPDATE: UpdatePlan = {
  clip: undefined,
  trackGradientNorm: false,
  accumulationSteps: 1,
  averaging: undefined,
  onNonFinite: 'stop',
};
