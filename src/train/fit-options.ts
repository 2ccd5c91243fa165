import { checkNumber } from '../errors.js';
import type { LintCode } from '../insight/checks.js';
import type { Data } from './batches.js';
import type { Callback } from './callbacks.js';
import type { ClassWeights } from './class-weights.js';
import type { TrainingControl } from './control.js';
import type { Batches } from './source.js';
import type { SampleWeight, WeightOptions } from './weights.js';

/** Options of training on rows or on a stream of batches. */
export interface StreamFitOptions {
  /** How many to train; default 1. With `initialEpoch` the epoch to end before, as in Keras. */
  readonly epochs?: number;
  /**
   * The number of the first epoch, by which callbacks, schedules of callbacks and the order of rows go; default the epochs
   * that were trained already, `model.epochs`.
   */
  readonly initialEpoch?: number;
  /**
   * Batches of an epoch. Of rows default as many as there are, and other numbers take one pass over the rows after the
   * other; of a stream default all it yields, and for a generator, which goes on with the next epoch, required for more
   * epochs than one.
   */
  readonly stepsPerEpoch?: number;
  /** Seeds the order of rows, the stratified split and mixup; default the model's seed. */
  readonly seed?: number;
  /** A factor of the loss by class index, 1 for classes that are not named; for targets of one class per row. */
  readonly classWeight?: ClassWeights;
  /**
   * The alpha, above 0, of mixup (Zhang et al. 2018; 0.1 to 0.4 there): trains on lambda x1 + (1 - lambda) x2 with targets
   * mixed alike, where lambda is drawn from Beta(alpha, alpha) for each batch and rows are paired at random. Metrics compare
   * with the mixed targets.
   */
  readonly mixup?: number;
  /** Inputs and targets to evaluate after epochs, and maybe the weights of their rows; or a stream of batches. */
  readonly validationData?: readonly [Data, Data] | readonly [Data, Data, SampleWeight] | Batches;
  /** Validates after every so-manieth epoch, or after those that a list names, counted from 1 as in Keras; default 1. */
  readonly validationFreq?: number | readonly number[];
  /** Batches of validation data to take; default all. */
  readonly validationSteps?: number;
  /** Rows of validation that are computed at a time; default 256. Of a stream the batches as they come. */
  readonly validationBatchSize?: number;
  readonly callbacks?: readonly Callback[];
  /** 0, the default: silent. 1: a bar on the terminal. 2: a line per epoch. 'auto': a bar on terminals, else lines. */
  readonly verbose?: 0 | 1 | 2 | 'auto';
  /**
   * Ends training after the present batch at the latest. `fit` rejects with the signal's reason, the model can be used and
   * `model.run` says where to resume.
   */
  readonly signal?: AbortSignal;
  /** What `trainingControl()` returned, to pause. */
  readonly control?: TrainingControl;
  /** Goes on with the run that was interrupted, `model.run`, given the same data and options. Default false. */
  readonly resume?: boolean;
}

export interface FitOptions extends WeightOptions, StreamFitOptions {
  /**
   * Rows of x and y to train on, by number from 0; one may come several times. Default all. Folds and networks of an ensemble
   * share a matrix so, in place of a copy for each. Without `shuffle` they are taken in this order.
   */
  readonly rows?: ArrayLike<number>;
  /** Default 32; with `lbfgs`, which takes nothing less, all rows. */
  readonly batchSize?: number;
  /** A new order each epoch; default true, but for `lbfgs`, which sees all rows at once. */
  readonly shuffle?: boolean;
  /**
   * Share of the rows, taken from the end before shuffling, to evaluate instead of training on. As in Keras and TensorFlow.js
   * the first floor(rows (1 - share)) are trained on.
   */
  readonly validationSplit?: number;
  /**
   * Looks at the rows before the first step, from 50 rows on, and warns, once a code, of what makes training harder:
   * columns and targets far from -1..1, constant columns, rare and missing classes, rows for validation that are rows for
   * training. `{ ignore: ['constantColumn'] }` silences a code, false all; default true. See `lint`.
   */
  readonly lint?: boolean | { readonly ignore: readonly LintCode[] };
  /** Draws the rows of `validationSplit` instead, the same share of each class; default false. */
  readonly stratify?: boolean;
}

/** Options that a stream of batches has no use for. */
export const ROWS_ONLY = ['rows', 'batchSize', 'shuffle', 'sampleWeight', 'validationSplit', 'stratify'] as const;

export const OPTIONS: readonly (keyof FitOptions)[] = [
  ...ROWS_ONLY,
  'epochs',
  'initialEpoch',
  'stepsPerEpoch',
  'seed',
  'classWeight',
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
