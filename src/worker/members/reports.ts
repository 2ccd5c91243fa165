import type { Callback } from '../../callbacks/interfaces.js';
import { Validated } from '../../fit/validated.js';

/**
 * Leaves in shared memory, after each epoch, what the model says of its validation rows, rows x columns, and its weights,
 * one after the other; and sets the rate of each epoch from `epochs` on. It runs next to the model, so that nothing of this
 * crosses as a message.
 */
export function memberReports(
  outputs: Float32Array,
  weights: Float32Array,
  columns: number,
  epochs: number,
  rates: readonly number[],
): Callback {
  const validated = new Validated(outputs.length / columns, columns);
  return {
    ...validated.callback,
    onEpochBegin(epoch, model) {
      const rate = rates[epoch - epochs];
      if (rate !== undefined) model.learningRate = rate;
    },
    onEpochEnd(_epoch, _logs, model) {
      outputs.set(validated.outputs);
      let at = 0;
      for (const { data } of Object.values(model.getWeights())) {
        weights.set(data, at);
        at += data.length;
      }
    },
  };
}
