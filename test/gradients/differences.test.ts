import { describe } from 'vitest';
import { customActivation, customLoss } from '../../src/nn/expressions/custom.js';
import { trace } from '../../src/nn/graph.js';
import { add, batchNormalization, dense, embedding, input, type LayerSpec } from '../../src/nn/layers/index.js';
import { testSome } from '../support/effort.js';
import { checkBackward, checkPerRow } from '../support/nn/backward-check.js';
import { type GradientCase, INPUTS } from '../support/nn/gradient-check.js';
import { layerGradientCases } from '../support/nn/layer-cases.js';
import { lossGradientCases } from '../support/nn/loss-cases.js';
import { otherLayers, sixLayers } from '../support/nn/own-layers.js';

// Gradients of inputs and of rows, and those that begin from given ones of the outputs, against central differences in float64.

function several(): GradientCase {
  const [a, ids] = [input({ shape: INPUTS }), input({ shape: 2 })];
  const h = dense({ units: 9, activation: 'tanh' }).apply(a);
  const p = dense({ units: 3, activation: 'softmax' }).apply(h);
  const table = embedding({ inputDim: 5, outputDim: 4 }).apply(ids);
  const q = dense({ units: 9, activation: 'sigmoid' }).apply(table);
  const r = dense({ units: 3 }).apply(add().apply([q, h]));
  const loss = ['categoricalCrossentropy', 'meanSquaredError'] as const;
  return { name: 'several inputs and outputs', graph: trace([a, ids], [p, r]), loss, lossWeights: [0.5, 2] };
}

const own: readonly GradientCase[] = [
  several(),
  {
    name: 'custom loss and activation',
    layers: [
      dense({
        units: 9,
        inputShape: INPUTS,
        activation: customActivation((x, { mul, sigmoid }) => mul(x, sigmoid(x))),
      }),
      dense({ units: 3 }),
    ],
    loss: customLoss((yTrue, yPred, { mean, square, sub }) => mean(square(sub(yPred, yTrue)))),
  },
  {
    name: 'frozen layers',
    layers: [
      dense({ units: 9, inputShape: INPUTS, activation: 'tanh', trainable: false }),
      batchNormalization({ trainable: false }),
      dense({ units: 3 }),
    ],
    loss: 'meanSquaredError',
  },
];

const slopes: readonly GradientCase[] = (['prelu', 'rrelu', 'gelu', 'softmax'] as const).map((activation) => ({
  name: `${activation} inside`,
  layers: [dense({ units: 9, inputShape: INPUTS, activation }), dense({ units: 3 })],
  loss: 'meanSquaredError',
}));

const written = (layers: Readonly<Record<string, () => LayerSpec>>): readonly GradientCase[] =>
  Object.entries(layers).map(([name, make]) => ({
    name: `own layer: ${name}`,
    layers: [dense({ units: 6, inputShape: INPUTS, activation: 'tanh' }), make(), dense({ units: 2 })],
    loss: 'meanSquaredError',
  }));

const rowwise = [...layerGradientCases, ...own, ...slopes, ...written(sixLayers)];
const all = [...rowwise, ...written(otherLayers as Readonly<Record<string, () => LayerSpec>>)];

describe('from the loss', () => {
  testSome([...all, ...lossGradientCases])('$name', (item) => checkBackward(item, { loss: true, inference: false }));
});

describe('from the loss, in inference mode', () => {
  testSome(all)('$name', (item) => checkBackward(item, { loss: true, inference: true }));
});

describe('from gradients of the outputs', () => {
  testSome(all)('$name', (item) => checkBackward(item, { loss: false, inference: false }));
});

describe('from gradients of the outputs, in inference mode', () => {
  testSome(all)('$name', (item) => checkBackward(item, { loss: false, inference: true }));
});

describe('of each row', () => {
  const takesMoments = ({ layers = [] }: GradientCase) =>
    layers.some(({ type, ...options }) => type === 'batchNormalization' && !('trainable' in options));
  testSome([...rowwise.filter((item) => !takesMoments(item)), ...lossGradientCases])('$name', (item) =>
    checkPerRow(item, { loss: true, inference: false }),
  );
  testSome(all)('$name, from gradients of the outputs in inference mode', (item) =>
    checkPerRow(item, { loss: false, inference: true }),
  );
});
