import { lookUp, show, ValueError } from '../../errors.js';
import type { Operator } from '../../kernels/own/instruction.js';
import { type Step, unknownOperand } from '../expressions/expression.js';
import { scalarOperations, type UpdateOperation } from '../expressions/single-numbers.js';

/** A number that is computed once a step, by its place among them. */
interface Scalar {
  readonly kind: 'scalar';
  readonly index: number;
  /** Its value where it is the same in every step. */
  readonly constant?: number;
}

/** Weights, gradient or a state. */
interface Vector {
  readonly kind: 'vector';
  readonly index: number;
}

/** The result of an instruction, by its place among them. */
export interface Result {
  readonly kind: 'result';
  readonly index: number;
}

export type Item = Scalar | Vector | Result;

/** The factor of the gradient, a number on the heap. */
const SCALE: Scalar = { kind: 'scalar', index: -1 };

export interface Instruction {
  readonly operator: Operator;
  readonly a: Item;
  readonly b: Item;
}

type Compute = (values: Float64Array) => number;

/** The place of the gradient among the vectors; of the weights it is 0. */
export const GRADIENT = 1;

/** Gradients below become 0, whose squares would be denormal numbers, which are slow; states below, in some steps. */
const SMALL = 1e-15;
export const TINY = 1e-33;

/** Turns the steps of an update into instructions and numbers. */
export class Instructions {
  readonly list: Instruction[] = [];
  /** Compute the numbers of a step, from those before them. */
  readonly scalars: Compute[] = [];
  readonly #known = new Map<string, Result>();
  readonly #constants = new Map<number, Scalar>();

  /** Some of the numbers are given: the first `count`. */
  constructor(count: number) {
    for (let i = 0; i < count; i++) this.scalars.push((values) => values[i] as number);
  }

  constant(value: number): Scalar {
    const known = this.#constants.get(value);
    if (known) return known;
    const made: Scalar = { kind: 'scalar', index: this.scalars.push(() => value) - 1, constant: value };
    this.#constants.set(value, made);
    return made;
  }

  /** Each instruction is written once. */
  emit(operator: Operator, a: Item, b: Item = a): Result {
    const key = [operator, a.kind, a.index, b.kind, b.index].join(' ');
    const known = this.#known.get(key);
    if (known) return known;
    const made: Result = { kind: 'result', index: this.list.push({ operator, a, b }) - 1 };
    this.#known.set(key, made);
    return made;
  }

  /** The gradient as optimizers see it: scaled by what clipping says, and without what is next to nothing. */
  gradient(): Result {
    const scaled = this.emit('scale', { kind: 'vector', index: GRADIENT }, SCALE);
    const large = this.emit('broadcastGreaterEqual', this.emit('absForward', scaled), this.constant(SMALL));
    return this.#times(scaled, large);
  }

  /** A copy, to be written elsewhere. */
  copy(x: Item): Result {
    const one = this.constant(1);
    return x.kind === 'scalar' ? this.emit('broadcastMultiply', x, one) : this.emit('scale', x, one);
  }

  #times(a: Item, b: Item): Result {
    if (a.kind === 'scalar') return this.emit('scale', b, a);
    return b.kind === 'scalar' ? this.emit('scale', a, b) : this.emit('multiply', a, b);
  }

  #plus(a: Item, b: Item): Result {
    return this.emit(a.kind === 'scalar' || b.kind === 'scalar' ? 'broadcastAdd' : 'add', a, b);
  }

  #minus(a: Item, b: Item): Result {
    return this.emit(a.kind === 'scalar' || b.kind === 'scalar' ? 'broadcastSubtract' : 'subtract', a, b);
  }

  /** Returns x^n for a whole n above 0, by squaring. */
  #power(x: Item, n: number): Item {
    let result: Item | undefined;
    for (let square = x, rest = n; ; square = this.#times(square, square)) {
      if (rest % 2 === 1) result = result ? this.#times(result, square) : square;
      rest = Math.floor(rest / 2);
      if (rest === 0) return result as Item;
    }
  }

  #raise(a: Item, b: Item): Item {
    const exponent = b.kind === 'scalar' ? b.constant : undefined;
    if (exponent === 0.5) return this.emit('sqrtForward', a);
    if (exponent !== undefined && Number.isInteger(exponent) && exponent !== 0 && Math.abs(exponent) <= 64) {
      const whole = this.#power(a, Math.abs(exponent));
      return exponent < 0 ? this.emit('broadcastDivide', this.constant(1), whole) : whole;
    }
    const logarithm = a.kind === 'scalar' ? this.#scalar('log', [a]) : this.emit('logForward', a);
    return this.emit('exponentialForward', this.#times(logarithm, b));
  }

  #scalar(op: UpdateOperation, args: readonly Scalar[]): Scalar {
    const compute = scalarOperations[op] as (...args: number[]) => number;
    const constants = args.map(({ constant }) => constant);
    if (constants.every((value) => value !== undefined)) return this.constant(compute(...(constants as number[])));
    const [a = 0, b = 0, c = 0] = args.map(({ index }) => index);
    const index = this.scalars.push((values) => compute(values[a]!, values[b]!, values[c]!)) - 1;
    return { kind: 'scalar', index };
  }

  /** Returns the result of an operation. */
  apply(op: UpdateOperation, args: readonly Item[]): Item {
    if (args.every((item) => item.kind === 'scalar')) return this.#scalar(op, args as readonly Scalar[]);
    const [a, b = a, c = a] = args as [Item, Item?, Item?];
    const [zero, one] = [this.constant(0), this.constant(1)];
    switch (op) {
      case 'add':
        return this.#plus(a, b);
      case 'sub':
        return this.#minus(a, b);
      case 'mul':
        return this.#times(a, b);
      case 'div':
        return this.emit('broadcastDivide', a, b);
      case 'max':
        return this.emit('broadcastMaximum', a, b);
      case 'min':
        return this.emit('broadcastMinimum', a, b);
      case 'exp':
        return this.emit('exponentialForward', a);
      case 'log':
        return this.emit('logForward', a);
      case 'tanh':
        return this.emit('tanhForward', a);
      case 'sigmoid':
        return this.emit('sigmoidForward', a);
      case 'abs':
        return this.emit('absForward', a);
      case 'sqrt':
        return this.emit('sqrtForward', a);
      case 'square':
        return this.#times(a, a);
      case 'relu':
        return this.emit('broadcastMaximum', a, zero);
      case 'pow':
        return this.#raise(a, b);
      case 'sign':
        return this.#minus(this.emit('broadcastGreaterEqual', a, zero), this.emit('broadcastGreaterEqual', zero, a));
      case 'greater':
        return this.emit('broadcastGreater', a, b);
      case 'less':
        return this.emit('broadcastGreater', b, a);
      case 'greaterEqual':
        return this.emit('broadcastGreaterEqual', a, b);
      case 'lessEqual':
        return this.emit('broadcastGreaterEqual', b, a);
      case 'equal':
        return this.emit('broadcastEqual', a, b);
      case 'notEqual':
        return this.#minus(one, this.emit('broadcastEqual', a, b));
      case 'where':
        return this.#plus(this.emit('broadcastKeep', b, a), this.emit('broadcastDrop', c, a));
    }
  }
}

/**
 * Reads steps, which may come from JSON, into instructions; returns what each of the results is.
 * @throws UnknownNameError, ValueError that name the step.
 */
export function readSteps(
  into: Instructions,
  steps: readonly Step[],
  names: ReadonlyMap<string, Item>,
  argument: string,
): (operand: unknown, argument: string) => Item {
  const items = new Map(names);
  const find = (given: unknown, operand: string): Item => {
    if (typeof given === 'number' && Number.isFinite(given)) return into.constant(given);
    if (Array.isArray(given)) {
      const hint = 'An update is the same for every weight, wherever it lies.';
      throw new ValueError({ argument: operand, given: show(given), expected: 'an expression or a number', hint });
    }
    return items.get(given as string) ?? unknownOperand(operand, given, [...items.keys()]);
  };
  steps.forEach(({ op, args }, i) => {
    const at = `${argument}, step %${i}`;
    const compute = lookUp<(...args: never[]) => number>(scalarOperations, op, `${at}, op`);
    if (!Array.isArray(args) || args.length !== compute.length) {
      throw new ValueError({ argument: `${at} (${op})`, given: show(args), expected: `${compute.length} operands` });
    }
    const operands = args.map((arg: unknown, k) => find(arg, `${at} (${op}), operand ${k}`));
    items.set(`%${i}`, into.apply(op as UpdateOperation, operands));
  });
  return find;
}
