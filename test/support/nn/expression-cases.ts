import { customLoss, type Expression, type Operations, type Term } from '../../../src/index.js';

type Op = keyof Operations;
type Unary = (x: Term) => Expression;
type Binary = (a: Term, b: Term) => Expression;

const unary: readonly Op[] = ['exp', 'log', 'tanh', 'sigmoid', 'relu', 'abs', 'square', 'sqrt'];
const binary: readonly Op[] = ['add', 'sub', 'mul', 'div', 'max', 'min', 'pow'];
const reductions: readonly Op[] = ['sum', 'mean'];
const comparisons: readonly Op[] = ['greater', 'greaterEqual', 'less', 'lessEqual', 'equal', 'notEqual'];

/** Pairs of a matrix, a column, a row and a number, both of them learned, all away from 0. */
const pairs: Readonly<Record<string, (p: Expression, ops: Operations) => readonly [Term, Term]>> = {
  'a matrix and a matrix': (p, { add, mul, sigmoid, square }) => [add(1, sigmoid(p)), add(1.1, square(mul(0.3, p)))],
  'a matrix and itself': (p, { add, sigmoid }) => {
    const x = add(1, sigmoid(p));
    return [x, x];
  },
  'a matrix and a column': (p, { add, sigmoid, mean }) => [add(1, sigmoid(p)), mean(add(1, sigmoid(p)), { axis: 1 })],
  'a column and a matrix': (p, { add, sigmoid, sum }) => [sum(sigmoid(p), { axis: 1 }), add(1, sigmoid(p))],
  'a matrix and a number': (p, { add, sigmoid, mean }) => [add(1, sigmoid(p)), mean(add(1, sigmoid(p)))],
  'a number and a matrix': (p, { add, sigmoid, mean }) => [mean(add(1, sigmoid(p))), add(1, sigmoid(p))],
  'a matrix and a row': (p, { add, mean, mul, sigmoid }) => [
    add(1, sigmoid(p)),
    mul(mean(add(1, sigmoid(p))), [0.7, 1.2, 1.1]),
  ],
  'a row and a column': (p, { add, mean, mul, sigmoid }) => [
    mul(mean(add(1, sigmoid(p))), [0.7, 1.2, 1.1]),
    add(1, sigmoid(mean(p, { axis: 1 }))),
  ],
  'a column and a number': (p, { add, mean, sigmoid }) => [
    add(1, sigmoid(mean(p, { axis: 1 }))),
    mean(add(1, sigmoid(p))),
  ],
  'a matrix and constants': (p, { add, sigmoid }) => [add(1, sigmoid(p)), [1.4, 1.6, 1.7]],
  'constants and a matrix': (p, { add, sigmoid }) => [1.55, add(1, sigmoid(p))],
};

/** Losses that use each operation on each kind of operand. */
export const lossCases = [
  ...unary.map((op) => ({
    name: op,
    loss: customLoss((t, p, ops) => {
      const positive = op === 'log' || op === 'sqrt';
      const x = positive ? ops.add(0.5, ops.sigmoid(p)) : ops.sub(p, t);
      return ops.mean(ops.mul((ops[op] as Unary)(x), [1, -2, 3]));
    }),
  })),
  ...binary.flatMap((op) =>
    Object.entries(pairs)
      // The difference and the quotient are constants there.
      .filter(([name]) => !(name === 'a matrix and itself' && (op === 'sub' || op === 'div')))
      .map(([name, make]) => ({
        name: `${op} of ${name}`,
        loss: customLoss((t, p, ops) => ops.mul(ops.add(t, 0.5), (ops[op] as Binary)(...make(p, ops)))),
      })),
  ),
  ...reductions.flatMap((op) => [
    { name: `${op} of all`, loss: customLoss((_, p, ops) => ops.square(ops[op as 'sum'](ops.tanh(p)))) },
    {
      name: `${op} of rows`,
      loss: customLoss((t, p, ops) => ops.mul(t, ops.square(ops[op as 'sum'](ops.tanh(p), { axis: 1 })))),
    },
    {
      name: `${op} of a column`,
      loss: customLoss((_, p, ops) => ops.square(ops[op as 'sum'](ops.tanh(ops.mean(p, { axis: 1 }))))),
    },
    {
      name: `${op} of columns`,
      loss: customLoss((t, p, ops) => ops.mul(t, ops.square(ops[op as 'sum'](ops.tanh(p), { axis: 0 })))),
    },
    {
      name: `${op} of a column and of a row, each column`,
      loss: customLoss((t, p, ops) => {
        const each = { axis: 0 } as const;
        const column = ops[op as 'sum'](ops.square(ops.mean(p, { axis: 1 })), each);
        return ops.mul(t, ops.mul(column, ops[op as 'sum'](ops.sum(ops.tanh(p), each), each)));
      }),
    },
    {
      name: `${op} of a row`,
      loss: customLoss((_, p, ops) => ops.square(ops[op as 'sum'](ops.mul(ops.mean(ops.tanh(p)), [1, 2, 3])))),
    },
  ]),
  ...[
    ['matmul', [[1, 2], [-1, 0.5], [0.25, 3]]] as const, // biome-ignore format: a matrix
    ['matmul, one column', [[1], [-1], [0.25]]] as const,
    ['matmul, nine columns', [0, 1, 2].map((r) => Array.from({ length: 9 }, (_, c) => Math.sin(3 * c + r)))] as const,
  ].map(([name, weights]) => ({
    name,
    loss: customLoss((_, p, ops) => ops.square(ops.matmul(p, weights))),
  })),
  {
    name: 'matmul of a column and of a row',
    loss: customLoss((_, p, ops) => {
      const outer = ops.matmul(ops.mean(p, { axis: 1 }), [[1, -2, 0.5]]);
      const row = ops.matmul(ops.mul(ops.mean(p), [1, 2]), [[1, 0, 2], [0.5, 1, 1]]); // biome-ignore format: matrices
      return ops.square(ops.add(outer, row));
    }),
  },
  ...comparisons.map((op) => ({
    name: `${op} between a matrix and a column`,
    loss: customLoss((t, p, ops) => {
      const side = (ops[op] as Binary)(ops.sub(p, t), ops.mean(p, { axis: 1 }));
      return ops.mul(ops.add(0.5, side), ops.square(p));
    }),
  })),
  {
    name: 'sign of a matrix and of a column',
    loss: customLoss((t, p, { sign, add, mean, mul, square, sub }) => {
      return mul(add(sign(sub(p, t)), sign(mean(p, { axis: 1 }))), square(p));
    }),
  },
  ...[1, 2, 3, 0.5].map((exponent) => ({
    name: `pow to ${exponent}`,
    loss: customLoss((t, p, { pow, add, mul, sigmoid }) =>
      mul(t, pow(exponent < 1 ? add(1, sigmoid(p)) : p, exponent)),
    ),
  })),
  {
    name: 'where, three matrices',
    loss: customLoss((t, p, { where, greater, square, tanh, mul }) => where(greater(p, t), square(p), mul(t, tanh(p)))),
  },
  {
    name: 'where, of a column, a row and a number',
    loss: customLoss((_, p, { where, greater, mean, mul, square, tanh }) => {
      const column = mean(tanh(p), { axis: 1 });
      return square(where(greater(p, [0.1, -0.2, 0.3]), column, where([1, 0, 1], mul(mean(p), [1, 2, 3]), mean(p))));
    }),
  },
  {
    name: 'slice, of a matrix',
    loss: customLoss((_, p, { slice, mul, tanh }) => mul(slice(p, 0, 2), tanh(slice(p, -2)))),
  },
  {
    name: 'slice to one column, of a column and of a row',
    loss: customLoss((_, p, { slice, mul, mean, square }) => {
      const row = slice(mul(mean(p), [1, 2, 3, 4, 5]), 1, -1);
      return mul(mul(slice(p, 1, 2), slice(mean(square(p), { axis: 1 }), 0)), row);
    }),
  },
  {
    name: 'concatenate, matrices, columns, rows and numbers',
    loss: customLoss((t, p, { concatenate, mean, mul, square }) => {
      const row = mul(mean(p), [1, -2]);
      return square(concatenate(p, mean(mul(t, p), { axis: 1 }), row, 3, square(p), mean(p)));
    }),
  },
  {
    name: 'concatenate, rows alone',
    loss: customLoss((t, p, { concatenate, mean, mul }) => mul(t, concatenate(mean(p), [2], mul(mean(p), 3)))),
  },
  {
    name: 'softmax, of a matrix and of a row',
    loss: customLoss((t, p, { softmax, log, mul, mean, sub }) => {
      const row = softmax(mul(mean(p), [1, 2, -3]));
      return sub(mul(row, softmax(p)), mul(t, log(softmax(p))));
    }),
  },
  { name: 'the prediction as it is', loss: customLoss((_, p) => p) },
];
