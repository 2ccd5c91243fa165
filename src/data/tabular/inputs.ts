import { bytesOf, rangeOf, readable } from '../bytes-column.js';
import type { Column, ColumnKind } from '../column.js';
import { shorten } from '../data-error.js';
import { textsOf } from '../prep/encoding.js';
import type { Preprocessing } from '../prep/preprocess.js';
import type { Table } from '../table.js';

/** Describes a column of the training data. */
export interface InputRecord {
  /** The name of the column. */
  readonly name: string;
  /** The kind that it was read as. */
  readonly kind: ColumnKind;
  /** Rows without a value. */
  readonly missing: number;
  /** The least of numbers. */
  readonly min?: number;
  /** The greatest of numbers. */
  readonly max?: number;
  /** The mean of numbers. */
  readonly mean?: number;
  /** The distinct texts, the most frequent first; at most 1000. */
  readonly categories?: readonly string[];
  /** The rows of each of `categories`, in their order. */
  readonly counts?: readonly number[];
}

const MOST = 1000;
/** Columns whose numbers or categories training did not know that have a remark of their own; of more the first has. */
const MOST_REMARKS = 5;
/** Columns that are not used that are named. */
const MOST_NAMES = 10;

export function describeColumns(table: Table, inputs: Preprocessing): readonly InputRecord[] {
  const { kinds } = inputs;
  return table.columns.filter(({ name }) => Object.hasOwn(kinds, name)).map(describeColumn);
}

function describeColumn(column: Column): InputRecord {
  const { name, kind } = column;
  if (column.kind !== 'category') {
    const coded = bytesOf(column);
    if (coded && coded.bytes.length > 0) {
      const { low, high, sum } = rangeOf(coded);
      return { name, kind, missing: 0, min: low, max: high, mean: sum / coded.bytes.length };
    }
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

interface Found {
  count: number;
  /** The first value that is remarkable, and where it is. */
  readonly value: string;
  readonly place: string;
}

/** Collects what is remarkable about tables, one after the other, next to what was trained on. */
export class Warnings {
  readonly #extra = new Set<string>();
  readonly #found = new Map<string, Found>();
  #rows = 0;

  constructor(
    private readonly inputs: readonly InputRecord[],
    /** Columns that are known but not used. */
    private readonly others: readonly string[],
  ) {}

  add(table: Table): void {
    const known = new Set([...this.others, ...this.inputs.map(({ name }) => name)]);
    for (const name of table.names) if (!known.has(name)) this.#extra.add(name);
    for (const record of this.inputs) {
      if (!table.has(record.name)) continue;
      const { count, row, value } = strange(table.column(record.name), record);
      if (count === 0) continue;
      const before = this.#found.get(record.name);
      const place = table.lines ? `line ${table.lines[row]}` : `row ${this.#rows + row}`;
      if (before) before.count += count;
      else this.#found.set(record.name, { count, value, place });
    }
    this.#rows += table.rows;
  }

  /**
   * A sentence for each column, one for the others where there are many; that on columns which are not used comes
   * first.
   */
  get texts(): readonly string[] {
    const found = this.inputs.filter(({ name }) => this.#found.has(name));
    const outside = found.filter(({ kind }) => kind !== 'category');
    const fresh = found.filter(({ kind }) => kind === 'category');
    const range = ({ min, max, kind }: InputRecord) => `${numberText(min, kind)} to ${numberText(max, kind)}`;
    const all = [
      ...this.#told(outside, (input, { value }, times) => {
        return `'${input.name}': ${value} is outside ${range(input)}, the range of training (${times})`;
      }),
      ...this.#told(fresh, ({ name }, { value }, times) => {
        return `'${name}': '${shorten(value)}' was not there in training (new categories: ${times})`;
      }),
    ];
    const extra = [...this.#extra].map((name) => `'${shorten(name)}'`);
    if (extra.length === 0) return all;
    const rest = extra.length > MOST_NAMES ? ` and ${extra.length - MOST_NAMES} other columns` : '';
    return [`not used: ${extra.slice(0, MOST_NAMES).join(', ')}${rest}`, ...all];
  }

  /**
   * Returns the remarks about these columns: of many, the first has a sentence of its own and one sentence covers the
   * others.
   */
  #told(
    inputs: readonly InputRecord[],
    sentence: (input: InputRecord, found: Found, times: string) => string,
  ): readonly string[] {
    const many = inputs.length > MOST_REMARKS;
    const shown = inputs.slice(0, many ? 1 : MOST_REMARKS).map((input) => {
      const found = this.#found.get(input.name)!;
      const times = `${found.count === 1 ? '' : `${found.count} times, `}first in ${found.place}`;
      return sentence(input, found, times);
    });
    if (!many) return shown;
    const others = inputs.slice(1);
    const count = others.reduce((sum, { name }) => sum + this.#found.get(name)!.count, 0);
    return [...shown, `so are ${count} values of ${others.length} other columns, such as '${others[0]!.name}'`];
  }
}

/** Returns a number of a column as people write it: dates as dates. */
export function numberText(value: number | undefined, kind: ColumnKind): string {
  if (kind !== 'date' || value === undefined || !(Math.abs(value) <= 8.64e15)) return String(value);
  return new Date(value).toISOString().replace(/T00:00:00\.000Z$/, '');
}

/** Counts the values of a column that training did not see, and returns the first of them. */
function strange(column: Column, { kind, min, max, categories }: InputRecord) {
  let [count, row] = [0, -1];
  const meet = (at: number) => {
    if (count++ === 0) row = at;
  };
  if (kind === 'category') {
    const texts = textsOf(column);
    const known = new Set(categories);
    const few = categories !== undefined && categories.length < MOST;
    const isNew = texts.categories.map((text) => few && !known.has(text));
    texts.codes.forEach((code, at) => {
      if (isNew[code]) meet(at);
    });
    return { count, row, value: texts.categories[texts.codes[row]!] ?? '' };
  }
  if (column.kind === 'category' || min === undefined || max === undefined) return { count, row, value: '' };
  const values = readable(column);
  for (let at = 0; at < values.length; at++) if (values[at]! < min || values[at]! > max) meet(at);
  return { count, row, value: numberText(values[row], kind) };
}
