import type { Callback } from '../callbacks.js';

/** Ends training after a batch whose loss is NaN or infinite; as in Keras. */
export function terminateOnNaN(): Callback {
  return {
    name: 'terminateOnNaN',
    onBatchEnd(_, { loss }, model) {
      if (!Number.isFinite(loss)) model.stopTraining = true;
    },
  };
}
