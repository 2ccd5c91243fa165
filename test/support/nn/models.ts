import { createHash } from 'node:crypto';
import type { Model } from '../../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../../src/engine/compile-plan.js';
import { Engine } from '../../../src/engine/engine.js';
import { planUpdate } from '../../../src/engine/rare/update-plan.js';
import type { BackendFactory } from '../../../src/kernels/contract.js';
import { step } from '../../../src/kernels/twins/activations.js';
import { adam } from '../../../src/kernels/twins/adam.js';
import { maxNorm } from '../../../src/kernels/twins/constraints.js';
import { elu, gelu } from '../../../src/kernels/twins/gates.js';
import { leakyRelu } from '../../../src/kernels/twins/leaky.js';
import { sgd } from '../../../src/kernels/twins/optimizers.js';
import { type Matrix, matrix } from '../../../src/matrix.js';
import { sequential } from '../../../src/model/model.js';
import { buildGraph, type Graph } from '../../../src/nn/graph.js';
import { orthogonal } from '../../../src/nn/initializers/initializers.js';
import { activation, batchNormalization, dense, dropout, type LayerSpec } from '../../../src/nn/layers/index.js';
import { graphFromSpec } from '../../../src/nn/layers/registry.js';
import { bindLoss, type Loss } from '../../../src/nn/losses.js';
import { bindMetrics } from '../../../src/nn/metrics/registry.js';
import { makeOptimizer } from '../../../src/nn/optimizers/optimizers.js';
import { l1, l1l2, l2 } from '../../../src/nn/regularizers.js';
import { outputLayer } from '../../../src/program/network.js';
import { Random } from '../buffers.js';

/** Clouds of points, one class each, that any network can tell apart. */
export function clouds(rows: number, columns: number, classes: number, seed = 1): { x: Matrix; labels: number[] } {
  const random = new Random(seed);
  const centers = Array.from({ length: classes * columns }, () => 4 * random.uniform() - 2);
  const labels = Array.from({ length: rows }, () => random.integer(classes));
  const data = new Float32Array(rows * columns);
  labels.forEach((label, r) => {
    for (let c = 0; c < columns; c++) data[r * columns + c] = centers[label * columns + c]! + random.uniform() - 0.5;
  });
  return { x: matrix(data, rows, columns), labels };
}

export interface TrainingCase {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly compile: CompileOptions;
}

/** Models that between them use every layer, loss and optimizer; 7 inputs each. */
export const trainingCases: readonly TrainingCase[] = [
  {
    name: 'classifier with everything',
    layers: [
      dense({ units: 33, inputShape: 7, activation: 'relu', kernelRegularizer: l2(1e-3) }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 12, activation: 'tanh', kernelInitializer: 'glorotNormal' }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: {
      optimizer: adam({ learningRate: 0.01 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      globalClipNorm: 1,
    },
  },
  {
    name: 'regression with momentum',
    layers: [
      dense({ units: 16, inputShape: 7, useBias: false, kernelInitializer: 'heNormal' }),
      batchNormalization({ momentum: 0.5 }),
      activation({ activation: 'relu' }),
      dense({ units: 3 }),
    ],
    compile: { optimizer: sgd({ learningRate: 0.02, momentum: 0.9, nesterov: true }), loss: 'meanSquaredError' },
  },
  {
    name: 'several labels per row, plain sgd',
    layers: [
      dense({ units: 9, inputShape: 7, activation: 'sigmoid' }),
      activation({ activation: 'exponential' }),
      dense({ units: 3, activation: 'sigmoid' }),
    ],
    compile: { optimizer: 'sgd', loss: 'binaryCrossentropy', metrics: ['accuracy'] },
  },
  {
    name: 'one-hot targets, softmax inside',
    layers: [
      dense({ units: 10, inputShape: 7, activation: 'softmax' }),
      dropout({ rate: 0.5 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] },
  },
  {
    name: 'penalties and constraints',
    layers: [
      dense({
        units: 20,
        inputShape: 7,
        activation: 'tanh',
        kernelInitializer: orthogonal({ gain: 5 / 3 }),
        kernelRegularizer: l1l2({ l1: 1e-3, l2: 2e-3 }),
        biasRegularizer: 'l1',
        activityRegularizer: l2(1e-3),
        kernelConstraint: maxNorm({ maxValue: 1.5 }),
        biasConstraint: 'nonNeg',
      }),
      batchNormalization({ gammaRegularizer: l2(1e-3), betaRegularizer: l1(1e-3) }),
      dense({ units: 3, kernelRegularizer: l1(1e-3), kernelConstraint: 'unitNorm', biasConstraint: maxNorm() }),
    ],
    compile: { optimizer: adam({ learningRate: 0.01 }), loss: 'meanSquaredError', globalClipNorm: 1 },
  },
  {
    name: 'activations that learn, draw or bend sharply',
    layers: [
      dense({ units: 13, inputShape: 7, activation: 'prelu' }),
      dense({ units: 20, activation: 'rrelu' }),
      batchNormalization(),
      activation({ activation: 'prelu' }),
      dense({ units: 9, activation: leakyRelu({ alpha: 0.2 }) }),
      activation({ activation: 'relu6' }),
      dense({ units: 10, activation: 'hardSigmoid' }),
      dense({ units: 11, activation: step({ surrogate: 'sigmoid' }) }),
      dense({ units: 12, activation: 'softsign' }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { optimizer: adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy', globalClipNorm: 1 },
  },
  {
    name: 'smooth activations',
    layers: [
      dense({ units: 13, inputShape: 7, activation: elu({ alpha: 0.5 }) }),
      dense({ units: 20, activation: 'selu' }),
      activation({ activation: 'celu' }),
      dense({ units: 9, activation: 'gelu' }),
      activation({ activation: gelu({ approximate: true }) }),
      dense({ units: 10, activation: 'silu' }),
      dense({ units: 11, activation: 'mish' }),
      activation({ activation: 'softplus' }),
      dense({ units: 12, activation: 'logSoftmax' }),
      dense({ units: 3 }),
    ],
    compile: { optimizer: adam({ learningRate: 0.01 }), loss: 'meanSquaredError' },
  },
];

/** Targets of a case for class labels 0 to 2. */
export function targetsOf({ compile }: TrainingCase, labels: readonly number[]): number[] | number[][] {
  if (compile.loss === 'sparseCategoricalCrossentropy') return [...labels];
  return labels.map((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0)));
}

export function build({ layers, compile }: TrainingCase, backend: BackendFactory, seed = 7): Model {
  const model = sequential({ layers, seed, backend });
  model.compile(compile);
  return model;
}

/** What is inside such a model. */
export function makeEngine({ layers, compile }: TrainingCase, backend: BackendFactory): Engine {
  return makeGraphEngine(graphFromSpec({ layers }), compile, backend);
}

/** The same for a graph, with one loss for all outputs or one for each. */
export function makeGraphEngine(graph: Graph, compile: CompileOptions, backend: BackendFactory): Engine {
  const engine = new Engine(buildGraph(graph), 7, backend);
  const { inputs, nodes, outputs } = engine.network;
  const optimizer = makeOptimizer(compile.optimizer);
  const losses = outputs.map(({ value }, i) => {
    const { units, activation = 'linear' } = nodes[value - inputs.length]!.layer;
    const loss = Array.isArray(compile.loss) ? compile.loss[i] : compile.loss;
    const weights = (compile.lossWeights ?? []) as readonly number[];
    return bindLoss(loss as Loss, units, activation, weights[i]);
  });
  const shapes = losses.map(({ units, targets }, i) => {
    const { activation = 'linear' } = outputLayer(engine.network, i);
    return { name: outputs[i]!.name, units, targets, activation };
  });
  engine.configure({
    losses,
    metrics: bindMetrics(compile.metrics, shapes),
    optimizer,
    ...planUpdate(compile),
  });
  return engine;
}

/** A hash of all weights, names and bits. */
export function weightHash(model: Model): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(model.getWeights())) {
    hash.update(name);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
