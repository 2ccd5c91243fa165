import { exp, log } from '../../kernels/lib/elementary.js';
import type { Numbers } from '../../matrix.js';
import type { Constant, Operand, Step } from './expression.js';
import type { OperationName } from './operations.js';
import { range } from './selections.js';
import { scalarOperations } from './single-numbers.js';

/** Numbers in float64, row by row; one row spreads over all rows, one column over all columns. */
interface Values {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

type Computation = (args: readonly Values[], step: Step) => Values;

const each =
  (f: (x: number) => number): Computation =>
  ([x]) => ({ ...(x as Values), data: (x as Values).data.map(f) });

/** Returns f of the elements of all operands, where one row spreads over all rows, one column over all columns. */
const across =
  (f: (...numbers: number[]) => number): Computation =>
  (args) => {
    const rows = Math.max(...args.map((x) => x.rows));
    const columns = Math.max(...args.map((x) => x.columns));
    const data = new Float64Array(rows * columns);
    const place = (x: Values, r: number, c: number) => (x.rows === 1 ? 0 : r * x.columns) + (x.columns === 1 ? 0 : c);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) data[r * columns + c] = f(...args.map((x) => x.data[place(x, r, c)]!));
    }
    return { data, rows, columns };
  };

const sums =
  (mean: boolean): Computation =>
  ([x], { axis }) => {
    const { data, rows, columns } = x as Values;
    const shape = { rows: axis === 1 ? rows : 1, columns: axis === 0 ? columns : 1 };
    const out = new Float64Array(shape.rows * shape.columns);
    for (let i = 0; i < data.length; i++) {
      const at = axis === 1 ? Math.floor(i / columns) : axis === 0 ? i % columns : 0;
      out[at] = out[at]! + data[i]!;
    }
    return { ...shape, data: mean ? out.map((sum) => (sum * out.length) / data.length) : out };
  };

/** Puts columns of several operands next to each other. */
const joined: Computation = (args) => {
  const rows = Math.max(...args.map((x) => x.rows));
  const columns = args.reduce((sum, x) => sum + x.columns, 0);
  const data = new Float64Array(rows * columns);
  let to = 0;
  for (const x of args) {
    for (let r = 0; r < rows; r++) {
      const from = x.rows === 1 ? 0 : r * x.columns;
      data.set(x.data.subarray(from, from + x.columns), r * columns + to);
    }
    to += x.columns;
  }
  return { data, rows, columns };
};

const sliced: Computation = ([x, ...numbers]) => {
  const { data, rows, columns } = x as Values;
  const [from, to] = range(
    columns,
    numbers.map((number) => number.data[0]!),
  );
  const out = new Float64Array(rows * (to - from));
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * columns + from, r * columns + to), r * (to - from));
  return { data: out, rows, columns: to - from };
};

const softmax: Computation = ([x]) => {
  const { data, rows, columns } = x as Values;
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    const most = Math.max(...row);
    const shares = row.map((value) => exp(value - most));
    const sum = shares.reduce((total, share) => total + share, 0);
    out.set(
      shares.map((share) => share / sum),
      r * columns,
    );
  }
  return { data: out, rows, columns };
};

const product: Computation = ([x, w]) => {
  const [{ data, rows, columns: inner }, { data: weights, columns }] = [x as Values, w as Values];
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += data[r * inner + i]! * weights[i * columns + c]!;
      out[r * columns + c] = sum;
    }
  }
  return { data: out, rows, columns };
};

function tanh(x: number): number {
  const e = exp(-2 * Math.abs(x));
  const size = (1 - e) / (1 + e);
  return x < 0 ? -size : size;
}

/** Operations that differ between training and inference. */
type OfLayers = 'dropout' | 'inTraining';

/** Computes operations in float64, with the same bits on every engine. */
const computations: Readonly<Record<Exclude<OperationName, OfLayers>, Computation>> = {
  add: across((a, b) => a + b),
  sub: across((a, b) => a - b),
  mul: across((a, b) => a * b),
  div: across((a, b) => a / b),
  max: across((a, b) => Math.max(a, b)),
  min: across((a, b) => Math.min(a, b)),
  exp: each(exp),
  log: each(log),
  tanh: each(tanh),
  sigmoid: each((x) => 1 / (1 + exp(-x))),
  relu: each((x) => (x > 0 || Number.isNaN(x) ? x : 0)),
  abs: each(Math.abs),
  square: each((x) => x * x),
  sqrt: each(Math.sqrt),
  pow: across(scalarOperations.pow),
  sign: each(scalarOperations.sign),
  sum: sums(false),
  mean: sums(true),
  matmul: product,
  greater: across((a, b) => Number(a > b)),
  greaterEqual: across((a, b) => Number(a >= b)),
  less: across((a, b) => Number(a < b)),
  lessEqual: across((a, b) => Number(a <= b)),
  equal: across((a, b) => Number(a === b)),
  notEqual: across((a, b) => Number(a !== b)),
  where: across((condition, a, b) => (condition !== 0 ? a : b)),
  slice: sliced,
  concatenate: joined,
  softmax,
};

function constant(given: Constant): Values {
  const list = typeof given === 'number' ? [given] : given;
  const rows = (Array.isArray(list[0]) ? list : [list]) as readonly (readonly number[])[];
  return { data: Float64Array.from(rows.flat()), rows: rows.length, columns: (rows[0] as readonly number[]).length };
}

/** Computes an expression, whose shapes have been checked, of these inputs, outside of programs. */
export function interpret(steps: readonly Step[], inputs: Readonly<Record<string, Numbers>>): Values {
  const known = new Map<string, Values>();
  for (const [name, { data, rows, columns }] of Object.entries(inputs)) {
    known.set(name, { data: Float64Array.from(data), rows, columns });
  }
  const value = (operand: Operand) => (typeof operand === 'string' ? known.get(operand) : constant(operand)) as Values;
  let last: Values = constant(0);
  steps.forEach((step, i) => {
    last = computations[step.op as Exclude<OperationName, OfLayers>](step.args.map(value), step);
    known.set(`%${i}`, last);
  });
  return last;
}
