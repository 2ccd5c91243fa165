import { lookUp } from '../errors.js';
import type { Emitter } from '../program/emitter.js';
import type { Layer, Step } from '../program/layer.js';
import type { Tensor } from '../program/plan.js';
import { type CustomActivation, checkCustom, expressionLayer } from './expressions/custom.js';

/** What the compiler must know of an activation. Shapes in and out are the same. */
export interface Activation {
  /** The default kernel initializer of a dense layer in front of it. */
  readonly initializer: string;
  /** The product that applies it while storing, where there is one. */
  readonly fused?: 'denseForwardRelu';
  forward?(emit: Emitter, x: Tensor, y: Tensor): void;
  /** Turns `dy` into the gradient by x, in place, from the saved output. */
  backward?(emit: Emitter, y: Tensor, dy: Tensor): void;
}

function elementwise(name: 'relu' | 'sigmoid' | 'tanh' | 'exponential', initializer: string): Activation {
  return {
    initializer,
    forward: (emit, x, y) => emit.call(`${name}Forward`, x, y, x.size),
    backward: (emit, y, dy) => emit.call(`${name}Backward`, y, dy, dy, y.size),
  };
}

export const activations = {
  linear: { initializer: 'glorotUniform' },
  relu: { ...elementwise('relu', 'heUniform'), fused: 'denseForwardRelu' },
  sigmoid: elementwise('sigmoid', 'glorotUniform'),
  tanh: elementwise('tanh', 'glorotUniform'),
  exponential: elementwise('exponential', 'glorotUniform'),
  softmax: {
    initializer: 'glorotUniform',
    forward: (emit, x, y) => emit.call('softmaxForward', x, y, x.rows, x.columns, x.stride),
    backward: (emit, y, dy) => emit.call('softmaxBackward', y, dy, dy, y.rows, y.columns, y.stride),
  },
} satisfies Record<string, Activation>;

export type ActivationName = keyof typeof activations;

export function findActivation(name: unknown, argument: string): Activation {
  if (typeof name === 'function' || (typeof name === 'object' && name !== null)) {
    checkCustom(name, argument);
    return activations.linear;
  }
  return lookUp<Activation>(activations, name, argument);
}

/**
 * An activation as a layer of its own. `inPlace` overwrites its input, which must then be of no more use to the layer
 * before.
 */
export function activationLayer(
  name: string,
  activation: string | CustomActivation,
  units: number,
  inPlace: boolean,
): Layer {
  if (typeof activation === 'object') return expressionLayer(name, activation, units);
  const { forward, backward } = findActivation(activation, `${name}.activation`);
  return {
    name,
    units,
    parameters: [],
    activation,
    forward(emit, x): Step {
      const y = inPlace || !forward ? x : emit.matrix(`${name}.y`, units);
      forward?.(emit, x, y);
      return {
        y,
        backward(dy) {
          backward?.(emit, y, dy);
          return [dy];
        },
      };
    },
  };
}
