import { call, type HooksOf, hooksOf } from '../callbacks/hooks.js';
import type { Callback, Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { type BatchHooks, type Blocks, Evaluation } from '../passes/evaluation.js';
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

/** Evaluates between the steps of `fit`. */
export async function validate(
  engine: Engine,
  { pair, blocks, origin }: { readonly pair: Pair; readonly blocks: Blocks; readonly origin: Origin },
  hooks: TestHooks,
  pause: Pause,
): Promise<Logs> {
  const evaluation = new Evaluation(engine, 'validate', pair.rows, hooks, indexCheck(engine, origin));
  await hooks.open();
  engine.steps.midway = true;
  let logs: Logs;
  try {
    await inSlices(evaluation.add(pair, blocks), pause);
    logs = await inSlices(evaluation.logs(), pause);
  } finally {
    engine.steps.midway = false;
  }
  if (!Number.isFinite(logs.loss)) checkNumbers(engine, pair, origin);
  await hooks.close(logs);
  return logs;
}
