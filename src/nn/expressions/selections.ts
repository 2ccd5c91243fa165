import type { BroadcastKernel } from '../../kernels/twins/expressions.js';
import type { Shape, Value } from './lowering.js';
import { broadcastShape, type Context, first, type Operation, second } from './operator.js';

// Operations that choose: by comparison, by column, at random.

const never = (): never => {
  throw new Error('No gradient passes here.');
};

/** Gives 1 or 0. Its slope is 0 wherever it has one, so no gradient passes. */
const comparison = (compare: (context: Context, a: Value, b: Value) => Value): Operation => ({
  operands: 2,
  shape: broadcastShape,
  passes: () => false,
  forward: (context) => compare(context, first(context), second(context)),
  gradient: never,
});

const by =
  (kernel: BroadcastKernel) =>
  ({ lower, shape }: Context, a: Value, b: Value): Value =>
    lower.broadcast(kernel, a, b, shape);

const [atLeast, above, equal] = [by('broadcastGreaterEqual'), by('broadcastGreater'), by('broadcastEqual')];

/** Returns the columns from `from` up to `to`, where negative numbers count from the end. */
export function range(columns: number, [from, to = columns]: readonly number[]): readonly [from: number, to: number] {
  const place = (n: number) => (n < 0 ? columns + n : n);
  return [place(from as number), place(to)];
}

const isShare = (rate: number) => rate >= 0 && rate < 1;

/** Operations beyond arithmetic. */
export const selections = {
  greater: comparison(above),
  greaterEqual: comparison(atLeast),
  less: comparison((context, a, b) => above(context, b, a)),
  lessEqual: comparison((context, a, b) => atLeast(context, b, a)),
  equal: comparison(equal),
  notEqual: comparison((context, a, b) => {
    const same = equal(context, a, b);
    return equal(context, same, { tensor: context.lower.emit.zeros, shape: { rows: 1, columns: 1 } });
  }),
  sign: {
    operands: 1,
    shape: ([x]) => x as Shape,
    passes: () => false,
    forward(context) {
      const { lower, shape } = context;
      const zero: Value = { tensor: lower.emit.zeros, shape: { rows: 1, columns: 1 } };
      const x = first(context);
      return lower.broadcast('broadcastSubtract', atLeast(context, x, zero), atLeast(context, zero, x), shape);
    },
    gradient: never,
  },
  where: {
    operands: 3,
    shape: broadcastShape,
    passes: (i) => i > 0,
    forward({ lower, args, shape }) {
      const [condition, a, b] = args as readonly [Value, Value, Value];
      const kept = lower.broadcast('broadcastKeep', a, condition, shape);
      const others = lower.broadcast('broadcastDrop', b, condition, shape);
      return lower.broadcast('broadcastAdd', kept, others, shape);
    },
    gradient({ lower, args, shape }, dy, _y, i) {
      const kernel = i === 1 ? 'broadcastKeep' : 'broadcastDrop';
      return lower.reduce(lower.broadcast(kernel, dy, args[0] as Value, shape), (args[i] as Value).shape);
    },
  },
  slice: {
    operands: 1,
    numbers: ['from', '[to]'],
    shape([x], _axis, numbers) {
      const { rows, columns } = x as Shape;
      const [from, to] = range(columns, numbers);
      const fits = [from, to].every(Number.isInteger) && from >= 0 && from < to && to <= columns;
      return fits ? { rows, columns: to - from } : `columns from 0 to ${columns}, at least one`;
    },
    forward({ lower, args, shape, numbers }) {
      const x = args[0] as Value;
      const y = lower.make(shape, 'slice');
      lower.copy(x, y, shape.columns, range(x.shape.columns, numbers)[0], 0);
      return y;
    },
    gradient({ lower, args, shape, numbers }, dy) {
      const x = (args[0] as Value).shape;
      const dx = lower.zeros(x);
      lower.copy(dy, dx, shape.columns, 0, range(x.columns, numbers)[0]);
      return dx;
    },
  },
  concatenate: {
    operands: 1,
    variadic: true,
    shape: (shapes) => ({
      rows: shapes.some(({ rows }) => rows === 'batch') ? 'batch' : 1,
      columns: shapes.reduce((sum, { columns }) => sum + columns, 0),
    }),
    forward({ lower, args, shape }) {
      const y = lower.make(shape, 'concatenate');
      let to = 0;
      for (const x of args) {
        const { columns } = x.shape;
        const whole = x.shape.rows === shape.rows ? x : lower.expand(x, { rows: shape.rows, columns }, 1);
        lower.copy(whole, y, columns, 0, to);
        to += columns;
      }
      return y;
    },
    gradient({ lower, args, shape }, dy, _y, i) {
      const { columns } = (args[i] as Value).shape;
      const part = lower.make({ rows: shape.rows, columns }, 'part');
      const from = args.slice(0, i).reduce((sum, x) => sum + x.shape.columns, 0);
      lower.copy(dy, part, columns, from, 0);
      return lower.reduce(part, (args[i] as Value).shape);
    },
  },
  softmax: {
    operands: 1,
    shape: ([x]) => ((x as Shape).columns > 1 ? (x as Shape) : 'at least two columns'),
    forward: (context) => context.lower.softmax(first(context)),
    gradient: ({ lower }, dy, y) => lower.softmaxGradient(y, dy),
  },
  dropout: {
    operands: 1,
    numbers: ['rate'],
    phases: true,
    shape: ([x], _axis, [rate]) => (isShare(rate as number) ? (x as Shape) : 'a rate of at least 0 and below 1'),
    forward(context) {
      const { lower, numbers, saved } = context;
      const rate = numbers[0] as number;
      const x = first(context);
      if (!lower.emit.training || lower.emit.inference || rate === 0) return x;
      const { y, mask } = lower.dropout(x, rate);
      saved.mask = mask;
      return y;
    },
    gradient: ({ lower, saved }, dy) => (saved.mask ? lower.dropoutGradient(saved.mask, dy) : dy),
  },
  inTraining: {
    operands: 2,
    phases: true,
    passes: (i, training) => training === (i === 0),
    reads: (i, training) => training === (i === 0),
    shape: ([a, b]) =>
      a?.rows === b?.rows && a?.columns === b?.columns ? (a as Shape) : 'the same shape in training and in inference',
    forward(context) {
      const { emit } = context.lower;
      return emit.training && !emit.inference ? first(context) : second(context);
    },
    gradient: (_, dy) => dy,
  },
} satisfies Record<string, Operation>;
