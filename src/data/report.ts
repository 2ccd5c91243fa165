import type { Doubts } from './cells/doubts.js';
import type { ColumnKind } from './column.js';

/** Describes how a column was read, and why. */
export interface ColumnReport extends Doubts {
  /** The name of the column. */
  readonly name: string;
  /** The kind that its cells were read as, or 'skip' where the reader left it out. */
  readonly kind: ColumnKind | 'skip';
  /** Why it has this kind, as a phrase for people. */
  readonly why: string;
  /** Values that are missing. */
  readonly missing: number;
  /** Categories. */
  readonly distinct?: number;
  /** The least of numbers; the earliest of dates as text. */
  readonly min?: number | string;
  /** The greatest of numbers; the latest of dates as text. */
  readonly max?: number | string;
}

/** Describes what was read from a file and what was inferred. Prints as a table. */
export interface TableReport {
  /** The name of the file or address. */
  readonly source: string;
  /** Rows of the table, the header not counted. */
  readonly rows: number;
  /** The character between the fields of CSV; absent for other formats. */
  readonly separator?: string;
  /** Says whether the first line of CSV was read as names; absent for other formats. */
  readonly header?: boolean;
  /** Remarks such as why the first line is taken as a header. */
  readonly notes: readonly string[];
  /** Those of the notes that are on the cells of a column. */
  readonly remarks: readonly string[];
  /** A report for each column of the file, in its order. */
  readonly columns: readonly ColumnReport[];
  /** Returns all of it as a table in plain text. */
  toString(): string;
}

export function makeReport(report: Omit<TableReport, 'toString'>): TableReport {
  return { ...report, toString: () => print(report) };
}

function print({ source, rows, notes, columns }: Omit<TableReport, 'toString'>): string {
  const short = (value: number | string | undefined) =>
    typeof value === 'number' ? String(Number(value.toPrecision(6))) : (value ?? '');
  const cells = columns.map(({ name, kind, missing, distinct, min, max, why }) => {
    const range =
      distinct === undefined ? [short(min), short(max)].filter(Boolean).join(' to ') : `${distinct} distinct`;
    return [name, kind, missing === 0 ? '' : String(missing), range, why];
  });
  const table = [['column', 'kind', 'missing', 'values', 'why'], ...cells];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((row) => row[i]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`${source}: ${rows} rows, ${columns.length} columns`, ...notes, ...lines].join('\n');
}
