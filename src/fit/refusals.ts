import { call, type HooksOf } from '../callbacks/hooks.js';
import type { Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import type { NonFiniteError } from '../errors.js';
import { rare } from '../rare.js';
import type { Feed } from '../rows/feed.js';

/** Decides what `fit` does about refused batches. */
export class Refusals {
  /** The first of this epoch, explained. */
  #first: NonFiniteError | undefined;
  #warned = false;

  constructor(
    private readonly model: Model,
    private readonly engine: Engine,
    private readonly feed: Feed,
  ) {}

  /** Throws, or says so the first time; hooks may end training instead. */
  async meet(outcome: Outcome, epoch: number, batch: number, hooks: HooksOf<'onNonFinite'>): Promise<void> {
    if (this.#first && hooks.length === 0) return;
    const { feed, engine, model } = this;
    const { sample } = feed;
    const refused = { epoch, batch, sample, stage: (mixed?: boolean) => feed.stage(mixed) };
    const rowOf = feed.rowOf && { rowOf: (row: number) => feed.rowOf?.(row) as number };
    const error = await rare()
      .refusal(engine, outcome, { ...refused, ...rowOf })
      .explain();
    this.#first ??= error;
    await call(hooks, error, model);
    if (model.stopTraining) return;
    if (engine.training.onNonFinite === 'stop') throw error;
    if (this.#warned) return;
    this.#warned = true;
    console.warn(`myelin: skipped a batch. ${error.message}`);
  }

  /** Throws where the epoch had no other batch. */
  endEpoch(rows: number): void {
    if (rows === 0 && this.#first && !this.model.stopTraining) throw this.#first;
    this.#first = undefined;
  }
}
