import type { LossDefinition } from '../kernels/lib/loss.js';
import type { Matrix } from '../matrix.js';
import type { Objective } from '../program/training.js';

/** A loss bound to a model's output. */
export interface BoundLoss extends Objective {
  readonly name: string;
  readonly spec: { readonly name: string };
  readonly definition: LossDefinition;
  /** Width of the output. */
  readonly units: number;
  /** Answers that one row can get right. */
  readonly hitsPerRow: number;
  /** The weight of the loss in the sum of all outputs' losses. */
  readonly weight: number;
  /** Rows cannot have weights. */
  readonly unweighted?: true;
  /** Over several batches the loss is the sum, not the mean. */
  readonly summed: boolean;
  /** Checks shape and values of targets. */
  check(targets: Matrix, rows: number, argument: string): void;
}
