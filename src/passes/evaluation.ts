import type { Engine } from '../engine/engine.js';
import { readOutcome } from '../engine/outcome.js';
import { keepingReports } from '../engine/steps.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import type { LinkedProgram } from '../program/run.js';
import type { Pair } from '../rows/arrays.js';
import { toEnd } from './gather.js';
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

/** Rows on their way into an evaluation: yields between calls, and what hooks ask to wait for. */
export type Evaluating = Generator<Promise<void> | undefined | void, void>;

/** Sums of an evaluation. */
export class Evaluation {
  readonly #totals: Totals;
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
    this.#totals = new Totals(engine, rows);
  }

  /** Takes rows in, with a chance to stop after every call; yields what hooks ask to wait for. */
  *add({ x, y, rows: total, weighted }: Pair, blocks = ALL): Evaluating {
    const { engine, hooks } = this;
    const end = Math.min(total, blocks.rows * blocks.most);
    for (let start = 0; start < end; start += blocks.rows) {
      const rows = Math.min(blocks.rows, total - start);
      const batch = this.#batch++;
      if (hooks) yield hooks.begin(batch);
      const program = engine.programFor(this.mode, rows, weighted, x, start);
      engine.stageBatch(program, x, y, start);
      this.check?.(program, start);
      for (const step of program.steps) {
        step();
        yield;
      }
      const outcome = readOutcome(engine);
      this.#totals.add(outcome, program);
      if (hooks && !hooks.quiet) yield hooks.end(batch, makeLogs(engine, outcome, rows));
    }
  }

  logs(): Generator<void, Logs> {
    return this.#totals.logs();
  }
}

/** Loss and metrics over all rows, in one go; a step under way does not notice. */
export function evaluate(engine: Engine, pair: Pair): Logs {
  return keepingReports(engine, () => {
    const evaluation = new Evaluation(engine, 'evaluate', pair.rows);
    toEnd(evaluation.add(pair));
    return toEnd(evaluation.logs());
  });
}
