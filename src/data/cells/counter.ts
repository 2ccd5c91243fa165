import type { Column } from '../column.js';

/** Rows at most of which a column that grows evenly is taken for a measure. */
const FEW_ROWS = 50;

/** Steps from row to row that are alike, as a share: rows that were deleted leave gaps. */
const ALIKE = 0.75;

/**
 * Returns whether whole numbers run on from row to row, up or down, in steps that are nearly all alike, as numbers of
 * rows do.
 */
function countsRows(values: Float64Array): boolean {
  if (values.length <= FEW_ROWS) return false;
  const up = values[1]! > values[0]!;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isInteger(values[i])) return false;
    if (i > 0 && (up ? !(values[i]! > values[i - 1]!) : !(values[i]! < values[i - 1]!))) return false;
  }
  const steps = Float64Array.from({ length: values.length - 1 }, (_, i) => values[i + 1]! - values[i]!).sort();
  const usual = steps[steps.length >> 1]!;
  return steps.filter((step) => step === usual).length >= ALIKE * steps.length;
}

/** Returns the column, marked if it counts the rows. Only whole files tell: rows that are drawn from one are in no order. */
export function withCounter(column: Column): Column {
  return column.kind === 'number' && countsRows(column.values) ? { ...column, counter: true } : column;
}

export const COUNTS_ROWS = 'and count the rows, so that `tabular` leaves them out';
