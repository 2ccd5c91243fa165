import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import type { Callback, FitOptions, Model } from '../../src/callbacks/interfaces.js';
import { reduceLROnPlateau } from '../../src/callbacks/learning-rate.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { auc, f1, logLoss } from '../../src/nn/metrics/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { cosine } from '../../src/nn/optimizers/schedules.js';
import { clouds } from './nn/models.js';

export const backend = await wasm();
export const twin = typescript();
export const { x, labels } = clouds(50, 7, 3);
export const oneHot = matrix(
  labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label))),
  50,
  3,
);
export const EPOCHS = 3;
export const BATCHES = 4;

export interface Setup {
  readonly name: string;
  readonly compile: Partial<CompileOptions>;
  readonly fit: FitOptions;
  readonly y?: typeof oneHot | number[];
  readonly callbacks?: () => Callback[];
}

export const setups: readonly Setup[] = [
  {
    name: 'dropout, batch norm, mixup, clipping, metrics of all rows, validation',
    compile: { loss: 'categoricalCrossentropy', metrics: ['accuracy', auc(), logLoss()], globalClipNorm: 1 },
    fit: { mixup: 0.3, validationData: [x, oneHot] },
    y: oneHot,
  },
  {
    name: 'accumulation, averaging, class weights, a schedule, callbacks with state',
    compile: {
      optimizer: sgd({ learningRate: cosine({ initialLearningRate: 0.1, decaySteps: 9 }), momentum: 0.9 }),
      metrics: ['accuracy', f1()],
      gradientAccumulationSteps: 3,
      averaging: exponentialMovingAverage({ momentum: 0.7, overwriteFrequency: 2 }),
    },
    fit: { classWeight: { 1: 3 }, validationData: [x, labels], validationFreq: 2 },
    callbacks: () => [
      earlyStopping({ monitor: 'loss', patience: 5, restoreBestWeights: true }),
      earlyStopping({ monitor: 'accuracy', patience: 5 }),
      reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 1, factor: 0.5 }),
    ],
  },
  {
    name: 'epochs across passes over the rows, sample weights',
    compile: { trackGradientNorm: true },
    fit: { stepsPerEpoch: BATCHES, batchSize: 9, sampleWeight: labels.map((label) => label / 2) },
  },
];

export function build({ compile }: Setup): Model {
  const model = sequential({
    layers: [
      dense({ units: 9, inputShape: 7, activation: 'tanh' }),
      batchNormalization(),
      dropout({ rate: 0.3 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy', ...compile });
  return model;
}

export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Trains, and aborts before the batch of this number, counted over all epochs. */
export async function aborted(model: Model, setup: Setup, at: number): Promise<unknown> {
  const controller = new AbortController();
  let seen = 0;
  const stop: Callback = {
    onTrainBegin: () => void (at === 0 && controller.abort()),
    onBatchEnd: () => void (++seen === at && controller.abort()),
  };
  const callbacks = [...(setup.callbacks?.() ?? []), stop];
  return train(model, setup, { callbacks, signal: controller.signal }).catch((error) => error);
}

export function train(model: Model, setup: Setup, options: FitOptions = {}) {
  const callbacks = options.callbacks ?? setup.callbacks?.() ?? [];
  return model.fit(x, setup.y ?? labels, {
    epochs: EPOCHS,
    batchSize: 13,
    lint: false,
    ...setup.fit,
    ...options,
    callbacks,
  });
}

export const [plain] = setups as [Setup];
