import { StateError } from '../../errors.js';
import type { Weights } from '../../nn/parameters.js';
import type { Engine } from '../engine.js';
import { copy } from '../weight-copies.js';

/**
 * Returns the distance from the weights to their averages on the heap, to be added to the offsets of parameters.
 * @throws StateError before anything was averaged.
 */
function averageShift({ flatParameters, steps: { taken }, training }: Engine): number {
  const { averaging, update } = training;
  if (!averaging || !update.average) {
    throw new StateError('The model keeps no averages: compile({ averaging }) asks for them.');
  }
  if (!averaging.begun(taken)) {
    throw new StateError(`No weights have been averaged yet, after ${taken} updates.`);
  }
  return update.average.values.offset - flatParameters.offset;
}

/** Puts the averages in place of the weights. */
export function applyAverage(engine: Engine): void {
  const { offset, size } = engine.flatParameters;
  const from = offset + averageShift(engine);
  engine.heap.copyWithin(offset, from, from + size);
}

/** The averages in place of what is trained. @throws StateError before anything was averaged. */
export function copyAverages(engine: Engine): Weights {
  return copy(engine.heap, engine.network.parameters, averageShift(engine));
}

declare module '../../rare.js' {
  interface RareParts {
    readonly applyAverage: typeof applyAverage;
    readonly copyAverages: typeof copyAverages;
  }
}
