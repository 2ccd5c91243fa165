import { checkNumber, checkOptions } from '../../errors.js';
import type { EvaluateOptions, SampleWeight } from '../sample-weights.js';

/** Returns the weights among the options of `evaluate`. @throws UnknownNameError, ValueError for options that are wrong */
export function evaluatedWeights(options: EvaluateOptions): SampleWeight | undefined {
  checkOptions(options, ['sampleWeight', 'batchSize'], 'evaluate');
  checkNumber(options.batchSize ?? 1, 'batchSize', { min: 1, integer: true });
  return options.sampleWeight;
}

declare module '../../rare.js' {
  interface RareParts {
    readonly evaluatedWeights: typeof evaluatedWeights;
  }
}
