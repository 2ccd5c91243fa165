import type { Model } from './model.js';

/** Numbers of a batch or an epoch: `loss`, `accuracy`, `penalty`; of an epoch also `valLoss` and so on. */
export type Logs = Readonly<Record<string, number>>;

/** Hooks into `fit`. Each may return a promise, which is awaited. To end training, set `model.stopTraining`. */
export interface Callback {
  onTrainBegin?(model: Model): void | Promise<void>;
  onEpochBegin?(epoch: number, model: Model): void | Promise<void>;
  onBatchEnd?(batch: number, logs: Logs, model: Model): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): void | Promise<void>;
  onTrainEnd?(logs: Logs, model: Model): void | Promise<void>;
}

export const CALLBACK_HOOKS = ['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'] as const;
