import type { FitOptions } from '../callbacks/interfaces.js';
import { checkNumber } from '../errors.js';

/** Options that a stream of batches has no use for. */
export const ROWS_ONLY = ['rows', 'batchSize', 'shuffle', 'sampleWeight', 'validationSplit', 'stratify'] as const;

/** `partialFit` says by `partial` that its rows are some of many. */
export type Given = FitOptions & { readonly partial?: boolean };

export const OPTIONS: readonly (keyof Given)[] = [
  ...ROWS_ONLY,
  'partial',
  'epochs',
  'initialEpoch',
  'stepsPerEpoch',
  'seed',
  'classWeight',
  'classNames',
  'mixup',
  'validationData',
  'validationFreq',
  'validationSteps',
  'validationBatchSize',
  'callbacks',
  'verbose',
  'signal',
  'control',
  'resume',
  'lint',
];

export function optionalCount(value: unknown, argument: string): number | undefined {
  return value === undefined ? undefined : checkNumber(value, argument, { min: 1, integer: true });
}
