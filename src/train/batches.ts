import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { checkFinite, checkIds, type Matrix, type MatrixLike, toMatrix } from '../matrix.js';
import type { NetworkInput } from '../program/compile.js';
import type { Mode } from '../program/emitter.js';
import type { LinkedProgram } from '../program/run.js';
import { type Callback, checkCallbacks } from './callbacks.js';
import type { Engine } from './engine.js';
import { checkMixup, Mixup } from './mixup.js';
import type { BoundTarget } from './training-plan.js';
import { type ClassWeights, readWeights, type WeightOptions, weighClasses } from './weights.js';

export interface FitOptions extends WeightOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32; with `lbfgs`, which takes nothing less, all rows. */
  readonly batchSize?: number;
  /** A new order each epoch; default true, but for `lbfgs`, which sees all rows at once. */
  readonly shuffle?: boolean;
  /** Seeds the order; default the model's seed. */
  readonly seed?: number;
  /** A factor of the loss by class index, 1 for classes that are not named; for targets of one class per row. */
  readonly classWeight?: ClassWeights;
  /**
   * The alpha, above 0, of mixup (Zhang et al. 2018; 0.1 to 0.4 there): trains on lambda x1 + (1 - lambda) x2 with targets
   * mixed alike, where lambda is drawn from Beta(alpha, alpha) for each batch and rows are paired at random. Metrics compare
   * with the mixed targets.
   */
  readonly mixup?: number;
  /** Inputs and targets to evaluate after each epoch, and maybe the weights of their rows. */
  readonly validationData?: readonly [Data, Data] | readonly [Data, Data, MatrixLike];
  /** Share of the rows, taken from the end before shuffling, to evaluate instead of training on; as in Keras. */
  readonly validationSplit?: number;
  readonly callbacks?: readonly Callback[];
}

/** What goes into a model, or what should come out: one matrix, several in order, or several by name. */
export type Data = MatrixLike | readonly MatrixLike[] | Readonly<Record<string, MatrixLike>>;

/** Inputs and targets, one matrix for each of the model's, of equally many rows. */
export interface Pair {
  readonly x: readonly Matrix[];
  /** Behind the targets come the weights of rows, where `weighted`. */
  readonly y: readonly Matrix[];
  readonly rows: number;
  readonly weighted: boolean;
}

/** Checked arguments of `fit`. */
export interface FitPlan extends Pair {
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly validation: Pair | undefined;
  readonly callbacks: readonly Callback[];
  readonly mixup: Mixup | undefined;
}

/** Data for one input or output, and what errors call it. */
interface Part {
  readonly data: MatrixLike;
  readonly label: string;
}

/** Whether data comes as an object of matrices, not as a matrix. */
export function isByName(data: Data): data is Readonly<Record<string, MatrixLike>> {
  return (
    typeof data === 'object' && data !== null && !Array.isArray(data) && !ArrayBuffer.isView(data) && !('rows' in data)
  );
}

/** Data for each of `names`: by name, in order, or, where there is but one, by itself. */
function split(data: Data, names: readonly string[], argument: string): readonly Part[] {
  if (isByName(data)) {
    checkOptions(data, names, argument);
    return names.map((name) => {
      const item = data[name];
      const label = `${argument}.${name}`;
      if (item !== undefined) return { data: item, label };
      throw new ValueError({ argument: label, given: 'nothing', expected: `data for each of ${names.join(', ')}` });
    });
  }
  if (names.length === 1) return [{ data: data as MatrixLike, label: argument }];
  if (Array.isArray(data) && data.length === names.length) {
    return data.map((item, i) => ({ data: item as MatrixLike, label: `${argument}[${i}]` }));
  }
  throw new ShapeError({
    argument,
    given: Array.isArray(data) ? `an array of ${data.length}` : show(data),
    expected: `an array of ${names.length}, or an object with ${names.join(', ')}`,
  });
}

/** Reads and checks one matrix for each input, of equally many rows. */
export function readInputs(engine: Engine, x: Data, argument: string): readonly Matrix[] {
  const { inputs } = engine.network;
  if (inputs.length === 1 && !isByName(x)) return [readInput(x as MatrixLike, inputs[0] as NetworkInput, argument)];
  const parts = split(
    x,
    inputs.map(({ name }) => name),
    argument,
  );
  const read = parts.map(({ data, label }, i) => readInput(data, inputs[i] as NetworkInput, label));
  const [first] = read as [Matrix];
  read.forEach(({ rows }, i) => {
    if (rows === first.rows) return;
    const { label } = parts[i] as Part;
    throw new ShapeError({ argument: label, given: `${rows} rows`, expected: `${first.rows}, as the first input has` });
  });
  return read;
}

/** Reads and checks the data of one input. */
export function readInput(x: MatrixLike, { width, ids }: NetworkInput, argument: string): Matrix {
  const input = toMatrix(x, argument);
  const oneRow = input.columns === 1 && width !== 1 && input.rows === width && !('rows' in x);
  if (input.columns !== width) {
    throw new ShapeError({
      argument,
      given: oneRow ? `a flat array of ${input.rows} numbers` : `${input.columns} columns`,
      expected: `rows of ${width} columns, the model's inputShape`,
      ...(oneRow ? { hint: 'For a single row pass [row] or matrix(row, 1, row.length).' } : {}),
    });
  }
  checkFinite(input, argument);
  if (ids) checkIds(input, ids.below, ids.layer, argument);
  return input;
}

/** Weights of rows, for losses that take them. */
function readRowWeights(targets: readonly BoundTarget[], given: MatrixLike, rows: number, argument: string): Matrix {
  if (targets.some(({ objective }) => objective.unweighted)) {
    throw new ValueError({
      argument,
      given: 'weights for a custom loss that is one number',
      expected: 'a loss that ends in a mean or a sum over rows, or has a value for each row',
      hint: 'Or give the weights as a column of the targets, and multiply by it in the expression.',
    });
  }
  return readWeights(given, rows, argument);
}

function readTargets({ objective }: BoundTarget, y: MatrixLike, rows: number, argument: string): Matrix {
  const targets = toMatrix(y, argument);
  objective.check(targets, rows, argument);
  checkFinite(targets, argument);
  return targets;
}

/** Reads and checks inputs and their targets. */
export function readPair(
  engine: Engine,
  x: Data,
  y: Data,
  sampleWeight?: MatrixLike,
  xName = 'x',
  yName = 'y',
  weightName = 'sampleWeight',
): Pair {
  const { targets } = engine.training;
  const inputs = readInputs(engine, x, xName);
  const { rows } = inputs[0] as Matrix;
  const [only] = targets as readonly [BoundTarget];
  if (targets.length === 1 && !isByName(y)) {
    const alone = readTargets(only, y as MatrixLike, rows, yName);
    if (sampleWeight === undefined) return { x: inputs, y: [alone], rows, weighted: false };
    return { x: inputs, y: [alone, readRowWeights(targets, sampleWeight, rows, weightName)], rows, weighted: true };
  }
  const parts = split(
    y,
    targets.map(({ name }) => name),
    yName,
  );
  const read = targets.map((target, i) => {
    const { data, label } = parts[i] as Part;
    return readTargets(target, data, rows, label);
  });
  if (sampleWeight === undefined) return { x: inputs, y: read, rows, weighted: false };
  return { x: inputs, y: [...read, readRowWeights(targets, sampleWeight, rows, weightName)], rows, weighted: true };
}

/** Puts one batch into its program, which is then ready to run. */
export function stageBatch(
  engine: Engine,
  mode: Extract<Mode, 'train' | 'accumulate' | 'gradients' | 'inspect'>,
  x: Data,
  y: Data,
  sampleWeight?: MatrixLike,
): LinkedProgram {
  const batch = readPair(engine, x, y, sampleWeight);
  const { rows } = batch;
  if (rows < engine.minimumBatch) {
    throw new ShapeError({
      argument: 'x',
      given: `${rows} row`,
      expected: `at least ${engine.minimumBatch} rows`,
      hint: 'Batch normalization has no variance to divide by in a batch of one row.',
    });
  }
  const program = engine.program(mode, rows, batch.weighted);
  engine.stageBatch(program, batch.x, batch.y, 0);
  return program;
}

/** Checks and reads what `fit` was given. */
export function planFit(engine: Engine, x: Data, y: Data, options: FitOptions): FitPlan {
  checkOptions(
    options,
    [
      'epochs',
      'batchSize',
      'shuffle',
      'seed',
      'sampleWeight',
      'classWeight',
      'mixup',
      'validationData',
      'validationSplit',
      'callbacks',
    ],
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
  let train = readPair(engine, x, y, options.sampleWeight);
  let validation: FitPlan['validation'];
  if (validationData !== undefined) {
    if (!Array.isArray(validationData) || validationData.length < 2 || validationData.length > 3) {
      const expected = '[x, y] or [x, y, sampleWeight]';
      throw new ValueError({ argument: 'validationData', given: show(validationData), expected });
    }
    const names = [0, 1, 2].map((i) => `validationData[${i}]`);
    const [vx, vy, weights] = validationData as readonly [Data, Data, MatrixLike?];
    validation = readPair(engine, vx, vy, weights, ...names);
  } else if (validationSplit > 0) {
    const held = Math.floor(train.rows * validationSplit);
    if (held === 0) {
      throw new ValueError({
        argument: 'validationSplit',
        given: `${validationSplit} of ${train.rows} rows`,
        expected: 'a share of at least one row',
      });
    }
    validation = slice(train, train.rows - held, train.rows);
    train = slice(train, 0, train.rows - held);
  }
  const batchSize = options.batchSize ?? (solver ? train.rows : 32);
  if (solver && batchSize < train.rows) {
    throw new ValueError({
      argument: 'batchSize',
      given: `${batchSize} of ${train.rows} rows`,
      expected: `all rows with ${spec.name}`,
      hint: 'Its line search compares losses, which must be of the same rows. Leave batchSize out.',
    });
  }
  checkBatches(train.rows, batchSize, engine.minimumBatch);
  if (options.classWeight !== undefined) train = withClassWeights(engine, train, options.classWeight);
  const mixup = options.mixup === undefined ? undefined : planMixup(engine, options.mixup, seed);
  return { ...train, epochs, batchSize, shuffle, seed, validation, callbacks, mixup };
}

function withClassWeights(engine: Engine, { x, y, rows, weighted }: Pair, given: ClassWeights): Pair {
  const { targets } = engine.training;
  const [target, ...others] = targets as [(typeof targets)[number], ...typeof targets];
  if (others.length > 0) {
    throw new ValueError({
      argument: 'classWeight',
      given: `weights for a model with ${targets.length} outputs`,
      expected: 'a model with one output',
      hint: 'sampleWeight takes a weight for each row.',
    });
  }
  const [classes, own] = y as [Matrix, Matrix?];
  return {
    x,
    y: [classes, weighClasses(target.objective, classes, given, weighted ? own : undefined)],
    rows,
    weighted: true,
  };
}

function planMixup(engine: Engine, alpha: number, seed: number): Mixup {
  checkNumber(alpha, 'mixup', { above: 0 });
  checkMixup(
    engine.training.targets.map(({ objective }) => objective),
    engine.network.inputs,
  );
  return new Mixup(alpha, seed);
}

function slice({ x, y, weighted }: Pair, from: number, to: number): Pair {
  const rowsOf = ({ data, columns }: Matrix) => ({
    data: data.subarray(from * columns, to * columns),
    rows: to - from,
    columns,
  });
  return { x: x.map(rowsOf), y: y.map(rowsOf), rows: to - from, weighted };
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
