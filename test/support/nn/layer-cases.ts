import { trace } from '../../../src/nn/graph.js';
import {
  activation,
  add,
  alphaDropout,
  average,
  batchNormalization,
  concatenate,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  type LayerSpec,
  layerNormalization,
  maximum,
  multiply,
  type SymbolicTensor,
  subtract,
} from '../../../src/nn/layers/index.js';
import type { layerTable } from '../../../src/nn/layers/registry.js';
import { l1, l1l2, l2 } from '../../../src/nn/regularizers.js';
import { type GradientCase, INPUTS } from './gradient-check.js';

/** Layers with INPUTS inputs, or what a graph begins and ends with. */
type Case = readonly LayerSpec[] | { readonly inputs: SymbolicTensor[]; readonly output: SymbolicTensor };

interface LayerCases {
  /** Of each the gradient of a loss behind it is checked. */
  readonly gradients: readonly Case[];
  /** What fixtures/pytorch/training/layers.json holds of it; 'none' where PyTorch has no such layer. */
  readonly reference: 'cases' | 'masks' | 'none';
}

const first = dense({ units: 9, inputShape: INPUTS, activation: 'tanh' });

/** Two or more layers of one width and different activations, of which no two are ever equal, merged. */
const merging = (merge: () => LayerSpec, branches = 3): Case => {
  const x = input({ shape: INPUTS });
  const activations = (['tanh', 'sigmoid', 'exponential'] as const).slice(0, branches);
  const parts = activations.map((name) => dense({ units: 9, activation: name }).apply(x));
  return { inputs: [x], output: merge().apply(parts) };
};

/** Merged with the model's own input, which needs no gradient, on one side or the other. */
const mergingInput = (merge: () => LayerSpec, inputFirst: boolean): Case => {
  const x = input({ shape: INPUTS });
  const h = dense({ units: INPUTS, activation: 'tanh' }).apply(x);
  return { inputs: [x], output: merge().apply(inputFirst ? [x, h] : [h, x]) };
};

const everyMerge = (merge: () => LayerSpec): readonly Case[] => [
  merging(merge),
  merging(merge, 2),
  mergingInput(merge, true),
  mergingInput(merge, false),
];

function tables(): Case {
  const [ids, others, x] = [input({ shape: 3 }), input({ shape: 1 }), input({ shape: INPUTS })];
  const parts = [
    embedding({ inputDim: 4, outputDim: 5 }).apply(ids),
    embedding({ inputDim: 7, outputDim: 2 }).apply(ids),
    embedding({ inputDim: 3, outputDim: 9 }).apply(others),
  ];
  return { inputs: [ids, others, x], output: concatenate().apply([...parts, x]) };
}

/** What is known of every kind of layer. */
export const layerCases: Readonly<Record<keyof typeof layerTable, LayerCases>> = {
  dense: {
    gradients: [
      [dense({ units: 11, inputShape: INPUTS }), dense({ units: 5, useBias: false })],
      [
        dense({ units: 7, inputShape: INPUTS, kernelRegularizer: l2(0.1) }),
        dense({ units: 9, kernelRegularizer: l2(0.1) }),
      ],
      [
        dense({ units: 8, inputShape: INPUTS, kernelRegularizer: l2(0.2) }),
        dense({ units: 9, kernelRegularizer: l2(0.1) }),
      ],
      [
        dense({
          units: 7,
          inputShape: INPUTS,
          kernelRegularizer: l1(0.1),
          biasRegularizer: l1l2({ l1: 0.1, l2: 0.2 }),
        }),
        dense({ units: 9, kernelRegularizer: l1l2({ l1: 0.1, l2: 0.2 }), biasRegularizer: l2(0.1) }),
      ],
      [
        dense({ units: 7, inputShape: INPUTS, activation: 'tanh', activityRegularizer: l1l2({ l1: 0.1, l2: 0.2 }) }),
        dense({ units: 9, activation: 'relu', activityRegularizer: l2(0.1) }),
        dense({ units: 5, activityRegularizer: l1(0.1), kernelConstraint: 'unitNorm' }),
      ],
    ],
    reference: 'cases',
  },
  activation: {
    gradients: [[first, activation({ activation: 'sigmoid', activityRegularizer: l2(0.3) })]],
    reference: 'cases',
  },
  embedding: {
    gradients: [
      [embedding({ inputDim: 8, outputDim: 3, inputShape: INPUTS }), activation({ activation: 'tanh' })],
      [embedding({ inputDim: 30, outputDim: 1, inputShape: 1 }), dense({ units: 9, activation: 'tanh' })],
      [embedding({ inputDim: 6, outputDim: 5, inputShape: 3, sparse: false }), dense({ units: 9, activation: 'tanh' })],
      tables(),
    ],
    reference: 'cases',
  },
  batchNormalization: {
    gradients: [
      [first, batchNormalization()],
      [first, batchNormalization({ gammaRegularizer: l2(0.2), betaRegularizer: l1(0.1) })],
      [
        batchNormalization({ inputShape: INPUTS }),
        dense({ units: 8 }),
        batchNormalization(),
        activation({ activation: 'tanh' }),
      ],
    ],
    reference: 'cases',
  },
  layerNormalization: {
    gradients: [
      [first, layerNormalization()],
      [
        layerNormalization({ inputShape: INPUTS }),
        dense({ units: 17 }),
        layerNormalization({ epsilon: 0.1 }),
        activation({ activation: 'tanh' }),
      ],
      [first, dense({ units: 8 }), layerNormalization()],
    ],
    reference: 'cases',
  },
  dropout: {
    gradients: [
      [first, dropout({ rate: 0.4 })],
      [first, dropout({ rate: 0 }), dense({ units: 17, activation: 'sigmoid' }), dropout({ rate: 0.2 })],
    ],
    reference: 'masks',
  },
  alphaDropout: {
    gradients: [
      [first, alphaDropout({ rate: 0.4 })],
      [first, alphaDropout({ rate: 0 }), dense({ units: 17, activation: 'sigmoid' }), alphaDropout({ rate: 0.1 })],
    ],
    reference: 'masks',
  },
  gaussianDropout: {
    gradients: [
      [first, gaussianDropout({ rate: 0.4 })],
      [
        first,
        gaussianDropout({ rate: 0 }),
        dense({ units: 17, activation: 'sigmoid' }),
        gaussianDropout({ rate: 0.9 }),
      ],
    ],
    reference: 'none',
  },
  gaussianNoise: {
    gradients: [
      [first, gaussianNoise({ stddev: 0.3 }), activation({ activation: 'tanh' })],
      [gaussianNoise({ stddev: 0, inputShape: INPUTS }), dense({ units: 7 }), gaussianNoise({ stddev: 1 })],
    ],
    reference: 'none',
  },
  concatenate: { gradients: everyMerge(concatenate), reference: 'cases' },
  add: { gradients: everyMerge(add), reference: 'cases' },
  subtract: { gradients: everyMerge(subtract).slice(1), reference: 'cases' },
  multiply: { gradients: everyMerge(multiply), reference: 'cases' },
  average: { gradients: everyMerge(average), reference: 'cases' },
  maximum: { gradients: everyMerge(maximum), reference: 'cases' },
};

export const layerGradientCases: readonly GradientCase[] = Object.entries(layerCases).flatMap(([kind, { gradients }]) =>
  gradients.map((item, i): GradientCase => {
    const [name, loss] = [`${kind} ${i}`, 'meanSquaredError' as const];
    const head = dense({ units: 3 });
    if (!('output' in item)) return { name, layers: [...item, head], loss };
    return { name, graph: trace(item.inputs, [head.apply(item.output)]), loss };
  }),
);
