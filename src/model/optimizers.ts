import { checkNumber, checkOptions, lookUp, show, ValueError } from '../errors.js';
import type { Emitter } from '../program/emitter.js';
import type { Tensor } from '../program/plan.js';
import type { Slots } from '../program/slots.js';

export interface SgdOptions {
  /** Default 0.01. */
  readonly learningRate?: number;
  /** From 0 to 1; default 0. */
  readonly momentum?: number;
  /** Look ahead along the velocity; needs a momentum. Default false. */
  readonly nesterov?: boolean;
}

export interface AdamOptions {
  /** Default 0.001. */
  readonly learningRate?: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Added after the second bias correction; default 1e-8. */
  readonly epsilon?: number;
}

/** An optimizer as plain data. */
export type OptimizerSpec =
  | ({ readonly name: 'sgd' } & Required<SgdOptions>)
  | ({ readonly name: 'adam' } & Required<AdamOptions>);

export type OptimizerName = OptimizerSpec['name'];

/** Slabs that an optimizer works on; states are parallel to the parameters. */
export interface Slabs {
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly states: readonly Tensor[];
}

/** An optimizer with its options filled in. */
export interface Optimizer {
  readonly spec: OptimizerSpec;
  /** Names of the state slabs it needs. */
  readonly states: readonly string[];
  emit(emit: Emitter, slabs: Slabs): void;
  /** Writes what step number `step` (from 1) needs into the slots. */
  prepare(heap: Float32Array | Float64Array, slots: Slots, learningRate: number, step: number): void;
}

/** base^n by squaring: the same bits on every engine, which Math.pow does not promise. */
function power(base: number, n: number): number {
  let result = 1;
  for (let square = base, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square;
  }
  return result;
}

function makeSgd(options: SgdOptions): Optimizer {
  const learningRate = checkNumber(options.learningRate ?? 0.01, 'sgd.learningRate', { min: 0 });
  const momentum = checkNumber(options.momentum ?? 0, 'sgd.momentum', { min: 0, max: 1 });
  const nesterov = options.nesterov ?? false;
  if (typeof nesterov !== 'boolean' || (nesterov && momentum === 0)) {
    throw new ValueError({
      argument: 'sgd.nesterov',
      given: show(nesterov),
      expected: 'true or false, and true only with a momentum above 0',
    });
  }
  return {
    spec: { name: 'sgd', learningRate, momentum, nesterov },
    states: momentum > 0 ? ['velocity'] : [],
    emit(emit, { parameters: w, gradients: g, states: [v] }) {
      const { learningRate: rate, factor } = emit.slots;
      if (v) emit.call('sgdMomentum', w, g, v, w.size, rate, factor, momentum, nesterov ? 1 : 0);
      else emit.call('sgd', w, g, w.size, rate, factor);
    },
    prepare(heap, slots, rate) {
      heap[slots.learningRate.offset] = rate;
    },
  };
}

function makeAdam(options: AdamOptions): Optimizer {
  const learningRate = checkNumber(options.learningRate ?? 1e-3, 'adam.learningRate', { min: 0 });
  const beta1 = checkNumber(options.beta1 ?? 0.9, 'adam.beta1', { min: 0, below: 1 });
  const beta2 = checkNumber(options.beta2 ?? 0.999, 'adam.beta2', { min: 0, below: 1 });
  const epsilon = checkNumber(options.epsilon ?? 1e-8, 'adam.epsilon', { above: 0 });
  return {
    spec: { name: 'adam', learningRate, beta1, beta2, epsilon },
    states: ['m', 'v'],
    emit(emit, { parameters: w, gradients: g, states: [m, v] }) {
      const { stepSize, correction, factor } = emit.slots;
      emit.call('adam', w, g, m as Tensor, v as Tensor, w.size, stepSize, correction, factor, beta1, beta2, epsilon);
    },
    prepare(heap, slots, rate, step) {
      heap[slots.stepSize.offset] = rate / (1 - power(beta1, step));
      heap[slots.correction.offset] = 1 / Math.sqrt(1 - power(beta2, step));
    },
  };
}

const optimizers = {
  sgd: { options: ['learningRate', 'momentum', 'nesterov'], make: makeSgd },
  adam: { options: ['learningRate', 'beta1', 'beta2', 'epsilon'], make: makeAdam },
} as const;

/** Stochastic gradient descent: v = momentum v + g, w -= learningRate v, as in PyTorch. */
export function sgd(options: SgdOptions = {}): OptimizerSpec {
  checkOptions(options, optimizers.sgd.options, 'sgd');
  return makeSgd(options).spec;
}

/** Adam (Kingma and Ba 2015), with PyTorch's place of epsilon. */
export function adam(options: AdamOptions = {}): OptimizerSpec {
  checkOptions(options, optimizers.adam.options, 'adam');
  return makeAdam(options).spec;
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeOptimizer(given: OptimizerName | OptimizerSpec): Optimizer {
  if (typeof given === 'function') {
    throw new ValueError({ argument: 'optimizer', given: 'a function', expected: 'what it returns, such as adam()' });
  }
  const spec = typeof given === 'object' && given !== null ? given : { name: given };
  const entry = lookUp<{ options: readonly string[]; make(options: object): Optimizer }>(
    optimizers,
    spec.name,
    'optimizer',
  );
  checkOptions(spec, ['name', ...entry.options], spec.name);
  return entry.make(spec);
}
