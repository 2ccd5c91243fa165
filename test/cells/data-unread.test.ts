import { describe, expect, test } from 'vitest';
import {
  type CsvOptions,
  DataError,
  readCsv,
  readJson,
  readJsonLines,
  readTable,
  streamCsv,
  streamJsonLines,
  type Table,
  tableFromRows,
} from '../../src/data/index.js';

// What is read otherwise than it looks is told, by all readers alike.

const quoted = (text: string) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

async function first(tables: AsyncIterable<Table>): Promise<Table> {
  for await (const table of tables) return table;
  throw new Error('no table');
}

async function everywhere(cells: readonly string[], options: CsvOptions = {}): Promise<[string, Table][]> {
  const rows = cells.map((a, i) => ({ a, b: `k${i}` }));
  const csv = { text: `a\tb\n${rows.map(({ a, b }) => `${quoted(a)}\t${b}\n`).join('')}` };
  const lines = { text: rows.map((row) => `${JSON.stringify(row)}\n`).join('') };
  return [
    ['csv', await readCsv(csv, options)],
    ['stream', await first(streamCsv(csv, options))],
    ['json', await readJson({ text: JSON.stringify(rows) }, options)],
    ['lines', await readJsonLines(lines, options)],
    ['lines streamed', await first(streamJsonLines(lines, options))],
    ['rows', tableFromRows(rows, options)],
  ];
}

const remarks = (table: Table) => table.report!.remarks.filter((text) => text.startsWith("'a'")).join('\n');
const cellsOf = (table: Table) => Array.from({ length: table.rows }, (_, row) => table.value(row, 'a'));

describe('texts that look like dates or times, and are read as none', () => {
  test.each<readonly [string, string]>([
    ['2024-01-31 10:00:00 EST', '2024-01-31 11:00:00 EST'],
    ['2024-01-31 10:00 Europe/Oslo', '2024-02-01 10:00 Europe/Oslo'],
    ['2024-01-31T10:00:00[UTC]', '2024-02-01T10:00:00[UTC]'],
    ['2024-01-31T10', '2024-01-31T11'],
    ['2024-01-31Z', '2024-02-01Z'],
    ['31/01/2024 10h30', '01/02/2024 11h00'],
    ['2024-031', '2024-032'],
    ['2024-W05', '2024-W06'],
    ['2024W053', '2024W061'],
    ['2024-W05-3', '2024-W06-1'],
    ['2024Q1', '2024Q2'],
    ['2024-Q1', '2024-Q2'],
    ['Q1 2024', 'Q2 2024'],
    ['2024M01', '2024M02'],
    ['2024-1', '2024-2'],
    ['1/2024', '2/2024'],
    ['Jan-24', 'Feb-24'],
    ["Jan '24", "Feb '24"],
    ['24-Jan', '25-Feb'],
    ['10:30', '11:45'],
    ['10:30:15.5', '11:45:00'],
    ['1:05 pm', '11:45 am'],
    ['1 days 00:00:00', '2 days 00:00:00'],
    ['P1DT2H', 'P2D'],
    ['/Date(1706745600000)/', '/Date(1706745601000)/'],
  ])('%s, %s', async (one, other) => {
    for (const [reader, table] of await everywhere([one, other])) {
      expect([reader, table.column('a').kind]).toEqual([reader, 'category']);
      expect([reader, remarks(table)]).toEqual([
        reader,
        `'a' is read as texts, which look like dates or times, but '${one}' is not read as one; write dates such as 2024-05-31 or 2024-05-31T10:00:00+02:00, or numbers`,
      ]);
      expect(table.report!.columns[0]).toMatchObject({ times: one });
    }
  });

  test.each<readonly [string, string]>([
    ['red', 'blue'],
    ['P', 'PT'],
    ['A1', 'A2'],
    ['1.2.3', '1.2.4'],
    ['192.168.1.1', '10.0.0.1'],
    ['1/2', '3/4'],
  ])('but not %s, %s', async (one, other) => {
    for (const [reader, table] of await everywhere([one, other]))
      expect([reader, remarks(table)]).toEqual([reader, '']);
  });
});

describe('texts that are numbers but for what stands around them', () => {
  test.each<readonly [string, string, string]>([
    ['5 kg', '6.5 kg', 'kg'],
    ['5kg', '1,250kg', 'kg'],
    ['5k', '6k', 'k'],
    ['1.5M', '2M', 'M'],
    ['5L', '6L', 'L'],
    ['5°C', '-6°C', '°C'],
    ['5"', '6"', '"'],
    ['<5', '<6', '<'],
    ['%5', '%6', '%'],
    ["'5", "'6", "'"],
    ['5 km/h', '6 km/h', 'km/h'],
    ['65+', '18+', '+'],
  ])('%s, %s', async (one, other, unit) => {
    for (const [reader, table] of await everywhere([one, other])) {
      expect([reader, table.column('a').kind]).toEqual([reader, 'category']);
      expect([reader, remarks(table)]).toEqual([
        reader,
        `'a' is read as texts, though all would be numbers without '${unit}'; take it out of the cells to learn from numbers`,
      ]);
    }
  });

  test.each<readonly [string, string]>([
    ['5 kg', '6 g'],
    ['k5', 'k6'],
    ['5 main street', '6 main street north'],
    ['1a2', '1a3'],
  ])('but not %s, %s', async (one, other) => {
    for (const [reader, table] of await everywhere([one, other]))
      expect([reader, remarks(table)]).toEqual([reader, '']);
  });
});

describe('spaces that are no spaces', () => {
  test.each<readonly [readonly string[], readonly (number | string | null)[]]>([
    [
      ['\u00a05', '6'],
      [5, 6],
    ],
    [
      ['5\u00a0', '6'],
      [5, 6],
    ],
    [
      ['5', '\u00a0', '6'],
      [5, null, 6],
    ],
    [
      ['5', '\u200b', '6'],
      [5, null, 6],
    ],
    [
      ['5', '\u3000', '6'],
      [5, null, 6],
    ],
    [
      ['\ufeff5', '6'],
      ['\ufeff5', '6'],
    ],
    [
      ['red\u00a0', 'red'],
      ['red\u00a0', 'red'],
    ],
  ])('%j', async (cells, expected) => {
    for (const [reader, table] of await everywhere(cells)) expect([reader, cellsOf(table)]).toEqual([reader, expected]);
  });

  test('a marker is what is written', async () => {
    for (const [reader, table] of await everywhere(['red', '\u00a0', 'x '], { missing: ['\u00a0', ' x'] })) {
      expect([reader, cellsOf(table)]).toEqual([reader, ['red', null, null]]);
    }
  });
});

describe('whole numbers beyond 2^53 that come as numbers', () => {
  test.each<readonly [readonly unknown[], number]>([
    [[2 ** 53 + 2, 1], 1],
    [[2 ** 60, null, 2 ** 60, 5], 2],
    [JSON.parse('[9007199254740993, 9007199254740992]'), 2],
    [[2 ** 53 - 1, 1], 0],
    [[2 ** 60, 0.5], 0],
    [[1e300, 1], 0],
  ])('%j: %d are told', (cells, count) => {
    for (const columns of [{}, { a: 'number' as const }]) {
      const table = tableFromRows(
        cells.map((a) => ({ a })),
        { columns },
      );
      const said =
        /^'a': whole numbers beyond 2\^53 came as numbers.*\((\d+) cells?, first in row 0\); pass such ids as texts or bigint$/;
      expect(Number(said.exec(remarks(table))?.[1] ?? 0)).toBe(count);
      expect(cellsOf(table)).toEqual(cells);
    }
  });
});

describe('files of another format are refused with the cause', () => {
  test.each<readonly [string, string, RegExp]>([
    ['JSON Lines', '{"a":1}\n{"a":2}\n', /this is JSON Lines, and no CSV\. For JSON say format: 'jsonLines'/],
    ['JSON', '[{"a":1},{"a":2}]', /this is JSON, and no CSV\. For JSON say format: 'json'/],
    ['JSON over lines', '[\n  {\n    "a": 1\n  }\n]\n', /this is JSON/],
    ['an object', '{\n  "a": [1, 2]\n}\n', /this is JSON/],
    ['rows', '[[1, 2], [3, 4]]\n', /this is JSON/],
    ['a page', '<!DOCTYPE html>\n<html><body>404</body></html>\n', /this is HTML/],
    ['a table of one', '<table>\n<tr><td>1</td></tr>\n</table>\n', /this is HTML/],
    ['XML', '<?xml version="1.0"?>\n<rows/>\n', /this is XML/],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n', /git lfs pull/],
    ['LIBSVM', '+1 1:0.5 3:1.2\n-1 2:0.1 3:2e-3 # b\n', /this is LIBSVM, and no CSV\. .*load_svmlight_file/],
    ['LIBSVM of groups', '3 qid:1 1:1 2:0\n2 qid:1 1:0 2:1\n', /this is LIBSVM/],
    ['ARFF', '% iris\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n5.1\n', /this is ARFF.*skipLines/],
    ['UTF-16', [...'a,b\n1,2\n'].map((c) => `${c}\0`).join(''), /If it is UTF-16, say encoding: 'utf-16le'/],
    [
      'UTF-16 the other way',
      [...'a,b\n1,2\n'].map((c) => `\0${c}`).join(''),
      /If it is UTF-16, say encoding: 'utf-16be'/,
    ],
  ])('%s', async (_, text, problem) => {
    for (const read of [readCsv({ text }), readTable({ text }), first(streamCsv({ text }))]) {
      const error: unknown = await read.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DataError);
      expect(String(error)).toMatch(problem);
    }
  });

  test.each(['text\n{"a":1}\n{"a":2}\n', 'a,b\n<b>,1\n<i>,2\n', '[unit],b\n1,2\n', '<5,b\n1,2\n', '{x},b\n1,2\n'])(
    'but not %j',
    async (text) => {
      expect((await readCsv({ text })).rows).toBeGreaterThan(0);
    },
  );
});

describe('lines that are not cut', () => {
  const notes = async (text: string) => (await readCsv({ text })).report!.notes.join('\n');
  test('name the character that may separate', async () => {
    expect(await notes('a^b\n1^2\n3^4\n')).toMatch(
      /lines are not cut, though '\^' occurs equally often in each.*separator: '\^' if it separates/,
    );
    expect(await notes('a~b~c\n1~2~3\n')).toMatch(/separator: '~'/);
    expect(await notes('"a,b"\n"1,2"\n"3,4"\n')).toMatch(
      /each line is in quotes as a whole, so that ',' in it separates nothing/,
    );
    expect(await notes('a\nx~y\nz\n')).not.toMatch(/not cut/);
    expect(await notes('name\nann\nbob\n')).not.toMatch(/not cut|quotes/);
  });

  test('quotes that are none are named', async () => {
    expect(await notes("'a','b'\n'x','1'\n")).toMatch(/the quotes around 'a' are characters like others/);
    expect(await notes('“a”,“b”\n“x”,“1”\n')).toMatch(/the quotes around “a” are characters/);
    expect(await notes("'a',b\n'x',1\n")).not.toMatch(/quotes/);
  });
});

test('kinds of JSON Lines are those of a thousand rows, however long they are', async () => {
  const row = (i: number) => ({ a: i === 900 ? '31/01/2024' : '05/06/2024', b: 'x'.repeat(500) });
  const text = Array.from({ length: 2000 }, (_, i) => `${JSON.stringify(row(i))}\n`).join('');
  const table = await first(streamJsonLines(new Blob([text]).stream()));
  expect([table.rows >= 1000, table.rows < 2000]).toEqual([true, true]);
  expect([table.column('a').kind, table.value(0, 'a')]).toEqual(['date', '2024-06-05T00:00:00.000Z']);
});
