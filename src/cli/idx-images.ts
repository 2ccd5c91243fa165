import { bytesColumn } from '../data/bytes-column.js';
import { DataError } from '../data/data-error.js';
import { type Column, type IdxArray, type IdxValues, readIdx, type Source, Table } from '../data/index.js';
import { ShapeError } from '../errors.js';
import type { ReadFlags } from './read-flags.js';
import { checkForIdx } from './text-flags.js';

/** Rows whose numbers are moved before those of the next ones: what they take stays in the processor's caches. */
const ROWS_AT_A_TIME = 64;

/** Returns the columns of numbers that stand row by row: bytes, all in one piece of memory, or float64. */
function columnsOf(numbers: IdxValues, rows: number, width: number): (Uint8Array | Float64Array)[] {
  const all = numbers instanceof Uint8Array ? new Uint8Array(numbers.length) : new Float64Array(numbers.length);
  for (let start = 0; start < rows; start += ROWS_AT_A_TIME) {
    const end = Math.min(rows, start + ROWS_AT_A_TIME);
    for (let c = 0; c < width; c++) {
      for (let row = start, at = start * width + c; row < end; row++, at += width) all[c * rows + row] = numbers[at]!;
    }
  }
  return Array.from({ length: width }, (_, c) => all.subarray(c * rows, (c + 1) * rows));
}

const images = new WeakMap<Table, { readonly width: number; readonly height: number }>();

/** Returns the height and width of the images that a table holds, one per row with a label. */
export const imageOf = (table: Table) => images.get(table);

/** Returns the columns of idx, one for each number of an entry. */
function pixelsOf({ shape, values }: IdxArray): Column[] {
  const rows = shape[0]!;
  return columnsOf(values, rows, values.length / rows).map((values, c): Column => {
    const name = `pixel${c + 1}`;
    return values instanceof Uint8Array ? bytesColumn(name, values) : { name, kind: 'number', values };
  });
}

/**
 * Returns a table of idx, with a column for each number of an entry and `label`.
 * @throws UsageError for flags that say how text is read.
 * @throws ShapeError for more images than `--max-rows`, or another number of labels.
 */
export async function readImages(source: Source, flags: ReadFlags & { readonly labels: string }): Promise<Table> {
  checkForIdx(flags);
  const { maxBytes, maxRows = Infinity } = flags;
  const limit = maxBytes === undefined ? {} : { maxBytes };
  const [pixels, labels] = [await readIdx(source, limit), await readIdx(flags.labels, limit)];
  const rows = pixels.shape[0]!;
  if (rows > maxRows) {
    throw new ShapeError({ argument: '--max-rows', given: `${rows} images`, expected: `at most ${maxRows}` });
  }
  if (labels.values.length !== rows) {
    throw new ShapeError({ argument: '--labels', given: `${labels.values.length} labels`, expected: `${rows}` });
  }
  const label: Column = { name: 'label', kind: 'number', values: Float64Array.from(labels.values) };
  const table = new Table([...pixelsOf(pixels), label]);
  const [, height, width] = pixels.shape;
  if (pixels.shape.length === 3) images.set(table, { height: height!, width: width! });
  return table;
}

/**
 * Idx that stands where text was expected, as a table of its numbers alone.
 * @throws `error`, which reading it as text gave, where it is no such file.
 */
export async function imagesInstead(path: string, error: unknown, flags: ReadFlags): Promise<Table> {
  if (!(error instanceof DataError) || error.code !== 'binary' || path === '-') throw error;
  const { maxBytes } = flags;
  let pixels: IdxArray;
  try {
    pixels = await readIdx(path, maxBytes === undefined ? {} : { maxBytes });
  } catch {
    throw error;
  }
  return new Table(pixelsOf(pixels));
}
