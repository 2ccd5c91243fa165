import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import type { ReadOptions } from '../cells/reading.js';
import type { Preprocessing } from '../prep/preprocess.js';
import type { Table } from '../table.js';

/** Options of `batches` of a stream of tables. */
export interface TableBatchOptions {
  /**
   * Makes inputs of all columns that are neither target nor weight. Where it has learned nothing yet, it learns from the
   * stream in a pass of its own, before the first batch. Default: `preprocess()`, which learns so.
   */
  readonly preprocess?: Preprocessing;
  /** The column to predict, or several; default none: batches are inputs alone then, for `predictBatches`. */
  readonly target?: string | readonly string[];
  /**
   * Makes targets of the columns of `target`, and learns as `preprocess` does. Default: numbers and booleans as they are, and
   * texts as labels, which a model with `classNames` takes.
   */
  readonly targets?: Preprocessing;
  /** The column of the weights of rows; default none. */
  readonly sampleWeight?: string;
  /** Rows of a batch, an integer of at least 1; default 32. Those at the end that are fewer make a last batch. */
  readonly batchSize?: number;
  /** Leaves out the last batch where it has fewer rows; default false. */
  readonly dropRemainder?: boolean;
  /**
   * Rows from which each row of a batch is drawn, as the buffer of tf.data: a new order in each epoch, as random as there is
   * room for. Default 0, the order of the source, which suits rows that are in no order.
   */
  readonly shuffle?: number;
  /** Seeds the order, and which rows are learned from; default 0. */
  readonly seed?: number;
  /**
   * Rows that `preprocess` and `targets` learn from, at most twice as many in memory: of more a sample, drawn from all of the
   * source. Default 100,000.
   */
  readonly fitRows?: number;
}

/** The same with a target, as training needs it. */
export interface TargetBatchOptions extends TableBatchOptions {
  /** The column to predict, or several. */
  readonly target: string | readonly string[];
}

/** The same with targets that are made into numbers. */
export interface NumberTargetBatchOptions extends TargetBatchOptions {
  /** Makes targets of the columns of `target`. */
  readonly targets: Preprocessing;
}

/**
 * Batches of a stream of tables: a function of the epoch, which `fit` takes. Targets are numbers, or labels where the column has
 * texts and there are no `targets`; weights of rows come where `sampleWeight` names their column.
 */
export interface TableBatches<T = [x: Matrix, y: Matrix | readonly string[], sampleWeight?: Matrix]> {
  /** Reads the source from its beginning. */
  (epoch?: number): AsyncGenerator<T, void, undefined>;
  /**
   * Learns what is to be learned, once, and says how many columns the inputs have and which classes a target of texts has,
   * sorted: what a model is built by. The first epoch does so by itself.
   */
  prepare(): Promise<Prepared>;
  /**
   * Says whether there is nothing left to learn. `evaluateBatches`, `predictBatches` and `validationData` refuse batches that would
   * learn from the rows that they are to judge.
   */
  readonly isFitted: boolean;
}

/** Tells what is known of a stream before its first batch. */
export interface Prepared {
  /** Columns of the inputs, the `inputShape` of a model. */
  readonly columns: number;
  /** The texts of the target, sorted; undefined where it is not texts or has `targets`. */
  readonly classNames: readonly string[] | undefined;
  /** Remarks on what was inferred from cells, as in the reports of tables. */
  readonly remarks: readonly string[];
}

/** A source of tables that can be read from its beginning. */
export interface TableSource {
  /** Begins to read, with these kinds of columns where they are known. */
  read(kinds: ReadOptions['kinds']): AsyncGenerator<Table, void, undefined>;
  /** Tells the name of the source, and whether it can be read more than once. */
  about(): { readonly name: string; readonly again: boolean };
}

/** Checked options. */
export interface BatchPlan {
  readonly preprocess: Preprocessing | undefined;
  readonly target: readonly string[];
  readonly targets: Preprocessing | undefined;
  readonly sampleWeight: string | undefined;
  readonly batchSize: number;
  readonly dropRemainder: boolean;
  readonly shuffle: number;
  readonly seed: number;
  readonly fitRows: number;
}

const OPTIONS: readonly (keyof TableBatchOptions)[] = [
  'preprocess',
  'target',
  'targets',
  'sampleWeight',
  'batchSize',
  'dropRemainder',
  'shuffle',
  'seed',
  'fitRows',
];

function checkPreprocessing(value: Preprocessing | undefined, argument: string): Preprocessing | undefined {
  if (value === undefined || typeof value?.transform === 'function') return value;
  throw new ValueError({ argument, given: show(value), expected: 'what preprocess() returns' });
}

/** Checks options. @throws ValueError and UnknownNameError for wrong ones. */
export function planBatches(options: TableBatchOptions): BatchPlan {
  checkOptions(options, OPTIONS, 'batches');
  const { target = [], sampleWeight, dropRemainder = false } = options;
  const names = typeof target === 'string' ? [target] : target;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new ValueError({ argument: 'target', given: show(target), expected: 'the name of a column, or several' });
  }
  if (sampleWeight !== undefined && typeof sampleWeight !== 'string') {
    throw new ValueError({ argument: 'sampleWeight', given: show(sampleWeight), expected: 'the name of a column' });
  }
  if (typeof dropRemainder !== 'boolean') {
    throw new ValueError({ argument: 'dropRemainder', given: show(dropRemainder), expected: 'true or false' });
  }
  const shuffle = checkNumber(options.shuffle ?? 0, 'shuffle', { min: 0, integer: true });
  for (const argument of ['targets', 'sampleWeight', 'shuffle', 'dropRemainder'] as const) {
    if (names.length > 0 || !options[argument]) continue;
    const hint = 'Batches without a target are for predictions, which are in the order of the rows.';
    throw new ValueError({ argument, given: `${show(options[argument])} without target`, expected: 'none', hint });
  }
  return {
    preprocess: checkPreprocessing(options.preprocess, 'preprocess'),
    target: names,
    targets: checkPreprocessing(options.targets, 'targets'),
    sampleWeight,
    batchSize: checkNumber(options.batchSize ?? 32, 'batchSize', { min: 1, integer: true }),
    dropRemainder,
    shuffle,
    seed: checkNumber(options.seed ?? 0, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
    fitRows: checkNumber(options.fitRows ?? 100_000, 'fitRows', { min: 2, integer: true }),
  };
}
