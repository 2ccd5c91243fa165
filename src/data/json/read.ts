import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import { textDecoder, textEncoder } from '../../realms.js';
import { planReading, READ_OPTIONS, type ReadPlan } from '../cells/reading.js';
import type { Complain } from '../cells/values.js';
import { checkText, decode } from '../csv/byte-codes.js';
import { type Bytes, open, readAll, type Source } from '../opened.js';
import { Blocks, RowCollector, type RowOptions, tableOf } from '../rows.js';
import { type TableStream, tableStream } from '../streams/table-stream.js';
import type { Table } from '../table.js';
import { inUtf8 } from '../text-encoding.js';
import { addObject, isTable } from './shapes.js';
import { JsonFlaw, parseJson } from './syntax.js';
import { DEPTH, elements, failure, parse, type Spot, Spots, START, spotOf } from './text.js';

/** Options of `readJson`, `readJsonLines` and `streamJsonLines`. */
export interface JsonOptions extends RowOptions {
  /** Bytes of a JSON file, or characters of a line of JSON Lines, that are read at most; default 2^29 and 2^24. */
  readonly maxBytes?: number;
  /** Columns of the table; default 100,000. */
  readonly maxColumns?: number;
  /**
   * The key of an object under which the rows are, or a path of keys such as `result.items`; default: the one that holds an
   * array of objects.
   */
  readonly key?: string;
}

const OPTIONS = [...READ_OPTIONS, 'names', 'maxBytes', 'maxColumns', 'key'];

interface JsonPlan extends ReadPlan {
  readonly names: readonly string[] | undefined;
  readonly maxColumns: number;
  readonly key: string | undefined;
}

function planJson(options: JsonOptions): JsonPlan {
  checkOptions(options, OPTIONS, 'options');
  const { names, key } = options;
  if (key !== undefined && typeof key !== 'string') {
    throw new ValueError({ argument: 'key', given: show(key), expected: 'a text' });
  }
  const maxColumns = checkNumber(options.maxColumns ?? 100_000, 'maxColumns', { min: 1, integer: true });
  return { ...planReading(options), names, maxColumns, key };
}

async function textOf(source: Bytes, maxBytes: number): Promise<string> {
  const bytes = await readAll(source, maxBytes);
  checkText(bytes, source.name, 1);
  return decode(bytes, source.name, 1);
}

/** Adds rows, of which the first may name the columns of the others. */
class Adder {
  #held: readonly string[] | undefined;
  constructor(
    readonly collector: RowCollector,
    private readonly spots: Spots,
  ) {}

  add(row: unknown, spot: Spot, mayName: boolean): void {
    if (this.#held) {
      const names = this.#held;
      this.#held = undefined;
      if (Array.isArray(row) && row.length === names.length && row.some((cell) => typeof cell === 'number')) {
        this.collector.notes.push('the first array holds names, since the second holds numbers');
        this.collector.names = names;
        this.spots.clear();
      } else this.collector.add(names);
    } else if (mayName && this.collector.rows === 0 && this.collector.names === undefined && areNames(row)) {
      this.spots.add(spot);
      this.#held = row;
      return;
    }
    this.spots.add(spot);
    this.collector.add(row);
  }

  /** Adds what is held when no row comes after it. */
  end(): void {
    if (this.#held) this.collector.add(this.#held);
    this.#held = undefined;
  }
}

function areNames(row: unknown): row is readonly string[] {
  if (!Array.isArray(row) || row.length === 0) return false;
  return row.every((cell) => typeof cell === 'string' && cell.trim() !== '') && new Set(row).size === row.length;
}

/** Returns the table that one JSON text holds. */
function tableOfText(text: string, name: string, plan: JsonPlan, notes: readonly string[] = []): Table {
  const spots = new Spots();
  const complain = spots.complain(name);
  const collector = new RowCollector(name, plan.names, complain, true, plan.maxColumns);
  collector.notes.push(...notes);
  const first = text.trimStart()[0];
  if (first === '{') {
    const value = parse(text, name, START) as Record<string, unknown>;
    addObject(value, collector, name, plan.key);
    if (collector.columns.size > plan.maxColumns) {
      const problem = `there are ${collector.columns.size} columns; the limit maxColumns is ${plan.maxColumns}`;
      throw failure('limit', name, START, problem);
    }
  } else if (first === '[') {
    const adder = new Adder(collector, spots);
    for (const { value, spot } of elements(text, name)) adder.add(value, spot, true);
    adder.end();
  } else if (first !== undefined) {
    const spot = spotOf(text, text.indexOf(first), START);
    const hint = "For CSV say format: 'csv' to readTable, or call readCsv.";
    throw failure('structure', name, spot, 'an array of rows or an object of columns is expected', { hint });
  }
  if (collector.rows === 0) throw failure('empty', name, START, 'there are no rows');
  return tableOf(collector, name, plan, complain, first === '[' ? spots.lines : undefined);
}

/** Returns whether a text begins with a line that is an object, below which another begins, as in JSON Lines. */
function isLines(text: string): boolean {
  const from = text.length - text.trimStart().length;
  if (text[from] !== '{') return false;
  const end = text.indexOf('\n', from);
  if (end < 0 || text.slice(end, end + 1000).trimStart()[0] !== '{') return false;
  try {
    parseJson(text.slice(from, end), DEPTH);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads JSON: an array of rows, which are objects or arrays, an object of columns, or an object in which the rows are under a
 * key, also as pandas writes it (`orient` 'records', 'columns', 'index', 'split', 'values' or 'table'). NaN, as Python
 * writes it, is a missing value; whole numbers beyond 2^53 are kept as texts.
 * @throws DataError with line and column.
 */
export async function readJson(source: Source, options: JsonOptions = {}): Promise<Table> {
  const plan = planJson(options);
  const maxBytes = checkNumber(options.maxBytes ?? 2 ** 29, 'maxBytes', { min: 1 });
  const bytes = inUtf8(open(source), plan.encoding);
  const text = await textOf(bytes, maxBytes);
  if (plan.key === undefined && isLines(text)) {
    const note = 'each line holds a row, as in JSON Lines';
    for await (const table of batches({ ...bytes, blocks: () => once(text) }, plan, 2 ** 24, true, [note]))
      return table;
  }
  return tableOfText(text, bytes.name, plan);
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield textEncoder().encode(text);
}

/** Pieces of bytes that are joined when they are asked for, so that what comes in many pieces is copied once. */
class Pieces {
  #held: Uint8Array[] = [];
  length = 0;

  add(piece: Uint8Array): void {
    this.#held.push(piece);
    this.length += piece.length;
  }

  take(): Uint8Array {
    const [first] = this.#held;
    const all = this.#held.length === 1 ? first! : new Uint8Array(this.length);
    let at = 0;
    if (all !== first) {
      for (const piece of this.#held) {
        all.set(piece, at);
        at += piece.length;
      }
    }
    this.#held = [];
    this.length = 0;
    return all;
  }
}

/** Returns the lines of a source that are not blank, with their numbers. */
async function* lines(bytes: Bytes, maxLength: number): AsyncGenerator<{ text: string; line: number }[]> {
  const rest = new Pieces();
  let line = 1;
  const cut = (unit: Uint8Array) => {
    checkText(unit, bytes.name, line);
    const texts = decode(unit, bytes.name, line).split('\n');
    const found = texts.map((text, i) => ({ text, line: line + i })).filter(({ text }) => text.trim() !== '');
    line += texts.length - 1;
    return found;
  };
  for await (const block of bytes.blocks()) {
    const end = block.lastIndexOf(10) + 1;
    if (end > 0) {
      rest.add(block.subarray(0, end));
      yield cut(rest.take());
    }
    if (end < block.length) rest.add(block.slice(end));
    if (rest.length > maxLength) {
      const problem = `the line is longer than ${maxLength}, the limit maxBytes`;
      throw failure('limit', bytes.name, { line, column: 1 }, problem);
    }
  }
  if (rest.length > 0) yield cut(rest.take());
}

/** Returns whether JSON that should hold a row on each line is one value over several lines, or one array of rows. */
function isWhole(block: Uint8Array): boolean {
  const text = textDecoder().decode(block).trimStart();
  if (/^\[\s*[[{]/.test(text.slice(0, 1000))) return true;
  if (text[0] !== '{' && text[0] !== '[') return false;
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  try {
    const value = parseJson(line, DEPTH);
    return text.length === line.length || text.slice(end).trim() === '' ? isTable(value) : false;
  } catch (error) {
    return end >= 0 && error instanceof JsonFlaw && error.at >= end;
  }
}

/** Reads the first block, and returns it with bytes that still begin with it. */
async function peek(bytes: Bytes): Promise<{ first: Uint8Array | undefined; all: Bytes }> {
  const blocks = bytes.blocks();
  const { done, value } = await blocks.next();
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!done) yield value as Uint8Array;
    yield* blocks;
  }
  return { first: done ? undefined : (value as Uint8Array), all: { ...bytes, again: false, blocks: all } };
}

async function* batches(
  bytes: Bytes,
  plan: JsonPlan,
  maxLength: number,
  whole: boolean,
  notes: readonly string[] = [],
): AsyncGenerator<Table> {
  const { name } = bytes;
  const spots = new Spots();
  const complain: Complain = spots.complain(name);
  let names: string[] | undefined;
  const collect = () =>
    new RowCollector(name, plan.names, complain, whole || names === undefined, plan.maxColumns, plan);
  let adder = new Adder(collect(), spots);
  adder.collector.notes.push(...notes);
  const blocks = whole ? undefined : new Blocks();
  let cells: ReadPlan = plan;
  const table = () => {
    const { collector } = adder;
    const made = tableOf(collector, name, cells, complain, spots.lines, blocks);
    // The formats of dates and thousands in the first block hold for all blocks.
    cells = { ...cells, thousands: made.reading.thousands, dateFormat: made.reading.dateFormat };
    names ??= [...collector.columns.keys()];
    return made;
  };
  for await (const found of lines(bytes, maxLength)) {
    for (const { text, line } of found) {
      const spot = { line, column: 1 };
      if (depthOf(text.trimStart()) > DEPTH)
        throw failure('structure', name, spot, `the JSON nests deeper than ${DEPTH} levels`);
      adder.add(parse(text, name, spot), spot, names === undefined);
    }
    // However small the pieces are, kinds are inferred from as many rows.
    const least = names === undefined ? plan.sampleRows : 1;
    if (whole || adder.collector.rows < least) continue;
    yield table();
    spots.clear();
    const given = adder.collector.names;
    adder = new Adder(collect(), spots);
    adder.collector.names = given;
    for (const column of names!) adder.collector.setColumn(column, []);
  }
  adder.end();
  if (whole || !names || adder.collector.rows > 0) {
    if (adder.collector.rows === 0) throw failure('empty', name, START, 'there are no rows');
    yield table();
  }
}

/** Counts the brackets that open at the start of a row: only hostile rows have more than a few. */
function depthOf(text: string): number {
  let depth = 0;
  while (text[depth] === '[' || text[depth] === '{') depth++;
  return depth;
}

async function* tablesOf(source: Source, options: JsonOptions, whole: boolean): AsyncGenerator<Table, void, undefined> {
  const plan = planJson(options);
  const maxBytes = options.maxBytes === undefined ? undefined : checkNumber(options.maxBytes, 'maxBytes', { min: 1 });
  const { first, all } = await peek(inUtf8(open(source), plan.encoding));
  if (first && (plan.key !== undefined || isWhole(first))) {
    const text = await textOf(all, maxBytes ?? 2 ** 29);
    yield tableOfText(text, all.name, plan, ['the file is one JSON text, not one on each line']);
  } else yield* batches(all, plan, maxBytes ?? 2 ** 24, whole);
}

/**
 * Reads JSON Lines: a row, object or array, on each line; blank lines are skipped. A file that is one JSON text all the same
 * is read as `readJson` does.
 * @throws DataError with line and column.
 */
export async function readJsonLines(source: Source, options: JsonOptions = {}): Promise<Table> {
  for await (const table of tablesOf(source, options, true)) return table;
  throw failure('empty', open(source).name, START, 'the file is empty');
}

/** Does the same a block at a time, in constant memory; kinds and columns are those of the first block. */
export function streamJsonLines(source: Source, options: JsonOptions = {}): TableStream {
  return tableStream({
    read: (kinds) => tablesOf(source, kinds ? { ...options, kinds: { ...kinds, ...options.kinds } } : options, false),
    about: () => open(source),
  });
}
