import type { Engine } from '../engine/engine.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import type { Gathering } from '../nn/metrics/metric.js';
import type { LinkedProgram } from '../program/run.js';
import type { Pair } from '../rows/arrays.js';
import { gather, toEnd } from './gather.js';
import type { Logs } from './logs.js';
import { makeLogs } from './logs.js';
import { Totals } from './totals.js';

/** Rows that one call of an evaluation takes, and how many calls at most. */
export interface Blocks {
  readonly rows: number;
  readonly most: number;
}

const ALL: Blocks = { rows: INFERENCE_ROWS, most: Infinity };

/** Hooks that are called for the batches of an evaluation, and waited for. */
export interface BatchHooks {
  begin(batch: number): Promise<void> | undefined;
  /** No hook listens to `end`. */
  readonly quiet: boolean;
  end(batch: number, logs: Logs): Promise<void> | undefined;
}

type Pauses = Generator<Promise<void> | undefined | void, void>;

/** Sums of an evaluation. */
export class Evaluation {
  readonly #totals: Totals;
  readonly #gathered: Gathering | undefined;
  #batch = 0;

  constructor(
    private readonly engine: Engine,
    private readonly mode: 'evaluate' | 'validate',
    rows: number,
    private readonly hooks?: BatchHooks,
    /**
     * Checks data that may have been written to since it was read: looks at rows from `start` on, before they are used.
     */
    private readonly check?: (program: LinkedProgram, start: number) => void,
  ) {
    this.#totals = new Totals(engine.training.targets);
    this.#gathered = gather(engine, rows);
  }

  /** Takes rows in, with a chance to stop after every call; yields what hooks ask to wait for. */
  *add({ x, y, rows: total, weighted }: Pair, blocks = ALL): Pauses {
    const { engine, hooks } = this;
    const end = Math.min(total, blocks.rows * blocks.most);
    for (let start = 0; start < end; start += blocks.rows) {
      const rows = Math.min(blocks.rows, total - start);
      const batch = this.#batch++;
      if (hooks) yield hooks.begin(batch);
      const program = engine.program(this.mode, rows, weighted);
      engine.stageBatch(program, x, y, start);
      this.check?.(program, start);
      for (const step of program.steps) {
        step();
        yield;
      }
      const outcome = engine.steps.outcome();
      this.#totals.add(outcome, rows);
      this.#gathered?.add(engine.heap, program);
      if (hooks && !hooks.quiet) yield hooks.end(batch, makeLogs(engine, outcome, rows));
    }
  }

  *logs(): Generator<void, Logs> {
    return this.#totals.logs(this.engine, this.#gathered && (yield* this.#gathered.measure()));
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
