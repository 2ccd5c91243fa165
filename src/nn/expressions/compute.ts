import * as k from '../../kernels/signatures/index.js';
import type { Parameter } from '../../program/parameter.js';
import type { Tensor } from '../../program/plan.js';
import { type Lowering, SCALAR, type Shape, sameShape, type Value } from './lowering.js';
import type { Context, Operation } from './operator.js';

/** A step with everything but the program that it will be part of. */
export interface BoundStep {
  readonly op: string;
  readonly operation: Operation;
  /** Numbers of values. */
  readonly args: readonly number[];
  readonly numbers: readonly number[];
  readonly shape: Shape;
  readonly axis: 0 | 1 | undefined;
  readonly bias: Tensor | undefined;
}

/** An input, a parameter, a constant or the result of a step. */
export interface BoundValue {
  readonly shape: Shape;
  /** The place of a constant. */
  readonly tensor?: Tensor;
  readonly parameter?: Parameter;
  readonly step?: BoundStep;
}

/** The result of an expression in a program. */
export interface Computed {
  readonly result: Value;
  /** Emits the gradient by the last input, from that of the result. */
  backward(dy: Value): Value;
  /** Emits the gradients by those inputs that are wanted, and those of all parameters that learn. */
  gradients(dy: Value, wanted: readonly boolean[]): readonly (Value | undefined)[];
}

/** Returns the values that the last one is made of, over those operands that `follows`. */
export function reach(
  values: readonly BoundValue[],
  follows: (operation: Operation, operand: number) => boolean,
): ReadonlySet<number> {
  const found = new Set([values.length - 1]);
  for (let i = values.length - 1; i >= 0; i--) {
    const { step } = values[i] as BoundValue;
    if (!step || !found.has(i)) continue;
    step.args.forEach((source, operand) => {
      if (follows(step.operation, operand)) found.add(source);
    });
  }
  return found;
}

const isWeights = ({ op }: BoundStep, operand: number) => op === 'matmul' && operand === 1;

/** Emits the steps of an expression of `inputs` values, which come first, and of parameters, which follow. */
export function compute(
  values: readonly BoundValue[],
  inputs: number,
  lower: Lowering,
  given: readonly Value[],
): Computed {
  const training = lower.emit.training && !lower.emit.inference;
  const passes = ({ passes: does }: Operation, operand: number) => does?.(operand, training) ?? true;
  const needed = reach(values, ({ reads }, operand) => reads?.(operand, training) ?? true);
  const results: (Value | undefined)[] = [];
  const contexts: (Context | undefined)[] = [];
  values.forEach(({ shape, tensor, parameter, step }, i) => {
    const used = step && needed.has(i);
    const context = used
      ? { ...step, lower, args: step.args.map((arg) => results[arg] as Value), saved: {} }
      : undefined;
    const at = tensor ?? parameter?.value;
    contexts.push(context);
    if (step) results.push(context && step.operation.forward(context));
    else results.push(at ? { tensor: at, shape } : given[i]);
  });

  const gradients = (dy: Value, wanted: readonly boolean[]) => {
    const learns: boolean[] = [];
    values.forEach(({ parameter, step }, i) => {
      const learned = step?.args.some((source, operand) => learns[source] && passes(step.operation, operand));
      learns.push((i < inputs ? wanted[i] : (parameter?.trainable ?? (needed.has(i) && learned))) === true);
    });
    const found = new Map<number, Value>([[values.length - 1, dy]]);
    const weights = new WeightGradients(lower, values);
    for (let i = values.length - 1; i >= inputs; i--) {
      const { step } = values[i] as BoundValue;
      const gradient = found.get(i);
      if (!step || !gradient) continue;
      step.args.forEach((source, operand) => {
        if (!learns[source] || !passes(step.operation, operand)) return;
        if (isWeights(step, operand)) {
          weights.product(source, (contexts[i] as Context).args[0] as Value, gradient);
          return;
        }
        const part = step.operation.gradient(contexts[i] as Context, gradient, results[i] as Value, operand);
        const others = found.get(source);
        found.set(source, others ? lower.broadcast('broadcastAdd', others, part, part.shape) : part);
      });
    }
    weights.finish(found);
    return given.map(({ shape }, i) => (wanted[i] ? (found.get(i) ?? lower.zeros(shape)) : undefined));
  };
  return {
    result: results.at(-1) as Value,
    gradients,
    backward: (dy) =>
      gradients(
        dy,
        given.map((_, i) => i === inputs - 1),
      )[inputs - 1] as Value,
  };
}

/** Brings the gradients of parameters to their place. */
class WeightGradients {
  readonly #written = new Set<Parameter>();

  constructor(
    private readonly lower: Lowering,
    private readonly values: readonly BoundValue[],
  ) {}

  /** Emits the gradient by the weights of a product, which adds to that of others. */
  product(source: number, x: Value, dy: Value): void {
    const { emit } = this.lower;
    const parameter = (this.values[source] as BoundValue).parameter as Parameter;
    const { gradient } = parameter;
    const again = this.#written.has(parameter);
    const dw = again ? emit.vector(`${parameter.name}.more`, gradient.size) : gradient;
    const operands = this.lower.kernelGradient(x, dy, dw);
    if (again) emit.call(k.add, { a: gradient, b: dw, y: gradient });
    this.#written.add(parameter);
    const uses = this.values.reduce(
      (sum, { step }) => sum + (step?.args.filter((arg) => arg === source).length ?? 0),
      0,
    );
    if (uses === 1 && parameter.layout === 'panels') emit.guard?.product(parameter, operands.x, operands.dy);
  }

  /** Adds what parameters have got as operands of other operations. */
  finish(found: ReadonlyMap<number, Value>): void {
    const { lower } = this;
    this.values.forEach(({ parameter, shape }, i) => {
      const value = found.get(i);
      if (!parameter || !value) return;
      const { gradient } = parameter;
      const added = this.#written.has(parameter);
      const sum = added ? lower.broadcast('broadcastAdd', { tensor: gradient, shape }, value, shape) : value;
      // The sums of a single row's columns: a copy with zeros in the padding, as gradients of parameters have them.
      lower.emit.call(k.denseBiasGradient, {
        dy: sum.tensor,
        db: gradient,
        rows: 1,
        units: shape.columns,
        dyStride: 0,
      });
    });
  }
}

/**
 * Emits the mean of a result over all its elements, written to `loss`; returns the seed of its gradient. With `weights`, a
 * column of rows' weights, each element counts times that of its row; `divisor` is the number of elements unless said.
 */
export function meanLoss(
  lower: Lowering,
  { result, backward }: Computed,
  one: Tensor,
  loss: Tensor,
  weights?: Value,
  divisor?: number,
) {
  const { shape } = result;
  const count = divisor ?? lower.elements(shape);
  const weigh = (x: Value) => (weights ? lower.broadcast('broadcastMultiply', x, weights, shape) : x);
  lower.sumAll(weigh(result), count, loss);
  return (): Value => {
    const seed: Value = { tensor: one, shape: SCALAR };
    return backward(sameShape(shape, SCALAR) ? seed : weigh(lower.expand(seed, shape, count)));
  };
}
