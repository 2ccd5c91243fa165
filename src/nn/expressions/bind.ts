import { checkOptions, lookUp, ShapeError, show, ValueError } from '../../errors.js';
import type { Constant as HeapConstant } from '../../program/parameter.js';
import { panelColumns, type Tensor, vectorTensor } from '../../program/plan.js';
import { type Constant, checkAxis, checkConstant, type Step, unknownOperand } from './expression.js';
import { type Lowering, SCALAR, type Shape, sameShape, type Value } from './lowering.js';
import { type Context, type Operation, operations } from './operations.js';

/** A step with everything but the program that it will be part of. */
interface BoundStep {
  readonly op: string;
  readonly operation: Operation;
  readonly args: readonly number[];
  readonly shape: Shape;
  readonly axis: 1 | undefined;
  readonly bias: Tensor | undefined;
  /** Its result depends on the input that gradients are for. */
  readonly learns: boolean;
}

/** The result of an expression in a program. */
export interface Computed {
  readonly result: Value;
  /** Emits the gradient by the last input, from that of the result. */
  backward(dy: Value): Value;
}

/** An expression whose shapes have been checked, for inputs of known shapes. */
export interface BoundExpression {
  readonly shape: Shape;
  readonly constants: readonly HeapConstant[];
  compute(lower: Lowering, inputs: readonly Value[]): Computed;
}

export function showShape({ rows, columns }: Shape): string {
  if (rows === 'batch') return `rows x ${columns}`;
  return rows === 1 && columns === 1 ? 'a number' : `${rows} x ${columns}`;
}

function rowsOf(value: Constant): readonly (readonly number[])[] {
  if (typeof value === 'number') return [[value]];
  return (Array.isArray(value[0]) ? value : [value]) as readonly (readonly number[])[];
}

/** Returns the values of a dense product's weights, in panels. */
function panels(rows: readonly (readonly number[])[], columns: number): number[] {
  const data: number[] = Array(rows.length * panelColumns(columns)).fill(0);
  rows.forEach((row, k) => {
    row.forEach((value, c) => {
      data[((c >> 3) * rows.length + k) * 8 + (c & 7)] = value;
    });
  });
  return data;
}

/**
 * Checks steps, which may come from JSON, against the inputs' shapes. Gradients are by the last input. With `rowwise`
 * no row may depend on others.
 * @throws UnknownNameError, ShapeError, ValueError that name the step.
 */
export function bindExpression(
  given: unknown,
  inputs: Readonly<Record<string, Shape>>,
  argument: string,
  rowwise = false,
): BoundExpression {
  if (!Array.isArray(given) || given.length === 0) {
    throw new ValueError({ argument, given: show(given), expected: 'an array of at least one step, { op, args }' });
  }
  const names = new Map(Object.keys(inputs).map((name, i) => [name, i]));
  const count = names.size;
  const constants: HeapConstant[] = [];
  // Values are numbered in order: the inputs, then the steps and the constants that they use.
  const values: { shape: Shape; learns: boolean; tensor?: Tensor; step?: BoundStep }[] = Object.values(inputs).map(
    (shape, i) => ({ shape, learns: i === count - 1 }),
  );
  const constant = (name: string, data: readonly number[]): Tensor => {
    const value = vectorTensor(`${argument}.${name}`, Math.max(panelColumns(data.length), 8));
    constants.push({ value, data });
    return value;
  };

  given.forEach((step: Step, index) => {
    const at = `${argument}, step %${index}`;
    checkOptions(step, ['op', 'args', 'axis'], at);
    const operation = lookUp<Operation>(operations, step.op, `${at}, op`);
    const where = `${at} (${step.op})`;
    const { args } = step;
    if (!Array.isArray(args) || args.length !== operation.operands) {
      throw new ValueError({ argument: where, given: show(args), expected: `${operation.operands} operands` });
    }
    if (step.axis !== undefined && !operation.reduces) {
      throw new ValueError({ argument: `${where}.axis`, given: show(step.axis), expected: 'nothing' });
    }
    checkAxis(step.axis, `${where}.axis`);
    const isProduct = step.op === 'matmul';
    const sources = args.map((arg: unknown, i) => {
      const operand = `${where}, operand ${i}`;
      const weights = isProduct && i === 1;
      if (typeof arg !== 'string') {
        checkConstant(arg, operand);
        const rows = rowsOf(arg);
        const columns = (rows[0] as readonly number[]).length;
        if (rows.length > 1 && !weights) {
          throw new ShapeError({
            argument: operand,
            given: `a matrix of ${rows.length} x ${columns} numbers`,
            expected: 'a number or one row',
            hint: 'Matrices are for the second operand of matmul.',
          });
        }
        const tensor = constant(`c${values.length}`, weights ? panels(rows, columns) : rows.flat());
        return values.push({ shape: { rows: rows.length, columns }, learns: false, tensor }) - 1;
      }
      const source = names.get(arg) ?? unknownOperand(operand, arg, [...names.keys()]);
      if (weights) {
        throw new ValueError({
          argument: operand,
          given: `'${arg}', which is ${showShape((values[source] as { shape: Shape }).shape)}`,
          expected: 'a constant matrix',
          hint: 'The product of two expressions row by row is sum(mul(a, b), { axis: 1 }).',
        });
      }
      return source;
    });
    const shapes = sources.map((source) => (values[source] as { shape: Shape }).shape);
    const told = shapes.map(showShape).join(' and ');
    if (rowwise && operation.reduces && step.axis === undefined && shapes[0]?.rows === 'batch') {
      throw new ShapeError({
        argument: where,
        given: `all of ${told}`,
        expected: '{ axis: 1 }, each row on its own',
        hint: 'What an activation does to one row must not depend on the others in a batch.',
      });
    }
    const shape = operation.shape(shapes, step.axis);
    if (typeof shape === 'string') throw new ShapeError({ argument: where, given: told, expected: shape });
    const learns = sources.some((source) => values[source]?.learns);
    const bias = isProduct ? constant(`zeros${index}`, Array(shape.columns).fill(0)) : undefined;
    const bound = { op: step.op, operation, args: sources, shape, axis: step.axis, bias, learns };
    names.set(`%${index}`, values.push({ shape, learns, step: bound }) - 1);
  });

  const last = values.at(-1) as (typeof values)[number];
  if (!last.learns) {
    const input = Object.keys(inputs).at(-1);
    throw new ValueError({
      argument,
      given: 'an expression whose result does not depend on it',
      expected: `one of '${input}'`,
    });
  }

  return {
    shape: last.shape,
    constants,
    compute(lower, given) {
      const results: Value[] = [];
      const contexts: (Context | undefined)[] = [];
      values.forEach(({ shape, tensor, step }, i) => {
        const context = step && { ...step, lower, args: step.args.map((arg) => results[arg] as Value) };
        contexts.push(context);
        results.push(context ? context.operation.forward(context) : tensor ? { tensor, shape } : (given[i] as Value));
      });
      return {
        result: results.at(-1) as Value,
        backward(dy) {
          const gradients = new Map<number, Value>([[values.length - 1, dy]]);
          for (let i = values.length - 1; i >= count; i--) {
            const { step } = values[i] as (typeof values)[number];
            const gradient = gradients.get(i);
            if (!step || !gradient) continue;
            step.args.forEach((source, operand) => {
              if (!values[source]?.learns) return;
              const part = step.operation.gradient(contexts[i] as Context, gradient, results[i] as Value, operand);
              const others = gradients.get(source);
              const sum = others ? lower.broadcast('broadcastAdd', others, part, part.shape) : part;
              gradients.set(source, sum);
            });
          }
          return gradients.get(count - 1) as Value;
        },
      };
    },
  };
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
