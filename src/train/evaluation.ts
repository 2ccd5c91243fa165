import type { Pair } from './batches.js';
import { type Callback, call, type HooksOf, hooksOf, type Logs } from './callbacks.js';
import type { Engine } from './engine.js';
import type { Breath } from './feed.js';
import { Gathered } from './gather.js';
import type { Model } from './model.js';
import { EpochTotals, makeLogs } from './totals.js';
import { INFERENCE_ROWS } from './training-plan.js';

/** Rows that one call of an evaluation takes, and how many calls at most. */
export interface Blocks {
  readonly rows: number;
  readonly most: number;
}

const ALL: Blocks = { rows: INFERENCE_ROWS, most: Number.POSITIVE_INFINITY };

/** Hooks of an evaluation. */
export class TestHooks {
  readonly begin: HooksOf<'onTestBegin'>;
  readonly end: HooksOf<'onTestEnd'>;
  readonly batchBegin: HooksOf<'onTestBatchBegin'>;
  readonly batchEnd: HooksOf<'onTestBatchEnd'>;

  constructor(
    callbacks: readonly Callback[],
    readonly model: Model,
  ) {
    this.begin = hooksOf(callbacks, 'onTestBegin');
    this.end = hooksOf(callbacks, 'onTestEnd');
    this.batchBegin = hooksOf(callbacks, 'onTestBatchBegin');
    this.batchEnd = hooksOf(callbacks, 'onTestBatchEnd');
  }
}

type Pauses = Generator<Promise<void> | undefined | void, void>;

/** Sums of an evaluation. */
export class Evaluation {
  readonly #totals: EpochTotals;
  readonly #gathered: Gathered | undefined;
  #batch = 0;

  constructor(
    private readonly engine: Engine,
    private readonly mode: 'evaluate' | 'validate',
    rows: number,
    private readonly hooks?: TestHooks,
  ) {
    this.#totals = new EpochTotals(engine);
    this.#gathered = Gathered.of(engine, rows);
  }

  /** Takes rows in, with a chance to stop after every call; yields what hooks ask to wait for. */
  *add({ x, y, rows: total, weighted }: Pair, blocks = ALL): Pauses {
    const { engine, hooks } = this;
    const end = Math.min(total, blocks.rows * blocks.most);
    for (let start = 0; start < end; start += blocks.rows) {
      const rows = Math.min(blocks.rows, total - start);
      const batch = this.#batch++;
      if (hooks && hooks.batchBegin.length > 0) yield call(hooks.batchBegin, batch, hooks.model);
      const program = engine.program(this.mode, rows, weighted);
      engine.stageBatch(program, x, y, start);
      for (const step of program.steps) {
        step();
        yield;
      }
      const outcome = engine.steps.outcome();
      this.#totals.add(outcome, rows);
      this.#gathered?.add(engine, program);
      if (hooks && hooks.batchEnd.length > 0) {
        yield call(hooks.batchEnd, batch, makeLogs(engine, outcome, rows), hooks.model);
      }
    }
  }

  *logs(): Generator<void, Logs> {
    return this.#totals.logs(this.engine, this.#gathered && (yield* this.#gathered.measure()));
  }
}

function toEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Loss and metrics over all rows, in one go; a step under way does not notice. */
export function evaluate(engine: Engine, pair: Pair): Logs {
  return engine.steps.keepingReports(() => {
    const evaluation = new Evaluation(engine, 'evaluate', pair.rows);
    toEnd(evaluation.add(pair));
    return toEnd(evaluation.logs());
  });
}

/** Runs steps to their end; waits for what they yield, and hands over to `breath` in between. */
export async function inSlices<T>(steps: Generator<Promise<void> | undefined | void, T>, breath: Breath): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (value) await value;
    const pausing = breath();
    if (pausing) await pausing;
  }
}

/** Evaluates between the steps of `fit`. */
export async function validate(
  engine: Engine,
  pair: Pair,
  blocks: Blocks,
  hooks: TestHooks,
  breath: Breath,
): Promise<Logs> {
  const evaluation = new Evaluation(engine, 'validate', pair.rows, hooks);
  await call(hooks.begin, hooks.model);
  engine.steps.midway = true;
  let logs: Logs;
  try {
    await inSlices(evaluation.add(pair, blocks), breath);
    logs = await inSlices(evaluation.logs(), breath);
  } finally {
    engine.steps.midway = false;
  }
  await call(hooks.end, logs, hooks.model);
  return logs;
}
