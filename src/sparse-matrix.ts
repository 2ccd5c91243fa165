import { checkNumber, checkOptions, ShapeError, show, ValueError } from './errors.js';
import { type Matrix, makeMatrix } from './matrix.js';

/** Rows by their non-zeros, in compressed sparse rows (CSR): what `sparse` takes and a `SparseMatrix` holds. */
export interface SparseParts {
  /** For each row where its non-zeros begin in `indices` and `values`, and at last their number: one more than there are rows. */
  readonly indptr: ArrayLike<number>;
  /** The columns of the non-zeros, in each row in ascending order, none twice. */
  readonly indices: ArrayLike<number>;
  /** The numbers in these columns. */
  readonly values: ArrayLike<number>;
  /** The number of columns, one for each feature; at most 2^23. */
  readonly columns: number;
}

/** Non-zeros in any order, each with its row and column (COO). */
export interface SparseEntries {
  /** The row of each number. */
  readonly rowIndices: ArrayLike<number>;
  /** The column of each number. */
  readonly columnIndices: ArrayLike<number>;
  /** The numbers. */
  readonly values: ArrayLike<number>;
  /** The number of rows. */
  readonly rows: number;
  /** The number of columns, at most 2^23. */
  readonly columns: number;
}

/** Options of `sparse` for rows of objects. */
export interface SparseRowsOptions {
  /** The number of columns, where keys are their numbers, or the names of all columns, in order. At most 2^23. */
  readonly columns: number | readonly string[];
}

/**
 * A matrix of float32 of which only non-zeros are held, row by row. It goes wherever a matrix goes as inputs, and batches of it take
 * memory by their non-zeros where all layers that take them are dense.
 */
export interface SparseMatrix extends Matrix {
  /** For each row where its non-zeros begin in `indices` and `values`, and at last their number. */
  readonly indptr: Uint32Array;
  /** The columns of the non-zeros, in each row in ascending order. */
  readonly indices: Uint32Array;
  /** The numbers in these columns. A 0 among them counts as a non-zero. */
  readonly values: Float32Array;
  /** The elements of a dense matrix of this shape, row by row: new memory with each look. */
  readonly data: Float32Array;
  /** Copies the rows from `from`, default 0, up to and not including `to`, default all; negative numbers count from the end. */
  slice(from?: number, to?: number): SparseMatrix;
  /** Copies the rows of these numbers, in this order; a number may come twice. @throws ValueError for what is no row. */
  take(rows: ArrayLike<number>): SparseMatrix;
  /** Returns a row with its zeros, in new memory. @throws ValueError for what is no row from 0 to `rows` - 1. */
  row(row: number): Float32Array;
}

/** Indices of non-zeros are kept in float32 while a batch is computed, and decoded by an addition. */
const MOST_COLUMNS = 2 ** 23;

/** Makes the class in a call, which bundlers leave out where nothing uses it: a class with an iterator they keep. */
const Rows = /* @__PURE__ */ (() => {
  return class Rows implements SparseMatrix {
    readonly rows: number;

    constructor(
      readonly indptr: Uint32Array,
      readonly indices: Uint32Array,
      readonly values: Float32Array,
      readonly columns: number,
    ) {
      this.rows = indptr.length - 1;
    }

    get data(): Float32Array {
      const { indptr, indices, values, rows, columns } = this;
      const data = new Float32Array(rows * columns);
      for (let r = 0; r < rows; r++) {
        for (let i = indptr[r]!; i < indptr[r + 1]!; i++) data[r * columns + indices[i]!] = values[i]!;
      }
      return data;
    }

    slice(from = 0, to = this.rows): SparseMatrix {
      const place = (n: number) => Math.max(0, Math.min(this.rows, Math.trunc(n) + (n < 0 ? this.rows : 0)));
      const first = place(from);
      return this.take(Uint32Array.from({ length: Math.max(0, place(to) - first) }, (_, i) => first + i));
    }

    take(rows: ArrayLike<number>): SparseMatrix {
      const { indptr, indices, values } = this;
      const starts = new Uint32Array(rows.length + 1);
      for (let i = 0; i < rows.length; i++) {
        const row = this.#check(rows[i], `rows[${i}]`);
        starts[i + 1] = starts[i]! + indptr[row + 1]! - indptr[row]!;
      }
      const taken = new Rows(
        starts,
        new Uint32Array(starts[rows.length]!),
        new Float32Array(starts[rows.length]!),
        this.columns,
      );
      for (let i = 0; i < rows.length; i++) {
        const [begin, end] = [indptr[rows[i]!]!, indptr[rows[i]! + 1]!];
        taken.indices.set(indices.subarray(begin, end), starts[i]);
        taken.values.set(values.subarray(begin, end), starts[i]);
      }
      return taken;
    }

    row(row: number): Float32Array {
      this.#check(row, 'row');
      const { indptr, indices, values, columns } = this;
      const data = new Float32Array(columns);
      for (let i = indptr[row]!; i < indptr[row + 1]!; i++) data[indices[i]!] = values[i]!;
      return data;
    }

    argMax(): Uint32Array {
      return Uint32Array.from(this as Iterable<Float32Array>, (row) => makeMatrix(row, 1, row.length).argMax()[0]!);
    }

    *[Symbol.iterator](): Generator<Float32Array, void, undefined> {
      for (let i = 0; i < this.rows; i++) yield this.row(i);
    }

    #check(row: unknown, argument: string): number {
      return checkNumber(row, argument, { min: 0, max: this.rows - 1, integer: true });
    }

    toJSON() {
      const { indptr, indices, values, rows, columns } = this;
      return { indptr: [...indptr], indices: [...indices], values: [...values], rows, columns };
    }
  };
})();

const whole = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** Reads a list of numbers into memory of a kind, which may be that of the list. @throws ValueError for anything else */
function numbers<A extends Uint32Array | Float32Array>(
  given: ArrayLike<number>,
  Kind: new (length: number) => A,
  argument: string,
): A {
  if (given instanceof Kind) return given;
  if (typeof given?.length !== 'number' || typeof given === 'string') {
    throw new ValueError({ argument, given: show(given), expected: 'an array of numbers' });
  }
  const copy = new Kind(given.length);
  const isIndex = copy instanceof Uint32Array;
  for (let i = 0; i < given.length; i++) {
    const value: unknown = given[i];
    if (isIndex ? !whole(value) : typeof value !== 'number') {
      const expected = isIndex ? 'a whole number of at least 0' : 'a number';
      throw new ValueError({ argument: `${argument}[${i}]`, given: show(value), expected });
    }
    copy[i] = value as number;
  }
  return copy;
}

function checkColumns(columns: unknown): number {
  return checkNumber(columns, 'sparse.columns', { min: 1, max: MOST_COLUMNS, integer: true });
}

function checkLength(argument: string, length: number, expected: number, why: string): void {
  if (length === expected) return;
  throw new ShapeError({ argument, given: `${length} numbers`, expected: `${expected}, ${why}` });
}

function fromParts(parts: SparseParts): SparseMatrix {
  checkOptions(parts, ['indptr', 'indices', 'values', 'columns', 'rows'], 'sparse');
  const columns = checkColumns(parts.columns);
  const indptr = numbers(parts.indptr, Uint32Array, 'sparse.indptr');
  const indices = numbers(parts.indices, Uint32Array, 'sparse.indices');
  const values = numbers(parts.values, Float32Array, 'sparse.values');
  checkLength('sparse.values', values.length, indices.length, 'as many as indices');
  if (indptr.length === 0 || indptr[0] !== 0) {
    const given = indptr.length === 0 ? 'no number' : `${indptr[0]} first`;
    throw new ValueError({ argument: 'sparse.indptr', given, expected: '0 first, where the first row begins' });
  }
  for (let r = 1; r < indptr.length; r++) {
    if (indptr[r]! >= indptr[r - 1]! && indptr[r]! <= indices.length) continue;
    throw new ValueError({
      argument: `sparse.indptr[${r}]`,
      given: String(indptr[r]),
      expected: `a number from ${indptr[r - 1]}, where the row before begins, to ${indices.length}, the number of indices`,
    });
  }
  checkLength('sparse.indices', indices.length, indptr.at(-1) as number, 'the last number of indptr');
  for (let r = 0; r + 1 < indptr.length; r++) {
    for (let i = indptr[r]!; i < indptr[r + 1]!; i++) {
      const index = indices[i]!;
      if (index < columns && (i === indptr[r] || index > indices[i - 1]!)) continue;
      const again = index < columns;
      throw new ValueError({
        argument: `sparse.indices[${i}]`,
        given: again ? `${index} after ${indices[i - 1]} in row ${r}` : String(index),
        expected: again ? 'the columns of a row in ascending order, none twice' : `a column from 0 to ${columns - 1}`,
      });
    }
  }
  return new Rows(indptr, indices, values, columns);
}

/** Puts entries in order by counting those of each row. */
function fromEntries(entries: SparseEntries): SparseMatrix {
  checkOptions(entries, ['rowIndices', 'columnIndices', 'values', 'rows', 'columns'], 'sparse');
  const columns = checkColumns(entries.columns);
  const rows = checkNumber(entries.rows, 'sparse.rows', { min: 0, integer: true });
  const own = numbers(entries.rowIndices, Uint32Array, 'sparse.rowIndices');
  const theirs = numbers(entries.columnIndices, Uint32Array, 'sparse.columnIndices');
  const given = numbers(entries.values, Float32Array, 'sparse.values');
  checkLength('sparse.columnIndices', theirs.length, own.length, 'as many as rowIndices');
  checkLength('sparse.values', given.length, own.length, 'as many as rowIndices');
  const check = (value: number, below: number, argument: string) => {
    if (value < below) return;
    throw new ValueError({ argument, given: String(value), expected: `a whole number from 0 to ${below - 1}` });
  };
  const indptr = new Uint32Array(rows + 1);
  for (let i = 0; i < own.length; i++) {
    check(own[i]!, rows, `sparse.rowIndices[${i}]`);
    check(theirs[i]!, columns, `sparse.columnIndices[${i}]`);
    indptr[own[i]! + 1]!++;
  }
  for (let r = 0; r < rows; r++) indptr[r + 1]! += indptr[r]!;
  const order = Uint32Array.from(own, (_, i) => i).sort((a, b) => own[a]! - own[b]! || theirs[a]! - theirs[b]!);
  for (let k = 1; k < order.length; k++) {
    const [a, b] = [order[k - 1]!, order[k]!];
    if (own[a] !== own[b] || theirs[a] !== theirs[b]) continue;
    throw new ValueError({
      argument: 'sparse',
      given: `row ${own[b]}, column ${theirs[b]} twice, as entries ${a} and ${b}`,
      expected: 'one number for each place',
      hint: 'Add numbers of one place together before.',
    });
  }
  return new Rows(
    indptr,
    order.map((i) => theirs[i]!),
    Float32Array.from(order, (i) => given[i]!),
    columns,
  );
}

function fromRows(rows: readonly Readonly<Record<string, number>>[], options: SparseRowsOptions): SparseMatrix {
  checkOptions(options, ['columns'], 'sparse');
  const names = Array.isArray(options.columns) ? (options.columns as readonly string[]) : undefined;
  const columns = checkColumns(names ? names.length : options.columns);
  const places = names && new Map(names.map((name, i) => [name, i]));
  if (places && places.size < columns) {
    throw new ValueError({ argument: 'sparse.columns', given: 'a name twice', expected: 'names that differ' });
  }
  const indptr = new Uint32Array(rows.length + 1);
  const indices: number[] = [];
  const values: number[] = [];
  rows.forEach((row, r) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new ValueError({ argument: `sparse[${r}]`, given: show(row), expected: 'an object of numbers by column' });
    }
    const found = Object.entries(row).map(([key, value]): [number, unknown] => {
      const column = places ? places.get(key) : Number(key);
      if (whole(column) && column < columns && typeof value === 'number') return [column, value];
      const known = whole(column) && column < columns;
      throw new ValueError({
        argument: `sparse[${r}].${key}`,
        given: known ? show(value) : 'no such column',
        expected: known ? 'a number' : places ? 'a name among columns' : `a column from 0 to ${columns - 1}`,
      });
    });
    for (const [column, value] of found.sort((a, b) => a[0] - b[0])) {
      indices.push(column);
      values.push(value as number);
    }
    indptr[r + 1] = indices.length;
  });
  return new Rows(indptr, Uint32Array.from(indices), Float32Array.from(values), columns);
}

/**
 * Makes a matrix of which only non-zeros are held: of compressed sparse rows (their arrays are taken as they are, not copied, where
 * they are of the kinds that the matrix has), of entries in any order, or of rows of objects, such as `[{ cat: 1 }, {}]`.
 * @throws ValueError for columns that are unsorted, twice in a row or out of range, and for anything but numbers.
 * @throws ShapeError for arrays whose lengths do not fit.
 */
export function sparse(parts: SparseParts | SparseEntries): SparseMatrix;
export function sparse(rows: readonly Readonly<Record<string, number>>[], options: SparseRowsOptions): SparseMatrix;
export function sparse(
  given: SparseParts | SparseEntries | readonly Readonly<Record<string, number>>[],
  options?: SparseRowsOptions,
): SparseMatrix {
  if (Array.isArray(given)) return fromRows(given, options as SparseRowsOptions);
  if (typeof given !== 'object' || given === null) {
    throw new ValueError({
      argument: 'sparse',
      given: show(given),
      expected:
        '{ indptr, indices, values, columns }, { rowIndices, columnIndices, values, rows, columns } or rows of objects',
    });
  }
  return 'rowIndices' in given ? fromEntries(given) : fromParts(given as SparseParts);
}
