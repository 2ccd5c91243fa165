import { describe, expect, test } from 'vitest';
import { type CsvOptions, DataError, readCsv, streamCsv } from '../../src/data/index.js';

// Quotes between tabs: what the whole file says of them counts, however far from its beginning.

const ROWS = 9000;
const AT = 7000;
type Text = (row: number) => string;

const late =
  (cells: Readonly<Record<number, string>>, usual: Text = (row) => `t${row % 5}`): Text =>
  (row) =>
    cells[row - AT] ?? usual(row);
const enclosed: Text = (row) => `"t${row % 5}"`;
const file = (text: Text, more = (row: number) => `\t${row % 7}`) =>
  `id\ttext${more(0) === '' ? '' : '\tv'}\n${Array.from({ length: ROWS }, (_, row) => `${row}\t${text(row)}${more(row)}\n`).join('')}`;

async function streamed(text: string, options: CsvOptions = {}): Promise<number> {
  let rows = 0;
  for await (const table of streamCsv({ text }, options)) rows += table.rows;
  return rows;
}

describe('bare quotes after the first rows', () => {
  test.each<[string, string]>([
    ['pair up over lines', file(late({ 0: '"oops', 9: 'again"' }))],
    ['pair up over two lines', file(late({ 0: '"oops', 1: 'again"' }))],
    ['pair up over lines at their ends', file(late({ 0: '"oops', 9: 'again"' }), () => '')],
    ['pair up with more of them between', file(late({ 0: '"oops', 3: 'x" y', 4: '"', 9: '"again' }))],
    ['do not pair up', file(late({ 0: '"oops' }))],
    ['are closed within a field', file(late({ 0: '"big" ones' }))],
    ['follow rows with quotes that enclose', file(late({ [-3]: '"fine"', 0: '"oops', 9: 'again"' }))],
  ])('%s: characters, with a note; a stream says the option', async (_, text) => {
    const table = await readCsv({ text });
    expect(table.rows).toBe(ROWS);
    expect(String(table.value(AT, 'text'))).toMatch(/^"(oops|big" ones)$/);
    expect(table.report!.notes).toContain(
      `quotes are characters like others, since line ${AT + 2} has equally many fields as the others only then`,
    );
    const error: unknown = await streamed(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      name: 'DataError',
      code: 'quote',
      line: AT + 2,
      hint: expect.stringContaining('quote: false'),
    });
    expect(await streamed(text, { quote: false })).toBe(ROWS);
  });

  test('of bytes that come once, the error says the option', async () => {
    const bytes = new Blob([file(late({ 0: '"oops', 9: 'again"' }))]).stream();
    await expect(readCsv(bytes)).rejects.toThrow(
      `a quote is opened here and closed in line ${AT + 11}, though each of the lines has 3 fields by itself. If quotes are characters like others, say quote: false; if they enclose line breaks, quote: true.`,
    );
  });
});

describe('quotes that enclose', () => {
  test.each<[string, string, string]>([
    ['a line break', file(late({ 0: '"two\nlines"' })), 'two\nlines'],
    ['a tab', file(late({ 0: '"a\tb"' })), 'a\tb'],
    ['tabs and line breaks, in a file that encloses all', file(late({ 0: '"a\tb\nc\td"' }, enclosed)), 'a\tb\nc\td'],
    ['quotes', file(late({ 0: '"say ""hi"""' })), 'say "hi"'],
  ])('%s', async (_, text, expected) => {
    const table = await readCsv({ text });
    expect([table.rows, table.value(AT, 'text')]).toEqual([ROWS, expected]);
    expect(table.report!.notes.join()).not.toMatch(/quotes/);
    expect(await streamed(text)).toBe(ROWS);
  });

  test.each([AT, 20])('a flaw where quotes enclose all is an error, in row %d', async (row) => {
    const text = file(late({ [row - AT]: '"big" ones' }, enclosed));
    await expect(readCsv({ text })).rejects.toThrow(/continues after its closing quote/);
  });

  test('what is said counts more', async () => {
    const text = file(late({ 0: '"oops', 9: 'again"' }));
    expect((await readCsv({ text }, { quote: true })).rows).toBe(ROWS - 9);
    expect(await streamed(text, { quote: true })).toBe(ROWS - 9);
  });
});
