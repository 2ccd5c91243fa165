import {
  type CsvOptions,
  DataError,
  readCsv,
  readJsonLines,
  type Source,
  streamCsv,
  type Table,
} from '../../src/data/index.js';
import { remarksOn } from '../../src/data/remarks.js';
import { Random } from '../support/buffers.js';
import { type Cell, type DrawnTable, drawTable, type Style } from './fuzz-tables-draw.js';

// Random tables are written as files, read back, and compared cell by cell with what was written.

export interface TablesResult {
  readonly runs: number;
  readonly cells: number;
  /** Columns of which the report had to say something. */
  readonly remarked: number;
}

function fieldOf(text: string, first: boolean, { separator, quoted, comment }: Style, random: Random): string {
  const needs = text.includes(separator) || /["\r\n]/.test(text) || text !== text.trim();
  const begins = first && comment !== undefined && text.startsWith(comment);
  // A blank before the first field would end a title.
  return needs || begins || random.integer(quoted) === 0 ? `"${text.replaceAll('"', '""')}"` : text;
}

function write({ columns, rows, style }: DrawnTable, random: Random): string {
  const between = style.separator + (style.padded ? ' ' : '');
  const line = (texts: readonly string[]) =>
    texts.map((text, c) => fieldOf(text, c === 0, style, random)).join(between);
  const lines = style.sepLine ? [`sep=${style.separator}`] : [];
  if (style.header) lines.push(line(columns.map(({ heading }) => heading)));
  for (let row = 0; row < rows; row++) {
    if (style.comment !== undefined && random.integer(8) === 0)
      lines.push(`${style.comment} left out${style.separator}"`);
    lines.push(line(columns.map(({ texts }) => texts[row]!)));
  }
  return lines.join(style.end) + (style.lastEnd ? style.end : '');
}

function encode(text: string, { bom }: Style): Uint8Array {
  const marked = bom === '' ? text : `\ufeff${text}`;
  if (!bom.startsWith('utf-16')) return new TextEncoder().encode(marked);
  const bytes = Buffer.from(marked, 'utf16le');
  return new Uint8Array(bom === 'utf-16be' ? bytes.swap16() : bytes);
}

/** The same bytes in one of the forms that readers take; long tables may have to be read twice, which streams cannot. */
function sourceOf(bytes: Uint8Array, rows: number, random: Random): Source {
  if (rows > 1000 || random.integer(2) === 0) return bytes;
  return (async function* pieces() {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.integer(random.integer(2) === 0 ? 7 : 300);
      yield bytes.subarray(at, at + size);
      at += size;
    }
  })();
}

function optionsOf({ columns, style }: DrawnTable): CsvOptions {
  const { missing, decimal } = style;
  const told: CsvOptions = { ...(missing && { missing }), ...(decimal === ',' && { decimal }) };
  // Where a quoted field between tabs holds lines that have as many fields as the others, somebody has to say so.
  const lines = columns.some(({ texts }) => texts.some((text) => /[\r\n]/.test(text)));
  if (style.inferred) return style.separator === '\t' && lines ? { ...told, quote: true } : told;
  const kinds = Object.fromEntries(columns.map(({ name, kind }) => [name, kind]));
  return {
    ...told,
    separator: style.separator,
    header: style.header,
    quote: true,
    ...(style.comment !== undefined ? { comment: style.comment } : { skipLines: 0 }),
    // Kinds are told of every third file.
    ...(columns.length % 3 === 0 ? { columns: kinds } : {}),
  };
}

function cellsOf(table: Table, place: number): Cell[] {
  const column = table.columns[place]!;
  if (column.kind === 'category') return Array.from(column.codes, (code) => column.categories[code] ?? null);
  return Array.from(column.values, (value) =>
    Number.isNaN(value) ? null : column.kind === 'boolean' ? value === 1 : value,
  );
}

/** Throws at the first difference. */
function compare({ columns, rows }: DrawnTable, table: Table, kinds: boolean): void {
  const same = (what: string, found: unknown, expected: unknown) => {
    if (Object.is(found, expected)) return;
    throw new Error(`${what} is ${JSON.stringify(found)}, written ${JSON.stringify(expected)}\n${table.report}`);
  };
  same('the names', JSON.stringify(table.names), JSON.stringify(columns.map(({ name }) => name)));
  same('the number of rows', table.rows, rows);
  columns.forEach(({ name, kind, cells }, c) => {
    // Without a value there is no kind.
    if (kinds && cells.some((cell) => cell !== null))
      same(`the kind of ${JSON.stringify(name)}`, table.columns[c]!.kind, kind);
    const found = cellsOf(table, c);
    cells.forEach((cell, row) => {
      const expected = cell === 0 ? (found[row] === 0 ? found[row] : 0) : cell;
      same(`row ${row} of ${JSON.stringify(name)}`, found[row], expected);
    });
  });
}

function checkRemarks({ columns }: DrawnTable, table: Table, options: CsvOptions): number {
  let count = 0;
  columns.forEach(({ name, remarked, cells }, c) => {
    if (!remarked || options.columns || cells.every((cell) => cell === null)) return;
    count++;
    const report = table.report!.columns[c]!;
    if (remarksOn(name, report).length === 0)
      throw new Error(`nothing is said of ${JSON.stringify(name)}\n${table.report}`);
  });
  return count;
}

/** The rows as JSON Lines, values as JSON has them. */
function jsonLines({ columns, rows }: DrawnTable): string {
  const line = (row: number) =>
    Object.fromEntries(
      columns.map(({ name, kind, cells, texts }) => [
        name,
        kind === 'date' && cells[row] !== null ? texts[row] : cells[row],
      ]),
    );
  return Array.from({ length: rows }, (_, row) => JSON.stringify(line(row))).join('\n');
}

async function oneRun(random: Random): Promise<{ cells: number; remarked: number; told: () => string }> {
  const drawn = drawTable(random);
  const text = write(drawn, random);
  const options = optionsOf(drawn);
  const told = () => `${JSON.stringify({ style: drawn.style, options })}\n${JSON.stringify(text.slice(0, 2000))}`;
  try {
    const bytes = encode(text, drawn.style);
    const table = await readCsv(sourceOf(bytes, drawn.rows, random), options);
    compare(drawn, table, true);
    const remarked = checkRemarks(drawn, table, options);
    if (random.integer(4) === 0) {
      // Batch by batch; a stream cannot look at the rows to come, so kinds are those of the table.
      const kinds = Object.fromEntries(drawn.columns.map(({ name, kind }) => [name, kind]));
      let rows = 0;
      for await (const part of streamCsv(bytes, { ...options, columns: kinds })) rows += part.rows;
      if (rows !== drawn.rows) throw new Error(`a stream has ${rows} of ${drawn.rows} rows`);
    }
    if (random.integer(4) === 0) {
      const { missing, decimal } = options;
      const json = await readJsonLines(
        { text: jsonLines(drawn) },
        { ...(missing && { missing }), ...(decimal && { decimal }) },
      );
      compare(drawn, json, false);
    }
    return { cells: drawn.rows * drawn.columns.length, remarked, told };
  } catch (error) {
    const what = error instanceof DataError ? `${error.name}: ${error.message}` : (error as Error).stack;
    throw new Error(`${what}\n${told()}`);
  }
}

/** `count` tables from number `from` on. @throws what differs, with the number of the table and its file. */
export async function fuzzTables(
  count: number,
  seed: number,
  from = 0,
  tell: (input: number) => void = () => {},
): Promise<TablesResult> {
  let [cells, remarked] = [0, 0];
  for (let i = from; i < from + count; i++) {
    tell(i);
    try {
      const run = await oneRun(new Random(seed * 1_000_003 + i));
      cells += run.cells;
      remarked += run.remarked;
    } catch (error) {
      throw new Error(`seed ${seed}, table ${i}: ${(error as Error).message}`);
    }
  }
  return { runs: count, cells, remarked };
}
