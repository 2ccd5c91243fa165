import {
  exponential,
  hardSigmoid,
  linear,
  logSoftmax,
  relu,
  relu6,
  sigmoid,
  softmax,
  softsign,
  step,
  tanh,
} from '../kernels/twins/activations.js';
import { adam, adamw } from '../kernels/twins/adam.js';
import { maxNorm, nonNeg, unitNorm } from '../kernels/twins/constraints.js';
import { celu, elu, gelu, mish, selu, silu, softplus } from '../kernels/twins/gates.js';
import { leakyRelu, prelu, rrelu } from '../kernels/twins/leaky.js';
import {
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../kernels/twins/losses.js';
import { binaryCrossentropy, binaryFocalCrossentropy, hinge, squaredHinge } from '../kernels/twins/losses-binary.js';
import {
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  quantile,
  tukeyBiweight,
} from '../kernels/twins/losses-regression.js';
import { categoricalHinge, cosineSimilarity } from '../kernels/twins/losses-rows.js';
import { rmsprop, sgd } from '../kernels/twins/optimizers.js';
import {
  constant,
  fanInUniform,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  ones,
  randomNormal,
  randomUniform,
  zeros,
} from './initializers/initializers.js';
import { l1, l1l2, l2 } from './regularizers.js';

// What a name says as well as a function. Every program that trains a model holds these tables, so they have what is light
// and common; of all else there is the function, whose specs carry what they mean.

export const activationNames = {
  linear,
  step,
  sigmoid,
  hardSigmoid,
  tanh,
  relu,
  relu6,
  leakyRelu,
  prelu,
  rrelu,
  elu,
  selu,
  celu,
  gelu,
  silu,
  swish: silu,
  mish,
  softplus,
  softsign,
  exponential,
  softmax,
  logSoftmax,
};

/** An activation that layers take by name; the others come from their functions. */
export type ActivationName = keyof typeof activationNames;

export const lossNames = {
  meanSquaredError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  huber,
  tukeyBiweight,
  logCosh,
  quantile,
  poisson,
  klDivergence,
  cosineSimilarity,
  categoricalHinge,
  hinge,
  squaredHinge,
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
};

/** A loss that `compile` takes by name; the others come from their functions. */
export type LossName = keyof typeof lossNames;

export const optimizerNames = { sgd, rmsprop, adam, adamw };

/** An optimizer that `compile` takes by name; the others come from their functions. */
export type OptimizerName = keyof typeof optimizerNames;

export const optimizerFunctions = [
  'momentum',
  'nesterov',
  'adagrad',
  'adadelta',
  'nadam',
  'radam',
  'adamax',
  'adan',
  'lion',
  'lbfgs',
] as const;

export const initializerNames = {
  zeros,
  ones,
  constant,
  randomNormal,
  randomUniform,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  fanInUniform,
};

/** An initializer that layers take by name; the others come from their functions. */
export type InitializerName = keyof typeof initializerNames;

export const initializerFunctions = ['truncatedNormal', 'varianceScaling', 'orthogonal', 'identity'] as const;

export const regularizerNames = { l1, l2, l1l2 };

/** A regularizer that layers take by name, with its default strength. */
export type RegularizerName = keyof typeof regularizerNames;

export const constraintNames = { maxNorm, unitNorm, nonNeg };
