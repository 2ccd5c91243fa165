import { checkCallbacks } from '../callbacks/hooks.js';
import type { Callback, FitOptions, Model } from '../callbacks/interfaces.js';
import type { TrainingControl } from '../callbacks/training-control.js';
import type { Engine } from '../engine/engine.js';
import { checkNumber, checkOptions, show, ValueError } from '../errors.js';
import { checkCodes } from '../insight/checks.js';
import type { LintCode } from '../insight/finding.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import { rare } from '../rare.js';
import type { Data, Pair, Targets } from '../rows/arrays.js';
import { type Batches, isBatches } from '../rows/batches.js';
import { type ClassWeightOption, type ClassWeights, weighClasses } from '../rows/class-weights.js';
import { ArrayFeed, type Feed, readRows } from '../rows/feed.js';
import { checkFitted } from '../rows/learning.js';
import { checkMixup, Mixup } from '../rows/mixup.js';
import { planData, type ValidationSource } from './fit-data.js';
import { type Given, OPTIONS, optionalCount, ROWS_ONLY } from './fit-options.js';
import { learnNames, learnNamesOf, takeNames } from './learn-names.js';
import { checkSignal } from './on-abort.js';

/** Checked arguments of `fit`. */
export interface FitPlan {
  readonly feed: Feed;
  /** The first epoch, and the one after the last; undefined where the run that is resumed says so. */
  readonly firstEpoch: number | undefined;
  readonly epochs: number | undefined;
  readonly validation: ValidationSource | undefined;
  /** Returns whether to validate after this epoch. */
  readonly validates: (epoch: number) => boolean;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  readonly control: TrainingControl | undefined;
  readonly resume: boolean;
  /** Codes that lint is not to look for; undefined where it is not to look at all. */
  readonly lint: readonly LintCode[] | undefined;
}

/** Checks and reads what `fit` was given. */
export async function planFit(
  model: Model,
  engine: Engine,
  x: Data | Batches,
  y: Targets | undefined,
  options: Given,
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
  takeNames(engine, model, options.classNames);
  if (y !== undefined) learnNames(engine, model, y);
  const verbose = await progressOf(options.verbose);
  const mixup = options.mixup === undefined ? undefined : planMixup(engine, options.mixup, seed);
  const { train, validation } = await planData(engine, x, y, options, seed);
  const { classWeight, partial } = options;
  if (partial || isBatches(train)) checkCounted(classWeight, partial ? 'partialFit' : 'a stream of batches');
  let feed: Feed;
  const streamed = validation && 'batches' in validation ? validation.batches : undefined;
  if (isBatches(train)) {
    checkStream(engine, options);
    const { StreamFeed } = await import('./stream.js');
    const weigh = (pair: Pair) => (classWeight === undefined ? pair : withClassWeights(engine, pair, classWeight));
    const epochs = (options.epochs ?? 1) - (options.initialEpoch ?? 0);
    const learn = async (labels: Targets | undefined) => {
      // A preprocess that validation shares with training has learned by now.
      if (streamed) checkFitted(streamed, 'validationData');
      if (labels !== undefined) await learnNamesOf(engine, model, labels, train);
    };
    feed = new StreamFeed(engine, train, { steps, seed, mixup, weigh, epochs, learn });
  } else {
    if (streamed) checkFitted(streamed, 'validationData');
    const chosen = options.rows ?? undefined;
    const rows = chosen === undefined ? chosen : readRows(chosen, train.rows);
    const pair = classWeight === undefined ? train : withClassWeights(engine, train, classWeight, rows);
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

function checkFlags(flags: Readonly<Record<string, unknown>>): void {
  for (const [argument, value] of Object.entries(flags)) {
    if (typeof value !== 'boolean') throw new ValueError({ argument, given: show(value), expected: 'true or false' });
  }
}

function checkControls(signal: unknown, control: unknown): void {
  checkSignal(signal);
  if (control !== undefined && typeof (control as Partial<TrainingControl> | null)?.halt !== 'function') {
    throw new ValueError({ argument: 'control', given: show(control), expected: 'what trainingControl() returns' });
  }
}

/** Returns a callback that shows progress, loaded where it is asked for. */
async function progressOf(verbose: unknown = 0): Promise<readonly Callback[]> {
  if (verbose === 0) return [];
  if (verbose !== 1 && verbose !== 2 && verbose !== 'auto') {
    throw new ValueError({ argument: 'verbose', given: show(verbose), expected: "0, 1, 2 or 'auto'" });
  }
  const { makeProgress } = await import('../callbacks/bar.js');
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

/** Returns the weights of classes for each output; undefined for one that has none. */
function classWeightsOf(given: ClassWeightOption, outputs: readonly string[]): readonly (ClassWeights | undefined)[] {
  if (outputs.length === 1 && !(isRecord(given) && Object.hasOwn(given, outputs[0] as string))) {
    return [given as ClassWeights];
  }
  if (!isRecord(given)) {
    throw new ValueError({
      argument: 'classWeight',
      given: `${show(given)} for a model with ${outputs.length} outputs`,
      expected: `weights by the name of an output: ${outputs.join(', ')}`,
      hint: `Such as { ${outputs[0]}: 'balanced' }.`,
    });
  }
  checkOptions(given, outputs, 'classWeight');
  return outputs.map((name) => (given as Readonly<Record<string, ClassWeights>>)[name]);
}

const isRecord = (given: unknown): given is object =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

function withClassWeights(engine: Engine, pair: Pair, given: ClassWeightOption, chosen?: ArrayLike<number>): Pair {
  const { targets } = engine.training;
  const count = targets.length;
  const { y, weighted, rows } = pair;
  let none: Matrix | undefined;
  const weights = classWeightsOf(
    given,
    targets.map(({ name }) => name),
  ).map((classes, i): Matrix => {
    const own = weighted ? (y[count + i] as Matrix) : undefined;
    if (classes !== undefined) {
      const { name, objective } = targets[i] as (typeof targets)[number];
      const argument = count > 1 ? `classWeight.${name}` : 'classWeight';
      const names = rare().namesOf(engine.named.classNames, name);
      return weighClasses(objective, y[i] as Matrix, classes, { argument, own, chosen, names });
    }
    if (own) return own;
    none ??= makeMatrix(new Float32Array(rows).fill(1), rows, 1);
    return none;
  });
  return { ...pair, y: [...y.slice(0, count), ...weights], weighted: true };
}

/** Refuses to count classes where rows come bit by bit. */
function checkCounted(given: unknown, source: string): void {
  const parts = isRecord(given) ? Object.entries(given) : [];
  const [name] = parts.find(([, part]) => part === 'balanced') ?? [];
  if (given !== 'balanced' && name === undefined) return;
  throw new ValueError({
    argument: name === undefined ? 'classWeight' : `classWeight.${name}`,
    given: `'balanced' with ${source}`,
    expected: 'weights of classes, such as { 0: 1, 1: 5 } or [1, 5]',
    hint: 'Count the rows of each class in one pass over all; the weight is rows / (classes * rows of the class).',
  });
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
