import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import { textEncoder } from '../../realms.js';
import { settingsOf } from '../cells/cell-options.js';
import { type Evidence, inferKind } from '../cells/infer.js';
import { planReading, READ_OPTIONS, type ReadOptions, type ReadPlan } from '../cells/reading.js';
import { DataError, shorten } from '../data-error.js';
import { checkFormat, quoteNotes, uncutNotes } from './foreign.js';
import { Head } from './head.js';
import { guessHeader } from './header.js';
import { doubledIn, findLayout } from './separator.js';

/** Bounds on what a CSV file may hold; a file beyond one is refused with a DataError. */
export interface Limits {
  /** Characters of a line; default 2^24. */
  readonly maxLineLength?: number;
  /** Bytes of a field; default 2^20. */
  readonly maxFieldLength?: number;
  /** Columns of the file; default 100,000. */
  readonly maxColumns?: number;
  /** Bytes that `readCsv` reads into memory at most, after gzip; default 2^30. `streamCsv` has no such limit. */
  readonly maxBytes?: number;
  /** Rows that `readCsv` reads into memory at most; default 2^26. */
  readonly maxRows?: number;
}

/** Options of `readCsv`. */
export interface CsvOptions extends ReadOptions, Limits {
  /** One character; default: the one of , ; tab | : and space that cuts the first lines into equally many fields. */
  readonly separator?: string;
  /** Says whether the first line holds names; default: it does if it looks otherwise than the lines below. */
  readonly header?: boolean;
  /** Names of the columns. Default: those of the header, or `column1`, `column2`, ... */
  readonly names?: readonly string[];
  /** Lines to leave out at the beginning; default: titles above the table, which have fewer fields, and `sep=;`. */
  readonly skipLines?: number;
  /** Says what to do with repeated names: 'error' (default) refuses them, 'rename' numbers them (`size`, `size.1`). */
  readonly duplicates?: 'error' | 'rename';
}

/** Settled options. */
export interface CsvPlan extends ReadPlan {
  readonly separator: string | undefined;
  readonly header: boolean | undefined;
  readonly names: readonly string[] | undefined;
  readonly quote: boolean | undefined;
  readonly comment: Uint8Array | undefined;
  readonly skipLines: number | undefined;
  readonly rename: boolean;
  readonly maxLineLength: number;
  readonly maxFieldLength: number;
  readonly maxColumns: number;
  readonly maxBytes: number;
  readonly maxRows: number;
  /** Remarks from an earlier run over the file. */
  readonly notes: readonly string[];
}

/** Options of CSV alone, of which JSON knows nothing. */
export const CSV_OPTIONS = [
  'separator',
  'header',
  'skipLines',
  'duplicates',
  'maxLineLength',
  'maxFieldLength',
  'maxRows',
] as const;

const yesOrNo = (value: unknown, argument: string) => {
  if (value === undefined || typeof value === 'boolean') return;
  throw new ValueError({ argument, given: show(value), expected: 'true or false' });
};

/** @throws ValueError for options of another kind, or that contradict each other. */
export function planCsv(options: CsvOptions): CsvPlan {
  checkOptions(options, [...READ_OPTIONS, ...CSV_OPTIONS, 'names', 'maxColumns', 'maxBytes'], 'options');
  const { separator, header, names, quote, comment, skipLines, duplicates = 'error' } = options;
  const { maxLineLength = 2 ** 24, maxFieldLength = 2 ** 20, maxColumns = 100_000 } = options;
  const { maxBytes = 2 ** 30, maxRows = 2 ** 26 } = options;
  if (
    separator !== undefined &&
    !(typeof separator === 'string' && /^[\t\x20-\x7e]$/.test(separator) && separator !== '"')
  ) {
    throw new ValueError({
      argument: 'separator',
      given: show(separator),
      expected: 'one character of ASCII, not a quote',
    });
  }
  yesOrNo(header, 'header');
  yesOrNo(quote, 'quote');
  if (names !== undefined && !(Array.isArray(names) && names.every((name) => typeof name === 'string'))) {
    throw new ValueError({ argument: 'names', given: show(names), expected: 'an array of texts' });
  }
  if (comment !== undefined && !(typeof comment === 'string' && /^[^\s"]/.test(comment) && !/[\r\n]/.test(comment))) {
    const expected = "what such lines begin with, such as '#'";
    throw new ValueError({ argument: 'comment', given: show(comment), expected });
  }
  if (duplicates !== 'error' && duplicates !== 'rename') {
    throw new ValueError({ argument: 'duplicates', given: show(duplicates), expected: "'error' or 'rename'" });
  }
  if (skipLines !== undefined) checkNumber(skipLines, 'skipLines', { min: 0, integer: true });
  for (const [name, value] of Object.entries({ maxLineLength, maxFieldLength, maxColumns, maxBytes, maxRows })) {
    checkNumber(value, name, { min: 1, integer: true });
  }
  const plan = planReading(options);
  return {
    ...plan,
    reading: { ...plan.reading, ...(quote !== undefined && { quote }), ...(comment !== undefined && { comment }) },
    separator,
    header,
    names,
    quote,
    comment: comment === undefined ? undefined : textEncoder().encode(comment),
    skipLines,
    rename: duplicates === 'rename',
    maxLineLength,
    maxFieldLength,
    maxColumns,
    maxBytes,
    maxRows,
    notes: [],
  };
}

/** Describes the form of a file, as inferred from its first lines. */
export interface Dialect {
  readonly separator: string;
  readonly quote: boolean;
  /** Lines above the table. */
  readonly skip: number;
  /** Says whether a separator may end a line. */
  readonly trailing: boolean;
  /** Says whether the first line that is not blank holds names. */
  readonly header: boolean;
  readonly names: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly notes: readonly string[];
}

/** The separator that a line `sep=;` names, as spreadsheets write it. */
function saidSeparator(line: string): string | undefined {
  const text = line.replaceAll('"', '').trimStart();
  if (text.length > 20 || !/^sep=[\t\x20-\x7e]/i.test(text)) return undefined;
  const [separator, rest] = [text[4]!, text.slice(5).trim()];
  return rest.replaceAll(separator, '') === '' ? separator : undefined;
}

/** Lines that show what a file is. */
const LOOK = 30;

/** Lines with # above a table of which they are no part: how many there are. */
function commentsAbove(head: Head, plan: CsvPlan): number {
  const lines = head.lines(1000);
  const first = lines.findIndex((line) => !line.startsWith('#'));
  if (first < 1) return 0;
  const given = { ...plan, titles: false, named: plan.header !== false };
  const { separator, quote } = findLayout(head.after(first), given, () => false);
  const [names, ...rows] = head.after(first - 1).sample({ separator, quote }, 30).rows;
  const width = rows[0]?.length ?? 0;
  // The last comment line may hold names, such as #id,size.
  return width > 1 && names!.length === width && !guessHeader(rows, plan).header ? first - 1 : first;
}

/** The first whole lines of a file. */
export interface Beginning {
  readonly bytes: Uint8Array;
  /** Says whether they are all there is, and whether all of it was asked for that may be. */
  readonly whole: boolean;
  readonly enough: boolean;
  /** The number of the first of them. */
  readonly line: number;
}

/**
 * Reads names, separator and kinds off the first lines of a file; undefined where they are too few.
 * @throws DataError for a file without rows, with a separator of two characters, or beyond a limit.
 */
export function inferDialect(beginning: Beginning, source: string, plan: CsvPlan): Dialect | undefined {
  const { bytes, whole, enough, line } = beginning;
  const file = new Head(bytes, whole, line, plan.comment);
  if (plan.separator === undefined) checkFormat(file.lines(LOOK, true), source, line);
  const notes: string[] = [];
  let skip = 0;
  const said = line === 1 ? saidSeparator(file.lines(1)[0] ?? '') : undefined;
  if (said !== undefined) {
    skip = 1;
    notes.push('the first line says which separator comes');
  }
  const titles = plan.skipLines === undefined;
  if (titles && plan.comment === undefined) {
    const comments = commentsAbove(file.after(skip), plan);
    if (comments > 0) notes.push(`${comments === 1 ? 'a line' : `${comments} lines`} with # above the table: left out`);
    skip += comments;
  }
  const named = plan.header !== false && plan.names === undefined;
  const given = { ...plan, separator: plan.separator ?? said, titles, named };
  const layout = findLayout(file.after(skip), given, (rows) => guessHeader(rows, plan).sure);
  skip += layout.skip;
  notes.push(...layout.notes);
  const { separator, quote } = layout;
  const doubled = plan.separator === undefined && said === undefined ? doubledIn(file.after(skip), layout) : undefined;
  if (doubled !== undefined) {
    const problem = `'${doubled}' is between the fields, and a separator is one character`;
    const hint = `Write one instead, such as a tab: sed 's/${doubled}/\\t/g' file > file.tsv.`;
    throw new DataError({ code: 'fields', source, line: line + skip, column: 1, problem, hint });
  }
  const { rows, lines } = file.after(skip).sample(layout, plan.sampleRows + 1);
  const [first] = rows;
  if (rows.length < 3 && !whole && !enough) return undefined;
  if (!first && !whole) {
    const problem = `the line is longer than ${plan.maxLineLength}, the limit maxLineLength`;
    throw new DataError({ code: 'limit', source, line: line + skip, column: 1, problem });
  }
  if (!first) throw new DataError({ code: 'empty', source, line, column: 1, problem: 'there are no rows' });
  if (first.length > plan.maxColumns) {
    const problem = `the first line has ${first.length} fields; the limit maxColumns is ${plan.maxColumns}`;
    throw new DataError({ code: 'limit', source, line: lines[0]!, column: 1, problem });
  }
  if (plan.separator === undefined && first.length > 1) {
    notes.push(
      `separator ${separator === '\t' ? 'tab' : `'${separator}'`}: it cuts the first lines into ${first.length} fields`,
    );
  }
  if (plan.separator === undefined && first.length === 1) notes.push(...uncutNotes(file.after(skip).lines(LOOK, true)));
  notes.push(...quoteNotes(first));
  let { header } = plan;
  const short = layout.rowNames || layout.trailing;
  if (header === undefined && short) header = true;
  if (header === undefined) {
    const guess = guessHeader(rows, plan);
    header = guess.header;
    notes.push(`first line: ${header ? 'names' : 'values, not names'}, since ${guess.why}`);
  }
  const found = layout.rowNames ? ['', ...first] : first;
  const width = header ? (rows[1]?.length ?? found.length) : found.length;
  // A separator at the end of the first line alone makes no column.
  const count = found.length === width + 1 && found.at(-1) === '' ? width : found.length;
  const at = lines[0]!;
  const names = namesOf(header ? found.slice(0, count) : undefined, count, source, plan.names, {
    line: at,
    ...plan,
    notes,
  });
  const samples = header ? rows.slice(1) : rows.slice(0, plan.sampleRows);
  if (samples.length === 0) {
    const problem = 'there is no row below the names';
    throw new DataError({ code: 'empty', source, line: at + 1, column: 1, problem, names });
  }
  const evidence = names.map((name, c) =>
    inferKind(
      samples.map((row) => row[c] ?? ''),
      settingsOf(plan, name, separator),
    ),
  );
  const { trailing } = layout;
  return { separator, quote, skip, trailing, header, names, evidence, notes };
}

/** Decides how repeated names are treated, and where the names are. */
interface Naming {
  readonly line?: number;
  readonly rename?: boolean;
  /** Told of names that are numbered. */
  readonly notes?: string[];
}

/**
 * Names of columns, checked: no two alike, none of an object's own.
 * @throws ValueError for another number of names than columns; DataError for names that are reserved or come twice.
 */
export function namesOf(
  first: readonly string[] | undefined,
  count: number,
  source: string,
  given?: readonly string[],
  { line = 1, rename = false, notes = [] }: Naming = {},
): readonly string[] {
  if (given && given.length !== count) {
    throw new ValueError({
      argument: 'names',
      given: `${given.length} names`,
      expected: `${count}, one for each column`,
    });
  }
  const written = Array.from({ length: count }, (_, i) => (given ?? first)?.[i]?.trim() ?? '');
  const taken = new Set(written);
  const seen = new Map<string, number>();
  const counts = new Map<string, number>();
  /** Returns the first of `name.1`, `name.2`, ... that is free. */
  const free = (name: string) => {
    for (let n = counts.get(name) ?? 1; ; n++) {
      counts.set(name, n + 1);
      if (!taken.has(`${name}.${n}`)) return `${name}.${n}`;
    }
  };
  return written.map((text, i) => {
    let name = text || `column${i + 1}`;
    // A generated name gives way to one that is in the file.
    if (text === '' && taken.has(name)) name = free(name);
    const place = () => ({ code: 'header', source, line, column: columnOf(first, i), field: name }) as const;
    if (name === '__proto__') throw new DataError({ ...place(), problem: 'a column cannot have this name' });
    const before = seen.get(name);
    if (before !== undefined) {
      if (!rename) {
        const hint = "Give names of your own with `names`, or say duplicates: 'rename'.";
        throw new DataError({ ...place(), problem: `fields ${before + 1} and ${i + 1} have the same name`, hint });
      }
      name = free(name);
      notes.push(`field ${i + 1} is called '${shorten(name)}', since field ${before + 1} has its name`);
    }
    taken.add(name);
    seen.set(name, i);
    return name;
  });
}

function columnOf(fields: readonly string[] | undefined, index: number): number {
  return (fields ?? []).slice(0, index).reduce((sum, field) => sum + field.length + 1, 1);
}
