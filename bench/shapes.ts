import type { KernelName } from '../src/kernels/contract.js';
import {
  activationKernels,
  type ConstraintName,
  constraintTable,
  type LossName,
  lossTable,
  type UpdateKernel,
  updateLoops,
} from '../src/kernels/tables.js';

/** A compute kernel and its sizes: rows x inputs x units, rows x columns, or elements. */
export interface Shape {
  readonly kernel: KernelName;
  readonly sizes: readonly number[];
}

type Sizes = readonly (readonly number[])[];

/** The layers of W1 and W2, and a narrow last one. */
const SMALL: Sizes = [
  [4, 2, 8],
  [4, 8, 1],
  [32, 30, 64],
  [32, 64, 32],
  [32, 32, 2],
  [64, 128, 10],
];

const LARGE: Sizes = [
  [784, 128],
  [784, 256],
  [512, 512],
  [1024, 1024],
].flatMap((matrix) => [32, 64, 128, 256].map((rows) => [rows, ...matrix]));

/** The layers of I1, and square ones. */
const SINGLE_ROW: Sizes = [
  [1, 128, 10],
  [1, 256, 128],
  [1, 784, 256],
  [1, 512, 512],
  [1, 1024, 1024],
];

/** The first fits a first-level cache, the second does not. */
export const ELEMENTS: Sizes = [[2048], [65536]];

/** Outputs of W2 and W4, and many classes. */
const SCORES: Sizes = [
  [32, 2],
  [64, 10],
  [64, 1000],
];

/** The output of W1, one number a row, and many. */
const NUMBERS: Sizes = [
  [4, 1],
  [128, 1],
  [64, 100],
];

const losses = Object.keys(lossTable) as LossName[];

/** Hidden layers of W2 and W5. */
const HIDDEN: Sizes = [
  [32, 64],
  [128, 512],
];

/** By the signatures of activations' kernels. */
const ACTIVATION_SIZES = { elementwise: ELEMENTS, random: ELEMENTS, rows: SCORES, units: HIDDEN };

/** About the parameters of W1, W2 and W4, and a million. */
const SLABS: Sizes = [[48], [4160], [235152], [2 ** 20]];

/** Elements that a plain copy moves, for comparison. */
export const copySizes: Sizes = [...ELEMENTS, ...SLABS];

/** Ids in rows and columns, and the numbers that one becomes. */
const LOOKUPS: Sizes = [
  [32, 4, 8],
  [256, 8, 16],
];

/** Rows, inputs and units of a product over rows of which 1% is not zero. */
const SPARSE: Sizes = [
  [64, 10000, 128],
  [32, 1000, 64],
];

const over = (sizes: Sizes, ...kernels: readonly KernelName[]): readonly Shape[] =>
  kernels.flatMap((kernel) => sizes.map((each) => ({ kernel, sizes: each })));

/** The first shape of each kernel is the one that the quick run takes. */
export const shapes: readonly Shape[] = [
  ...over([...SMALL, ...SINGLE_ROW, ...LARGE], 'denseForward'),
  ...over([[64, 784, 256]], 'denseForwardRelu'),
  ...over([...SMALL, ...LARGE], 'denseInputGradient', 'denseKernelGradient'),
  ...over(HIDDEN, 'denseBiasGradient'),
  ...activationKernels().flatMap(({ kernel, plan }) => over(ACTIVATION_SIZES[plan.shape], kernel)),
  ...over(ELEMENTS, 'logForward', 'add', 'multiply', 'subtract', 'maximum', 'maximumBackward', 'scale'),
  ...over(HIDDEN, 'copyColumns'),
  ...over(HIDDEN, 'broadcastAdd', 'broadcastSubtract', 'broadcastMultiply', 'broadcastDivide'),
  ...over(HIDDEN, 'broadcastMaximum', 'broadcastMinimum', 'broadcastGreaterEqual'),
  ...over(HIDDEN, 'broadcastGreater', 'broadcastEqual', 'broadcastKeep', 'broadcastDrop'),
  ...over(HIDDEN, 'expand', 'sumRows', 'sumColumns', 'sumAll'),
  ...over(ELEMENTS, 'absForward', 'absBackward', 'squareBackward', 'sqrtForward', 'sqrtBackward'),
  ...losses.flatMap((name) => over(lossTable[name].definition.fuses === 'softmax' ? SCORES : NUMBERS, name)),
  ...over(SCORES, 'sparseCategoricalAccuracy', 'categoricalAccuracy'),
  ...over([[4, 1]], 'binaryAccuracy'),
  ...over(HIDDEN, 'batchNormalizationMoments', 'batchNormalizationForward', 'batchNormalizationBackward'),
  ...over(HIDDEN, 'layerNormalizationForward', 'layerNormalizationGradients', 'layerNormalizationBackward'),
  ...over(SPARSE, 'sparseForward', 'sparseForwardRelu', 'sparseKernelGradient'),
  ...over(LOOKUPS, 'embeddingForward', 'embeddingRows', 'embeddingGradient', 'gatherRows', 'scatterRows'),
  ...over(ELEMENTS, 'randomUniform', 'dropoutForward', 'dropoutBackward', 'randomNormal', 'alphaDropoutForward'),
  ...over([[784, 256]], 'uniformWeights'),
  ...over([[512]], 'batchNormalizationUpdate'),
  ...over([[1]], 'clipFactor'),
  ...over(HIDDEN, 'guard'),
  ...over(
    SLABS,
    ...(Object.keys(updateLoops) as UpdateKernel[]),
    'decayWeights',
    'clipGradient',
    'clipValues',
    'accumulateGradients',
    'meanGradients',
    'averageWeights',
    'sum',
    'gradientNorm',
    'l1Penalty',
    'l1Gradient',
    'l2Penalty',
    'l2Gradient',
  ),
  ...over([[784, 256]], ...(Object.keys(constraintTable) as ConstraintName[])),
];
