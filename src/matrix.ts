import { checkNumber, prefixed, ShapeError, show, ValueError } from './errors.js';

/** A dense row-major matrix of float32: its numbers, without the methods of a `Matrix`. */
export interface MatrixNumbers {
  /** The elements, row by row: that of row i and column j is `data[i * columns + j]`. */
  readonly data: Float32Array;
  /** The number of rows, one for each sample. */
  readonly rows: number;
  /** The number of columns, one for each feature or unit. */
  readonly columns: number;
}

/**
 * A dense row-major matrix of float32. What cuts rows out copies them, as `slice` of typed arrays and NumPy's `take` do; a
 * single row, and what iteration yields, is a view, as in NumPy: writing to it changes the matrix.
 */
export interface Matrix extends MatrixNumbers {
  /**
   * Copies the rows from `from`, default 0, up to and not including `to`, default all; negative numbers count from the end, as
   * in `slice` of arrays. May have no rows.
   */
  slice(from?: number, to?: number): Matrix;
  /** Copies the rows of these numbers, in this order; a number may come twice. @throws ValueError for what is no row. */
  take(rows: ArrayLike<number>): Matrix;
  /** Returns a row, a view of `data`. @throws ValueError for what is no row from 0 to `rows` - 1. */
  row(row: number): Float32Array;
  /**
   * Returns for each row the column of its greatest number, the predicted class of probabilities: of equal ones the first.
   * NaN counts as greater than all, as in NumPy.
   */
  argMax(): Uint32Array;
  /** Yields the rows one after the other, views of `data`. */
  [Symbol.iterator](): Iterator<Float32Array>;
}

/** A dense row-major matrix of float32 or float64. */
export interface Numbers {
  /** The elements, row by row: that of row i and column j is `data[i * columns + j]`. */
  readonly data: Float32Array | Float64Array;
  /** The number of rows, one for each sample. */
  readonly rows: number;
  /** The number of columns, one for each feature or unit. */
  readonly columns: number;
}

/** A typed array of numbers; 64-bit integers are not among them. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

type Rows = readonly (readonly number[] | NumericArray)[];

/** A column of numbers (one per row), rows of numbers, or a matrix; its data may be a plain array, as from JSON. */
export type MatrixLike =
  | MatrixNumbers
  | {
      /** The elements, row by row. */
      readonly data: ArrayLike<number>;
      /** The number of rows, one for each sample. */
      readonly rows: number;
      /** The number of columns, one for each feature or unit. */
      readonly columns: number;
    }
  | Rows
  | readonly number[]
  | NumericArray;

/**
 * Gives a flat row-major array a shape, a Float32Array as it is, not copied; or makes a matrix of rows, `[[1, 2], [3, 4]]`.
 * @throws ShapeError where `data` does not hold rows * columns numbers, and for rows of unequal length.
 */
export function matrix(rows: Rows): Matrix;
export function matrix(data: Float32Array | ArrayLike<number>, rows: number, columns: number): Matrix;
export function matrix(data: Float32Array | ArrayLike<number> | Rows, rows?: number, columns?: number): Matrix {
  if (rows === undefined && isRow(data?.[0])) return fromRows(data as Rows, 'data', floats);
  return shaped(data as ArrayLike<number>, rows, columns, floats);
}

/** Makes room for this many numbers. */
type Make<A extends Float32Array | Float64Array> = (length: number) => A;
const floats = (length: number) => new Float32Array(length);
const doubles = (length: number) => new Float64Array(length);

type Shaped<A extends Float32Array | Float64Array> = DenseMatrix<A>;

function shaped<A extends Float32Array | Float64Array>(
  data: ArrayLike<number>,
  rows: number | undefined,
  columns: number | undefined,
  make: Make<A>,
): Shaped<A | Float32Array> {
  const height = checkNumber(rows, 'rows', { min: 0, integer: true });
  const width = checkNumber(columns, 'columns', { min: 1, integer: true });
  if (typeof data?.length !== 'number') {
    throw new ValueError({
      argument: 'data',
      given: show(data),
      expected: 'an array of numbers',
      hint: 'A typed array that went through JSON is an object there: keep it as Array.from(data).',
    });
  }
  if (data.length !== height * width) {
    throw new ShapeError({
      argument: 'data',
      given: `${data.length} numbers`,
      expected: `${height} x ${width} = ${height * width} numbers`,
    });
  }
  return dense(data instanceof Float32Array ? data : copied(data, 'data', make), height, width);
}

/** Goes through JSON and comes back: typed arrays by themselves become objects there. */
class DenseMatrix<A extends Float32Array | Float64Array> {
  constructor(
    readonly data: A,
    readonly rows: number,
    readonly columns: number,
  ) {}

  slice(from = 0, to = this.rows): DenseMatrix<A> {
    const { columns } = this;
    const data = this.data.slice(Math.trunc(from) * columns, Math.trunc(to) * columns) as A;
    return new DenseMatrix(data, data.length / columns, columns);
  }

  take(rows: ArrayLike<number>): DenseMatrix<A> {
    const { columns } = this;
    const data = new (this.data.constructor as new (length: number) => A)(rows.length * columns);
    for (let i = 0; i < rows.length; i++) data.set(this.row(rows[i], `rows[${i}]`), i * columns);
    return new DenseMatrix(data, rows.length, columns);
  }

  row(row: unknown, argument = 'row'): A {
    const at = checkNumber(row, argument, { min: 0, max: this.rows - 1, integer: true }) * this.columns;
    return this.data.subarray(at, at + this.columns) as A;
  }

  argMax(): Uint32Array {
    return Uint32Array.from(this as Iterable<Float32Array>, (row) =>
      row.reduce((best, value, c) => (value <= row[best]! || Number.isNaN(row[best]) ? best : c), 0),
    );
  }

  *[Symbol.iterator](): Generator<A, void, undefined> {
    for (let i = 0; i < this.rows; i++) yield this.row(i);
  }

  toJSON() {
    return { data: Array.from(this.data), rows: this.rows, columns: this.columns };
  }
}

/** Does the same as `matrix` for data known to fit. */
export function makeMatrix(data: Float32Array, rows: number, columns: number): Matrix {
  return dense(data, rows, columns);
}

/** Does the same for numbers of either precision. */
export function dense<A extends Float32Array | Float64Array>(data: A, rows: number, columns: number): Shaped<A> {
  return new DenseMatrix(data, rows, columns);
}

function copied<A extends Float32Array | Float64Array>(values: ArrayLike<unknown>, argument: string, make: Make<A>): A {
  const data = make(values.length);
  fillNumbers(data, values, 0, argument);
  return data;
}

/** Fills `data` with the numbers of a list from `first` on. @throws ValueError for anything but numbers. */
export function fillNumbers(
  data: Float32Array | Float64Array,
  values: ArrayLike<unknown>,
  first: number,
  argument: string,
): void {
  for (let i = 0; i < data.length; i++) {
    const value = values[first + i];
    if (typeof value !== 'number') {
      throw new ValueError({ argument: `${argument}[${first + i}]`, given: show(value), expected: 'a number' });
    }
    data[i] = value;
  }
}

export function isNumericArray(value: unknown): value is NumericArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

/** Returns whether it is a `SparseMatrix`, or what is left of one that came from another thread. */
export const isSparse = (value: unknown): boolean =>
  (value as { indptr?: unknown } | null | undefined)?.indptr !== undefined;

export function isMatrix(value: unknown): value is MatrixNumbers {
  return typeof value === 'object' && value !== null && 'data' in value && 'rows' in value && 'columns' in value;
}

function isRow(value: unknown): boolean {
  return Array.isArray(value) || isNumericArray(value);
}

function fromRows<A extends Float32Array | Float64Array>(
  rows: readonly unknown[],
  argument: string,
  make: Make<A>,
): Shaped<A> {
  const first = rows[0] as ArrayLike<number>;
  const columns = first.length;
  if (columns === 0) throw new ShapeError({ argument, given: 'rows of length 0', expected: 'at least one column' });
  const data = make(rows.length * columns);
  fillRows(data, rows, 0, columns, argument);
  return dense(data, rows.length, columns);
}

/**
 * Fills `data` with rows from `first` on. @throws ShapeError for rows of another length, ValueError for anything but
 * numbers.
 */
export function fillRows(
  data: Float32Array | Float64Array,
  rows: readonly unknown[],
  first: number,
  columns: number,
  argument: string,
): void {
  const end = first + data.length / columns;
  for (let r = first, at = 0; r < end; r++, at += columns) {
    const row = rows[r];
    if (!Array.isArray(row) && !isNumericArray(row)) {
      throw new ShapeError({
        argument: `${argument}[${r}]`,
        given: show(row),
        expected: `a row of ${columns} numbers`,
      });
    }
    if (row.length !== columns) {
      throw new ShapeError({
        argument: `${argument}[${r}]`,
        given: `${row.length} numbers`,
        expected: `${columns}, as in ${argument}[0]`,
        hint: 'All rows must be of equal length.',
      });
    }
    for (let c = 0; c < columns; c++) {
      const value: unknown = row[c];
      if (typeof value !== 'number') {
        throw new ValueError({ argument: `${argument}[${r}][${c}]`, given: show(value), expected: 'a number' });
      }
      data[at + c] = value;
    }
  }
}

/**
 * Reads what users pass as data. Rows of numbers are copied; a flat array becomes one column.
 * @throws ShapeError for empty data and rows of unequal length, ValueError for anything but numbers.
 */
export function toMatrix(value: unknown, argument: string): Matrix {
  return read(value, argument, floats);
}

/** Does the same in float64, except for a Float32Array, which is kept. */
export function toNumbers(value: unknown, argument: string): Numbers {
  return read<Float32Array | Float64Array>(value, argument, doubles);
}

function read<A extends Float32Array | Float64Array>(
  value: unknown,
  argument: string,
  make: Make<A>,
): Shaped<A | Float32Array> {
  if (isMatrix(value)) {
    if (value.rows === 0) throw new ShapeError({ argument, given: '0 rows', expected: 'at least one row' });
    if (value.data instanceof Float32Array && value.data.length === value.rows * value.columns)
      return value as Shaped<A>;
    try {
      return shaped(value.data, value.rows, value.columns, make);
    } catch (error) {
      throw prefixed(error, argument);
    }
  }
  if (!Array.isArray(value) && !isNumericArray(value)) {
    throw new ValueError({
      argument,
      given: show(value),
      expected: 'rows of numbers (number[][]), a typed array, or matrix(data, rows, columns)',
    });
  }
  if (value.length === 0) throw new ShapeError({ argument, given: '0 rows', expected: 'at least one row' });
  if (Array.isArray(value) && isRow(value[0])) return fromRows(value, argument, make);
  return dense(value instanceof Float32Array ? value : copied(value, argument, make), value.length, 1);
}

/**
 * Returns whether all numbers are finite: float32 ones add up to a finite float64 then, and only then. Four sums at a
 * time, since each addition waits for the one before.
 */
export function allFinite(data: Float32Array): boolean {
  const whole = data.length & ~3;
  let a = 0,
    b = 0,
    c = 0,
    d = 0;
  for (let i = 0; i < whole; i += 4) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
  }
  let sum = a + b + c + d;
  for (let i = whole; i < data.length; i++) sum += data[i]!;
  return Number.isFinite(sum);
}

/** Refuses NaN and infinities, naming the first one's place. @throws ValueError for the first number that is not finite. */
export function checkFinite({ data, columns }: Numbers, argument: string): void {
  if (data instanceof Float32Array && allFinite(data)) return;
  const i = data.findIndex((v: number) => !Number.isFinite(v));
  if (i < 0) return;
  throw new ValueError({
    argument: `${argument}, row ${Math.floor(i / columns)}, column ${i % columns}`,
    given: String(data[i]),
    expected: 'a finite number',
    hint: 'Fill or drop missing values before training; numbers above 3.4e38 overflow float32.',
  });
}
