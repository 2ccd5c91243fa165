import type { Callback } from '../callbacks.js';

/**
 * Ends training with the batch that meets NaN or infinity, where `fit` would throw. Unlike in Keras the weights are those
 * of the step before.
 */
export function terminateOnNaN(): Callback {
  return {
    name: 'terminateOnNaN',
    onNonFinite(_, model) {
      model.stopTraining = true;
    },
  };
}
