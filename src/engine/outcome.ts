import type { Tensor } from '../program/plan.js';
import type { Engine } from './engine.js';
import type { BoundTarget } from './training-plan.js';

/** Says what is not finite, where a step was refused. */
export interface Trouble {
  readonly tensor: 'loss' | 'gradient' | 'weight';
  /** The name of what the update would have made infinite: a parameter, or the optimizer's state. */
  readonly name?: string;
}

/**
 * The report of one step or one evaluation. `loss` is the weighted sum of `losses`, and `penalty`; `losses` and `hits`
 * have one entry per output.
 */
export interface Outcome {
  loss: number;
  penalty: number;
  losses: number[];
  hits: number[];
  /** The norm of the gradient of an update, before clipping, where it is measured. */
  norm: number | undefined;
  /** Says what was not finite, of a step that was refused: weights, state and counts are as they were. */
  trouble?: Trouble | undefined;
}

/** Reads the report of the program that has just run. */
export function readOutcome({ heap, training }: Engine): Outcome {
  const { targets, penaltySlots: parts } = training;
  let penalty = 0;
  for (let i = 0; i < parts.length; i++) penalty += heap[(parts[i] as Tensor).offset] as number;
  if (targets.length === 1) {
    const { report, objective } = targets[0] as BoundTarget;
    const loss = heap[report.loss.offset] as number;
    const hits = [heap[report.hits.offset] as number];
    return {
      loss: loss * objective.weight + penalty,
      penalty,
      losses: [loss],
      hits,
      norm: undefined,
    };
  }
  const losses = targets.map(({ report }) => heap[report.loss.offset] as number);
  const hits = targets.map(({ report }) => heap[report.hits.offset] as number);
  const loss = targets.reduce((sum, { objective }, i) => sum + objective.weight * (losses[i] as number), penalty);
  return { loss, penalty, losses, hits, norm: undefined };
}
