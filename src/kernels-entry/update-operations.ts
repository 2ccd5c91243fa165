import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import type { KernelName } from '../kernels/contract.js';
import { resolve } from '../kernels/definition.js';
import { BLOCK_SIZE, type CommonOptions, type OptimizerDefinition } from '../kernels/lib/update.js';
import { optimizerTable, type UpdateName, type UpdateSpec } from '../kernels/tables.js';
import { makeRate } from '../nn/optimizers/rate.js';
import { align } from '../program/plan.js';
import { bind, Operands, type Operation, operation, type SymbolicCall } from './operation.js';
import type { Tensor } from './tensor.js';

/** Parameters and gradients have no padding that is not 0. */
const LAYOUTS = ['kernel', 'vector'] as const;

/** Operands of `gradientNorm`. */
export interface GradientNormOperands {
  /** Kernels and vectors whose numbers count together. */
  readonly gradients: Tensor | readonly Tensor[];
  /** Receives the square root of the sum of all squares: a scalar. */
  readonly result: Tensor;
}

const listOf = (given: unknown, argument: string): readonly unknown[] => {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > 0) return list;
  throw new ValueError({ argument, given: show(given), expected: 'at least one tensor' });
};

/** The norm of all gradients together, for clipping. @throws ShapeError, ValueError, StateError */
export const gradientNorm: Operation<GradientNormOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('gradientNorm');
  const gradients = listOf(given.gradients, 'gradientNorm.gradients').map((gradient, i) =>
    operands.take(gradient, `gradients[${i}]`, { layout: LAYOUTS }),
  );
  const result = operands.take(given.result, 'result', { layout: 'vector', columns: 1 });
  operands.apart(result, 'result', ...gradients);
  const { room } = operands;
  const length = (tensor: Tensor) => (tensor.layout === 'vector' ? tensor.columns : tensor.size);
  const [first] = gradients as [Tensor];
  if (gradients.length === 1) return bind(room, [['gradientNorm', first, length(first), result]]);
  const norms = room.scratch(align(gradients.length));
  return bind(room, [
    ...gradients.map((gradient, i): SymbolicCall => ['gradientNorm', gradient, length(gradient), norms + i]),
    ['gradientNorm', norms, gradients.length, result],
  ]);
});

/** Operands of `clipFactor`. */
export interface ClipFactorOperands {
  /** The scalar that `gradientNorm` has written. */
  readonly norm: Tensor;
  /** The largest norm that is allowed, above 0. */
  readonly limit: number;
  /** Receives min(limit / (norm + 1e-6), 1), or NaN where the norm is not finite: a scalar, for an optimizer's `factor`. */
  readonly factor: Tensor;
}

/** Returns the factor by which gradients have at most this norm. @throws ShapeError, ValueError, StateError */
export const clipFactor: Operation<ClipFactorOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('clipFactor');
  const scalar = { layout: 'vector', columns: 1 } as const;
  const norm = operands.take(given.norm, 'norm', scalar);
  const factor = operands.take(given.factor, 'factor', scalar);
  if (!(given.limit > 0)) {
    throw new ValueError({ argument: 'clipFactor.limit', given: show(given.limit), expected: 'a number > 0' });
  }
  return bind(operands.room, [['clipFactor', norm, factor, given.limit]]);
});

/** Options of `kernelOptimizer`. */
export interface KernelOptimizerOptions {
  /** One of docs/optimizers.md but 'lbfgs': a name, plain data with options, or what functions of 'myelin' such as `adam()` return. */
  readonly optimizer: UpdateName | UpdateSpec;
  /** Kernels and vectors, which it updates. Weight decay is for the kernels among them. */
  readonly parameters: readonly Tensor[];
  /** The gradients of these, in the same order. */
  readonly gradients: readonly Tensor[];
  /** A scalar that gradients are multiplied by, as `clipFactor` writes it; where it holds NaN, no parameter changes. Default 1. */
  readonly factor?: Tensor;
}

/** An optimizer at work on parameters. */
export interface KernelOptimizer {
  /** The number of steps that it has taken. */
  readonly steps: number;
  /** The learning rate of the next step: settable; set back to undefined, it is again what the optimizer's options say. */
  learningRate: number | undefined;
  /** Updates all parameters once. @throws StateError once the heap has been reset. */
  step(): void;
  /** Its state, such as the moments of adam: for each parameter, by name, numbers parallel to the parameter. */
  readonly states: readonly Readonly<Record<string, Tensor>>[];
}

/**
 * Allocates the state of an optimizer for some parameters.
 * @throws ShapeError, ValueError, UnknownNameError; StateError, HeapSizeError and BackendError as of the heap.
 */
export function kernelOptimizer(options: KernelOptimizerOptions): KernelOptimizer {
  checkOptions(options, ['optimizer', 'parameters', 'gradients', 'factor'], 'kernelOptimizer');
  const { spec, definition } = resolve<UpdateSpec, OptimizerDefinition>(
    options.optimizer,
    optimizerTable,
    'kernelOptimizer.optimizer',
    'adam',
  );
  if ('build' in definition) {
    throw new ValueError({
      argument: 'kernelOptimizer.optimizer',
      given: show(spec.name),
      expected: "an optimizer of docs/optimizers.md but 'lbfgs'",
    });
  }
  const settings = spec as unknown as CommonOptions;
  const rate = makeRate(settings.learningRate, 'kernelOptimizer.learningRate');
  const operands = new Operands('kernelOptimizer');
  const parameters = listOf(options.parameters, 'kernelOptimizer.parameters').map((parameter, i) =>
    operands.take(parameter, `parameters[${i}]`, { layout: LAYOUTS }),
  );
  const { length } = options.gradients ?? [];
  if (length !== parameters.length) {
    throw new ShapeError({
      argument: 'kernelOptimizer.gradients',
      given: `${length} tensors`,
      expected: `${parameters.length}, one per parameter`,
    });
  }
  const gradients = parameters.map((parameter, i) => {
    const gradient = operands.like(options.gradients[i], `gradients[${i}]`, parameter);
    operands.apart(gradient, `gradients[${i}]`, ...parameters);
    return gradient;
  });
  const { room } = operands;
  const given = options.factor && operands.take(options.factor, 'factor', { layout: 'vector', columns: 1 });
  const factor = given ?? room.tensor(1).set([1]);
  const [block, decay] = [room.tensor(BLOCK_SIZE), room.tensor(1)];
  const kernel = definition.loop?.(settings) ?? (Object.keys(definition.loops)[0] as KernelName);
  const names = definition.loops[kernel] ?? [];
  const states = parameters.map((parameter) =>
    Object.fromEntries(
      names.map((name) => {
        const state = room.like(parameter);
        state.data.fill(definition.initial?.(settings, name) ?? 0);
        return [name, state];
      }),
    ),
  );
  const calls = parameters.flatMap((parameter, i): SymbolicCall[] => {
    const own = names.map((name) => states[i]?.[name] as Tensor);
    const update: SymbolicCall = [kernel, parameter, gradients[i] as Tensor, ...own, parameter.size, block, factor];
    if (!(settings.weightDecay > 0) || parameter.layout !== 'kernel') return [update];
    return [['decayWeights', parameter, parameter.size, decay, factor], update];
  });
  let steps = 0;
  let own: number | undefined;
  const run = bind(room, calls, () => {
    const learningRate = own ?? rate(steps);
    steps++;
    const { heap } = room.store;
    heap[decay.offset] = -learningRate * settings.weightDecay;
    definition.fill(heap, block.offset, settings, learningRate, steps);
  });
  return {
    get steps() {
      return steps;
    },
    get learningRate() {
      return own ?? rate(steps);
    },
    set learningRate(value) {
      own = value === undefined ? undefined : checkNumber(value, 'KernelOptimizer.learningRate', { min: 0 });
    },
    step: run,
    states,
  };
}
