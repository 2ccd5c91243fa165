import { codedOf } from '../bytes-column.js';
import type { Column, ColumnKind, NumberColumn } from '../column.js';
import { Table } from '../table.js';
import { type CellPlan, planCells, settingsOf } from './cell-options.js';
import { dateReader } from './date-formats.js';
import { isMissingNumber } from './markers.js';
import type { Reading } from './reading.js';
import { inEitherOrder } from './spelled-dates.js';

/** Returns the values of a column that stand for missing ones. */
function marksOf({ name, kind, words }: NumberColumn, plan: CellPlan): ReadonlySet<number> {
  const { missing, missingNumbers, dateFormat } = settingsOf(plan, name);
  if (kind === 'number') return missingNumbers ?? new Set();
  if (kind === 'boolean') return new Set([0, 1].filter((value) => words && missing.has(words[value]!)));
  const read = dateFormat === undefined ? inEitherOrder : dateReader(dateFormat);
  return new Set([...missing].map(read).filter((time) => !Number.isNaN(time)));
}

function withoutMarksIn(column: Column, plan: CellPlan, learned: ColumnKind | undefined): Column {
  if (column.kind === 'category') {
    const settings = settingsOf(plan, column.name);
    const isMark = column.categories.map(
      (text) => settings.missing.has(text) || (learned === 'number' && isMissingNumber(text, settings)),
    );
    if (!isMark.includes(true)) return column;
    return { ...column, codes: column.codes.map((code) => (code < 0 || isMark[code] ? -1 : code)) };
  }
  const marks = marksOf(column, plan);
  const coded = codedOf(column);
  if (coded && !coded.palette.some((value) => marks.has(value))) return column;
  if (marks.size === 0 || !column.values.some((value) => marks.has(value))) return column;
  return { ...column, values: column.values.map((value) => (marks.has(value) ? Number.NaN : value)) };
}

/**
 * Returns a table in which what stood for a missing value in the one that a pipeline learned from is missing, too; the same
 * where it was read with markers of its own. `kinds` are those that columns had.
 */
export function withoutMarks(table: Table, reading: Reading, kinds: Readonly<Record<string, ColumnKind>>): Table {
  if (reading.missing === undefined || table.reading.missing !== undefined) return table;
  const { missing, decimal, thousands, dateFormat } = reading;
  const plan = planCells({
    missing,
    ...(decimal && { decimal }),
    ...(thousands && { thousands }),
    ...(dateFormat && { dateFormat }),
  });
  const columns = table.columns.map((column) => {
    const learned = Object.hasOwn(kinds, column.name) ? kinds[column.name] : undefined;
    return withoutMarksIn(column, plan, learned);
  });
  if (columns.every((column, c) => column === table.columns[c])) return table;
  return new Table(columns, table.report, table.lines, table.reading, table.written);
}
