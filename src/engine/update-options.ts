import { checkBoolean, checkNumber, show, ValueError } from '../errors.js';
import { type Averaging, makeAveraging } from '../nn/optimizers/averages.js';
import type { AveragingSpec } from '../nn/optimizers/averaging.js';
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

const CLIPS = { clipValue: 'value', clipNorm: 'norm', globalClipNorm: 'globalNorm' } as const;

/** The options checked. */
export interface UpdatePlan {
  readonly clip: Clip | undefined;
  readonly trackGradientNorm: boolean;
  /** Batches whose gradients make one update. */
  readonly accumulationSteps: number;
  readonly averaging: Averaging | undefined;
  readonly onNonFinite: OnNonFinite;
}

/** @throws ValueError for options out of range, or that do not go together. */
export function planUpdate(options: UpdateOptions): UpdatePlan {
  const { trackGradientNorm = false, gradientAccumulationSteps = 1, averaging, onNonFinite = 'stop' } = options;
  const given = (Object.keys(CLIPS) as (keyof typeof CLIPS)[]).filter((name) => options[name] !== undefined);
  for (const name of given) checkNumber(options[name], name, { above: 0 });
  const [name, other] = given;
  if (name && other) {
    throw new ValueError({
      argument: other,
      given: `${options[other]} beside ${name}`,
      expected: 'one way of clipping',
    });
  }
  checkBoolean(trackGradientNorm, 'trackGradientNorm');
  checkNumber(gradientAccumulationSteps, 'gradientAccumulationSteps', { min: 1, integer: true });
  if (onNonFinite !== 'stop' && onNonFinite !== 'skip') {
    throw new ValueError({ argument: 'onNonFinite', given: show(onNonFinite), expected: "'stop' or 'skip'" });
  }
  return {
    clip: name && { by: CLIPS[name], limit: options[name] as number },
    trackGradientNorm,
    accumulationSteps: gradientAccumulationSteps,
    averaging: averaging === undefined ? undefined : makeAveraging(averaging),
    onNonFinite,
  };
}
