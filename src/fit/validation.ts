import { call, type HooksOf, hooksOf } from '../callbacks/hooks.js';
import type { Callback, Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { inParts } from '../engine/step-in-parts.js';
import { type BatchHooks, type Blocks, type Evaluating, Evaluation } from '../passes/evaluation.js';
import type { Logs } from '../passes/logs.js';
import type { Pair } from '../rows/arrays.js';
import { checkNumbers, indexCheck, type Origin } from '../rows/changed.js';
import type { Pause } from '../rows/feed.js';

/** Hooks of an evaluation. */
export class TestHooks implements BatchHooks {
  readonly quiet: boolean;
  readonly #begin: HooksOf<'onTestBegin'>;
  readonly #end: HooksOf<'onTestEnd'>;
  readonly #batchBegin: HooksOf<'onTestBatchBegin'>;
  readonly #batchEnd: HooksOf<'onTestBatchEnd'>;

  constructor(
    callbacks: readonly Callback[],
    private readonly model: Model,
  ) {
    this.#begin = hooksOf(callbacks, 'onTestBegin');
    this.#end = hooksOf(callbacks, 'onTestEnd');
    this.#batchBegin = hooksOf(callbacks, 'onTestBatchBegin');
    this.#batchEnd = hooksOf(callbacks, 'onTestBatchEnd');
    this.quiet = this.#batchEnd.length === 0;
  }

  /** Calls the hooks that come before everything else. */
  open(): Promise<void> | undefined {
    return call(this.#begin, this.model);
  }

  begin(batch: number): Promise<void> | undefined {
    return call(this.#batchBegin, batch, this.model);
  }

  end(batch: number, logs: Logs): Promise<void> | undefined {
    return call(this.#batchEnd, batch, logs, this.model);
  }

  /** Calls the hooks that come after everything else. */
  close(logs: Logs): Promise<void> | undefined {
    return call(this.#end, logs, this.model);
  }
}

/** Runs steps to their end; waits for what they yield, and hands over to `pause` in between. */
export async function inSlices<T>(steps: Generator<Promise<void> | undefined | void, T>, pause: Pause): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (value) await value;
    const pausing = pause();
    if (pausing) await pausing;
  }
}

/** Holds what is evaluated: rows at hand, or batches as they come. */
export interface Evaluated {
  readonly mode: 'evaluate' | 'validate';
  /** The rows, where their number is known beforehand; else 0. */
  readonly rows: number;
  readonly origin: Origin;
  /** Rows of a call, and how many calls at most; default: those of inference, and all. */
  readonly blocks?: Blocks;
  /** Hands over all rows, in turns. */
  each(use: (pair: Pair) => Promise<void>): void | Promise<void>;
  /** Finds out why there is no loss. */
  explain?(): void;
}

/** Validates on rows at hand. */
export function atHand(
  engine: Engine,
  { pair, blocks, origin }: { readonly pair: Pair; readonly blocks: Blocks; readonly origin: Origin },
): Evaluated {
  return {
    mode: 'validate',
    rows: pair.rows,
    origin,
    blocks,
    each: (use) => use(pair),
    explain: () => checkNumbers(engine, pair, origin),
  };
}

/** Evaluates, telling hooks; `run` takes rows in to the end, in whatever slices. */
export async function evaluateAll(
  engine: Engine,
  { mode, rows, origin, blocks, ...source }: Evaluated,
  hooks: TestHooks,
  run: (adding: Evaluating) => Promise<void>,
  pause: Pause,
): Promise<Logs> {
  const evaluation = new Evaluation(engine, mode, rows, hooks, indexCheck(engine, origin));
  await hooks.open();
  await source.each((pair) => run(evaluation.add(pair, blocks)));
  const logs = await inSlices(evaluation.logs(), pause);
  if (!Number.isFinite(logs.loss)) source.explain?.();
  await hooks.close(logs);
  return logs;
}

/** Evaluates between the steps of `fit`. */
export function validate(engine: Engine, evaluated: Evaluated, hooks: TestHooks, pause: Pause): Promise<Logs> {
  const run = (adding: Evaluating) => inParts(engine, () => inSlices(adding, pause));
  return evaluateAll(engine, evaluated, hooks, run, pause);
}
