import type { Callback } from '../callbacks.js';
import { withRecipe } from './recipe.js';

/** Ends training after a batch whose loss is NaN or infinite; as in Keras. */
export function terminateOnNaN(): Callback {
  const callback: Callback = {
    name: 'terminateOnNaN',
    onBatchEnd(_, { loss }, model) {
      if (!Number.isFinite(loss)) model.stopTraining = true;
    },
  };
  return withRecipe(callback, 'terminateOnNaN');
}
