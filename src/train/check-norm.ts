import { NonFiniteError } from '../errors.js';
import type { Outcome } from './steps.js';

/** Refuses to go on from a gradient whose norm is not finite; the step has left weights and state as they were. */
export function checkNorm(outcome: Outcome, where: string): void {
  if (!outcome.refused) return;
  throw new NonFiniteError(
    `The gradient's norm is ${outcome.norm} ${where}; the loss is ${outcome.loss}. The step was not applied and the ` +
      'weights are those of the step before. A lower learning rate or scaled inputs usually help.',
  );
}
