/** Steps that a model remembers losses of; a power of two. */
export const HISTORY = 16;

/** Counts the steps of a model, and holds what is known of them between any two. */
export class StepCounts {
  /** Optimizer steps taken since `compile`. */
  taken = 0;
  /** Batches whose gradients wait for the update. */
  accumulated = 0;
  /** The learning rate that was set in place of the optimizer's own. */
  ownRate: number | undefined;
  /** Losses of the last updates, and norms of gradients or what stands in for them, by their number modulo 16. */
  readonly recent = new Float64Array(2 * HISTORY);
  /** A step is between two of its calls: nothing else may change what it works on. `inParts` alone sets it. */
  midway = false;

  /** Counts from zero, for a model compiled again. */
  restart(): void {
    this.taken = 0;
    this.accumulated = 0;
    this.ownRate = undefined;
    this.recent.fill(Number.NaN);
  }
}
