import { exp, log } from '../../kernels/lib/elementary.js';
import type { Numbers } from '../../matrix.js';
import type { Constant, Operand, Step } from './expression.js';
import type { OperationName } from './operations.js';

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

const pair =
  (f: (a: number, b: number) => number): Computation =>
  ([a, b]) => {
    const [first, second] = [a as Values, b as Values];
    const rows = Math.max(first.rows, second.rows);
    const columns = Math.max(first.columns, second.columns);
    const data = new Float64Array(rows * columns);
    const place = (values: Values, r: number, c: number) =>
      (values.rows === 1 ? 0 : r * values.columns) + (values.columns === 1 ? 0 : c);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        data[r * columns + c] = f(first.data[place(first, r, c)]!, second.data[place(second, r, c)]!);
      }
    }
    return { data, rows, columns };
  };

const sums =
  (mean: boolean): Computation =>
  ([x], { axis }) => {
    const { data, rows, columns } = x as Values;
    const width = axis === 1 ? columns : data.length;
    const out = new Float64Array(axis === 1 ? rows : 1);
    for (let i = 0; i < data.length; i++) {
      const at = Math.floor(i / width);
      out[at] = out[at]! + data[i]!;
    }
    return { data: mean ? out.map((sum) => sum / width) : out, rows: out.length, columns: 1 };
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

/** Computes operations in float64, with the same bits on every engine. */
const computations: Readonly<Record<OperationName, Computation>> = {
  add: pair((a, b) => a + b),
  sub: pair((a, b) => a - b),
  mul: pair((a, b) => a * b),
  div: pair((a, b) => a / b),
  max: pair(Math.max),
  min: pair(Math.min),
  exp: each(exp),
  log: each(log),
  tanh: each(tanh),
  sigmoid: each((x) => 1 / (1 + exp(-x))),
  relu: each((x) => (x > 0 || Number.isNaN(x) ? x : 0)),
  abs: each(Math.abs),
  square: each((x) => x * x),
  sqrt: each(Math.sqrt),
  sum: sums(false),
  mean: sums(true),
  matmul: product,
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
    last = computations[step.op](step.args.map(value), step);
    known.set(`%${i}`, last);
  });
  return last;
}
