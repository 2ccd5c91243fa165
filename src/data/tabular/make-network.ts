import type { Model } from '../../callbacks/interfaces.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { adam } from '../../kernels/twins/adam.js';
import { makeMatrix } from '../../matrix.js';
import { model, sequential } from '../../model/model.js';
import { customActivation } from '../../nn/expressions/custom.js';
import { activation, average, dense, dropout, input } from '../../nn/layers/index.js';
import { oneCycle } from '../../nn/optimizers/schedules.js';
import type { Weights } from '../../nn/parameters.js';
import type { Design, Task } from './design.js';

/** Builds hidden layers, and outputs without an activation. */
function tower({ layers, activation: name, dropout: rate }: Design, inputs: number, outputs: number) {
  const hidden = layers.flatMap((units, i) => [
    dense({ units, activation: name, ...(i === 0 ? { inputShape: inputs } : {}) }),
    ...(rate > 0 ? [dropout({ rate })] : []),
  ]);
  return { hidden, last: (options: object) => dense({ units: outputs, ...options }) };
}

const softmax = (task: Task) => (task === 'classification' ? ({ activation: 'softmax' } as const) : {});
const lossOf = (task: Task) =>
  task === 'classification' ? ('sparseCategoricalCrossentropy' as const) : ('meanSquaredError' as const);

export function makeNetwork(
  inputs: number,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
): Model {
  const { hidden, last } = tower(design, inputs, outputs);
  const first = hidden.length === 0 ? { inputShape: inputs } : {};
  return sequential({ layers: [...hidden, last({ ...softmax(task), ...first })], seed: design.seed, backend });
}

export function compileNetwork(network: Model, rows: number, task: Task, design: Design): void {
  const { epochs, batchSize, learningRate, weightDecay } = design;
  const totalSteps = Math.max(2, epochs * Math.ceil(rows / batchSize));
  network.compile({
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate: learningRate, totalSteps }), weightDecay }),
    loss: lossOf(task),
    metrics: task === 'classification' ? ['accuracy'] : [],
  });
}

/** Probabilities below count as this one, so that their logarithm is finite. */
const LEAST = 1e-30;

/** Combines several models into one that averages their outputs, for classes the probabilities. */
export function combine(
  models: readonly Model[],
  inputs: number,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
): Model {
  const x = input({ shape: inputs });
  const towers = models.map(() => {
    const { hidden, last } = tower({ ...design, dropout: 0 }, inputs, outputs);
    return last(softmax(task)).apply(hidden.reduce((node, layer) => layer.apply(node), x));
  });
  const mean = average().apply(towers);
  // The loss expects the model to end in softmax, and softmax maps logarithms of probabilities back to them.
  const logarithm = () => customActivation((p, { log, max }) => log(max(p, LEAST)));
  const last =
    task === 'classification'
      ? activation({ activation: 'softmax' }).apply(activation({ activation: logarithm() }).apply(mean))
      : mean;
  const joined = model({ inputs: x, outputs: last, seed: design.seed, backend });
  const kernels = (weights: Weights) => Object.values(weights);
  const all = models.flatMap((member) => kernels(member.getWeights()));
  joined.setWeights(Object.fromEntries(Object.keys(joined.getWeights()).map((name, i) => [name, all[i]!])));
  joined.compile({ optimizer: adam(), loss: lossOf(task), metrics: task === 'classification' ? ['accuracy'] : [] });
  return joined;
}

/** Weights whose last layer gives sums divided by a temperature. */
export function cooled(weights: Weights, temperature: number): Weights {
  if (temperature === 1) return weights;
  const entries = Object.entries(weights);
  return Object.fromEntries(
    entries.map(([name, { data, rows, columns }], i) => {
      const last = i >= entries.length - 2;
      return [name, makeMatrix(last ? data.map((value) => value / temperature) : data, rows, columns)];
    }),
  );
}
