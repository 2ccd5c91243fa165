import { NonFiniteError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { LinkedProgram } from '../program/run.js';
import { type Data, readPair, stageBatch } from './batches.js';
import type { Logs } from './callbacks.js';
import type { Engine } from './engine.js';
import type { WeightOptions } from './weights.js';

/** A batch that was refused. */
export interface RefusedBatch {
  readonly epoch?: number;
  readonly batch?: number;
  /** All data, as far as it is at hand. */
  readonly x: readonly Matrix[];
  readonly y: readonly Matrix[];
  /** Puts the batch into its program once more, which may have written over it. */
  stage(): LinkedProgram;
  /** Where a row of the batch stands in the data. */
  rowOf(row: number): number;
}

/** What is known at once; `explain` finds out the rest. */
export function refusal(engine: Engine, refused: RefusedBatch): NonFiniteError {
  const { epoch, batch } = refused;
  const { trouble, taken } = engine.steps;
  const { tensor = 'gradient', name } = trouble ?? {};
  const what = {
    loss: `The loss is ${engine.steps.outcome().loss}`,
    gradient: 'The gradient is not finite',
    weight: `The update would make ${name} infinite`,
  }[tensor];
  const facts = { tensor, ...(epoch === undefined ? {} : { epoch }), ...(batch === undefined ? {} : { batch }) };
  const where = epoch === undefined ? `step ${taken + 1}` : `epoch ${epoch}, batch ${batch}`;
  const message = `${what} in ${where}. The step was not applied: weights and state are those of the step before.`;
  const hint = epoch === undefined ? ' `await error.explain()` says where it began and why.' : '';
  const error: NonFiniteError = new NonFiniteError(message + hint, facts, async () => {
    const { explain } = await import('./explain.js');
    return explain(engine, refused, facts, where, name) ?? error;
  });
  return error;
}

/** The batch that `trainOnBatch` was given. */
export function refusedBatch(engine: Engine, x: Data, y: Data, options: WeightOptions = {}): RefusedBatch {
  const pair = readPair(engine, x, y, options.sampleWeight);
  return {
    x: pair.x,
    y: pair.y,
    stage: () => stageBatch(engine, engine.steps.mode, x, y, options.sampleWeight),
    rowOf: (row) => row,
  };
}

/** What `fit` does about refused batches. */
export class Refusals {
  #skipped = 0;
  #last: NonFiniteError | undefined;
  #warned = false;

  constructor(private readonly engine: Engine) {}

  /** Throws, or counts the batch as skipped. */
  async meet(refused: RefusedBatch): Promise<void> {
    const error = refusal(this.engine, refused);
    if (this.engine.training.onNonFinite === 'stop') throw await error.explain();
    this.#last = error;
    this.#skipped++;
    if (this.#warned) return;
    this.#warned = true;
    console.warn(`myelin: skipped a batch. ${(await error.explain()).message}`);
  }

  /** Ends an epoch: what its logs say about skipped batches. Throws where there was no other batch. */
  async endEpoch(batches: number): Promise<Logs> {
    if (this.engine.training.onNonFinite === 'stop') return {};
    const skippedBatches = this.#skipped;
    this.#skipped = 0;
    if (skippedBatches === batches && this.#last) throw await this.#last.explain();
    return { skippedBatches };
  }
}
