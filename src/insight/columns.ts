import { isSparse, type Matrix } from '../matrix.js';
import type { SparseMatrix } from '../sparse-matrix.js';
import type { Finding } from './finding.js';

/** Numbers that are looked at; of larger data, evenly spaced rows. */
const MOST_ELEMENTS = 2 ** 20;

/** Data beyond this wants scaling. */
const LARGE = 100;

/** A column below this, and this many times smaller than most, is drowned by them. */
const SMALL = 0.01;
const DROWNED = 1e3;

/** So many columns may be an image, a bag of words: columns of zeros are its edges and rare words. */
const SPARSE = 16;

/** Fewer rows say little about a column. */
const FEWEST_ROWS = 10;

/** Sums up the looked-at rows of a column. */
export interface Column {
  readonly index: number;
  readonly min: number;
  readonly max: number;
  /** Numbers that are not finite, and the row of the first. */
  readonly missing: number;
  readonly firstMissing: number;
  readonly rows: number;
}

/** Returns the distance between rows so that few enough are looked at. */
export function strideOf({ rows, columns }: Matrix): number {
  return Math.ceil((rows * columns) / MOST_ELEMENTS);
}

export function columnsOf(matrix: Matrix): readonly Column[] {
  if (isSparse(matrix)) return sparseColumnsOf(matrix as SparseMatrix);
  const { data, rows, columns } = matrix;
  const min = new Float32Array(columns).fill(Infinity);
  const max = new Float32Array(columns).fill(-Infinity);
  const missing = new Uint32Array(columns);
  const first = new Uint32Array(columns);
  const stride = strideOf(matrix);
  let seen = 0;
  for (let r = 0; r < rows; r += stride, seen++) {
    const start = r * columns;
    for (let c = 0; c < columns; c++) {
      const value = data[start + c]!;
      if (value >= min[c]! && value <= max[c]!) continue;
      if (value - value !== 0) {
        if (missing[c] === 0) first[c] = r;
        missing[c]!++;
        continue;
      }
      if (value < min[c]!) min[c] = value;
      if (value > max[c]!) max[c] = value;
    }
  }
  return Array.from({ length: columns }, (_, index) => ({
    index,
    min: min[index] as number,
    max: max[index] as number,
    missing: missing[index] as number,
    firstMissing: first[index] as number,
    rows: seen,
  }));
}

/** Looks at non-zeros; 0 is in every column that not all rows have one of. */
function sparseColumnsOf({ indptr, indices, values, rows, columns }: SparseMatrix): readonly Column[] {
  const min = new Float32Array(columns).fill(Infinity);
  const max = new Float32Array(columns).fill(-Infinity);
  const [missing, first, count] = [new Uint32Array(columns), new Uint32Array(columns), new Uint32Array(columns)];
  const stride = Math.ceil(values.length / MOST_ELEMENTS) || 1;
  let seen = 0;
  for (let r = 0; r < rows; r += stride, seen++) {
    for (let i = indptr[r]!; i < indptr[r + 1]!; i++) {
      const [c, value] = [indices[i]!, values[i]!];
      count[c]!++;
      if (value - value !== 0) {
        if (missing[c]!++ === 0) first[c] = r;
        continue;
      }
      min[c] = Math.min(min[c]!, value);
      max[c] = Math.max(max[c]!, value);
    }
  }
  return Array.from({ length: columns }, (_, index) => {
    const zero = count[index]! < seen;
    return {
      index,
      min: zero ? Math.min(0, min[index]!) : min[index]!,
      max: zero ? Math.max(0, max[index]!) : max[index]!,
      missing: missing[index]!,
      firstMissing: first[index]!,
      rows: seen,
    };
  });
}

const short = (value: number) => String(Number(value.toPrecision(3)));
const sizeOf = ({ min, max }: Column) => Math.max(Math.abs(min), Math.abs(max));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function place({ index }: Column, label: string, columns: readonly Column[]): string {
  return columns.length > 1 ? `column ${index} of ${label}` : label;
}

/** Looks for faults in columns of inputs, of numbers to predict, of labels. */
export function columnFindings(
  columns: readonly Column[],
  label: string,
  kind: 'Column' | 'Target' | 'Label',
): readonly Finding[] {
  const live = columns.filter(({ min, max }) => min < max);
  const sparse = columns.length >= SPARSE && live.filter(({ min }) => min === 0).length >= live.length / 2;
  const usual = median(live.map(sizeOf));
  return columns.flatMap((column): readonly Finding[] => {
    const { index, min, max, missing, firstMissing, rows } = column;
    const name = place(column, label, columns);
    const finding = (code: Finding['code'], message: string, suggestion: string): Finding => {
      return { code, message: `${name} ${message}`, column: index, range: [min, max], suggestion };
    };
    const found: Finding[] = [];
    if (missing > 0) {
      const message = `has ${missing} of ${rows} numbers that are NaN or infinite, the first in row ${firstMissing}`;
      found.push(
        finding('missingValues', message, 'Fill them, by the median of the column for instance, or drop the rows.'),
      );
    }
    if (rows < FEWEST_ROWS || min > max) return found;
    if (min === max) {
      // Where all columns are constant, this is not a finding about one of them.
      if (kind === 'Column' && live.length > 0 && !(sparse && min === 0)) {
        found.push(
          finding('constantColumn', `is ${short(min)} in every row`, 'Leave it out: it tells rows apart no more.'),
        );
      }
      return found;
    }
    const range = `goes from ${short(min)} to ${short(max)}`;
    if (kind === 'Target' && sizeOf(column) > LARGE) {
      const suggestion = 'Scale it as inputs are scaled, and scale predictions back.';
      found.push(finding('unscaledTarget', range, suggestion));
    }
    if (kind !== 'Column') return found;
    const scale = 'Scale it to about -1..1: subtract its mean and divide by its standard deviation.';
    if (sizeOf(column) > LARGE) found.push(finding('unscaledColumn', range, scale));
    else if (!sparse && sizeOf(column) < SMALL && sizeOf(column) * DROWNED < usual) {
      found.push(finding('unscaledColumn', `${range}, where most columns reach ${short(usual)}`, scale));
    }
    return found;
  });
}
