import { bytesOf } from '../bytes-column.js';
import type { Column } from '../column.js';
import { shorten } from '../data-error.js';
import { sayOption } from '../remarks.js';

/** Numbers by which people and instruments say that they have none, of either sign. */
const NAMED: ReadonlySet<number> = /* @__PURE__ */ new Set([999.25, 32767, 32768, 65535, 2147483647, 2147483648]);

/** 99, 999, 9999, 99.9, ... of either sign. */
const NINES = /^99+(\.9+)?$/;

const mayMean = (value: number) => NAMED.has(Math.abs(value)) || NINES.test(String(Math.abs(value)));

/** Two in a column are no accident; one is, unless nothing else is below 0. */
const LEAST = 2;

/**
 * Returns a remark on numbers that may stand for a missing value, as -999 does: nines, or the ends of a range of integers,
 * which are farther from all others than these are from each other.
 */
export function sentinelRemark(column: Column, lines?: ArrayLike<number>): string | undefined {
  if (column.kind !== 'number' || bytesOf(column)) return undefined;
  const { name, values } = column;
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!mayMean(least) && !mayMean(most)) return undefined;
  let [low, high] = [Infinity, -Infinity];
  const found = new Map<number, { count: number; row: number }>();
  values.forEach((value, row) => {
    if (mayMean(value)) {
      const cells = found.get(value);
      if (cells) cells.count++;
      else found.set(value, { count: 1, row });
    } else {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  });
  if (!(low < high)) return undefined;
  const told = [...found].filter(([value, { count }]) => {
    const gap = value < low ? low - value : value - high;
    return gap > high - low && (count >= LEAST || (value < 0 && low >= 0));
  });
  if (told.length === 0) return undefined;
  const cells = told.map(([value, { count, row }]) => {
    const place = lines ? `line ${lines[row]}` : `row ${row}`;
    return `${value} (${count} cell${count === 1 ? '' : 's'}, first in ${place})`;
  });
  const all = told.map(([value]) => sayOption('missing', String(value), name).slice('missing: ['.length, -1));
  const [are, means] = told.length === 1 ? ['is', 'it means'] : ['are', 'they mean'];
  return `'${shorten(name)}': ${cells.join(' and ')} ${are} far from all others, ${low} to ${high}; missing: [${all.join(', ')}] if ${means} a missing value`;
}

/** Remarks on the first columns of which there is one. */
export function sentinelRemarks(columns: readonly Column[], lines: ArrayLike<number> | undefined): readonly string[] {
  const remarks: string[] = [];
  for (const column of columns) {
    const remark = sentinelRemark(column, lines);
    if (remark !== undefined) remarks.push(remark);
    if (remarks.length === MOST) return remarks;
  }
  return remarks;
}

/** Columns that are reported. */
const MOST = 5;
