export type ColumnKind = 'number' | 'category' | 'boolean' | 'date';

/** Numbers; 0 and 1 for booleans, milliseconds since 1970 for dates; NaN where a value is missing. */
export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'date';
  readonly values: Float64Array;
  /** Of booleans: the texts of 0 and 1. */
  readonly words?: readonly [string, string];
  /** Of numbers: readers found that they count the rows; `tabular` leaves such a column out. */
  readonly counter?: boolean;
}

/** Texts: `categories[codes[row]]`; the code is -1 where a value is missing. */
export interface CategoryColumn {
  readonly name: string;
  readonly kind: 'category';
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

export type Column = NumberColumn | CategoryColumn;

/** What a cell holds for people: null where it is missing. */
export type Value = number | string | boolean | null;
