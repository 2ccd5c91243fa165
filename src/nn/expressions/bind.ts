import { checkOptions, lookUp, ShapeError, show, ValueError } from '../../errors.js';
import type { Constant as HeapConstant, Parameter } from '../../program/parameter.js';
import { panelColumns, type Tensor, vectorTensor } from '../../program/plan.js';
import { type BoundValue, type Computed, compute, reach } from './compute.js';
import {
  type Constant,
  checkAxis,
  checkConstant,
  checkCount,
  divide,
  type Step,
  unknownOperand,
} from './expression.js';
import type { Value as HeapValue, Lowering, Shape } from './lowering.js';
import { operations } from './operations.js';
import type { Operation } from './operator.js';

/** An expression whose shapes have been checked, for inputs of known shapes. */
export interface BoundExpression {
  readonly shape: Shape;
  readonly constants: readonly HeapConstant[];
  /** In training a row's result depends on others of its batch. */
  readonly mixes: boolean;
  compute(lower: Lowering, inputs: readonly HeapValue[]): Computed;
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

/** Holds what only layers have. */
export interface LayerScope {
  /** The parameters by the names that the steps know them by. */
  readonly parameters: ReadonlyMap<string, Parameter>;
}

interface Value extends BoundValue {
  /** Names the step, if any, by which one row of it depends on other rows. */
  readonly mixes?: Mixture | undefined;
}

interface Mixture {
  readonly where: string;
  readonly told: string;
}

function refuseMixture({ where, told }: Mixture, whose: string): never {
  throw new ShapeError({
    argument: where,
    given: `all of ${told}`,
    expected: '{ axis: 1 }, each row on its own',
    hint: `What ${whose} does to one row must not depend on the others in a batch.`,
  });
}

/**
 * Checks steps, which may come from JSON, against the inputs' shapes. With `rowwise` no row may depend on others; `layer`
 * is for layers; a `metric` needs no gradient, and no row of it may depend on others.
 * @throws UnknownNameError, ShapeError, ValueError that name the step.
 */
export function bindExpression(
  given: unknown,
  inputs: Readonly<Record<string, Shape>>,
  argument: string,
  rowwise = false,
  layer?: LayerScope,
  metric = false,
): BoundExpression {
  if (!Array.isArray(given) || given.length === 0) {
    throw new ValueError({ argument, given: show(given), expected: 'an array of at least one step, { op, args }' });
  }
  const constants: HeapConstant[] = [];
  // Values are numbered in order: the inputs, the parameters, then the steps and the constants that they use.
  const values: Value[] = Object.values(inputs).map((shape) => ({ shape }));
  const count = values.length;
  const names = new Map(Object.keys(inputs).map((name, i) => [name, i]));
  for (const [name, parameter] of layer?.parameters ?? []) {
    const shape = { rows: parameter.rows, columns: parameter.columns };
    names.set(name, values.push({ shape, parameter }) - 1);
  }
  const constant = (name: string, data: readonly number[]): Tensor => {
    const value = vectorTensor(`${argument}.${name}`, Math.max(panelColumns(data.length), 8));
    constants.push({ value, data });
    return value;
  };
  const shapeOf = (source: number) => (values[source] as Value).shape;

  given.forEach((step: Step, index) => {
    const at = `${argument}, step %${index}`;
    checkOptions(step, ['op', 'args', 'axis'], at);
    const operation = lookUp<Operation>(operations, step.op, `${at}, op`);
    const where = `${at} (${step.op})`;
    if (!Array.isArray(step.args)) {
      throw new ValueError({ argument: where, given: show(step.args), expected: 'an array of operands' });
    }
    checkCount(operation, step.args.length, where, 'operand');
    const { operands, numbers } = divide(operation, [...step.args], where);
    if (step.axis !== undefined && !operation.reduces) {
      throw new ValueError({ argument: `${where}.axis`, given: show(step.axis), expected: 'nothing' });
    }
    checkAxis(step.axis, `${where}.axis`);
    if (operation.phases && !layer) {
      throw new ValueError({
        argument: where,
        given: step.op,
        expected: 'an operation that does the same in training and in inference',
        hint: 'dropout and inTraining are for customLayer.',
      });
    }
    const isProduct = step.op === 'matmul';
    const refuseMatrix = (operand: string, given: string): never => {
      throw new ShapeError({
        argument: operand,
        given,
        expected: 'a number or one row',
        hint: 'Matrices are for the second operand of matmul.',
      });
    };
    const args = operands.map((arg, i) => {
      const operand = `${where}, operand ${i}`;
      const weights = isProduct && i === 1;
      if (typeof arg !== 'string') {
        checkConstant(arg, operand);
        const rows = rowsOf(arg);
        const columns = (rows[0] as readonly number[]).length;
        if (rows.length > 1 && !weights) refuseMatrix(operand, `a matrix of ${rows.length} x ${columns} numbers`);
        const tensor = constant(`c${values.length}`, weights ? panels(rows, columns) : rows.flat());
        return values.push({ shape: { rows: rows.length, columns }, tensor }) - 1;
      }
      const source = names.get(arg) ?? unknownOperand(operand, arg, [...names.keys()]);
      const { shape, parameter } = values[source] as Value;
      if (weights && !parameter) {
        throw new ValueError({
          argument: operand,
          given: `'${arg}', which is ${showShape(shape)}`,
          expected: layer ? 'a parameter or a constant matrix' : 'a constant matrix',
          hint: 'The product of two expressions row by row is sum(mul(a, b), { axis: 1 }).',
        });
      }
      if (!weights && shape.rows !== 'batch' && shape.rows > 1) {
        refuseMatrix(operand, `'${arg}', which is ${showShape(shape)}`);
      }
      return source;
    });
    const shapes = args.map(shapeOf);
    const told = shapes.map(showShape).join(' and ');
    const mixture =
      operation.reduces && step.axis !== 1 && shapes[0]?.rows === 'batch'
        ? { where, told }
        : args
            .map((source) => values[source] as Value)
            .find(({ mixes }, i) => mixes && (operation.reads?.(i, false) ?? true))?.mixes;
    if (mixture && rowwise && !layer) refuseMixture(mixture, metric ? 'a metric' : 'an activation');
    const shape = operation.shape(shapes, step.axis, numbers);
    if (typeof shape === 'string') {
      const numbered = numbers.length > 0 ? ` with ${numbers.join(', ')}` : '';
      throw new ShapeError({ argument: where, given: `${told}${numbered}`, expected: shape });
    }
    // The columns of a parameter are what a file says, and a constant of them would be made before its weights are looked for.
    const fixed = isProduct && !values[args[1] as number]?.parameter;
    const bias = fixed ? constant(`zeros${index}`, Array(shape.columns).fill(0)) : undefined;
    const bound = { op: step.op, operation, args, numbers, shape, axis: step.axis, bias };
    names.set(`%${index}`, values.push({ shape, step: bound, mixes: mixture }) - 1);
  });

  const last = values.at(-1) as Value;
  checkUses(values, [...names].slice(0, count + (layer?.parameters.size ?? 0)), argument, layer !== undefined, metric);
  if (last.mixes && layer) refuseMixture(last.mixes, 'a layer');
  return {
    shape: last.shape,
    constants,
    mixes: mixesRows(values),
    compute: (lower, given) => compute(values, count, lower, given),
  };
}

/** Returns whether training takes sums or means over the rows of a batch. */
function mixesRows(values: readonly BoundValue[]): boolean {
  const used = reach(values, ({ reads }, operand) => reads?.(operand, true) ?? true);
  return values.some(({ step }, i) => {
    if (!step?.operation.reduces || step.axis === 1 || !used.has(i)) return false;
    return (values[step.args[0] as number] as BoundValue).shape.rows === 'batch';
  });
}

/** Refuses a layer that leaves an input or a parameter unused, and any other expression that does not depend on its last input. */
function checkUses(
  values: readonly BoundValue[],
  leaves: readonly (readonly [name: string, value: number])[],
  argument: string,
  isLayer: boolean,
  isMetric: boolean,
): void {
  const used = reach(values, () => true);
  const learned = reach(values, ({ passes }, operand) => passes?.(operand, true) ?? true);
  for (const [name, value] of isLayer ? leaves : leaves.slice(-1)) {
    const { parameter } = values[value] as BoundValue;
    if (!used.has(value)) {
      const what = isLayer ? `${parameter ? 'the parameter' : 'the input'} '${name}'` : 'it';
      throw new ValueError({
        argument,
        given: `an expression whose result does not depend on ${what}`,
        expected: isLayer ? 'one in which it is used' : `one of '${name}'`,
      });
    }
    if (learned.has(value) || isMetric || (isLayer && !parameter?.learnable)) continue;
    throw new ValueError({
      argument,
      given: `an expression through which no gradient comes to '${name}'`,
      expected: 'one in which it is more than an operand of comparisons',
      ...(parameter ? { hint: 'A parameter with trainable: false needs no gradient.' } : {}),
    });
  }
}
