import { call, checkCallbacks, hooksOf } from '../callbacks/hooks.js';
import type { Callback, EvaluateBatchesOptions, Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { checkOptions, prefixed, StreamError, show, ValueError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { type Blocks, Evaluation } from '../passes/evaluation.js';
import type { Logs } from '../passes/logs.js';
import type { LinkedProgram } from '../program/run.js';
import { isPromise } from '../realms.js';
import { checkBatch, type Data, type Pair, readPair } from '../rows/arrays.js';
import type { Batch, Batches } from '../rows/batches.js';
import { indexCheck, type Origin } from '../rows/changed.js';
import type { Feed, FeedState, Pause } from '../rows/feed.js';
import type { Mixup } from '../rows/mixup.js';
import { beginRun, sharedPause } from '../rows/pause.js';
import { inSlices, TestHooks } from './validation.js';

type Pulled<T> = IteratorResult<T> | Promise<IteratorResult<T>>;

/** A stream that is being read; what was read and not used is kept. */
class Reading<T> {
  #unread: Pulled<T> | undefined;

  constructor(private readonly iterator: Iterator<T> | AsyncIterator<T>) {}

  next(): Pulled<T> {
    if (this.#unread) return this.#unread;
    const result = this.iterator.next();
    this.#unread = result;
    if (isPromise(result)) result.catch(() => this.used());
    return result;
  }

  used(): void {
    this.#unread = undefined;
  }

  close(): void {
    try {
      const closing: unknown = this.iterator.return?.();
      if (isPromise(closing)) closing.catch(() => {});
    } catch {
      // The run is over, so an error of the stream matters to nobody.
    }
  }
}

/** Streams that cannot be started again, and how far they have been read; a later run goes on there. */
const readings = /* @__PURE__ */ new WeakMap<object, Reading<never>>();

/** Returns whether reading can start again. Streams of bytes or objects are iterable, but once. */
function restarts(source: Batches<never>): boolean {
  if (typeof source === 'function') return true;
  const { next, getReader, pipe } = source as { next?: unknown; getReader?: unknown; pipe?: unknown };
  return [next, getReader, pipe].every((method) => typeof method !== 'function');
}

function open<T>(source: Batches<T>, epoch: number, argument: string): Reading<T> {
  if (!restarts(source as Batches<never>)) {
    const known = readings.get(source);
    if (known) return known as unknown as Reading<T>;
    const reading = new Reading(iteratorOf<T>(source, argument));
    readings.set(source, reading as unknown as Reading<never>);
    return reading;
  }
  return new Reading(iteratorOf<T>(typeof source === 'function' ? source(epoch) : source, argument));
}

function iteratorOf<T>(stream: unknown, argument: string): Iterator<T> | AsyncIterator<T> {
  const given = stream as Partial<AsyncIterable<T> & Iterable<T> & Iterator<T>> | null | undefined;
  if (given?.[Symbol.asyncIterator]) return (given as AsyncIterable<T>)[Symbol.asyncIterator]();
  if (given?.[Symbol.iterator]) return (given as Iterable<T>)[Symbol.iterator]();
  if (typeof given?.next === 'function') return given as Iterator<T>;
  const hint = isPromise(given) ? { hint: 'An async function returns a promise; async function* a stream.' } : {};
  throw new ValueError({
    argument,
    given: `a function that returned ${show(given)}`,
    expected: 'an iterable',
    ...hint,
  });
}

/** @throws ValueError, ShapeError that say which batch it is. */
function readBatch(engine: Engine, item: unknown, place: string): Pair {
  try {
    if (Array.isArray(item) && (item.length === 2 || item.length === 3)) {
      return readPair(engine, item[0], item[1], item[2]);
    }
    if (typeof item === 'object' && item !== null && 'x' in item && 'y' in item) {
      checkOptions(item, ['x', 'y', 'sampleWeight'], 'batch');
      const { x, y, sampleWeight } = item as Exclude<Batch, readonly unknown[]>;
      return readPair(engine, x, y, sampleWeight);
    }
  } catch (error) {
    throw prefixed(error, place, ': ');
  }
  throw new ValueError({
    argument: place,
    given: show(item),
    expected: '[x, y], [x, y, sampleWeight] or { x, y, sampleWeight }',
  });
}

function isDone(result: unknown, place: string): result is IteratorReturnResult<unknown> {
  if (typeof result !== 'object' || result === null) {
    throw new ValueError({ argument: place, given: show(result), expected: '{ value, done } of next()' });
  }
  return (result as IteratorResult<unknown>).done === true;
}

export interface StreamOptions {
  readonly steps: number | undefined;
  readonly seed: number;
  readonly mixup: Mixup | undefined;
  readonly weigh: (pair: Pair) => Pair;
  /** Epochs to train. */
  readonly epochs: number;
}

/** Batches as they come, one at a time in memory. */
export class StreamFeed implements Feed {
  readonly steps: number | undefined;
  readonly rows = 0;
  readonly sample = undefined;
  readonly #restarts: boolean;
  #reading: Reading<Batch> | undefined;
  #epoch = 0;
  #batch = 0;
  #item: unknown;

  constructor(
    private readonly engine: Engine,
    private readonly source: Batches,
    private readonly options: StreamOptions,
  ) {
    this.steps = options.steps;
    this.#restarts = restarts(source as Batches<never>);
    if (this.#restarts || options.steps !== undefined || options.epochs === 1) return;
    throw new ValueError({
      argument: 'epochs',
      given: `${options.epochs} with a generator, which cannot start again`,
      expected: 'stepsPerEpoch beside it, or 1',
      hint: 'Pass the generator function itself, which is called for each epoch, or an object with [Symbol.iterator].',
    });
  }

  get state(): FeedState {
    const { steps, seed } = this.options;
    return steps === undefined ? { seed } : { steps, seed };
  }

  get #place(): string {
    return `epoch ${this.#epoch}, batch ${this.#batch}`;
  }

  begin(epoch: number, batch: number): void | Promise<void> {
    this.#epoch = epoch;
    this.#batch = 0;
    if (this.#restarts) this.close();
    this.#reading = open(this.source, epoch, 'x');
    if (this.#restarts && batch > 0) return this.#skip(batch);
  }

  /** Reads what an earlier run has trained on already. */
  async #skip(batches: number): Promise<void> {
    const reading = this.#reading as Reading<Batch>;
    for (; this.#batch < batches; this.#batch++) {
      if (isDone(await reading.next(), this.#place)) throw this.#early(`${batches} to go on from`);
      reading.used();
    }
  }

  #early(wanted: string): StreamError {
    const [epoch, batch] = [this.#epoch, this.#batch];
    return new StreamError(
      `The stream of batches ends before batch ${batch} of epoch ${epoch}, where ${wanted} were wanted.`,
      epoch,
      batch,
    );
  }

  pull(batch: number, _pause: Pause): boolean | Promise<unknown> {
    if (this.steps !== undefined && batch >= this.steps) return false;
    this.#batch = batch;
    const pulled = (this.#reading as Reading<Batch>).next();
    return isPromise(pulled) ? pulled : this.take(pulled);
  }

  take(pulled: unknown): boolean {
    if (isDone(pulled, this.#place)) {
      if (this.steps !== undefined) throw this.#early(`${this.steps} steps per epoch`);
      return false;
    }
    this.#item = (pulled as IteratorResult<Batch>).value;
    return true;
  }

  stage(mixed = true): LinkedProgram {
    const { engine, options } = this;
    let pair: Pair;
    try {
      pair = options.weigh(readBatch(engine, this.#item, this.#place));
      checkBatch(engine, pair.rows, `${this.#place}: x`);
    } catch (error) {
      this.passed();
      throw error;
    }
    const { x, y, rows, weighted } = pair;
    const program = engine.program(engine.steps.mode, rows, weighted);
    engine.stageBatch(program, x, y, 0);
    if (mixed) options.mixup?.apply(engine, program, x, y, 0, undefined);
    return program;
  }

  passed(): void {
    this.#item = undefined;
    this.#reading?.used();
  }

  /** Closes the stream. A generator that was passed stays open: it is not ours, and another run may go on with it. */
  close(): void {
    if (this.#restarts) this.#reading?.close();
    this.#reading = undefined;
  }
}

/** Takes batches in turns, `most` of them or all. @throws StreamError where there are fewer */
async function forBatches<T>(
  source: Batches<T>,
  argument: string,
  epoch: number | undefined,
  most: number,
  wait: <P>(waited: Promise<P>) => Promise<P>,
  use: (item: T, batch: number) => void | Promise<void>,
): Promise<void> {
  const reading = open(source, epoch ?? 0, argument);
  const where = epoch === undefined ? argument : `${argument} in epoch ${epoch}`;
  try {
    let batch = 0;
    for (; batch < most; batch++) {
      const pulled = reading.next();
      const result = isPromise(pulled) ? await wait(pulled) : pulled;
      if (isDone(result, `${where}, batch ${batch}`)) break;
      reading.used();
      await use(result.value, batch);
    }
    if (batch > 0 && (batch === most || most === Number.POSITIVE_INFINITY)) return;
    const wanted = most === Number.POSITIVE_INFINITY ? 'at least one was wanted' : `${most} were wanted`;
    const hint =
      batch > 0 || restarts(source as Batches<never>)
        ? ''
        : ' A generator goes on where it stood: pass the generator function, which is called each time.';
    throw new StreamError(`${where}: the stream ends before batch ${batch}, where ${wanted}.${hint}`, epoch, batch);
  } finally {
    if (restarts(source as Batches<never>)) reading.close();
  }
}

/** Hooks that are waited for may write to a batch once it was read. */
const originOf = (argument: string): Origin => ({ x: `${argument}: x`, y: `${argument}: y`, rowOf: (row) => row });

/** Evaluates a stream between the steps of `fit`. */
export async function validateBatches(
  engine: Engine,
  { batches, blocks }: { readonly batches: Batches; readonly blocks: Blocks },
  epoch: number,
  hooks: TestHooks,
  pause: Pause,
  wait: <P>(waited: Promise<P>) => Promise<P>,
): Promise<Logs> {
  const evaluation = new Evaluation(engine, 'validate', 0, hooks, indexCheck(engine, originOf('validationData')));
  await hooks.open();
  await forBatches(batches, 'validationData', epoch, blocks.most, wait, async (item, batch) => {
    const pair = readBatch(engine, item, `validationData in epoch ${epoch}, batch ${batch}`);
    engine.steps.midway = true;
    try {
      await inSlices(evaluation.add(pair, { ...blocks, most: Number.POSITIVE_INFINITY }), pause);
    } finally {
      engine.steps.midway = false;
    }
  });
  const logs = await inSlices(evaluation.logs(), pause);
  await hooks.close(logs);
  return logs;
}

/** Evaluates a stream; steps of `fit` under way do not notice. */
export async function evaluateBatches(
  model: Model,
  engine: Engine,
  batches: Batches,
  options: EvaluateBatchesOptions = {},
): Promise<Logs> {
  checkOptions(options, ['steps', 'callbacks'], 'evaluateBatches');
  const { steps = Number.POSITIVE_INFINITY, callbacks = [] } = options;
  if (steps !== Number.POSITIVE_INFINITY) checkSteps(steps);
  checkCallbacks(callbacks);
  const end = await beginRun();
  try {
    return await evaluateAll(model, engine, batches, steps, callbacks);
  } finally {
    end();
  }
}

async function evaluateAll(
  model: Model,
  engine: Engine,
  batches: Batches,
  steps: number,
  callbacks: readonly Callback[],
): Promise<Logs> {
  const { training } = engine;
  const hooks = new TestHooks(callbacks, model);
  const evaluation = new Evaluation(engine, 'evaluate', 0, hooks, indexCheck(engine, originOf('batches')));
  await hooks.open();
  await forBatches(
    batches,
    'batches',
    undefined,
    steps,
    (waited) => waited,
    async (item, batch) => {
      const pair = readBatch(engine, item, `batch ${batch}`);
      if (engine.training !== training) {
        throw new ValueError({
          argument: 'batches',
          given: 'a model compiled anew',
          expected: 'the same model to the end',
        });
      }
      const adding = evaluation.add(pair);
      for (;;) {
        const { done, value } = engine.steps.keepingReports(() => {
          for (;;) {
            const step = adding.next();
            if (step.done || step.value) return step;
          }
        });
        if (done) break;
        await value;
      }
      await sharedPause();
    },
  );
  const logs = await inSlices(evaluation.logs(), sharedPause);
  await hooks.close(logs);
  return logs;
}

function checkSteps(steps: unknown): void {
  if (Number.isInteger(steps) && (steps as number) >= 1) return;
  throw new ValueError({ argument: 'steps', given: show(steps), expected: 'an integer >= 1' });
}

/** Predicts a stream of inputs, batch by batch. */
export async function* predictBatches(
  model: Model,
  batches: Batches<Data>,
  options: { readonly callbacks?: readonly Callback[] } = {},
): AsyncGenerator<Matrix, void, undefined> {
  checkOptions(options, ['callbacks'], 'predictBatches');
  const { callbacks = [] } = options;
  checkCallbacks(callbacks);
  const batchBegin = hooksOf(callbacks, 'onPredictBatchBegin');
  const batchEnd = hooksOf(callbacks, 'onPredictBatchEnd');
  const reading = open(batches, 0, 'batches');
  await call(hooksOf(callbacks, 'onPredictBegin'), model);
  try {
    for (let batch = 0; ; batch++) {
      const result = await reading.next();
      if (isDone(result, `batch ${batch}`)) break;
      reading.used();
      await call(batchBegin, batch, model);
      let output: Matrix;
      try {
        output = model.predict(result.value);
      } catch (error) {
        throw prefixed(error, `batch ${batch}`, ': ');
      }
      await call(batchEnd, batch, model);
      yield output;
      await sharedPause();
    }
  } finally {
    if (restarts(batches as Batches<never>)) reading.close();
  }
  await call(hooksOf(callbacks, 'onPredictEnd'), model);
}
