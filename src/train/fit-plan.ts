import { checkNumber, checkOptions, show, ValueError } from '../errors.js';
import { checkCodes, type LintCode } from '../insight/checks.js';
import type { Matrix } from '../matrix.js';
import { type Data, isByName, type Pair, readPair } from './batches.js';
import { type Callback, checkCallbacks } from './callbacks.js';
import type { Origin } from './changed.js';
import { type ClassWeights, weighClasses } from './class-weights.js';
import type { TrainingControl } from './control.js';
import type { Engine } from './engine.js';
import type { Blocks } from './evaluation.js';
import { ArrayFeed, type Feed, readRows } from './feed.js';
import { checkMixup, Mixup } from './mixup.js';
import { type Batches, isBatches } from './source.js';
import { INFERENCE_ROWS } from './training-plan.js';
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

/** What validation evaluates. */
export type ValidationSource =
  | { readonly pair: Pair; readonly blocks: Blocks; readonly origin: Origin }
  | { readonly batches: Batches; readonly blocks: Blocks };

/** Checked arguments of `fit`. */
export interface FitPlan {
  readonly feed: Feed;
  /** The first epoch, and the one after the last; undefined where the run that is resumed says so. */
  readonly firstEpoch: number | undefined;
  readonly epochs: number | undefined;
  readonly validation: ValidationSource | undefined;
  /** Whether to validate after this epoch. */
  readonly validates: (epoch: number) => boolean;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  readonly control: TrainingControl | undefined;
  readonly resume: boolean;
  /** Codes that lint is not to look for; undefined where it is not to look at all. */
  readonly lint: readonly LintCode[] | undefined;
}

const ROWS_ONLY = ['rows', 'batchSize', 'shuffle', 'sampleWeight', 'validationSplit', 'stratify'] as const;

const OPTIONS: readonly (keyof FitOptions)[] = [
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

/** Checks and reads what `fit` was given. */
export async function planFit(
  engine: Engine,
  x: Data | Batches,
  y: Data | undefined,
  options: FitOptions,
): Promise<FitPlan> {
  checkOptions(options, OPTIONS, 'fit');
  engine.checkCompiled();
  const { callbacks = [], resume = false, stratify = false, signal, control } = options;
  const seed = checkNumber(options.seed ?? engine.seed, 'seed', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    integer: true,
  });
  const steps = optionalCount(options.stepsPerEpoch, 'stepsPerEpoch');
  checkNumber(options.epochs ?? 1, 'epochs', { min: 1, integer: true });
  checkNumber(options.initialEpoch ?? 0, 'initialEpoch', { min: 0, max: options.epochs ?? 1, integer: true });
  checkNumber(options.validationSplit ?? 0, 'validationSplit', { min: 0, below: 1 });
  checkCallbacks(callbacks);
  checkFlags({ resume, stratify, shuffle: options.shuffle ?? true });
  checkControls(signal, control);
  const verbose = await progressOf(options.verbose);
  const mixup = options.mixup === undefined ? undefined : planMixup(engine, options.mixup, seed);
  const { train, validation } = await planData(engine, x, y, options, seed);
  let feed: Feed;
  if (isBatches(train)) {
    checkStream(engine, options);
    const { StreamFeed } = await import('../on-demand/stream.js');
    const weigh = (pair: Pair) => (options.classWeight ? withClassWeights(engine, pair, options.classWeight) : pair);
    const epochs = (options.epochs ?? 1) - (options.initialEpoch ?? 0);
    feed = new StreamFeed(engine, train, { steps, seed, mixup, weigh, epochs });
  } else {
    const pair = options.classWeight === undefined ? train : withClassWeights(engine, train, options.classWeight);
    const chosen = options.rows ?? undefined;
    const rows = chosen === undefined ? chosen : readRows(chosen, pair.rows);
    feed = planArrays(engine, pair, options, { steps, seed, mixup, rows });
  }
  const { initialEpoch } = options;
  return {
    feed,
    firstEpoch: initialEpoch,
    epochs: options.epochs === undefined && resume ? undefined : (options.epochs ?? 1),
    validation,
    validates: planValidationFreq(options.validationFreq),
    callbacks: [...callbacks, ...verbose],
    signal,
    control,
    resume,
    lint: await planLint(options.lint),
  };
}

async function planLint(given: FitOptions['lint'] = true): Promise<FitPlan['lint']> {
  if (typeof given === 'boolean') return given ? [] : undefined;
  checkOptions(given, ['ignore'], 'lint');
  return checkCodes(given.ignore, 'lint.ignore');
}

function optionalCount(value: unknown, argument: string): number | undefined {
  return value === undefined ? undefined : checkNumber(value, argument, { min: 1, integer: true });
}

function checkFlags(flags: Readonly<Record<string, unknown>>): void {
  for (const [argument, value] of Object.entries(flags)) {
    if (typeof value !== 'boolean') throw new ValueError({ argument, given: show(value), expected: 'true or false' });
  }
}

function checkControls(signal: unknown, control: unknown): void {
  const { addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (signal !== undefined && typeof addEventListener !== 'function') {
    const hint = signal instanceof AbortController ? { hint: 'Pass controller.signal.' } : {};
    throw new ValueError({ argument: 'signal', given: show(signal), expected: 'an AbortSignal', ...hint });
  }
  if (control !== undefined && typeof (control as Partial<TrainingControl> | null)?.halt !== 'function') {
    throw new ValueError({ argument: 'control', given: show(control), expected: 'what trainingControl() returns' });
  }
}

/** A callback that shows progress, loaded where it is asked for. */
async function progressOf(verbose: unknown = 0): Promise<readonly Callback[]> {
  if (verbose === 0) return [];
  if (verbose !== 1 && verbose !== 2 && verbose !== 'auto') {
    throw new ValueError({ argument: 'verbose', given: show(verbose), expected: "0, 1, 2 or 'auto'" });
  }
  const { makeProgress } = await import('../on-demand/bar.js');
  return [makeProgress({ mode: verbose === 'auto' ? 'auto' : verbose === 1 ? 'bar' : 'lines' })];
}

function checkStream({ training: { optimizer } }: Engine, options: FitOptions): void {
  for (const argument of ROWS_ONLY) {
    if (options[argument] === undefined) continue;
    throw new ValueError({
      argument,
      given: `${show(options[argument])} with a stream of batches`,
      expected: 'none',
      hint:
        argument === 'sampleWeight' ? 'Yield [x, y, sampleWeight].' : 'It needs all rows; batches come as they are.',
    });
  }
  if (!optimizer.solver) return;
  const { name } = optimizer.spec;
  throw new ValueError({ argument: 'x', given: `a stream of batches with ${name}`, expected: 'all rows at once' });
}

/** Refuses options where targets should be. */
function checkTargets({ training }: Engine, y: Data | undefined): void {
  const given = y !== undefined && isByName(y) ? Object.keys(y) : [];
  const outputs = training.targets.map(({ name }) => name);
  const options: readonly string[] = OPTIONS.filter((name) => !outputs.includes(name));
  const misplaced = given.length > 0 && given.every((key) => options.includes(key));
  if (y !== undefined && !misplaced) return;
  throw new ValueError({
    argument: 'y',
    given: misplaced ? `the options ${given.join(', ')}` : 'nothing',
    expected: 'targets, one for each row of x',
    hint: 'fit(x, y, { epochs: 10 }); only of a stream of batches options come second: fit(batches, { epochs: 10 }).',
  });
}

/** What to train on and what to validate on. */
async function planData(
  engine: Engine,
  x: Data | Batches,
  y: Data | undefined,
  options: FitOptions,
  seed: number,
): Promise<{ readonly train: Pair | Batches; readonly validation: ValidationSource | undefined }> {
  const { validationData, validationSplit = 0, stratify = false } = options;
  const blocks = {
    rows: optionalCount(options.validationBatchSize, 'validationBatchSize') ?? INFERENCE_ROWS,
    most: optionalCount(options.validationSteps, 'validationSteps') ?? Number.POSITIVE_INFINITY,
  };
  if (stratify && validationSplit === 0) {
    const expected = 'validationSplit beside it, the share to hold out';
    throw new ValueError({ argument: 'stratify', given: 'true', expected });
  }
  const beside =
    validationData !== undefined ? 'validationData' : (options.rows ?? undefined) !== undefined ? 'rows' : undefined;
  if (beside !== undefined && validationSplit > 0) {
    throw new ValueError({
      argument: 'validationSplit',
      given: `${validationSplit} beside ${beside}`,
      expected: `one of ${beside} and validationSplit, not both`,
    });
  }
  if (!isBatches(x)) checkTargets(engine, y);
  const train = isBatches(x) ? x : readPair(engine, x, y as Data, options.sampleWeight);
  if (validationData !== undefined) return { train, validation: readValidation(engine, validationData, blocks) };
  if (validationSplit === 0 || isBatches(train)) return { train, validation: undefined };
  const rest = Math.floor(train.rows * (1 - validationSplit));
  if (rest === 0 || rest === train.rows) {
    throw new ValueError({
      argument: 'validationSplit',
      given: `${validationSplit} of ${train.rows} ${train.rows === 1 ? 'row' : 'rows'}`,
      expected: 'a share that leaves at least one row to train on and one to validate on',
      hint: `floor(rows (1 - share)) = ${rest} are trained on, the others validate.`,
    });
  }
  if (stratify) {
    const { stratified } = await import('../on-demand/stratify.js');
    const [learned, drawn] = await stratified(engine, train, train.rows - rest, seed);
    const rowOf = (row: number) => drawn.origin?.[row] ?? row;
    return { train: learned, validation: { pair: drawn, blocks, origin: { x: 'x', y: 'y', rowOf } } };
  }
  const pair = slice(train, rest, train.rows);
  const origin = { x: 'x', y: 'y', rowOf: (row: number) => rest + row };
  return { train: slice(train, 0, rest), validation: { pair, blocks, origin } };
}

function readValidation(
  engine: Engine,
  data: NonNullable<FitOptions['validationData']>,
  blocks: Blocks,
): ValidationSource {
  if (isBatches(data)) return { batches: data, blocks };
  if (!Array.isArray(data) || data.length < 2 || data.length > 3) {
    const expected = '[x, y] or [x, y, sampleWeight], or a stream of them';
    throw new ValueError({ argument: 'validationData', given: show(data), expected });
  }
  const names = [0, 1, 2].map((i) => `validationData[${i}]`);
  const [x, y, weights] = data as unknown as readonly [Data, Data, SampleWeight?];
  const [xName, yName] = names as [string, string];
  const origin = { x: xName, y: yName, rowOf: (row: number) => row };
  return { pair: readPair(engine, x, y, weights, ...names), blocks, origin };
}

function planValidationFreq(freq: unknown = 1): (epoch: number) => boolean {
  if (Array.isArray(freq)) {
    freq.forEach((epoch, i) => {
      checkNumber(epoch, `validationFreq[${i}]`, { min: 1, integer: true });
    });
    return (epoch) => freq.includes(epoch + 1);
  }
  const every = checkNumber(freq, 'validationFreq', { min: 1, integer: true });
  return (epoch) => (epoch + 1) % every === 0;
}

function planArrays(
  engine: Engine,
  pair: Pair,
  options: FitOptions,
  rest: Pick<ConstructorParameters<typeof ArrayFeed>[2], 'steps' | 'seed' | 'mixup' | 'rows'>,
): Feed {
  const { spec, solver } = engine.training.optimizer;
  checkNumber(options.batchSize ?? 32, 'batchSize', { min: 1, integer: true });
  const total = rest.rows?.length ?? pair.rows;
  const batchSize = options.batchSize ?? (solver ? total : 32);
  if (solver && batchSize < total) {
    throw new ValueError({
      argument: 'batchSize',
      given: `${batchSize} of ${total} rows`,
      expected: `all rows with ${spec.name}`,
      hint: 'Its line search compares losses, which must be of the same rows. Leave batchSize out.',
    });
  }
  checkBatches(total, batchSize, engine.minimumBatch);
  return new ArrayFeed(engine, pair, { batchSize, shuffle: options.shuffle ?? !solver, ...rest });
}

function withClassWeights(engine: Engine, pair: Pair, given: ClassWeights): Pair {
  const { targets } = engine.training;
  const { y, weighted } = pair;
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
  const weights = weighClasses(target.objective, classes, given, weighted ? own : undefined);
  return { ...pair, y: [classes, weights], weighted: true };
}

function planMixup(engine: Engine, alpha: number, seed: number): Mixup {
  checkNumber(alpha, 'mixup', { above: 0 });
  checkMixup(
    engine.training.targets.map(({ objective }) => objective),
    engine.network.inputs,
  );
  return new Mixup(alpha, seed);
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

/** A stretch of rows, without copying them. */
function slice({ x, y, weighted }: Pair, from: number, to: number): Pair {
  const rowsOf = ({ data, columns }: Matrix) => ({
    data: data.subarray(from * columns, to * columns),
    rows: to - from,
    columns,
  });
  return { x: x.map(rowsOf), y: y.map(rowsOf), rows: to - from, weighted };
}
