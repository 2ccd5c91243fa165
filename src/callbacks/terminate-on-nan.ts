import type { Callback } from './interfaces.js';
import { withRecipe } from './recipe.js';

/**
 * Ends training with the batch in which NaN or infinity occurs, where `fit` would throw. Unlike in Keras the weights are those
 * of the step before.
 */
export function terminateOnNaN(): Callback {
  const callback: Callback = {
    name: 'terminateOnNaN',
    onNonFinite(_, model) {
      model.stopTraining = true;
    },
  };
  return withRecipe(callback, { name: 'terminateOnNaN', args: [] });
}
