import { lookUp } from '../../errors.js';
import { KeepingBuilder, makeBuilder, readingOf } from '../builders.js';
import { COUNTS_ROWS } from '../counter.js';
import { asUtf8 } from '../encoding.js';
import { DataError, shorten } from '../errors.js';
import { type ColumnReport, makeReport } from '../report.js';
import { Settling } from '../settle.js';
import { type Bytes, open, type Source } from '../source.js';
import { type CategoryColumn, type Column, type ColumnKind, Table } from '../table.js';
import { type CsvOptions, type CsvPlan, type Dialect, givenKind, inferDialect, planCsv } from './dialect.js';
import { checkText, decode, type Field, LineReader, type Stray, strayError } from './lines.js';

/** Bytes in UTF-8 with lines that end in \n or \r\n. */
async function* linesOf(bytes: Bytes, encoding: string | undefined): AsyncGenerator<Uint8Array> {
  let macintosh: boolean | undefined;
  for await (const block of asUtf8(bytes, encoding)) {
    macintosh ??= block.includes(13) && !block.includes(10);
    yield macintosh ? block.map((byte) => (byte === 13 ? 10 : byte)) : block;
  }
}

/** One run over a file. */
interface Pass {
  readonly dialect: Dialect;
  readonly fields: readonly Field[];
  readonly reader: LineReader;
  readonly kinds: ReadonlyMap<string, ColumnKind | 'skip'>;
}

function begin(
  head: Uint8Array,
  whole: boolean,
  name: string,
  plan: CsvPlan,
  revised: ReadonlyMap<string, Stray>,
  once: boolean,
): Pass {
  checkText(head, name, 1);
  const lines = head.subarray(0, head.lastIndexOf(10) + 1);
  const text = decode(whole || lines.length === 0 ? head : lines, name, 1).replaceAll('\r\n', '\n');
  const dialect = inferDialect(text, name, plan);
  const known = new Set(dialect.names);
  for (const column of Object.keys(plan.columns)) {
    if (!known.has(column)) lookUp(Object.fromEntries(dialect.names.map((n) => [n, n])), column, 'columns');
  }
  const kinds = new Map<string, ColumnKind | 'skip'>();
  const fields = dialect.names.map((column, c): Field => {
    const evidence = dialect.evidence[c]!;
    const { kind: found, plain } = evidence;
    const given = givenKind(plan, column);
    // What is written in another way than most are is looked at when all of it is there.
    const kind = given ?? (once || (plain && !revised.has(column)) ? found : 'category');
    kinds.set(column, kind);
    const reading = readingOf(plan, column, given !== undefined || (once && !plain), evidence);
    const builder = kind === 'skip' ? undefined : makeBuilder(kind, reading);
    const kept = plan.keep.has(column) ? new KeepingBuilder(builder) : builder;
    return { name: column, builder: kept, strict: given !== undefined, stray: undefined };
  });
  return { dialect, fields, kinds, reader: new LineReader(name, dialect.separator, fields, plan, dialect.header) };
}

/** Feeds a file to a pass; yields after each block. `once`: what its first rows say is final. */
async function* run(
  bytes: Bytes,
  plan: CsvPlan,
  revised: ReadonlyMap<string, Stray>,
  once = false,
): AsyncGenerator<Pass> {
  let pass: Pass | undefined;
  let held: Uint8Array | undefined;
  for await (const block of linesOf(bytes, plan.encoding)) {
    if (held && (pass || held.includes(10) || held.length > plan.maxLineLength)) {
      pass ??= begin(held, false, bytes.name, plan, revised, once);
      pass.reader.push(held);
      yield pass;
      held = undefined;
    }
    held = held ? join(held, block) : block;
  }
  if (!held || (!pass && held.length === 0)) {
    throw new DataError({ code: 'empty', source: bytes.name, line: 1, column: 1, problem: 'the file is empty' });
  }
  pass ??= begin(held, true, bytes.name, plan, revised, once);
  pass.reader.push(held, true);
  yield pass;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
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
  const plan = planCsv(options);
  const bytes = open(source);
  let revised: ReadonlyMap<string, Stray> = new Map();
  for (;;) {
    let pass: Pass | undefined;
    for await (pass of run(bytes, plan, revised));
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

function finish(pass: Pass, source: string, plan: CsvPlan, revised: ReadonlyMap<string, Stray>): Table {
  const { dialect, fields, kinds, reader } = pass;
  const { separator, header } = dialect;
  const lines = reader.takeLines();
  // Builders are empty after this.
  const described = fields.map(({ builder }) => builder?.describe());
  const made = columnsOf(pass);
  const byName = new Map(made.map((column) => [column.name, column]));
  const settling = new Settling(plan, made, (row) => lines[row], separator);
  const remarks: string[] = [];
  const columns = fields.map(({ name, strict, builder }, c): ColumnReport => {
    const column = byName.get(name);
    if (!column || !builder) return { name, kind: kinds.get(name)!, why: 'as given', missing: 0, ...described[c] };
    const evidence = dialect.evidence[c]!;
    const settled = settling.settle(column, builder.findings, strict ? undefined : evidence);
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
  const notes = [...dialect.notes, ...remarks];
  const report = makeReport({ source, rows: reader.rows, separator, header, notes, columns });
  return new Table([...byName.values()], report, lines, settling.reading, writtenOf(pass));
}

/**
 * Reads a CSV file a block at a time, in constant memory: tables of some thousand rows. Kinds are those of `columns` and,
 * for the others, of the first rows; each table has categories of its own.
 * @throws DataError, also where a value is of another kind than the first rows of its column.
 */
export async function* streamCsv(source: Source, options: CsvOptions = {}): AsyncGenerator<Table, void, undefined> {
  const plan = planCsv(options);
  const bytes = open(source);
  let pass: Pass | undefined;
  let seen = 0;
  for await (pass of run(bytes, plan, new Map(), true)) {
    const stray = pass.fields.find((field) => field.stray);
    if (stray) throw strayError(bytes.name, stray, stray.stray!);
    if (pass.reader.rows === seen) continue;
    seen = pass.reader.rows;
    yield new Table(columnsOf(pass), undefined, pass.reader.takeLines(), undefined, writtenOf(pass));
  }
  if (pass) checkRows(pass, bytes.name);
}
