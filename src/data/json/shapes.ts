import { shorten } from '../data-error.js';
import { isSparse, type RowCollector } from '../rows.js';
import { failure, START } from './text.js';

type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isRow = (value: unknown) => typeof value === 'object' && value !== null;
const isScalar = (value: unknown) => !isRow(value);
const hasRows = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0 && value.every(isRow);

const HINT = 'Rows are expected in an array, one object each; or one object holds an array for each column.';

/** The depth below a key at which rows are looked for. */
const LEVELS = 4;

interface Found {
  readonly key: string;
  readonly rows: readonly unknown[];
}

/** Arrays of rows below the keys of an object. */
function rowsBelow(value: Values, before: string, levels: number): Found[] {
  return Object.entries(value).flatMap(([key, inner]): Found[] => {
    if (hasRows(inner)) return [{ key: before + key, rows: inner }];
    return isObject(inner) && levels > 1 ? rowsBelow(inner, `${before}${key}.`, levels - 1) : [];
  });
}

const holdsColumns = (value: unknown) => isObject(value) && Object.values(value).some(Array.isArray);

/** Returns whether an object is a table rather than a row: it holds nothing but columns, or rows below its keys. */
export function isTable(value: unknown): boolean {
  if (!isObject(value)) return false;
  const inner = Object.values(value);
  return inner.every(isRow) || inner.some(holdsColumns) || rowsBelow(value, '', LEVELS).length > 0;
}

/** Returns the value at a path of keys such as `result.items`. */
function valueAt(value: unknown, path: string): unknown {
  if (isObject(value) && Object.hasOwn(value, path)) return value[path];
  const dot = path.indexOf('.');
  if (dot < 0 || !isObject(value)) return undefined;
  const key = path.slice(0, dot);
  return Object.hasOwn(value, key) ? valueAt(value[key], path.slice(dot + 1)) : undefined;
}

/** Adds the rows that one JSON object holds, in any of the ways in which tables are written as one. */
export function addObject(value: Values, collector: RowCollector, source: string, key?: string): void {
  const { notes } = collector;
  const wrong = (problem: string, more: { field?: string; hint?: string } = {}) =>
    failure('structure', source, START, problem, more);
  if (key !== undefined) {
    const inner = valueAt(value, key);
    if (isObject(inner)) addObject(inner, collector, source);
    else if (Array.isArray(inner)) addAll(inner, collector);
    if (isRow(inner)) return;
    const known = rowsBelow(value, '', LEVELS).map((found) => `'${shorten(found.key)}'`);
    const hint = known.length > 0 ? `Rows are under ${known.slice(0, 10).join(', ')}.` : HINT;
    throw wrong(`there are no rows under the key '${shorten(key)}'`, { hint });
  }
  const entries = Object.entries(value);
  const { columns, data } = value;
  if (Array.isArray(columns) && Array.isArray(data) && data.every(Array.isArray)) {
    addSplit(value, columns, data, collector, source);
    return;
  }
  const { schema } = value;
  if (isObject(schema) && holdsFields(schema.fields) && hasRows(data)) {
    addWithSchema(schema, data, collector);
    return;
  }
  const found = rowsBelow(value, '', LEVELS);
  const [first] = found;
  if (first) {
    const lists = entries.filter(([, list]) => Array.isArray(list) && list.length > 0 && list.every(isScalar));
    const beside = lists.find(([, list]) => (list as unknown[]).length === first.rows.length);
    if (found.length > 1 || beside) {
      const others = found.length > 1 ? found[1]!.key : beside![0];
      const hint = `Say which, such as key: '${shorten(first.key)}', or write an array of one object for each row.`;
      throw wrong(`values of rows are under '${shorten(first.key)}' and under '${shorten(others)}'`, { hint });
    }
    const top = first.key.split('.')[0]!;
    const left = Object.keys(value).filter((name) => name !== first.key && name !== top);
    const without =
      left.length > 0
        ? `; left out: ${left
            .slice(0, 10)
            .map((name) => `'${shorten(name)}'`)
            .join(', ')}`
        : '';
    notes.push(`the rows are under '${shorten(first.key)}'${without}`);
    addAll(first.rows, collector);
    return;
  }
  const within = entries.filter(([, inner]) => holdsColumns(inner));
  if (within.length === 1 && !entries.some(([, inner]) => Array.isArray(inner))) {
    notes.push(`the columns are under '${shorten(within[0]![0])}'`);
    addObject(within[0]![1] as Values, collector, source);
    return;
  }
  if (entries.length > 0 && entries.every(([, inner]) => isObject(inner) && Object.values(inner).every(isScalar))) {
    addLabelled(entries as [string, Values][], collector, source);
  } else addColumns(entries, collector, source);
}

/** Recognizes the description of columns that pandas writes with `orient='table'`. */
const holdsFields = (fields: unknown) =>
  hasRows(fields) && fields.every((field) => isObject(field) && typeof field.name === 'string');

/** Rows below a schema, `orient='table'`; labels of rows stand in them as the field that is the primary key. */
function addWithSchema({ primaryKey }: Values, rows: readonly unknown[], collector: RowCollector): void {
  collector.notes.push("the rows are under 'data', their schema under 'schema'");
  const [key] = Array.isArray(primaryKey) && primaryKey.length === 1 ? primaryKey : [];
  const counts = key === 'index' && rows.every((row, at) => isObject(row) && row.index === at);
  addAll(
    counts
      ? rows.map((row) => Object.fromEntries(Object.entries(row as Values).filter(([name]) => name !== key)))
      : rows,
    collector,
  );
}

function addAll(rows: readonly unknown[], collector: RowCollector): void {
  for (const row of rows) collector.add(row);
}

/** Adds an object of columns: arrays of equal length. */
function addColumns(entries: readonly [string, unknown][], collector: RowCollector, source: string): void {
  const rows = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0;
  for (const [name, values] of entries) {
    const wrong = (problem: string, hint?: string) =>
      failure('structure', source, START, problem, { field: name, ...(hint && { hint }) });
    if (name === '__proto__') throw wrong('a column cannot have this name');
    if (!Array.isArray(values)) throw wrong('this is not an array', HINT);
    if (values.length !== rows) throw wrong(`the column has ${values.length} values, the first ${rows}`);
    collector.setColumn(name, values);
  }
  collector.rows = rows;
}

/** Adds the names of columns, labels of rows and values that pandas writes with `orient='split'`. */
function addSplit(
  value: Values,
  columns: readonly unknown[],
  data: readonly unknown[][],
  collector: RowCollector,
  source: string,
): void {
  const names = columns.map((name) => (Array.isArray(name) ? name.join('_') : String(name)));
  const wrong = (problem: string, field?: string) =>
    failure('structure', source, START, problem, field === undefined ? {} : { field });
  const labels = Array.isArray(value.index) ? value.index : undefined;
  if (labels && labels.length !== data.length) throw wrong(`there are ${labels.length} labels of ${data.length} rows`);
  const at = data.findIndex((row) => row.length !== names.length);
  if (at >= 0) throw wrong(`row ${at} has ${data[at]!.length} values for ${names.length} columns`);
  const seen = new Set<string>();
  for (const [c, name] of names.entries()) {
    if (name === '__proto__') throw wrong('a column cannot have this name', name);
    if (seen.has(name)) throw wrong('two columns have the same name', name);
    seen.add(name);
    collector.setColumn(
      name,
      data.map((row) => row[c]),
    );
  }
  collector.rows = data.length;
  collector.notes.push("the names of the columns are under 'columns', the rows under 'data'");
  if (labels) addLabels(labels.map(String), collector);
}

/** Labels of rows as a column, unless they are numbers of rows. */
function addLabels(labels: readonly string[], collector: RowCollector): void {
  if (labels.every((label) => /^\d{1,15}$/.test(label))) {
    if (labels.every((label, row) => Number(label) === row)) return;
    collector.notes.push('the labels of the rows are whole numbers, and are left out');
    return;
  }
  const taken = collector.columns;
  const name = ['index', 'label', 'row label'].find((free) => !taken.has(free));
  if (name === undefined) {
    collector.notes.push('the labels of the rows are left out');
    return;
  }
  collector.notes.push(`the labels of the rows are the column '${name}'`);
  collector.setColumn(name, [...labels]);
}

const typeOf = (value: unknown) => (value === null || Number.isNaN(value) ? undefined : typeof value);

/** Returns whether the values of each list are of one type. */
function isUniform(lists: Iterable<Iterable<unknown>>): boolean {
  for (const list of lists) {
    let type: string | undefined;
    for (const value of list) {
      const here = typeOf(value);
      if (here === undefined) continue;
      if (type !== undefined && type !== here) return false;
      type = here;
    }
  }
  return true;
}

/**
 * Objects of objects: pandas' default, `orient='columns'`, has the columns outside and labels of rows inside;
 * `orient='index'` the other way round.
 */
function addLabelled(entries: readonly [string, Values][], collector: RowCollector, source: string): void {
  const present = entries.reduce((sum, [, inner]) => sum + Object.keys(inner).length, 0);
  const inside = new Map<string, unknown[]>();
  for (const [, inner] of entries) {
    for (const [key, cell] of Object.entries(inner)) {
      const cells = inside.get(key);
      if (cells) cells.push(cell);
      else inside.set(key, [cell]);
    }
  }
  const whole = (labels: Iterable<string>) => [...labels].every((label) => /^\d{1,15}$/.test(label));
  const [outer, inner] = [entries.map(([key]) => key), [...inside.keys()]];
  const asColumns = isUniform(entries.map(([, values]) => Object.values(values)));
  const asIndex = isUniform(inside.values());
  const byLabels = whole(outer) && !whole(inner);
  const index = asColumns === asIndex ? byLabels : asIndex;
  const [rows, columns] = index ? [outer, inner] : [inner, outer];
  collector.notes.push(
    index
      ? 'each key holds a row, by names of columns'
      : 'each key holds a column, by labels of rows, as pandas writes by default',
  );
  if (isSparse(rows.length, columns.length, present)) {
    const problem = `${rows.length} rows have ${columns.length} different fields, and few of them each`;
    throw failure('limit', source, START, problem);
  }
  if (index) {
    addAll(
      entries.map(([, values]) => values),
      collector,
    );
  } else {
    for (const [name, values] of entries) {
      if (name === '__proto__') {
        throw failure('structure', source, START, 'a column cannot have this name', { field: name });
      }
      collector.setColumn(
        name,
        rows.map((label) => (Object.hasOwn(values, label) ? values[label] : null)),
      );
    }
    collector.rows = rows.length;
  }
  addLabels(rows, collector);
}
