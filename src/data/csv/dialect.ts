import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import { DataError, shorten } from '../errors.js';
import { type Evidence, inferKind } from '../infer.js';
import { type CellOptions, type CellPlan, planCells, saysDates, settingsOf } from '../plan.js';
import { booleanWord } from '../scalars.js';
import type { ColumnKind } from '../table.js';
import { splitRows } from './quoted.js';

export interface Limits {
  /** Characters of a line; default 2^24. */
  readonly maxLineLength?: number;
  /** Bytes of a field; default 2^20. */
  readonly maxFieldLength?: number;
  /** Default 100,000. */
  readonly maxColumns?: number;
}

/** How texts are read, of CSV and of JSON. */
export interface ReadOptions extends CellOptions {
  /** Kinds of columns that are not to be inferred; `'skip'` leaves a column out. Values of another kind are errors then. */
  readonly columns?: Readonly<Record<string, ColumnKind | 'skip'>>;
  /** The same of columns that may be absent: `kinds` of a pipeline, to read new files as the old one. */
  readonly kinds?: Readonly<Record<string, ColumnKind | 'skip'>>;
  /** @internal The kind of columns that neither names; default: inferred. */
  readonly otherwise?: ColumnKind;
  /** @internal Columns whose cells are kept as they are written, as `table.written`. */
  readonly keep?: readonly string[];
  /** As of TextDecoder, such as 'windows-1252'; default UTF-8. A byte order mark counts more. */
  readonly encoding?: string;
  /** Rows to infer kinds from; default 1000. A column of numbers in which a text comes later is read anew as categories. */
  readonly sampleRows?: number;
}

export interface CsvOptions extends ReadOptions, Limits {
  /** One character; default: the one of , ; tab | : and space that cuts the first lines into equally many fields. */
  readonly separator?: string;
  /** Whether the first line holds names; default: it does if it looks otherwise than the lines below. */
  readonly header?: boolean;
  /** Names of the columns, instead of those of the header or `column1`, `column2`, ... */
  readonly names?: readonly string[];
}

/** How a file was read where that differs from the defaults: options of readers, for files alike. */
export type Reading = CellOptions & Pick<ReadOptions, 'encoding'>;

export const READ_OPTIONS = [
  'columns',
  'kinds',
  'otherwise',
  'keep',
  'missing',
  'decimal',
  'thousands',
  'dateFormat',
  'encoding',
  'sampleRows',
] as const;

export interface ReadPlan extends CellPlan {
  readonly columns: Readonly<Record<string, ColumnKind | 'skip'>>;
  readonly kinds: Readonly<Record<string, ColumnKind | 'skip'>>;
  readonly otherwise: ColumnKind | undefined;
  readonly keep: ReadonlySet<string>;
  readonly encoding: string | undefined;
  readonly sampleRows: number;
  readonly reading: Reading;
}

/** Settled options. */
export interface CsvPlan extends ReadPlan {
  readonly separator: string | undefined;
  readonly header: boolean | undefined;
  readonly names: readonly string[] | undefined;
  readonly maxLineLength: number;
  readonly maxFieldLength: number;
  readonly maxColumns: number;
}

const KINDS = { number: 1, category: 1, boolean: 1, date: 1, skip: 1 };

export function planReading(options: ReadOptions): ReadPlan {
  const { columns = {}, kinds = {}, otherwise, keep = [], sampleRows = 1000, encoding } = options;
  if (typeof columns !== 'object' || columns === null) {
    throw new ValueError({ argument: 'columns', given: show(columns), expected: 'an object of kinds by name' });
  }
  for (const [name, kind] of Object.entries(columns)) lookUp(KINDS, kind, `columns.${name}`);
  for (const [name, kind] of Object.entries(kinds)) lookUp(KINDS, kind, `kinds.${name}`);
  checkNumber(sampleRows, 'sampleRows', { min: 1, integer: true });
  const cells = planCells(options);
  const reading: Reading = { ...cells.given, ...(encoding !== undefined && { encoding }) };
  return { ...cells, columns, kinds, otherwise, keep: new Set(keep), encoding, sampleRows, reading };
}

/** The kind that options say a column has. */
export function givenKind(plan: ReadPlan, name: string): ColumnKind | 'skip' | undefined {
  const { columns, kinds, otherwise } = plan;
  if (Object.hasOwn(columns, name)) return columns[name];
  if (Object.hasOwn(kinds, name)) return kinds[name];
  return saysDates(plan, name) ? 'date' : otherwise;
}

export function planCsv(options: CsvOptions): CsvPlan {
  checkOptions(
    options,
    [...READ_OPTIONS, 'separator', 'header', 'names', 'maxLineLength', 'maxFieldLength', 'maxColumns'],
    'options',
  );
  const { separator, header, names } = options;
  const { maxLineLength = 2 ** 24, maxFieldLength = 2 ** 20, maxColumns = 100_000 } = options;
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
  if (header !== undefined && typeof header !== 'boolean') {
    throw new ValueError({ argument: 'header', given: show(header), expected: 'true or false' });
  }
  if (names !== undefined && !(Array.isArray(names) && names.every((name) => typeof name === 'string'))) {
    throw new ValueError({ argument: 'names', given: show(names), expected: 'an array of texts' });
  }
  for (const [name, value] of Object.entries({ maxLineLength, maxFieldLength, maxColumns })) {
    checkNumber(value, name, { min: 1, integer: true });
  }
  return {
    ...planReading(options),
    separator,
    header,
    names,
    maxLineLength,
    maxFieldLength,
    maxColumns,
  };
}

/** What the first lines of a file say. */
export interface Dialect {
  readonly separator: string;
  /** Whether the first line that is not blank holds names. */
  readonly header: boolean;
  readonly names: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly notes: readonly string[];
}

const CANDIDATES = [',', ';', '\t', '|', ':', ' '];
const LOOK = 30;

function isBlank(row: readonly string[]): boolean {
  return row.length === 1 && row[0]!.trim() === '';
}

function linesOf(text: string, separator: string, limit: number): string[][] {
  return splitRows(text, separator, limit + 5)
    .filter((row) => !isBlank(row))
    .slice(0, limit);
}

/** The separator that cuts the most lines into equally many fields, more than one. */
export function sniffSeparator(text: string): string {
  let best = { separator: ',', share: 0 };
  for (const separator of CANDIDATES) {
    const counts = linesOf(text, separator, LOOK).map((row) => row.length);
    const [first] = counts;
    if (first === undefined || first < 2) continue;
    const share = counts.filter((count) => count === first).length / counts.length;
    if (separator === ' ' && share < 1) continue;
    if (share > best.share + 0.05) best = { separator, share };
  }
  return best.separator;
}

/** Whether the first of these rows holds names, and why. */
function looksLikeHeader(rows: readonly string[][], plan: CsvPlan): { header: boolean; why: string } {
  const [first, ...rest] = rows as [string[], ...string[][]];
  const names = first.map((field) => field.trim());
  if (rest.length === 0) return { header: false, why: 'there is no line below it' };
  const empty = names.findIndex((name, i) => name === '' && i > 0);
  if (empty > 0) return { header: false, why: `its field ${empty + 1} is empty` };
  const settings = settingsOf(plan, '');
  const isWord = (name: string) => booleanWord(name) !== undefined;
  const number = names.find((name) => !isWord(name) && inferKind([name], settings).kind !== 'category');
  if (number !== undefined && number !== '') return { header: false, why: `'${shorten(number)}' in it is a value` };
  const kinds = names.map((_, c) =>
    inferKind(
      rest.map((row) => row[c] ?? ''),
      settings,
    ),
  );
  const c = kinds.findIndex(({ kind, values }, i) => {
    return kind !== 'category' && values > 0 && !(kind === 'boolean' && isWord(names[i]!));
  });
  if (c >= 0) return { header: true, why: `'${shorten(names[c]!)}' stands above ${kinds[c]!.kind}s` };
  if (new Set(names).size < names.length) return { header: false, why: 'a text comes twice in it' };
  const again = names.findIndex((name, i) => rest.some((row) => row[i]?.trim() === name));
  if (again >= 0) return { header: false, why: `'${shorten(names[again]!)}' comes again below` };
  return { header: true, why: 'none of its texts comes again below' };
}

/** Reads names, separator and kinds off the first whole lines of a file. */
export function inferDialect(text: string, source: string, plan: CsvPlan): Dialect {
  const separator = plan.separator ?? sniffSeparator(text);
  const rows = linesOf(text, separator, plan.sampleRows + 1);
  const [first] = rows;
  if (!first) throw new DataError({ code: 'empty', source, line: 1, column: 1, problem: 'there are no rows' });
  if (first.length > plan.maxColumns) {
    const problem = `the first line has ${first.length} fields; the limit maxColumns is ${plan.maxColumns}`;
    throw new DataError({ code: 'limit', source, line: 1, column: 1, problem });
  }
  const notes: string[] = [];
  if (plan.separator === undefined && first.length > 1) {
    notes.push(
      `separator ${separator === '\t' ? 'tab' : `'${separator}'`}: it cuts the first lines into ${first.length} fields`,
    );
  }
  let { header } = plan;
  if (header === undefined) {
    const guess = looksLikeHeader(rows.slice(0, 200), plan);
    header = guess.header;
    notes.push(`first line: ${header ? 'names' : 'values, not names'}, since ${guess.why}`);
  }
  const names = namesOf(header ? first : undefined, first.length, source, plan.names);
  const samples = header ? rows.slice(1) : rows.slice(0, plan.sampleRows);
  if (samples.length === 0) {
    const problem = 'there is no row below the names';
    throw new DataError({ code: 'empty', source, line: 2, column: 1, problem });
  }
  const evidence = names.map((name, c) =>
    inferKind(
      samples.map((row) => row[c] ?? ''),
      settingsOf(plan, name, separator),
    ),
  );
  return { separator, header, names, evidence, notes };
}

/** Names of columns, checked: no two alike, none of an object's own. */
export function namesOf(
  first: readonly string[] | undefined,
  count: number,
  source: string,
  given?: readonly string[],
): readonly string[] {
  if (given && given.length !== count) {
    throw new ValueError({
      argument: 'names',
      given: `${given.length} names`,
      expected: `${count}, one for each column`,
    });
  }
  const names = Array.from({ length: count }, (_, i) => (given ?? first)?.[i]?.trim() || `column${i + 1}`);
  const seen = new Map<string, number>();
  names.forEach((name, i) => {
    const place = () => ({ code: 'header', source, line: 1, column: columnOf(first, i), field: name }) as const;
    if (name === '__proto__') throw new DataError({ ...place(), problem: 'a column cannot have this name' });
    const before = seen.get(name);
    if (before !== undefined) {
      const hint = 'Give names of your own with `names`.';
      throw new DataError({ ...place(), problem: `fields ${before + 1} and ${i + 1} have the same name`, hint });
    }
    seen.set(name, i);
  });
  return names;
}

function columnOf(fields: readonly string[] | undefined, index: number): number {
  return (fields ?? []).slice(0, index).reduce((sum, field) => sum + field.length + 1, 1);
}
