import type { Doubts } from './cells/doubts.js';
import type { ColumnKind } from './column.js';

export interface ColumnReport extends Doubts {
  readonly name: string;
  readonly kind: ColumnKind | 'skip';
  readonly why: string;
  /** Values that are missing. */
  readonly missing: number;
  /** Categories. */
  readonly distinct?: number;
  /** Of numbers; dates as text. */
  readonly min?: number | string;
  readonly max?: number | string;
}

/** What was read and what was inferred. Prints as a table. */
export interface TableReport {
  readonly source: string;
  readonly rows: number;
  readonly separator?: string;
  readonly header?: boolean;
  /** Remarks such as why the first line is taken as a header. */
  readonly notes: readonly string[];
  /** Those of the notes that are on the cells of a column. */
  readonly remarks: readonly string[];
  readonly columns: readonly ColumnReport[];
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
