/** The meaning of the cells of a column. */
export type ColumnKind = 'number' | 'category' | 'boolean' | 'date';

/** Numbers; 0 and 1 for booleans, milliseconds since 1970 for dates; NaN where a value is missing. */
export interface NumberColumn {
  /** The name of the column, unique in its table. */
  readonly name: string;
  /** The meaning of the values. */
  readonly kind: 'number' | 'boolean' | 'date';
  /** A number for each row. */
  readonly values: Float64Array;
  /** The texts of 0 and 1, of booleans that were read from texts. */
  readonly words?: readonly [string, string];
  /** Marks numbers that count the rows, as readers found: `tabular` leaves such a column out. */
  readonly counter?: boolean;
}

/** Texts: `categories[codes[row]]`; the code is -1 where a value is missing. */
export interface CategoryColumn {
  /** The name of the column, unique in its table. */
  readonly name: string;
  /** Tells it from a column of numbers. */
  readonly kind: 'category';
  /** The position in `categories` for each row, or -1. */
  readonly codes: Int32Array;
  /** The distinct texts. */
  readonly categories: readonly string[];
}

/** A column of a table: numbers, booleans and dates as numbers, or texts as categories. */
export type Column = NumberColumn | CategoryColumn;

/** A cell as a plain value; null where it is missing. */
export type Value = number | string | boolean | null;
