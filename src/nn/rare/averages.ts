import { resolve } from '../../kernels/definition.js';
import type { AveragingDefinition, AveragingSpec, ExponentialMovingAverageOptions } from '../optimizers/averaging.js';

/** A way of averaging with its options filled in. */
export interface Averaging {
  /** Returns the share of the weights after update t in the average. */
  share(t: number): number;
  /** There is an average after t updates. */
  begun(t: number): boolean;
  /** Returns whether the average replaces the weights after update t. */
  overwrites(t: number): boolean;
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeAveraging(given: AveragingSpec): Averaging {
  const { spec, definition } = resolve<AveragingSpec, AveragingDefinition>(
    given,
    {},
    'averaging',
    'exponentialMovingAverage',
    { functions: 'averagingFunctions' },
  );
  const { overwriteFrequency = 0 } = spec as Partial<ExponentialMovingAverageOptions>;
  return {
    share: (t) => definition.share(spec, t),
    begun: (t) => t >= definition.first(spec),
    overwrites: (t) => overwriteFrequency > 0 && t % overwriteFrequency === 0,
  };
}
