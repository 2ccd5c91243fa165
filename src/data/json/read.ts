import { checkNumber, checkOptions } from '../../errors.js';
import { planReading, READ_OPTIONS, type ReadPlan } from '../csv/dialect.js';
import { checkText, decode } from '../csv/lines.js';
import { inUtf8 } from '../encoding.js';
import { DataError, type DataErrorCode } from '../errors.js';
import { type Complain, RowCollector, type RowOptions, tableOf } from '../rows.js';
import { type Bytes, open, readAll, type Source } from '../source.js';
import type { ColumnKind, Table } from '../table.js';
import { firstFlaw } from './syntax.js';

export interface JsonOptions extends RowOptions {
  /** Bytes of a JSON file, or characters of a line of JSON Lines, that are read at most; default 2^29 and 2^24. */
  readonly maxBytes?: number;
}

const OPTIONS = [...READ_OPTIONS, 'names', 'maxBytes'];

/** JSON that nests deeper is no row. */
const DEPTH = 32;

interface Spot {
  readonly line: number;
  readonly column: number;
}

/** Where each row stands. */
class Spots {
  readonly #spots: number[] = [];
  add({ line, column }: Spot): void {
    this.#spots.push(line, column);
  }
  clear(): void {
    this.#spots.length = 0;
  }
  get lines(): readonly number[] {
    return this.#spots.filter((_, i) => i % 2 === 0);
  }
  complain(source: string): Complain {
    return ({ row, field, problem, hint }) => {
      const [line = 1, column = 1] = this.#spots.slice(2 * row, 2 * row + 2);
      return failure('structure', source, { line, column }, problem, {
        ...(field !== undefined && { field }),
        ...(hint && { hint }),
      });
    };
  }
}

function failure(
  code: DataErrorCode,
  source: string,
  spot: Spot,
  problem: string,
  more: { field?: string; hint?: string } = {},
): DataError {
  return new DataError({ code, source, line: spot.line, column: spot.column, problem, ...more });
}

/** Where index `at` of a text lies that begins at `spot`. */
function spotOf(text: string, at: number, { line, column }: Spot): Spot {
  let start = -1;
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i;
  }
  return { line, column: start < 0 ? column + at : at - start };
}

function parse(text: string, source: string, spot: Spot): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const at = firstFlaw(text);
    const ends = at >= text.length;
    const problem = ends ? 'the JSON ends too early' : `the JSON is wrong at '${text[at]}'`;
    throw failure(ends ? 'truncated' : 'syntax', source, spotOf(text, at, spot), problem);
  }
}

/** The elements of the array that a text is, each parsed, and where it begins. */
function* elements(text: string, source: string): Generator<{ value: unknown; spot: Spot }> {
  let depth = 0;
  let start = -1;
  let line = 1;
  let lineStart = 0;
  let spot: Spot = { line: 1, column: 1 };
  let separated = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\n') {
      line++;
      lineStart = i + 1;
      continue;
    }
    if (c === ' ' || c === '\t' || c === '\r') continue;
    const here = { line, column: i - lineStart + 1 };
    if (depth === 0) {
      if (c !== '[' || start !== -1) throw failure('syntax', source, here, `'${c}' stands behind the end of the array`);
      start = -2;
      depth = 1;
      continue;
    }
    const closes = c === ']' || c === '}';
    if (depth === 1 && (c === ',' || closes)) {
      if (c === '}' || (start < 0 && (c === ',' || !separated)))
        throw failure('syntax', source, here, `the JSON is wrong at '${c}'`);
      if (start >= 0) yield { value: parse(text.slice(start, i), source, spot), spot };
      start = -2;
      separated = closes;
      if (closes) depth = 0;
      continue;
    }
    if (start < 0) {
      start = i;
      spot = here;
    }
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (c === '[' || c === '{') {
      if (++depth > DEPTH) throw failure('structure', source, here, `the JSON nests deeper than ${DEPTH} levels`);
    } else if (closes) depth--;
  }
  if (depth > 0) {
    if (start >= 0) parse(text.slice(start), source, spot);
    throw failure('truncated', source, spotOf(text, text.length, { line: 1, column: 1 }), 'the array is not closed');
  }
}

async function textOf(source: Bytes, maxBytes: number): Promise<string> {
  const bytes = await readAll(source, maxBytes);
  checkText(bytes, source.name, 1);
  return decode(bytes, source.name, 1);
}

/** An object of columns: arrays of equal length. */
function addColumns(value: object, collector: RowCollector, source: string): void {
  const start = { line: 1, column: 1 };
  const columns = Object.entries(value);
  const rows = Array.isArray(columns[0]?.[1]) ? columns[0][1].length : 0;
  for (const [name, values] of columns) {
    if (name === '__proto__')
      throw failure('structure', source, start, 'a column cannot have this name', { field: name });
    if (!Array.isArray(values)) {
      const hint = 'Rows stand in an array, one object each; or one object holds an array for each column.';
      throw failure('structure', source, start, 'this is not an array', { field: name, hint });
    }
    if (values.length !== rows) {
      throw failure('structure', source, start, `the column has ${values.length} values, the first ${rows}`, {
        field: name,
      });
    }
    collector.columns.set(name, values);
  }
  collector.rows = rows;
}

/**
 * Reads JSON: an array of rows, which are objects or arrays, or an object of columns.
 * @throws DataError with line and column.
 */
export async function readJson(source: Source, options: JsonOptions = {}): Promise<Table> {
  checkOptions(options, OPTIONS, 'options');
  const plan = planReading(options);
  const maxBytes = checkNumber(options.maxBytes ?? 2 ** 29, 'maxBytes', { min: 1 });
  const bytes = inUtf8(open(source), plan.encoding);
  const { name } = bytes;
  const text = await textOf(bytes, maxBytes);
  const spots = new Spots();
  const complain = spots.complain(name);
  const collector = new RowCollector(name, options.names, complain);
  const first = text.trimStart()[0];
  if (first === '{') addColumns(parse(text, name, { line: 1, column: 1 }) as object, collector, name);
  else if (first === '[') {
    for (const { value, spot } of elements(text, name)) {
      spots.add(spot);
      collector.add(value);
    }
  } else if (first !== undefined) {
    const spot = spotOf(text, text.indexOf(first), { line: 1, column: 1 });
    const hint = "For CSV say format: 'csv' to readTable, or call readCsv.";
    throw failure('structure', name, spot, 'an array of rows or an object of columns is expected', { hint });
  }
  if (collector.rows === 0) throw failure('empty', name, { line: 1, column: 1 }, 'there are no rows');
  return tableOf(collector, name, plan, complain, plan.columns, first === '[' ? spots.lines : undefined);
}

/** The lines of a source that are not blank, with their numbers. */
async function* lines(bytes: Bytes, maxLength: number): AsyncGenerator<{ text: string; line: number }[]> {
  let rest = new Uint8Array(0);
  let line = 1;
  const cut = (unit: Uint8Array) => {
    checkText(unit, bytes.name, line);
    const texts = decode(unit, bytes.name, line).split('\n');
    const found = texts.map((text, i) => ({ text, line: line + i })).filter(({ text }) => text.trim() !== '');
    line += texts.length - 1;
    return found;
  };
  for await (const block of bytes.blocks()) {
    const unit = new Uint8Array(rest.length + block.length);
    unit.set(rest);
    unit.set(block, rest.length);
    const end = unit.lastIndexOf(10) + 1;
    if (end > 0) yield cut(unit.subarray(0, end));
    rest = unit.slice(end);
    if (rest.length > maxLength) {
      throw failure(
        'limit',
        bytes.name,
        { line, column: 1 },
        `the line is longer than ${maxLength}, the limit maxBytes`,
      );
    }
  }
  if (rest.length > 0) yield cut(rest);
}

async function* batches(source: Source, options: JsonOptions, whole: boolean): AsyncGenerator<Table> {
  checkOptions(options, OPTIONS, 'options');
  const plan: ReadPlan = planReading(options);
  const maxLength = checkNumber(options.maxBytes ?? 2 ** 24, 'maxBytes', { min: 1 });
  const bytes = inUtf8(open(source), plan.encoding);
  const { name } = bytes;
  const spots = new Spots();
  const complain = spots.complain(name);
  const collect = () => new RowCollector(name, options.names, complain, whole);
  let collector = collect();
  let kinds: Readonly<Record<string, ColumnKind | 'skip'>> = plan.columns;
  let names: string[] | undefined;
  const table = () => {
    const made = tableOf(collector, name, plan, complain, kinds, spots.lines);
    kinds = { ...kinds, ...Object.fromEntries(made.columns.map((column) => [column.name, column.kind])) };
    names ??= [...collector.columns.keys()];
    return made;
  };
  for await (const found of lines(bytes, maxLength)) {
    for (const { text, line } of found) {
      const spot = { line, column: 1 };
      spots.add(spot);
      const trimmed = text.trimStart();
      if (depthOf(trimmed) > DEPTH)
        throw failure('structure', name, spot, `the JSON nests deeper than ${DEPTH} levels`);
      collector.add(parse(text, name, spot));
    }
    if (whole || collector.rows === 0) continue;
    yield table();
    spots.clear();
    collector = collect();
    for (const column of names!) collector.columns.set(column, []);
  }
  if (whole || !names) {
    if (collector.rows === 0) throw failure('empty', name, { line: 1, column: 1 }, 'there are no rows');
    yield table();
  }
}

/** How many brackets open in a row at the start: only hostile rows have more than a few. */
function depthOf(text: string): number {
  let depth = 0;
  while (text[depth] === '[' || text[depth] === '{') depth++;
  return depth;
}

/**
 * Reads JSON Lines: a row, object or array, on each line; blank lines are skipped.
 * @throws DataError with line and column.
 */
export async function readJsonLines(source: Source, options: JsonOptions = {}): Promise<Table> {
  for await (const table of batches(source, options, true)) return table;
  throw failure('empty', open(source).name, { line: 1, column: 1 }, 'the file is empty');
}

/** The same a block at a time, in constant memory; kinds and columns are those of the first block. */
export function streamJsonLines(source: Source, options: JsonOptions = {}): AsyncGenerator<Table> {
  return batches(source, options, false);
}
