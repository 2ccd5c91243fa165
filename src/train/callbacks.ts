import { nearest, show, UnknownNameError, ValueError } from '../errors.js';
import type { Model } from './model.js';

/**
 * Numbers of a batch or an epoch: `loss`, metrics, `penalty`, `gradientNorm`; of an epoch also `valLoss` and so on. Of metrics the
 * batches of `fit` have `accuracy` alone, since others cost more than a step. With several outputs `priceLoss` and so on.
 */
export type Logs = Readonly<Record<string, number>>;

/** Hooks into `fit`. Each may return a promise, which is awaited. To end training, set `model.stopTraining`. */
export interface Callback {
  onTrainBegin?(model: Model): void | Promise<void>;
  onEpochBegin?(epoch: number, model: Model): void | Promise<void>;
  onBatchEnd?(batch: number, logs: Logs, model: Model): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): void | Promise<void>;
  onTrainEnd?(logs: Logs, model: Model): void | Promise<void>;
}

const HOOKS: readonly string[] = ['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'];

/** Refuses what is no list of callbacks, and hooks that nothing calls. Callbacks may keep other fields for themselves. */
export function checkCallbacks(callbacks: unknown): asserts callbacks is readonly Callback[] {
  if (!Array.isArray(callbacks)) {
    throw new ValueError({ argument: 'callbacks', given: show(callbacks), expected: 'an array of callbacks' });
  }
  callbacks.forEach((callback: unknown, i) => {
    if (typeof callback !== 'object' || callback === null) {
      throw new ValueError({ argument: `callbacks[${i}]`, given: show(callback), expected: 'an object with hooks' });
    }
    for (const key of Object.keys(callback)) {
      if (!/^on[A-Z]/.test(key) || HOOKS.includes(key)) continue;
      throw new UnknownNameError({
        argument: `callbacks[${i}].${key}`,
        given: `the hook '${key}'`,
        expected: `one of ${HOOKS.join(', ')}`,
        hint: `Did you mean '${nearest(key, HOOKS) ?? HOOKS[0]}'?`,
      });
    }
  });
}
