import { nearest, ShapeError, show, UnknownNameError, ValueError } from '../errors.js';
import { bytesColumn, bytesOf, codedOf } from './bytes-column.js';
import type { Reading } from './cells/reading.js';
import type { CategoryColumn, Column, Value } from './column.js';
import type { TableReport } from './report.js';

/** Columns of equal length, each of one kind. */
export class Table {
  /** The number of rows in each column. */
  readonly rows: number;
  /** The columns in their order. */
  readonly columns: readonly Column[];
  /** Says what was inferred from the file, and why; undefined for tables made in memory. */
  readonly report: TableReport | undefined;
  /** The line of the file where each row begins, from 1; of tables that readers return, and of their parts. */
  readonly lines: ArrayLike<number> | undefined;
  /** The options with which the file was read, where they differ from the defaults. */
  readonly reading: Reading;
  /** @internal Cells as a file has them, of columns that a reader was asked to keep. */
  readonly written: ReadonlyMap<string, CategoryColumn>;
  readonly #byName: ReadonlyMap<string, Column>;

  constructor(
    columns: readonly Column[],
    report?: TableReport,
    lines?: ArrayLike<number>,
    reading: Reading = {},
    written: ReadonlyMap<string, CategoryColumn> = new Map(),
  ) {
    if (columns.length === 0)
      throw new ShapeError({ argument: 'columns', given: 'none', expected: 'at least one column' });
    this.columns = columns;
    this.report = report;
    this.lines = lines;
    this.reading = reading;
    this.written = written;
    this.rows = lengthOf(columns[0]!);
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    for (const column of columns) {
      if (lengthOf(column) === this.rows) continue;
      throw new ShapeError({
        argument: `columns.${column.name}`,
        given: `${lengthOf(column)} rows`,
        expected: `${this.rows}, as in ${columns[0]!.name}`,
      });
    }
    if (this.#byName.size < columns.length) {
      const twice = columns.find((column) => this.#byName.get(column.name) !== column)!;
      throw new ValueError({ argument: 'columns', given: `'${twice.name}' twice`, expected: 'names that differ' });
    }
  }

  /** The names of the columns in their order. */
  get names(): readonly string[] {
    return this.columns.map(({ name }) => name);
  }

  /** Returns whether there is a column of this name. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Returns the column of this name. @throws UnknownNameError with the nearest name there is. */
  column(name: string): Column {
    const column = this.#byName.get(name);
    if (column) return column;
    const guess = typeof name === 'string' ? nearest(name, this.names) : undefined;
    const first =
      this.report?.header === false && this.columns.some((other) => String(cellOf(other, 0)) === String(name))
        ? `${show(name)} is in the first line, which was read as values: say header: true.`
        : undefined;
    const hint = first ?? (guess === undefined ? undefined : `Did you mean '${guess}'?`);
    throw new UnknownNameError({
      argument: 'column',
      given: show(name),
      expected: `one of ${this.names.slice(0, 20).join(', ')}${this.columns.length > 20 ? ', ...' : ''}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** Returns a table whose rows come from the same file. */
  #of(columns: readonly Column[], lines = this.lines): Table {
    return new Table(columns, undefined, lines, this.reading);
  }

  /** Returns a table of these columns, in this order. */
  select(names: readonly string[]): Table {
    return this.#of(names.map((name) => this.column(name)));
  }

  /** Returns a table of all columns except these. */
  drop(...names: readonly string[]): Table {
    for (const name of names) this.column(name);
    const dropped = new Set(names);
    return this.#of(this.columns.filter(({ name }) => !dropped.has(name)));
  }

  /**
   * Returns the rows of these numbers, in this order; a number may come twice. @throws ValueError for a row that there is
   * not.
   */
  take(rows: ArrayLike<number>): Table {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (Number.isInteger(row) && row >= 0 && row < this.rows) continue;
      throw new ValueError({ argument: `rows[${i}]`, given: show(row), expected: `a row from 0 to ${this.rows - 1}` });
    }
    const gather = <A extends Float64Array | Int32Array | Uint8Array>(from: A, to: A): A => {
      for (let i = 0; i < to.length; i++) to[i] = from[rows[i]!]!;
      return to;
    };
    return this.#mapped(
      (values) => gather(values, new Float64Array(rows.length)),
      (codes) => gather(codes, new Int32Array(rows.length)),
      (bytes) => gather(bytes, new Uint8Array(rows.length)),
      (lines) => Float64Array.from({ length: rows.length }, (_, i) => lines[rows[i]!]!),
    );
  }

  /** Rows from `start` up to, not including, `end`. Shares memory with this table. */
  slice(start = 0, end = this.rows): Table {
    return this.#mapped(
      (values) => values.subarray(start, end),
      (codes) => codes.subarray(start, end),
      (bytes) => bytes.subarray(start, end),
      (lines) => Array.prototype.slice.call(lines, start, end),
    );
  }

  #mapped(
    numbers: (values: Float64Array) => Float64Array,
    codes: (codes: Int32Array) => Int32Array,
    bytes: (bytes: Uint8Array) => Uint8Array,
    lines: (lines: ArrayLike<number>) => ArrayLike<number>,
  ): Table {
    return this.#of(
      this.columns.map((column) => {
        if (column.kind === 'category') return { ...column, codes: codes(column.codes) };
        const coded = bytesOf(column);
        if (coded) return bytesColumn(column.name, bytes(coded.bytes));
        return { ...column, values: numbers(column.values) };
      }),
      this.lines && lines(this.lines),
    );
  }

  /** Returns the cell of a row: a number, a text, true or false, null where it is missing. */
  value(row: number, name: string): Value {
    return cellOf(this.column(name), row);
  }

  /** Returns rows as plain objects, with a value for each column. */
  toObjects(): Record<string, Value>[] {
    // A column may have any name, such as __proto__, which assignment would not set.
    return Array.from({ length: this.rows }, (_, row) =>
      Object.fromEntries(this.columns.map((column) => [column.name, cellOf(column, row)])),
    );
  }
}

export function lengthOf(column: Column): number {
  if (column.kind === 'category') return column.codes.length;
  return (codedOf(column)?.bytes ?? column.values).length;
}

export function cellOf(column: Column, row: number): Value {
  if (column.kind === 'category') return column.categories[column.codes[row]!] ?? null;
  const coded = codedOf(column);
  const value = coded ? coded.palette[coded.bytes[row]!]! : column.values[row]!;
  if (Number.isNaN(value)) return null;
  if (column.kind === 'boolean') return value === 1;
  return column.kind === 'date' ? new Date(value).toISOString() : value;
}
