import { shorten } from '../errors.js';
import { textsOf } from '../prep/encoding.js';
import type { Preprocessing } from '../prep/preprocess.js';
import type { Column, ColumnKind, Table } from '../table.js';

/** What the training data had in a column. */
export interface InputRecord {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly missing: number;
  /** Of numbers. */
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  /** Of texts, the most frequent first, and how many rows each has; at most 1000. */
  readonly categories?: readonly string[];
  readonly counts?: readonly number[];
}

const MOST = 1000;

export function describeColumns(table: Table, inputs: Preprocessing): readonly InputRecord[] {
  const { kinds } = inputs;
  return table.columns.filter(({ name }) => Object.hasOwn(kinds, name)).map(describeColumn);
}

function describeColumn(column: Column): InputRecord {
  const { name, kind } = column;
  if (column.kind !== 'category') {
    const { values } = column;
    let min = Infinity;
    let max = -Infinity;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      count++;
    }
    const missing = values.length - count;
    return { name, kind, missing, ...(count > 0 && { min, max, mean: sum / count }) };
  }
  const counts = new Array<number>(column.categories.length).fill(0);
  let missing = 0;
  for (const code of column.codes) {
    if (code < 0) missing++;
    else counts[code]!++;
  }
  const order = counts
    .map((_, i) => i)
    .filter((i) => counts[i]! > 0)
    .sort((a, b) => counts[b]! - counts[a]!)
    .slice(0, MOST);
  return {
    name,
    kind,
    missing,
    categories: order.map((i) => column.categories[i]!),
    counts: order.map((i) => counts[i]!),
  };
}

/** What is remarkable about a table next to what was trained on. */
export function warningsOf(table: Table, inputs: readonly InputRecord[], others: readonly string[]): readonly string[] {
  const known = new Set([...others, ...inputs.map(({ name }) => name)]);
  const extra = table.names.filter((name) => !known.has(name));
  const found: string[] = [];
  if (extra.length > 0) found.push(`not used: ${extra.map((name) => `'${shorten(name)}'`).join(', ')}`);
  for (const record of inputs) {
    if (!table.has(record.name)) continue;
    const warning = compare(table.column(record.name), record);
    if (warning) found.push(warning);
  }
  return found;
}

function compare(column: Column, { name, kind, min, max, categories }: InputRecord): string | undefined {
  const times = (count: number, row: number) => `${count === 1 ? '' : `${count} times, `}first in row ${row}`;
  if (kind === 'category' && categories && categories.length < MOST) {
    const texts = textsOf(column);
    const known = new Set(categories);
    const strange = new Set(texts.categories.flatMap((text, code) => (known.has(text) ? [] : [code])));
    const rows = [...texts.codes.keys()].filter((row) => strange.has(texts.codes[row]!));
    if (rows.length === 0) return undefined;
    const text = texts.categories[texts.codes[rows[0]!]!]!;
    return `'${name}': '${shorten(text)}' was not there in training (new categories: ${times(rows.length, rows[0]!)})`;
  }
  if (column.kind === 'category' || min === undefined || max === undefined) return undefined;
  let [count, first] = [0, -1];
  column.values.forEach((value, row) => {
    if (!(value < min || value > max)) return;
    count++;
    if (first < 0) first = row;
  });
  if (count === 0) return undefined;
  return `'${name}': ${column.values[first]} is outside ${min} to ${max}, the range of training (${times(count, first)})`;
}
