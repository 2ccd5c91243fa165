import {
  checkNumber,
  checkOptions,
  lookUp,
  nearest,
  ShapeError,
  show,
  UnknownNameError,
  ValueError,
} from '../../errors.js';
import { type OperationName, operationOf, operations } from './operations.js';
import type { Operation } from './operator.js';

/** A constant that an operation takes together with other values: a number, a row of numbers, or rows of numbers. */
export type Constant = number | readonly number[] | readonly (readonly number[])[];

/** A constant, an input or a parameter by its name, or the result of an earlier step as '%' and the step's index. */
export type Operand = string | Constant;

/** One operation of an expression, as plain data. */
export interface Step {
  /** The operation. */
  readonly op: OperationName;
  /** The operands: earlier steps, inputs or constants; then, of `slice` and `dropout`, plain numbers. */
  readonly args: readonly Operand[];
  /** The axis of `sum` and `mean`: 1 reduces each row on its own, 0 each column; default all elements. */
  readonly axis?: 0 | 1;
}

/** A value that an expression computes: a symbol without numbers, for operations to combine. */
export class Expression {
  constructor(
    /** Undefined for an input. */
    readonly op: OperationName | undefined,
    readonly args: readonly (Expression | Constant)[],
    readonly label: string,
    readonly axis?: 0 | 1,
  ) {}

  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.label;
    throw new ValueError({
      argument: this.label,
      given: 'a use as a number, as by Math.exp, *, + or <',
      expected: 'operations of the last argument, which combine symbols',
      hint: 'Write exp(x) for Math.exp(x), mul(x, 2) for x * 2, max(x, 0) for x > 0 ? x : 0.',
    });
  }
}

/** A part of an expression, or a number or row of numbers that spreads over the other operand. */
export type Term = Expression | number | readonly number[];

type Unary = (x: Term) => Expression;
type Binary = (a: Term, b: Term) => Expression;
type Reduction = (x: Term, options?: { readonly axis?: 0 | 1 }) => Expression;

/** The operations that expressions are made of. Numbers, rows and columns spread over rows and columns. */
export interface Operations {
  /** The sum a + b, element by element. */
  readonly add: Binary;
  /** The difference a - b, element by element. */
  readonly sub: Binary;
  /** The product a b, element by element. */
  readonly mul: Binary;
  /** The quotient a / b, element by element; as in IEEE arithmetic, x / 0 is infinite or NaN. */
  readonly div: Binary;
  /** The larger one, element by element; where both are equal the gradient goes to the first. */
  readonly max: Binary;
  /** The smaller one, element by element; where both are equal the gradient goes to the first. */
  readonly min: Binary;
  /** e^x, element by element; infinite above 88. */
  readonly exp: Unary;
  /** Natural logarithm; of 0 -Infinity, of negative numbers NaN. */
  readonly log: Unary;
  /** The hyperbolic tangent, element by element. */
  readonly tanh: Unary;
  /** 1 / (1 + e^-x), element by element. */
  readonly sigmoid: Unary;
  /** max(x, 0), element by element; its gradient at 0 is 0. */
  readonly relu: Unary;
  /** Its gradient at 0 is 0. */
  readonly abs: Unary;
  /** x^2, element by element. */
  readonly square: Unary;
  /** Its gradient at 0 is 0. */
  readonly sqrt: Unary;
  /** a^b, element by element: of negative numbers NaN, unless b is a whole number, which is then as good as a product. */
  readonly pow: Binary;
  /** 1, 0 or -1 as x is above, at or below 0, element by element, 0 of NaN; no gradient passes. */
  readonly sign: Unary;
  /** The sum of all elements, with `{ axis: 1 }` of each row, with `{ axis: 0 }` of each column. */
  readonly sum: Reduction;
  /** The mean of all elements, with `{ axis: 1 }` of each row, with `{ axis: 0 }` of each column. */
  readonly mean: Reduction;
  /** The product with a matrix, columns of x times whatever: rows of numbers or, in a layer, a parameter. */
  readonly matmul: (x: Term, matrix: Expression | readonly (readonly number[])[]) => Expression;
  /** 1 where a > b, else 0, element by element; no gradient passes. */
  readonly greater: Binary;
  /** 1 where a >= b, else 0, element by element; no gradient passes. */
  readonly greaterEqual: Binary;
  /** 1 where a < b, else 0, element by element; no gradient passes. */
  readonly less: Binary;
  /** 1 where a <= b, else 0, element by element; no gradient passes. */
  readonly lessEqual: Binary;
  /** 1 where a = b, else 0, element by element; no gradient passes. */
  readonly equal: Binary;
  /** 1 where a and b differ or either is NaN, else 0, element by element; no gradient passes. */
  readonly notEqual: Binary;
  /** Takes a where the condition is not 0, and b elsewhere, element by element; so does the gradient. */
  readonly where: (condition: Term, a: Term, b: Term) => Expression;
  /** The columns of x from `from` up to `to`, default all that follow; negative numbers count from the end. */
  readonly slice: (x: Term, from: number, to?: number) => Expression;
  /** The columns of all operands next to each other. */
  readonly concatenate: (...parts: readonly Term[]) => Expression;
  /** The softmax of each row of at least two columns. */
  readonly softmax: Unary;
  /**
   * In training drops elements at random, as many as `rate` says, 0 <= rate < 1, and scales the others by 1 / (1 - rate);
   * returns x in inference. For layers alone.
   */
  readonly dropout: (x: Term, rate: number) => Expression;
  /** The first operand in training and the second, of the same shape, in inference. For layers alone. */
  readonly inTraining: (training: Term, inference: Term) => Expression;
}

function checkTerm(value: unknown, argument: string): Expression | Constant {
  if (value instanceof Expression) return value;
  checkConstant(value, argument);
  return value;
}

/** @throws ValueError, ShapeError for anything but finite numbers in rows of equal length. */
export function checkConstant(value: unknown, argument: string): asserts value is Constant {
  const rows = Array.isArray(value) ? (Array.isArray(value[0]) ? value : [value]) : [[value]];
  const columns = Array.isArray(rows[0]) ? rows[0].length : 0;
  for (const row of rows) {
    if (!Array.isArray(row) || row.length !== columns || columns === 0) {
      throw new ShapeError({
        argument,
        given: Array.isArray(row) ? `a row of ${row.length} numbers` : show(row),
        expected: columns === 0 ? 'at least one number' : `a row of ${columns} numbers, as the first`,
      });
    }
    for (const item of row) {
      if (typeof item === 'number' && Number.isFinite(item)) continue;
      throw new ValueError({
        argument,
        given: show(item),
        expected: 'an expression, a finite number, or rows of those numbers',
      });
    }
  }
}

/** @throws ValueError for too few or too many operands; `what` names them. */
export function checkCount(
  { operands, variadic, numbers = [], reduces }: Operation,
  count: number,
  argument: string,
  what: 'argument' | 'operand',
  given = `${count} ${what}s`,
): void {
  const least = operands + numbers.filter((name) => !name.startsWith('[')).length;
  const most = operands + numbers.length;
  if (count >= least && (variadic || count <= most)) return;
  const range = variadic ? `at least ${least}` : least === most ? `${least}` : `${least} or ${most}`;
  const numbered = numbers.length > 0 ? `: an expression, then ${numbers.join(', ')}` : '';
  const more = reduces && what === 'argument' ? ' and options, { axis: 1 } or none' : numbered;
  throw new ValueError({ argument, given, expected: `${range} ${what}${most === 1 && !variadic ? '' : 's'}${more}` });
}

/** Divides what an operation is given into operands and the plain numbers that follow them. */
export function divide(
  operation: Operation,
  given: readonly unknown[],
  argument: string,
): { readonly operands: readonly unknown[]; readonly numbers: readonly number[] } {
  const { numbers = [] } = operation;
  if (numbers.length === 0) return { operands: given, numbers: [] };
  const operands = given.slice(0, operation.operands);
  const rest = given.slice(operation.operands);
  rest.forEach((number, i) => {
    checkNumber(number, `${argument}, ${(numbers[i] as string).replace(/\W/g, '')}`);
  });
  return { operands, numbers: rest as readonly number[] };
}

function makeOperation(op: OperationName) {
  const operation = operationOf(op);
  const { reduces } = operation;
  return (...all: unknown[]): Expression => {
    const options = reduces ? all[operation.operands] : undefined;
    const given = reduces && all.length === operation.operands + 1 ? all.slice(0, -1) : all;
    checkCount(operation, given.length, op, 'argument', `${all.length} arguments`);
    const { operands, numbers } = divide(operation, given, op);
    const args = [...operands.map((value, i) => checkTerm(value, `${op}, operand ${i}`)), ...numbers];
    if (options === undefined) return new Expression(op, args, op);
    checkOptions(options, ['axis'], op);
    const { axis } = options as { axis?: unknown };
    checkAxis(axis, `${op}.axis`);
    return new Expression(op, args, op, axis);
  };
}

/** @throws ValueError for an axis other than 0 and 1. */
export function checkAxis(axis: unknown, argument: string): asserts axis is 0 | 1 | undefined {
  if (axis === undefined || axis === 0 || axis === 1) return;
  const expected = '1, for each row, 0, for each column, or nothing, for all elements';
  throw new ValueError({ argument, given: show(axis), expected });
}

let known: Operations | undefined;

/** Returns the operations as functions of symbols. */
function makeOperations(): Operations {
  const names = Object.keys(operations) as OperationName[];
  const table = Object.fromEntries(names.map((name) => [name, makeOperation(name)]));
  const { pow, mul, sqrt } = table as unknown as Operations;
  const raise = (...args: [Term, Term]) => wholePower(mul, args) ?? (args[1] === 0.5 ? sqrt(args[0]) : pow(...args));
  return guarded({ ...table, pow: raise }, 'operation') as unknown as Operations;
}

/** x^n as products, which negative numbers have as well; undefined unless n is a whole number from 1 to 64. */
function wholePower(mul: Operations['mul'], [x, n]: readonly [Term, Term]): Expression | undefined {
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > 64) return undefined;
  let result: Term = 1;
  for (let square = x, rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === 1 ? square : mul(result, square);
    if (rest > 1) square = mul(square, square);
  }
  return result instanceof Expression && n > 1 ? result : mul(x, 1);
}

/** Makes reading what a table does not have an error with the nearest name. */
export function guarded<T>(table: Readonly<Record<string, T>>, argument: string): Readonly<Record<string, T>> {
  return new Proxy(table, {
    get(target, name) {
      if (typeof name === 'string' && !Object.hasOwn(target, name)) lookUp(target, name, argument);
      return target[name as string];
    },
  });
}

/** Runs a function on symbols, and the operations. @throws ValueError for anything but a function */
function run(
  define: unknown,
  args: (symbols: readonly Expression[]) => readonly unknown[],
  inputs: readonly string[],
  argument: string,
) {
  if (typeof define !== 'function') {
    throw new ValueError({ argument, given: show(define), expected: `a function of ${inputs.join(', ')}` });
  }
  known ??= makeOperations();
  const symbols = inputs.map((name) => new Expression(undefined, [], name));
  return { symbols, result: define(...args(symbols), known) as unknown };
}

/**
 * Runs a function of symbols once and writes down what it did with them, each operation once however often its result is
 * used. An input as it is becomes its product with 1, so that there is a step.
 * @throws ValueError for anything but a function of these inputs that returns an expression.
 */
export function trace(
  define: (...args: never[]) => unknown,
  inputs: readonly string[],
  argument: string,
): readonly Step[] {
  const { symbols, result } = run(define, (all) => all, inputs, argument);
  if (!(result instanceof Expression)) {
    throw new ValueError({
      argument,
      given: `a function that returns ${show(result)}`,
      expected: 'one that returns an expression: what an operation such as mul or mean returned',
      ...(result === undefined ? { hint: 'Is a return missing?' } : {}),
    });
  }
  const root = result.op === undefined ? (known as Operations).mul(result, 1) : result;
  return writeDown([root], symbols, argument).steps;
}

/**
 * Does the same with a function of an object of symbols, which returns an object with an expression or a number under each of
 * `outputs`.
 * @throws ValueError for anything else.
 */
export function traceAll(
  define: (...args: never[]) => unknown,
  inputs: readonly string[],
  outputs: readonly string[],
  argument: string,
): { readonly steps: readonly Step[]; readonly results: Readonly<Record<string, Operand>> } {
  const named = (all: readonly Expression[]) => [Object.fromEntries(all.map((symbol) => [symbol.label, symbol]))];
  const { symbols, result } = run(define, named, inputs, argument);
  checkOptions(result, outputs, `${argument}, what it returns`);
  const given = result as Readonly<Record<string, unknown>>;
  const list = outputs.map((name) => {
    const item = given[name];
    if (item instanceof Expression || (typeof item === 'number' && Number.isFinite(item))) return item;
    throw new ValueError({
      argument,
      given: `a function that returns ${show(item)} for '${name}'`,
      expected: `one that returns an object with an expression for each of ${outputs.join(', ')}`,
    });
  });
  const { steps, written } = writeDown(
    list.filter((item) => item instanceof Expression),
    symbols,
    argument,
  );
  const results = outputs.map((name, i) => {
    const item = list[i] as Expression | number;
    return [name, typeof item === 'number' ? item : (written.get(item) as string)];
  });
  return { steps, results: Object.fromEntries(results) };
}

/** Writes down what expressions need, operands first. */
function writeDown(roots: readonly Expression[], symbols: readonly Expression[], argument: string) {
  const steps: Step[] = [];
  const written = new Map<Expression, string>(symbols.map((symbol) => [symbol, symbol.label]));
  // An explicit stack is used because long expressions would overflow the engine's.
  const pending = [...roots].reverse();
  while (pending.length > 0) {
    const item = pending.at(-1) as Expression;
    const missing = item.args.filter((arg): arg is Expression => arg instanceof Expression && !written.has(arg));
    if (missing.length > 0) {
      for (const item of missing.reverse()) pending.push(item);
      continue;
    }
    pending.pop();
    if (written.has(item)) continue;
    if (item.op === undefined) {
      const inputs = symbols.map(({ label }) => label).join(', ');
      throw new ValueError({ argument, given: `'${item.label}' of another function`, expected: inputs });
    }
    const args = item.args.map((arg) => (arg instanceof Expression ? (written.get(arg) as string) : arg));
    written.set(item, `%${steps.length}`);
    steps.push({ op: item.op, args: structuredClone(args), ...(item.axis === undefined ? {} : { axis: item.axis }) });
  }
  return { steps, written };
}

/** @throws UnknownNameError for an operand that names neither an input nor an earlier step. */
export function unknownOperand(argument: string, given: unknown, names: readonly string[]): never {
  const guess = typeof given === 'string' ? nearest(given, names) : undefined;
  throw new UnknownNameError({
    argument,
    given: show(given),
    expected: `a number, rows of numbers, or one of ${names.join(', ')}`,
    ...(guess === undefined ? {} : { hint: `Did you mean '${guess}'?` }),
  });
}
