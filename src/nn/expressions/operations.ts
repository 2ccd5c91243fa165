import type { KernelName } from '../../kernels/contract.js';
import type { BroadcastKernel } from '../../kernels/twins/expressions.js';
import { SCALAR, type Shape, type Value } from './lowering.js';
import { broadcastShape, type Context, first, type Operation, second } from './operator.js';
import { selections } from './selections.js';

/** Marks an operation whose value or gradient is not finite at 0. */
const needsPositive = (operation: Operation): Operation => ({ ...operation, needsPositive: true });

const unary = (
  forward: (context: Context, x: Value) => Value,
  gradient: (context: Context, dy: Value, y: Value, x: Value) => Value,
): Operation => ({
  operands: 1,
  shape: ([x]) => x as Shape,
  forward: (context) => forward(context, first(context)),
  gradient: (context, dy, y) => gradient(context, dy, y, first(context)),
});

/** Computes the gradient from the saved output. */
const activation = (name: 'exponential' | 'tanh' | 'sigmoid' | 'relu'): Operation =>
  unary(
    ({ lower }, x) => lower.flat(`${name}Forward`, x),
    ({ lower }, dy, y) => lower.flat(`${name}Backward` satisfies KernelName, y, dy),
  );

/** `gradient` is that of a result of the full shape, which is then added up over what shared the operand. */
const binary = (
  kernel: BroadcastKernel,
  gradient: (context: Context, dy: Value, y: Value, i: number) => Value,
): Operation => ({
  operands: 2,
  shape: broadcastShape,
  forward: (context) => context.lower.broadcast(kernel, first(context), second(context), context.shape),
  gradient: (context, dy, y, i) => context.lower.reduce(gradient(context, dy, y, i), (context.args[i] as Value).shape),
});

/** Sends the gradient to the first operand where both are equal. */
const choice = (kernel: BroadcastKernel, isMaximum: boolean): Operation =>
  binary(kernel, (context, dy, _y, i) => {
    const { lower, shape } = context;
    const [a, b] = isMaximum ? [first(context), second(context)] : [second(context), first(context)];
    const takesFirst = lower.broadcast('broadcastGreaterEqual', a, b, shape);
    const ofFirst = lower.broadcast('broadcastMultiply', dy, takesFirst, shape);
    return i === 0 ? ofFirst : lower.broadcast('broadcastSubtract', dy, ofFirst, shape);
  });

const reduction = (divisor: (context: Context, x: Shape) => number): Operation => ({
  operands: 1,
  reduces: true,
  shape([x], axis) {
    if (axis === undefined) return SCALAR;
    return axis === 1 ? { rows: (x as Shape).rows, columns: 1 } : { rows: 1, columns: (x as Shape).columns };
  },
  forward(context) {
    const { lower, axis } = context;
    const x = first(context);
    const by = divisor(context, x.shape);
    if (axis === undefined) return lower.sumAll(x, by);
    return axis === 1 ? lower.sumRows(x, by) : lower.sumColumns(x, by);
  },
  gradient(context, dy) {
    const { shape } = first(context);
    return context.lower.expand(dy, shape, divisor(context, shape));
  },
});

/** Every operation of expressions. */
export const operations = {
  add: binary('broadcastAdd', (_, dy) => dy),
  sub: binary('broadcastSubtract', ({ lower, shape }, dy, _y, i) =>
    i === 0 ? dy : lower.broadcast('broadcastSubtract', { tensor: lower.emit.zeros, shape: SCALAR }, dy, shape),
  ),
  mul: binary('broadcastMultiply', ({ lower, args, shape }, dy, _y, i) =>
    lower.broadcast('broadcastMultiply', dy, args[1 - i] as Value, shape),
  ),
  // The derivative with respect to b is -dy y / b.
  div: needsPositive(
    binary('broadcastDivide', (context, dy, y, i) => {
      const { lower, shape } = context;
      const quotient = lower.broadcast('broadcastDivide', dy, second(context), shape);
      if (i === 0) return quotient;
      const product = lower.broadcast('broadcastMultiply', quotient, y, shape);
      return lower.broadcast('broadcastSubtract', { tensor: lower.emit.zeros, shape: SCALAR }, product, shape);
    }),
  ),
  max: choice('broadcastMaximum', true),
  min: choice('broadcastMinimum', false),
  exp: activation('exponential'),
  log: needsPositive(
    unary(
      ({ lower }, x) => lower.flat('logForward', x),
      ({ lower, shape }, dy, _y, x) => lower.broadcast('broadcastDivide', dy, x, shape),
    ),
  ),
  tanh: activation('tanh'),
  sigmoid: activation('sigmoid'),
  relu: activation('relu'),
  abs: unary(
    ({ lower }, x) => lower.flat('absForward', x),
    ({ lower }, dy, _y, x) => lower.flat('absBackward', x, dy),
  ),
  square: unary(
    ({ lower }, x) => lower.flat('multiply', x, x),
    ({ lower }, dy, _y, x) => lower.flat('squareBackward', x, dy),
  ),
  sqrt: needsPositive(
    unary(
      ({ lower }, x) => lower.flat('sqrtForward', x),
      ({ lower }, dy, y) => lower.flat('sqrtBackward', y, dy),
    ),
  ),
  // a^b = e^(b log a); the derivative with respect to a is b y / a, that with respect to b y log a.
  pow: needsPositive({
    operands: 2,
    shape: broadcastShape,
    forward(context) {
      const { lower, shape } = context;
      const exponent = lower.broadcast(
        'broadcastMultiply',
        lower.flat('logForward', first(context)),
        second(context),
        shape,
      );
      return lower.flat('exponentialForward', exponent);
    },
    gradient(context, dy, y, i) {
      const { lower, shape } = context;
      const [a, b] = [first(context), second(context)];
      const product = lower.broadcast('broadcastMultiply', dy, y, shape);
      const slope =
        i === 0
          ? lower.broadcast('broadcastDivide', lower.broadcast('broadcastMultiply', product, b, shape), a, shape)
          : lower.broadcast('broadcastMultiply', product, lower.flat('logForward', a), shape);
      return lower.reduce(slope, (i === 0 ? a : b).shape);
    },
  }),
  sum: reduction(() => 1),
  mean: reduction(({ lower, axis }, x) => {
    if (axis === undefined) return lower.elements(x);
    return axis === 1 ? x.columns : lower.rows(x);
  }),
  matmul: {
    operands: 2,
    shape: ([x, w]) =>
      (x as Shape).columns === (w as Shape).rows
        ? { rows: (x as Shape).rows, columns: (w as Shape).columns }
        : `a matrix of ${(x as Shape).columns} rows, as many as there are columns on its left`,
    forward(context) {
      const { lower, bias } = context;
      const w = second(context);
      return lower.matmul(first(context), w, bias ?? lower.zeros({ rows: 1, columns: w.shape.columns }).tensor);
    },
    gradient: (context, dy) => context.lower.matmulGradient(dy, second(context)),
  },
  ...selections,
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

export function operationOf(name: OperationName): Operation {
  return operations[name];
}
