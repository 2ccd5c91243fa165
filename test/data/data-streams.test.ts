import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CsvOptions, streamCsv, streamJsonLines, streamTable, type Table } from '../../src/data/index.js';

// Streams say what they inferred as readers do, each thing once, in the report of the table where it was met.

const folder = mkdtempSync(join(tmpdir(), 'myelin-streams-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 20_000;
/** Cells of a column by row; the first 1,000 rows of a file are what its kinds are inferred from. */
type Cell = (row: number) => string;

const files = (cell: Cell) => {
  const cells = Array.from({ length: ROWS }, (_, row) => cell(row));
  const csv = `a\tb\n${cells.map((text, row) => `${text}\tlong enough for several blocks ${row % 7}\n`).join('')}`;
  const lines = cells.map((a, row) => `${JSON.stringify({ a, b: `long enough for several blocks ${row % 7}` })}\n`);
  return { csv, lines: lines.join('') };
};

async function streamed(cell: Cell, options: CsvOptions = {}): Promise<[string, Table[]][]> {
  const { csv, lines } = files(cell);
  const paths = [join(folder, 'x.csv'), join(folder, 'x.jsonl')] as const;
  writeFileSync(paths[0], csv);
  writeFileSync(paths[1], lines);
  const all = async (tables: AsyncIterable<Table>) => {
    const found: Table[] = [];
    for await (const table of tables) found.push(table);
    return found;
  };
  return [
    ['csv', await all(streamCsv(paths[0], options))],
    ['lines', await all(streamJsonLines(paths[1], options))],
    ['table', await all(streamTable(paths[1], options))],
  ];
}

const remarksOf = (tables: readonly Table[]) => tables.flatMap(({ report }) => report!.remarks);

describe('what is inferred is said once, where it is met', () => {
  test.each<[string, Cell, RegExp, 'number' | 'category' | 'date']>([
    ['percent', (row) => `${row % 100}%`, /^'a' is read as numbers: '0%' is 0$/, 'number'],
    ['a currency', (row) => `$${(row % 100) + 0.5}`, /^'a' is read as numbers: '\$0.5' is 0.5$/, 'number'],
    [
      'thousands',
      (row) => `1,${100 + (row % 800)}.5`,
      /^'a' is read as numbers with ',' between thousands: '1,100.5' is 1100.5$/,
      'number',
    ],
    [
      'either thousands or decimals',
      (row) => `1,${100 + (row % 800)}`,
      /^'a' is read as texts, though all would be numbers with thousands: ','$/,
      'category',
    ],
    [
      'dates of which day and month may be either',
      (row) => `0${1 + (row % 9)}/0${1 + (row % 7)}/2024`,
      /^'a' is read as texts, though all are dates.*dateFormat: 'DMY' or dateFormat: 'MDY'$/,
      'category',
    ],
    [
      'dates in an order',
      (row) => `${13 + (row % 9)}/0${1 + (row % 7)}/2024`,
      /^'a' is read as dates in the order DMY: '13\/01\/2024' is 2024-01-13$/,
      'date',
    ],
    [
      'zeros before numbers',
      (row) => `00${1 + (row % 9)}`,
      /^'a' is read as texts, since '001' begins with 0 as codes do/,
      'category',
    ],
    [
      'numbers and a text',
      (row) => (row === 5 ? 'x' : `${row % 9}`),
      /^'a' is read as texts, though \d+ of \d+ are numbers: the first other is 'x'.*missing: \['x'\]$/,
      'category',
    ],
    [
      'a marker among numbers',
      (row) => (row % 900 === 5 ? 'n/a' : `${row}`),
      /^'a': 'n\/a' is taken for a missing value \(.*first in line [67]\)$/,
      'number',
    ],
    [
      'a marker that comes later',
      (row) => (row > 19_000 ? 'None' : `${row}`),
      /^'a': 'None' is taken for a missing value \(first in line 1900[23]\)$/,
      'number',
    ],
    [
      'a first value that comes later',
      (row) => (row < 19_000 ? '-' : `${row}`),
      /^'a' is read as texts, since the first rows have no value and the first is '19000'; columns: \{ a: 'number' \} reads numbers$/,
      'category',
    ],
  ])('%s', async (_, cell, remark, kind) => {
    for (const [reader, tables] of await streamed(cell)) {
      expect(tables.length, reader).toBeGreaterThan(1);
      expect(new Set(tables.map((table) => table.column('a').kind)), reader).toEqual(new Set([kind]));
      const said = remarksOf(tables).filter((text) => !/is a category; missing/.test(text));
      expect([reader, said]).toEqual([reader, [expect.stringMatching(remark)]]);
      expect(tables.reduce((sum, { report }) => sum + report!.rows, 0)).toBe(ROWS);
      for (const { report, rows } of tables) expect(report!.rows).toBe(rows);
    }
  });

  test.each<[string, Cell, number]>([
    ['zeros among percent', (row) => (row < 19_000 ? `${row % 90}%` : '0'), 0],
    ['a currency that is left out', (row) => (row < 19_000 ? `$${row % 90}` : '5'), 5],
    ['a currency after thousands', (row) => (row < 19_000 ? '1,250.5' : '$5'), 5],
  ])('%s is read', async (_, cell, expected) => {
    for (const [reader, tables] of await streamed(cell)) {
      const last = tables.at(-1)!;
      expect([reader, last.value(last.rows - 1, 'a')]).toEqual([reader, expected]);
    }
  });

  test('an option settles it, and a table says how it was read', async () => {
    const cell: Cell = (row) => `0${1 + (row % 9)}/0${1 + (row % 7)}/2024`;
    for (const [reader, tables] of await streamed(cell, { dateFormat: { a: 'DMY' } })) {
      expect([reader, tables[0]!.column('a').kind, tables[1]!.value(0, 'a') !== null]).toEqual([reader, 'date', true]);
      expect(tables[0]!.value(1, 'a')).toBe('2024-02-02T00:00:00.000Z');
    }
    for (const [reader, tables] of await streamed((row) => `1,${100 + (row % 800)}.5`)) {
      expect([reader, tables.at(-1)!.reading.thousands]).toEqual([reader, { a: ',' }]);
    }
  });

  test.each<[string, Cell, RegExp]>([
    ['percent after numbers', (row) => (row < 19_000 ? `${row}` : `${row}%`), /'19000%' is not a number/],
    ['thousands after numbers', (row) => (row < 19_000 ? `${row}` : '1,250'), /'1,250' is not a number/],
    ['another order of dates', (row) => (row < 19_000 ? '31/01/2024' : '1/31/2024'), /'1\/31\/2024' is not a date/],
    ['numbers after percent', (row) => (row < 19_000 ? `${row % 90}%` : `${row}`), /'19000' is not a number/],
    ['percent after a currency', (row) => (row < 19_000 ? `$${row % 90}` : '5%'), /'5%' is not a number/],
    ['percent after thousands', (row) => (row < 19_000 ? '1,250.5' : '5%'), /'5%' is not a number/],
    ['another currency', (row) => (row < 19_000 ? `$${row % 90}` : '€5'), /'€5' is not a number/],
    ['two currencies after none', (row) => (row < 19_000 ? '1,250.5' : ['$5', '€5'][row % 2]!), /'€5' is not a number/],
    ['digits after words', (row) => (row < 19_000 ? ['yes', 'no'][row % 2]! : '1'), /'1' is not a boolean/],
  ])('%s are an error', async (_, cell, problem) => {
    const { csv, lines } = files(cell);
    const read = async (tables: AsyncIterable<Table>) => {
      for await (const table of tables) expect(table.rows).toBeGreaterThan(0);
    };
    const [x, y] = [join(folder, 'y.csv'), join(folder, 'y.jsonl')];
    writeFileSync(x, csv);
    writeFileSync(y, lines);
    await expect(read(streamCsv(x))).rejects.toThrow(problem);
    await expect(read(streamJsonLines(y))).rejects.toThrow(problem);
  });
});
