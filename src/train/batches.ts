import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { checkFinite, type Matrix, type MatrixLike, toMatrix } from '../matrix.js';
import type { Mode } from '../program/emitter.js';
import type { LinkedProgram } from '../program/run.js';
import { type Callback, checkCallbacks } from './callbacks.js';
import type { Engine } from './engine.js';

export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32; with `lbfgs`, which takes nothing less, all rows. */
  readonly batchSize?: number;
  /** A new order each epoch; default true, but for `lbfgs`, which sees all rows at once. */
  readonly shuffle?: boolean;
  /** Seeds the order; default the model's seed. */
  readonly seed?: number;
  /** Inputs and targets to evaluate after each epoch. */
  readonly validationData?: readonly [MatrixLike, MatrixLike];
  /** Share of the rows, taken from the end before shuffling, to evaluate instead of training on; as in Keras. */
  readonly validationSplit?: number;
  readonly callbacks?: readonly Callback[];
}

/** Checked arguments of `fit`. */
export interface FitPlan {
  readonly x: Matrix;
  readonly y: Matrix;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly validation: { readonly x: Matrix; readonly y: Matrix } | undefined;
  readonly callbacks: readonly Callback[];
}

/** Reads and checks inputs. */
export function readInput(engine: Engine, x: MatrixLike, argument: string): Matrix {
  const { inputs } = engine.network;
  const input = toMatrix(x, argument);
  const oneRow = input.columns === 1 && inputs !== 1 && input.rows === inputs && !('rows' in x);
  if (input.columns !== inputs) {
    throw new ShapeError({
      argument,
      given: oneRow ? `a flat array of ${input.rows} numbers` : `${input.columns} columns`,
      expected: `rows of ${inputs} columns, the model's inputShape`,
      ...(oneRow ? { hint: 'For a single row pass [row] or matrix(row, 1, row.length).' } : {}),
    });
  }
  checkFinite(input, argument);
  return input;
}

/** Reads and checks inputs and their targets. */
export function readPair(
  engine: Engine,
  x: MatrixLike,
  y: MatrixLike,
  xName: string,
  yName: string,
): { x: Matrix; y: Matrix } {
  const { loss } = engine.training;
  const input = readInput(engine, x, xName);
  const targets = toMatrix(y, yName);
  loss.check(targets, input.rows, yName);
  checkFinite(targets, yName);
  return { x: input, y: targets };
}

/** Puts one batch into its program, which is then ready to run. */
export function stageBatch(
  engine: Engine,
  mode: Extract<Mode, 'train' | 'gradients'>,
  x: MatrixLike,
  y: MatrixLike,
): LinkedProgram {
  const batch = readPair(engine, x, y, 'x', 'y');
  const { rows } = batch.x;
  if (rows < engine.minimumBatch) {
    throw new ShapeError({
      argument: 'x',
      given: `${rows} row`,
      expected: `at least ${engine.minimumBatch} rows`,
      hint: 'Batch normalization has no variance to divide by in a batch of one row.',
    });
  }
  const program = engine.program(mode, rows);
  engine.stageBatch(program, batch.x, batch.y, 0);
  return program;
}

/** Checks and reads what `fit` was given. */
export function planFit(engine: Engine, x: MatrixLike, y: MatrixLike, options: FitOptions): FitPlan {
  checkOptions(
    options,
    ['epochs', 'batchSize', 'shuffle', 'seed', 'validationData', 'validationSplit', 'callbacks'],
    'fit',
  );
  const { spec, solver } = engine.training.optimizer;
  const { shuffle = !solver, validationData, validationSplit = 0, callbacks = [] } = options;
  const epochs = checkNumber(options.epochs ?? 1, 'epochs', { min: 1, integer: true });
  checkNumber(options.batchSize ?? 32, 'batchSize', { min: 1, integer: true });
  const seed = checkNumber(options.seed ?? engine.seed, 'seed', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    integer: true,
  });
  checkNumber(validationSplit, 'validationSplit', { min: 0, below: 1 });
  checkCallbacks(callbacks);
  if (typeof shuffle !== 'boolean') {
    throw new ValueError({ argument: 'shuffle', given: show(shuffle), expected: 'true or false' });
  }
  if (validationData !== undefined && validationSplit > 0) {
    throw new ValueError({
      argument: 'validationSplit',
      given: `${validationSplit} beside validationData`,
      expected: 'one of validationData and validationSplit, not both',
    });
  }
  let train = readPair(engine, x, y, 'x', 'y');
  let validation: FitPlan['validation'];
  if (validationData !== undefined) {
    if (!Array.isArray(validationData) || validationData.length !== 2) {
      throw new ValueError({ argument: 'validationData', given: show(validationData), expected: '[x, y]' });
    }
    validation = readPair(engine, validationData[0], validationData[1], 'validationData[0]', 'validationData[1]');
  } else if (validationSplit > 0) {
    const held = Math.floor(train.x.rows * validationSplit);
    if (held === 0) {
      throw new ValueError({
        argument: 'validationSplit',
        given: `${validationSplit} of ${train.x.rows} rows`,
        expected: 'a share of at least one row',
      });
    }
    const kept = train.x.rows - held;
    validation = { x: slice(train.x, kept, train.x.rows), y: slice(train.y, kept, train.y.rows) };
    train = { x: slice(train.x, 0, kept), y: slice(train.y, 0, kept) };
  }
  const batchSize = options.batchSize ?? (solver ? train.x.rows : 32);
  if (solver && batchSize < train.x.rows) {
    throw new ValueError({
      argument: 'batchSize',
      given: `${batchSize} of ${train.x.rows} rows`,
      expected: `all rows with ${spec.name}`,
      hint: 'Its line search compares losses, which must be of the same rows. Leave batchSize out.',
    });
  }
  checkBatches(train.x.rows, batchSize, engine.minimumBatch);
  return { ...train, epochs, batchSize, shuffle, seed, validation, callbacks };
}

function slice({ data, columns }: Matrix, from: number, to: number): Matrix {
  return { data: data.subarray(from * columns, to * columns), rows: to - from, columns };
}

/** Refuses batches that a layer cannot take, before training starts. */
function checkBatches(rows: number, batchSize: number, minimum: number): void {
  const smallest = rows % batchSize || Math.min(rows, batchSize);
  if (smallest >= minimum) return;
  throw new ValueError({
    argument: 'batchSize',
    given: `${batchSize}, which cuts ${rows} rows so that a batch has ${smallest} row`,
    expected: `at least ${minimum} rows in every training batch`,
    hint: 'Batch normalization has no variance to divide by in a batch of one row. Change batchSize or drop a row.',
  });
}
