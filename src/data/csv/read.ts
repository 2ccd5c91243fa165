import { lookUp } from '../../errors.js';
import { KeepingBuilder, makeBuilder, readingOf } from '../cells/builders.js';
import { COUNTS_ROWS } from '../cells/counter.js';
import { givenKind } from '../cells/reading.js';
import { Settling } from '../cells/settle.js';
import type { CategoryColumn, Column, ColumnKind } from '../column.js';
import { DataError, shorten } from '../data-error.js';
import { type Bytes, open, type Source } from '../opened.js';
import { Said } from '../remarks.js';
import { type ColumnReport, makeReport } from '../report.js';
import { type TableStream, tableStream } from '../streams/table-stream.js';
import { Table } from '../table.js';
import { asUtf8 } from '../text-encoding.js';
import { checkText, decode, LF } from './byte-codes.js';
import { type Beginning, type CsvOptions, type CsvPlan, type Dialect, inferDialect, planCsv } from './dialect.js';
import { BareQuoteError, type Field, LineReader, STREAM } from './lines.js';
import { type Stray, strayError } from './stray.js';

/** Bytes in UTF-8 with lines that end in \n or \r\n. */
async function* linesOf(bytes: Bytes, encoding: string | undefined): AsyncGenerator<Uint8Array> {
  let macintosh: boolean | undefined;
  for await (const block of asUtf8(bytes, encoding)) {
    macintosh ??= block.includes(13) && !block.includes(10);
    yield macintosh ? block.map((byte) => (byte === 13 ? 10 : byte)) : block;
  }
}

/** Returns a reader without the first lines. */
async function* without(count: number, blocks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const block of blocks) {
    let at = 0;
    for (; left > 0 && at >= 0; left--) {
      at = block.indexOf(LF, at) + 1;
      if (at === 0) break;
    }
    if (left === 0) yield at === 0 ? block : block.subarray(at);
  }
}

/** Refuses more than `maxBytes`. */
async function* limited(blocks: AsyncGenerator<Uint8Array>, maxBytes: number, source: string) {
  let length = 0;
  for await (const block of blocks) {
    length += block.length;
    if (length > maxBytes) {
      const problem = `there are more than ${maxBytes} bytes, the limit maxBytes`;
      throw new DataError({ code: 'limit', source, offset: maxBytes, problem, hint: STREAM });
    }
    yield block;
  }
}

/** One run over a file. */
interface Pass {
  readonly dialect: Dialect;
  readonly fields: readonly Field[];
  readonly reader: LineReader;
  readonly kinds: ReadonlyMap<string, ColumnKind | 'skip'>;
}

/** undefined where the beginning of the file is too short to see how it is written. */
function begin(
  head: Uint8Array,
  { whole, enough }: Pick<Beginning, 'whole' | 'enough'>,
  name: string,
  plan: CsvPlan,
  revised: ReadonlyMap<string, Stray>,
  once: boolean,
): Pass | undefined {
  const line = 1 + (plan.skipLines ?? 0);
  checkText(head, name, line);
  const lines = head.subarray(0, head.lastIndexOf(LF) + 1);
  const first = whole || lines.length === 0 ? head : lines;
  decode(first, name, line);
  const dialect = inferDialect({ bytes: first, whole, enough, line }, name, plan);
  if (!dialect) return undefined;
  const known = new Set(dialect.names);
  for (const column of Object.keys(plan.columns)) {
    if (!known.has(column)) lookUp(Object.fromEntries(dialect.names.map((n) => [n, n])), column, 'columns');
  }
  const bare = plan.quote === undefined && dialect.separator === '\t';
  const kinds = new Map<string, ColumnKind | 'skip'>();
  const fields = dialect.names.map((column, c): Field => {
    const evidence = dialect.evidence[c]!;
    const { kind: found, plain } = evidence;
    const given = givenKind(plan, column);
    // Columns with unusual spellings are interpreted once all of their cells are there.
    const kind = given ?? (once || (plain && !revised.has(column)) ? found : 'category');
    kinds.set(column, kind);
    const inferred = given === undefined && once && !plain;
    const reading = readingOf(plan, column, given !== undefined || inferred, evidence, inferred);
    const builder = kind === 'skip' ? undefined : makeBuilder(kind, reading);
    const kept = plan.keep.has(column) ? new KeepingBuilder(builder) : builder;
    return { name: column, builder: kept, strict: given !== undefined, stray: undefined };
  });
  return { dialect, fields, kinds, reader: new LineReader(name, fields, plan, { ...dialect, bare }, line) };
}

/** The size of a sample that shows how a file is written: this many lines, or this many bytes with more than one line. */
const HEAD_LINES = 30;
const HEAD_BYTES = 2 ** 22;

/** Feeds a file to a pass; yields after each block. `once`: what its first rows say is final. */
async function* run(
  bytes: Bytes,
  plan: CsvPlan,
  revised: ReadonlyMap<string, Stray>,
  once = false,
): AsyncGenerator<Pass> {
  let pass: Pass | undefined;
  let held: Uint8Array[] = [];
  let [length, lines] = [0, 0];
  const all = limited(linesOf(bytes, plan.encoding), plan.maxBytes, bytes.name);
  let least = 0;
  const isLong = () => length > 2 * plan.maxLineLength;
  const isHead = () => isLong() || (length >= least && (lines >= HEAD_LINES || (length >= HEAD_BYTES && lines > 1)));
  for await (const block of plan.skipLines ? without(plan.skipLines, all) : all) {
    if (held.length > 0 && (pass || isHead())) {
      const head = joined(held, length);
      pass ??= begin(head, { whole: false, enough: isLong() }, bytes.name, plan, revised, once);
      held = pass ? [] : [head];
      if (pass) {
        pass.reader.push(head);
        yield pass;
        length = 0;
      } else least = 2 * length;
    }
    held.push(block);
    length += block.length;
    for (let at = block.indexOf(LF); at >= 0 && lines < HEAD_LINES; at = block.indexOf(LF, at + 1)) lines++;
  }
  if (!pass && length === 0) {
    throw new DataError({ code: 'empty', source: bytes.name, line: 1, column: 1, problem: 'the file is empty' });
  }
  const rest = joined(held, length);
  pass ??= begin(rest, { whole: true, enough: true }, bytes.name, plan, revised, once)!;
  pass.reader.push(rest, true);
  yield pass;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function columnsOf({ fields, kinds }: Pass): Column[] {
  return fields.flatMap(({ name, builder }) => {
    return builder && kinds.get(name) !== 'skip' ? [builder.finish(name)] : [];
  });
}

/** Cells of columns that are kept as they are written. */
function writtenOf({ fields }: Pass): ReadonlyMap<string, CategoryColumn> {
  const kept = fields.flatMap(({ name, builder }) => {
    return builder instanceof KeepingBuilder ? [[name, builder.finishWritten(name)] as const] : [];
  });
  return new Map(kept);
}

function checkRows({ reader }: Pass, source: string): void {
  if (reader.rows > 0) return;
  throw new DataError({ code: 'empty', source, line: 1, column: 1, problem: 'there are no rows' });
}

/**
 * Reads a CSV file, or anything like it, into a table. Separator, header and kinds of columns are inferred unless given;
 * `table.report` says what was inferred and why. Spaces around fields are dropped, blank lines skipped.
 * @throws DataError with line and column for what is no CSV; ValueError and UnknownNameError for wrong options.
 */
export async function readCsv(source: Source, options: CsvOptions = {}): Promise<Table> {
  let plan = planCsv(options);
  const bytes = open(source);
  let revised: ReadonlyMap<string, Stray> = new Map();
  let flawed: DataError | undefined;
  for (;;) {
    let pass: Pass | undefined;
    try {
      for await (pass of run(bytes, plan, revised));
    } catch (error) {
      // The quotes of the whole file count more than those of its beginning.
      if (flawed || !(error instanceof BareQuoteError) || !bytes.again) throw flawed ?? error;
      plan = { ...plan, quote: false, notes: [bareNote(error)] };
      flawed = error;
      continue;
    }
    if (!pass) continue;
    checkRows(pass, bytes.name);
    const stray = pass.fields.filter((field) => field.stray);
    if (stray.length > 0) {
      if (!bytes.again) throw strayError(bytes.name, stray[0]!, stray[0]!.stray!);
      revised = new Map(stray.map(({ name, stray }) => [name, stray!]));
      continue;
    }
    return finish(pass, bytes.name, plan, revised);
  }
}

/** A block of a stream. */
interface Block {
  readonly said: Said;
  /** Says whether no other came before it. */
  readonly first: boolean;
}

const bareNote = ({ line }: DataError) =>
  `quotes are characters like others, since line ${line} has equally many fields as the others only then`;

/** The table of what was read since the last: of all rows, or of a block of a stream. */
function finish(pass: Pass, source: string, plan: CsvPlan, revised: ReadonlyMap<string, Stray>, block?: Block): Table {
  const { dialect, fields, kinds, reader } = pass;
  const { separator, header } = dialect;
  const lines = reader.takeLines();
  // Builders are empty from here on.
  const described = fields.map(({ builder }) => builder?.describe());
  const found = fields.map(({ builder }) => builder?.findings);
  const made = columnsOf(pass);
  const byName = new Map(made.map((column) => [column.name, column]));
  const settling = new Settling(plan, made, (row) => lines[row], separator, block?.said);
  const remarks: string[] = [];
  const columns = fields.map(({ name, strict, builder }, c): ColumnReport => {
    const column = byName.get(name);
    if (!column || !builder) return { name, kind: kinds.get(name)!, why: 'as given', missing: 0, ...described[c] };
    const evidence = dialect.evidence[c]!;
    const inferred = strict ? undefined : evidence;
    const settled = block
      ? settling.settleBlock(column, found[c]!, inferred, block.first)
      : settling.settle(column, found[c]!, inferred);
    byName.set(name, settled.column);
    remarks.push(...settled.remarks);
    const { kind } = settled.column;
    const { doubts } = settled;
    if (strict) return { name, kind, why: 'as given', missing: 0, ...described[c] };
    const later = revised.get(name);
    const changed = later && kind !== evidence.kind;
    const but = changed ? `, but '${shorten(later.text)}' in line ${later.line} is not one` : '';
    const why = `${settled.why}${but}${'counter' in settled.column ? `, ${COUNTS_ROWS}` : ''}`;
    return { name, kind, why, missing: 0, ...described[c], ...settled.described, ...doubts };
  });
  const notes = block?.first === false ? remarks : [...dialect.notes, ...plan.notes, ...remarks];
  const report = makeReport({ source, rows: lines.length, separator, header, notes, remarks, columns });
  return new Table([...byName.values()], report, lines, settling.reading, writtenOf(pass));
}

/**
 * Reads a CSV file a block at a time, in constant memory: tables of some thousand rows. Kinds are those of `columns` and,
 * for the others, of the first rows; each table has categories of its own. The report of a table says what was not said of
 * those before it. `batches` makes batches of it.
 * @throws DataError, also where a value is of another kind than the first rows of its column.
 */
export function streamCsv(source: Source, options: CsvOptions = {}): TableStream {
  return tableStream({
    read: (kinds) => blocksOf(source, kinds ? { ...options, kinds: { ...kinds, ...options.kinds } } : options),
    about: () => open(source),
  });
}

async function* blocksOf(source: Source, options: CsvOptions): AsyncGenerator<Table, void, undefined> {
  // Streams have no limit, since memory does not grow with what is read.
  const plan = { ...planCsv(options), maxBytes: Infinity, maxRows: Infinity };
  const bytes = open(source);
  let pass: Pass | undefined;
  let seen = 0;
  const said = new Said();
  for await (pass of run(bytes, plan, new Map(), true)) {
    const stray = pass.fields.find((field) => field.stray);
    if (stray) throw strayError(bytes.name, stray, stray.stray!);
    if (pass.reader.rows === seen) continue;
    const block = { said, first: seen === 0 };
    seen = pass.reader.rows;
    yield finish(pass, bytes.name, plan, new Map(), block);
  }
  if (pass) checkRows(pass, bytes.name);
}
