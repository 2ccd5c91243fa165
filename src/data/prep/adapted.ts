import { show, UnknownNameError, ValueError } from '../../errors.js';
import { makeBuilder, readingOf, TAKEN, TextFeed } from '../cells/builders.js';
import { planCells } from '../cells/cell-options.js';
import type { CategoryColumn, Column, ColumnKind, NumberColumn } from '../column.js';
import type { Table } from '../table.js';
import { textsOf } from './encoding.js';

/** Describes a column as it was when fitting. */
interface Fitted {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly words: readonly [string, string] | undefined;
}

/**
 * Returns a table's column as the kind that it had when fitting.
 * @throws UnknownNameError for a column that is absent; ValueError for a value of another kind than when fitting.
 */
export function adapted(table: Table, { name, kind, words }: Fitted): Column {
  if (!table.has(name)) {
    throw new UnknownNameError({
      argument: 'table',
      given: `columns ${table.names.slice(0, 20).join(', ')}`,
      expected: `a column '${name}', which it was fitted with`,
    });
  }
  const column = table.column(name);
  if (column.kind === kind) return column;
  // The original spelling of dates is lost.
  if (kind === 'category' && column.kind !== 'date') return textsOf(column);
  if (column.kind !== 'category') {
    const allMissing = column.values.every((value) => Number.isNaN(value));
    const alike =
      kind === 'number' || (kind === 'boolean' && column.values.every((v) => v === 0 || v === 1 || Number.isNaN(v)));
    if (kind !== 'category' && (allMissing || alike)) {
      return { name, kind, values: column.values, ...(words && { words }) };
    }
  }
  let row = 0;
  if (column.kind === 'category' && kind !== 'category') {
    const read = valuesOf(column, kind);
    if ('values' in read) return { name, kind, values: read.values, ...(words && { words }) };
    row = read.row;
  }
  throw new ValueError({
    argument: `column '${name}', row ${row}`,
    given: `${show(table.value(row, name))}, a ${column.kind}`,
    expected: `a ${kind}, as when fitting`,
    ...(column.kind === 'category' || kind === 'category'
      ? { hint: 'Files are read as the one before with `readOptions` of the pipeline, or with `kinds`.' }
      : {}),
  });
}

/** Texts as values of a kind, or the first row whose text is none. */
function valuesOf(
  { name, codes, categories }: CategoryColumn,
  kind: NumberColumn['kind'],
): { readonly values: Float64Array } | { readonly row: number } {
  const builder = makeBuilder(kind, readingOf(planCells({}), name, true));
  const feed = new TextFeed();
  const used = new Set(codes);
  const values = categories.map((text, code) => {
    if (!used.has(code)) return Number.NaN;
    if (builder.add(feed.bytes, 0, feed.encode(text)) !== TAKEN) return undefined;
    return (builder.finish(name) as NumberColumn).values[0]!;
  });
  const stray = codes.findIndex((code) => code >= 0 && values[code] === undefined);
  if (stray >= 0) return { row: stray };
  return { values: Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : values[code]!)) };
}
