import * as activations from '../kernels/families/activations.js';
import * as constraints from '../kernels/families/constraints.js';
import * as losses from '../kernels/families/losses.js';
import { adam, adamw } from '../kernels/twins/adam.js';
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
import type { RegisteredNames } from './registered.js';
import * as regularizers from './regularizers.js';

// These tables say what a name means as well as a function does. Every program that trains a model holds them: definitions
// of activations, losses, constraints and regularizers are light, so all of them have names; of optimizers and initializers
// only light and common ones do. The rest are functions, whose specs carry their definitions; function-names.ts lists them
// for errors.

export const activationNames = { ...activations, swish: activations.silu };

/** An activation that layers take by name; the others come from their functions. */
export type ActivationName = keyof typeof activationNames | RegisteredNames<'activation'>;

export const lossNames = { ...losses };

/** A loss that `compile` takes by name; the others come from their functions. */
export type LossName = keyof typeof lossNames | RegisteredNames<'loss'>;

export const optimizerNames = { sgd, rmsprop, adam, adamw };

/** An optimizer that `compile` takes by name; the others come from their functions. */
export type OptimizerName = keyof typeof optimizerNames;

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
export type InitializerName = keyof typeof initializerNames | RegisteredNames<'initializer'>;

export const regularizerNames = { ...regularizers };

/** A regularizer that layers take by name, with its default strength. */
export type RegularizerName = keyof typeof regularizerNames | RegisteredNames<'regularizer'>;

export const constraintNames = constraints;
