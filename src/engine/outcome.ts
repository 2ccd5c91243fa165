import type { Tensor } from '../program/plan.js';
import type { ModelMemory } from './memory.js';
import type { BoundTarget } from './training-plan.js';

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
  /** Something was not finite: weights, state and counts are as they were. */
  refused: boolean;
}

/** Reads the report of the program that has just run. */
export function readOutcome({ heap, training }: Pick<ModelMemory, 'heap' | 'training'>): Outcome {
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
      refused: false,
    };
  }
  const losses = targets.map(({ report }) => heap[report.loss.offset] as number);
  const hits = targets.map(({ report }) => heap[report.hits.offset] as number);
  const loss = targets.reduce((sum, { objective }, i) => sum + objective.weight * (losses[i] as number), penalty);
  return { loss, penalty, losses, hits, norm: undefined, refused: false };
}
