import { ValueError } from '../../errors.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { codedOf } from '../bytes-column.js';
import type { Column, NumberColumn } from '../column.js';
import { numbersOf } from './preprocessing-step.js';
import type { Block } from './projection.js';

/** Rows that are filled before the next ones: what they take stays in a processor's second-level cache. */
const ROWS_AT_A_TIME = 256;

/** Numbers of a column: values, or what bytes mean. */
export interface Narrow {
  readonly values: Float32Array | Float64Array | Uint8Array;
  readonly palette?: Float32Array;
  /** Describes the first value that is not finite. */
  readonly problem?: ValueError;
}

/** Columns that are filled at a time: as many float32 as a cache line holds. */
export const COLUMNS_AT_A_TIME = 16;

/** Numbers of columns that are held until all are there: 64 MB. */
export const MOST_HELD = 2 ** 24;

/** Puts columns side by side, into rows of `width` from `first` on. */
export function fill(
  columns: readonly Narrow[],
  rows: number,
  data: Float32Array | Float64Array,
  width = columns.length,
  first = 0,
): void {
  for (let start = 0; start < rows; start += ROWS_AT_A_TIME) {
    const end = Math.min(rows, start + ROWS_AT_A_TIME);
    for (let c = 0; c < columns.length; c++) {
      const { values, palette } = columns[c]!;
      if (palette) {
        for (let row = start, at = start * width + first + c; row < end; row++, at += width)
          data[at] = palette[values[row]!]!;
        continue;
      }
      for (let row = start, at = start * width + first + c; row < end; row++, at += width) data[at] = values[row]!;
    }
  }
}

/** Converts the numbers of a column to float32. */
export function narrow(given: Column): Narrow {
  const column = numbersOf(given);
  const coded = codedOf(column);
  if (coded) {
    const palette = new Float32Array(coded.palette);
    if (palette.every(Number.isFinite)) return { values: coded.bytes, palette };
  }
  const values = new Float32Array(column.values);
  for (let row = 0; row < values.length; row++) {
    if (!Number.isFinite(values[row]!)) return { values, problem: unusable(column, row) };
  }
  return { values };
}

function unusable({ name, values }: NumberColumn, row: number): ValueError {
  const missing = Number.isNaN(values[row]);
  return new ValueError({
    argument: `column '${name}', row ${row}`,
    given: missing ? 'a missing value' : String(values[row]),
    expected: 'a finite number after all steps',
    ...(missing ? { hint: 'fillMissing() puts one there.' } : {}),
    ...(Number.isFinite(values[row]) ? { hint: 'Networks take float32, which ends at 3.4e38: scale the column.' } : {}),
  });
}

export function toFloats(columns: readonly Narrow[], rows: number): Matrix {
  for (const { problem } of columns) if (problem) throw problem;
  const data = new Float32Array(rows * columns.length);
  fill(columns, rows, data);
  return makeMatrix(data, rows, columns.length);
}

export function blockOf(columns: readonly Column[], rows: number): Block {
  const data = new Float64Array(rows * columns.length);
  const numbers = columns.map(numbersOf);
  for (const column of numbers) {
    const row = column.values.findIndex((value) => !Number.isFinite(value));
    if (row >= 0) throw unusable(column, row);
  }
  fill(numbers, rows, data);
  return { data, rows, columns: columns.length };
}

export function narrowed({ data, rows, columns }: Block): Matrix {
  return makeMatrix(Float32Array.from(data), rows, columns);
}
