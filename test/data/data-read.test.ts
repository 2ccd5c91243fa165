import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDate, parseNumber } from '../../src/data/cells/scalars.js';
import {
  type CsvOptions,
  readCsv,
  readIdx,
  readJson,
  readJsonLines,
  readTable,
  type Source,
  streamCsv,
  streamTable,
  type Table,
  tableFromRows,
} from '../../src/data/index.js';
import { Generator } from '../../src/kernels/lib/philox.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-data-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const csv = (text: string, options?: CsvOptions) => readCsv({ text }, options);
const rowsOf = (table: Table) => table.toObjects().map((row) => ({ ...row }));
const kindsOf = (table: Table) => table.columns.map(({ kind }) => kind);
const sample = 'name,size,sold,when\n"a, b",1.5,yes,2024-05-31\n c ,?,no,\n';
const sampleRows = [
  { name: 'a, b', size: 1.5, sold: true, when: '2024-05-31T00:00:00.000Z' },
  { name: 'c', size: null, sold: false, when: null },
];

describe('where data comes from', () => {
  const bytes = new TextEncoder().encode(sample);
  const zipped = Uint8Array.from(gzipSync(bytes));
  const sources: readonly [string, () => Source][] = [
    ['text', () => ({ text: sample })],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['gzip', () => zipped],
    ['a Blob', () => new Blob([sample])],
    ['a Response', () => new Response(sample)],
    ['a Response of gzip', () => new Response(zipped)],
    ['a Request', () => new Request('http://localhost/', { method: 'POST', body: sample })],
    ['a stream', () => new Blob([zipped]).stream()],
    ['an iterable of single bytes', () => single(bytes)],
    ['an iterable of strings', () => single(sample)],
    ['a path', () => write('sample.csv', bytes)],
    ['a URL', () => new URL(`file://${write('sample.csv', bytes)}`)],
    ['{ path } with gzip', () => ({ path: write('sample.csv.gz', zipped) })],
  ];
  function write(name: string, content: Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }
  async function* single<T extends Uint8Array | string>(content: T) {
    for (let i = 0; i < content.length; i++) yield content.slice(i, i + 1) as T;
  }
  test.each(sources)('%s', async (_, source) => expect(rowsOf(await readCsv(source()))).toEqual(sampleRows));

  test('what is none is refused by name', async () => {
    await expect(readCsv('a,b\n1,2')).rejects.toThrow(/a path, or text as \{ text \}/);
    await expect(readCsv('https://localhost/a.csv')).rejects.toThrow(/await fetch/);
    await expect(readCsv(7 as never)).rejects.toThrow(/source: expected a path/);
    await expect(readCsv(new Response('no', { status: 404 }))).rejects.toThrow(/status 404/);
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toThrow(/ENOENT/);
  });
});

describe('CSV', () => {
  test('CR, LF, both, and no newline at the end', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      for (const last of [end, '']) {
        expect(rowsOf(await csv(['a,b', '1,x', '2,y'].join(end) + last))).toEqual([
          { a: 1, b: 'x' },
          { a: 2, b: 'y' },
        ]);
        expect(rowsOf(await csv(['a,b', '1,"x ""1"""', `2,"y${end}z"`].join(end) + last))[0]).toEqual({
          a: 1,
          b: 'x "1"',
        });
      }
    }
  });

  test('byte order marks and encodings', async () => {
    expect(rowsOf(await csv('\ufeffa,b\n1,é\n'))).toEqual([{ a: 1, b: 'é' }]);
    const little = new Uint8Array(Buffer.from('\ufeffa,b\n1,é\n', 'utf16le'));
    expect(rowsOf(await readCsv(little))).toEqual([{ a: 1, b: 'é' }]);
    const latin = Uint8Array.from('a,b\n1,\u00e9\n', (c) => c.charCodeAt(0));
    expect(rowsOf(await readCsv(latin, { encoding: 'windows-1252' }))).toEqual([{ a: 1, b: 'é' }]);
  });

  test.each([',', ';', '\t', '|', ':', ' '])('the separator %j is found', async (separator) => {
    const text = ['1 2 3', '4 5 6', '7 8 9'].map((line) => line.replaceAll(' ', separator)).join('\n');
    const table = await csv(text);
    expect(table.report?.separator).toBe(separator);
    expect(rowsOf(table)[1]).toEqual({ column1: 4, column2: 5, column3: 6 });
  });

  test('spaces in a row separate once, and may trail', async () => {
    expect(rowsOf(await csv(' 1  2   3 \n4 5 6\n'))[0]).toEqual({ column1: 1, column2: 2, column3: 3 });
    expect(rowsOf(await csv('1\t2\t\n3\t4\t\n', { separator: '\t', names: ['a', 'b', 'c'] }))[1]).toEqual({
      a: 3,
      b: 4,
      c: null,
    });
  });

  test('a byte order mark counts more than the encoding that is said', async () => {
    const options = { encoding: 'windows-1252' };
    const expected = [{ a: 1, b: 'é' }];
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const bytes = (text: string) => Uint8Array.from(Buffer.from(`\ufeff${text}`, encoding));
      expect(rowsOf(await readCsv(bytes('a,b\n1,é\n'), options))).toEqual(expected);
      expect(rowsOf(await readJson(bytes('[{"a": 1, "b": "é"}]'), options))).toEqual(expected);
      expect(rowsOf(await readJsonLines(bytes('{"a": 1, "b": "é"}\n'), options))).toEqual(expected);
    }
    const latin = Uint8Array.from('[{"a": 1, "b": "\u00e9"}]', (c) => c.charCodeAt(0));
    expect(rowsOf(await readJson(latin, options))).toEqual(expected);
  });

  test('numbers with another sign before decimals are noted, and named where they are errors', async () => {
    const { report } = await csv('price;name\n1,5;x\n20;y\n', {});
    expect(report?.columns[0]).toMatchObject({ kind: 'category', decimal: ',' });
    expect(report?.notes).toContain("'price' is read as texts, though all would be numbers with decimal: ','");
    expect((await csv('a;b\n1,5;x,y\n', {})).report?.columns[1]).not.toHaveProperty('decimal');
    const points = await csv('price;name\n1.5;x\n20;y\n', { decimal: ',' });
    expect(points.report?.columns[0]).toMatchObject({ decimal: '.' });
    const strict = { decimal: ',', columns: { price: 'number' } } as const;
    await expect(csv('price;name\n1.5;x\n', strict)).rejects.toThrow(/'1.5' is not a number\. .*say decimal: '\.'/);
    const row = { columns: { price: 'number' } } as const;
    expect(() => tableFromRows([{ price: '1,5' }], row)).toThrow(/in which '1,5' is not a number\. .*decimal: ','/);
  });

  test('a comma before decimals of texts in JSON and rows, next to numbers', async () => {
    const rows = [{ a: '1,5' }, { a: 2.5 }, { a: '1e3' }];
    const expected = [{ a: 1.5 }, { a: 2.5 }, { a: 1000 }];
    expect(rowsOf(tableFromRows(rows, { decimal: ',' }))).toEqual(expected);
    expect(rowsOf(await readJson({ text: JSON.stringify(rows) }, { decimal: ',' }))).toEqual(expected);
    expect(rowsOf(tableFromRows([{ a: 2.5 }, { a: 'x' }], { decimal: ',' }))).toEqual([{ a: '2.5' }, { a: 'x' }]);
  });

  test('files of another kind are told as what they are', async () => {
    const sheet = Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 6, 0]);
    await expect(readCsv(sheet)).rejects.toThrow(/a NUL, which no text has\. It is a zip archive, as spreadsheets/);
    await expect(readJson({ text: 'a,b\n1,2\n' })).rejects.toThrow(/is expected\. For CSV say format: 'csv'/);
  });

  test('a comma before decimals', async () => {
    expect(rowsOf(await csv('a;b\n1,5;x\n-,5e1;y\n', { decimal: ',' }))).toEqual([
      { a: 1.5, b: 'x' },
      { a: -5, b: 'y' },
    ]);
  });

  test.each([
    ['a,b\n1,2\n', true, /'a' is above numbers/],
    ['1,2\n3,4\n', false, /'1' in it is a value/],
    ['x,y\nx,z\n', false, /'x' comes again below/],
    ['name,colour\nann,red\nbob,blue\n', true, /none of its texts comes again/],
    ['2024-01-01,x\n2024-01-02,y\n', false, /is a value/],
    [',size\na,1\n', true, /'size' is above numbers/],
  ])('header of %j: %s', async (text, header, why) => {
    const { report } = await csv(text);
    expect(report?.header).toBe(header);
    expect(report?.notes.join()).toMatch(why);
  });

  test('kinds, and why', async () => {
    const text = 'n,zip,sold,when,word\n1,01234,t,2024-01-01,a\n-2.5e3,98765,F,2024-01-02T10:00:00+02:00,b\n';
    const table = await csv(text);
    expect(kindsOf(table)).toEqual(['number', 'category', 'boolean', 'date', 'category']);
    expect(table.report?.columns.map(({ why }) => why)).toEqual([
      'the first 2 values are numbers',
      "'01234' begins with 0 as a code does",
      'the first 2 values are f or t',
      'the first 2 values are dates',
      "'a' is not a number",
    ]);
    expect(table.column('sold')).toMatchObject({ words: ['F', 't'] });
    expect(String(table.report)).toContain('2 rows, 5 columns');
    const given = await csv(text, { columns: { zip: 'number', word: 'number' } }).catch((error) => error);
    expect(given.message).toMatch(/line 2, column 22, field 'word': 'a' is not a number/);
    expect(kindsOf(await csv(text, { columns: { n: 'category', word: 'skip' } }))).toEqual([
      'category',
      'category',
      'boolean',
      'date',
    ]);
    await expect(csv(text, { columns: { zap: 'number' } })).rejects.toThrow(/Did you mean 'zip'/);
    await expect(csv(text, { columns: { zip: 'text' as never } })).rejects.toThrow(/one of number, category/);
    await expect(csv(text, { seperator: ';' } as never)).rejects.toThrow(/Did you mean 'separator'/);
  });

  test('texts behind the first rows make categories of all, written as they are', async () => {
    const lines = ['v', ...Array.from({ length: 3000 }, (_, i) => `${i % 7}.50`), 'many'];
    const table = await csv(lines.join('\n'));
    const column = table.column('v');
    expect(column.kind === 'category' && column.categories).toContain('3.50');
    expect(table.report?.columns[0]?.why).toMatch(/first 1000 values are numbers, but 'many' in line 3002 is not one/);
    await expect(readCsv(new Response(lines.join('\n')))).rejects.toThrow(
      /line 3002, column 1, field 'v': 'many' is not a number/,
    );
  });

  test('missing values are those that are said to be', async () => {
    const text = 'a,b\n1,x\n-9,none\nNA,y\n';
    expect(rowsOf(await csv(text))[2]).toEqual({ a: null, b: 'y' });
    const table = await csv(text, { missing: ['NA', '-9', 'none'], columns: { a: 'category' } });
    expect(rowsOf(table)[1]).toEqual({ a: null, b: null });
    expect(table.report?.columns.map(({ missing }) => missing)).toEqual([2, 1]);
  });

  test('blocks with and without quotes read alike, wherever they are cut', async () => {
    const generator = new Generator(3, 4);
    const pick = (texts: readonly string[]) => texts[generator.integer(texts.length)]!;
    const plain: string[] = ['n,t,d'];
    const quoted: string[] = ['"n","t",d'];
    for (let i = 0; i < 30_000; i++) {
      const n = pick(['', '1', '-2.25', '1e-7', '123456789012345678', ' 7 ', '?', '.5', '5.', '+3']);
      const t = pick(['', 'a', 'é', '\u{1f600}', ' padded', 'NA', 'long '.repeat(9)]);
      const d = pick(['2024-02-29', '', '2023-12-31 23:59']);
      plain.push([n, t, d].join());
      quoted.push(generator.integer(3) === 0 ? `"${n}",${t},"${d}"` : [n, `"${t}"`, d].join());
    }
    const a = await csv(`${plain.join('\n')}\n`);
    const b = await csv(quoted.join('\r\n'));
    expect(a.columns).toEqual(b.columns);
    expect(a.rows).toBe(30_000);
    const pieces: Table[] = [];
    for await (const table of streamCsv({ text: plain.join('\n') })) pieces.push(table);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.flatMap(rowsOf)).toEqual(rowsOf(a));
  });

  test('numbers are rounded as Number does', () => {
    const generator = new Generator(5, 6);
    const encoder = new TextEncoder();
    const digits = (n: number) =>
      Array.from({ length: n }, () => generator.integer(10))
        .join('')
        .replace(/^0+(?=\d)/, '');
    for (let i = 0; i < 20_000; i++) {
      const exponent = generator.integer(2) ? `e${generator.integer(60) - 30}` : '';
      const text = `${generator.integer(2) ? '-' : ''}${digits(1 + generator.integer(18))}.${'0'.repeat(generator.integer(4))}${generator.integer(1e6)}${exponent}`;
      const bytes = encoder.encode(text);
      expect(parseNumber(bytes, 0, bytes.length), text).toBe(Number(text));
    }
    for (const text of [
      '',
      '.',
      '-',
      '1e',
      '0x10',
      '1_000',
      '1,5',
      '--1',
      '1.2.3',
      '007',
      'e5',
      'infinite',
      '1e5x',
      'NaN',
    ]) {
      const bytes = encoder.encode(text);
      expect(parseNumber(bytes, 0, bytes.length), text).toBeNaN();
    }
    expect(parseNumber(encoder.encode('-inf'), 0, 4)).toBe(-Infinity);
  });

  test.each([
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['1969/12/31 23:59:59.25', '1969-12-31T23:59:59.250Z'],
    ['2024-01-01T00:30+01:00', '2023-12-31T23:30:00.000Z'],
    ['31.5.2024', '2024-05-31T00:00:00.000Z'],
    ['2023-02-29', undefined],
    ['2024-13-01', undefined],
    ['2024-01-01T24:00', undefined],
    ['5/6/2024', undefined],
  ])('the date %s is %s', (text, iso) => {
    const time = parseDate(text);
    expect(Number.isNaN(time) ? undefined : new Date(time).toISOString()).toBe(iso);
  });
});

describe('JSON', () => {
  const rows = [
    { a: 1, b: 'x', c: true, d: '2024-01-01' },
    { a: null, b: 'y', c: false, d: '2024-01-02' },
  ];
  const expected = rows.map((row) => ({ ...row, d: `${row.d}T00:00:00.000Z` }));
  test('an array of objects, of arrays, an object of columns, lines', async () => {
    expect(rowsOf(await readJson({ text: `\ufeff${JSON.stringify(rows, null, 2)}` }))).toEqual(expected);
    const arrays = JSON.stringify(rows.map((row) => Object.values(row)));
    expect(rowsOf(await readJson({ text: arrays }, { names: ['a', 'b', 'c', 'd'] }))).toEqual(expected);
    const columns = JSON.stringify({ a: [1, null], b: ['x', 'y'], c: [true, false], d: rows.map(({ d }) => d) });
    expect(rowsOf(await readJson({ text: columns }))).toEqual(expected);
    const lines = `${rows.map((row) => JSON.stringify(row)).join('\n\n')}\n`;
    expect(rowsOf(await readJsonLines({ text: lines }))).toEqual(expected);
    expect(rowsOf(tableFromRows(rows))).toEqual(expected);
  });

  test('keys may be missing, kinds may mix', async () => {
    const table = await readJson({ text: '[{"a":1},{"b":"x","a":"one"},{"a":true}]' });
    expect(rowsOf(table)).toEqual([
      { a: '1', b: null },
      { a: 'one', b: 'x' },
      { a: 'true', b: null },
    ]);
    expect(kindsOf(await readJson({ text: '[{"a":"1"},{"a":"2"}]' }))).toEqual(['number']);
    expect(() => tableFromRows([{ a: { b: 1 } }])).toThrow(/rows\[0\]\.a: .*an object/);
  });

  test('lines stream with the kinds of the first block', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `{"id":${i},"text":"t${i % 3}"}`).join('\n');
    let next = 0;
    let tables = 0;
    for await (const table of streamTable({ text: lines }, { format: 'jsonLines' })) {
      tables++;
      for (let i = 0; i < table.rows; i++) expect(table.value(i, 'id')).toBe(next++);
    }
    expect(next).toBe(40_000);
    expect(tables).toBeGreaterThan(0);
  });

  test('names tell the format', async () => {
    const path = join(folder, 'rows.jsonl.gz');
    writeFileSync(path, gzipSync('{"a":1}\n{"a":2}\n'));
    expect((await readTable(path)).rows).toBe(2);
    await expect(readTable(path, { format: 'xml' as never })).rejects.toThrow(/one of csv, json, jsonLines/);
  });
});

test('idx of every type', async () => {
  const head = (type: number, ...shape: number[]) => [0, 0, type, shape.length, ...shape.flatMap((n) => [0, 0, 0, n])];
  const images = await readIdx(
    Uint8Array.from(gzipSync(Uint8Array.from([...head(8, 2, 1, 3), 0, 51, 102, 153, 204, 255]))),
  );
  expect(images.shape).toEqual([2, 1, 3]);
  const { data, rows, columns } = images.matrix(1 / 255);
  expect({ rows, columns }).toEqual({ rows: 2, columns: 3 });
  expect(data[1]).toBeCloseTo(0.2, 6);
  expect([...(await readIdx(Uint8Array.from([...head(9, 1), 255]))).values]).toEqual([-1]);
  expect([...(await readIdx(Uint8Array.from([...head(11, 1), 255, 254]))).values]).toEqual([-2]);
  expect([...(await readIdx(Uint8Array.from([...head(12, 1), 0, 1, 0, 0]))).values]).toEqual([65536]);
  expect([...(await readIdx(Uint8Array.from([...head(13, 1), 63, 192, 0, 0]))).values]).toEqual([1.5]);
  expect([...(await readIdx(Uint8Array.from([...head(14, 1), 63, 248, 0, 0, 0, 0, 0, 0]))).values]).toEqual([1.5]);
});

describe('a table', () => {
  const table = tableFromRows(
    [
      [1, 'x'],
      [2, null],
      [3, 'y'],
    ],
    { names: ['n', 't'] },
  );
  test('selects, drops, takes and slices', () => {
    expect(table.select(['t']).names).toEqual(['t']);
    expect(table.drop('t').names).toEqual(['n']);
    expect(rowsOf(table.take([2, 0, 2])).map(({ n }) => n)).toEqual([3, 1, 3]);
    expect(rowsOf(table.slice(1))).toEqual([
      { n: 2, t: null },
      { n: 3, t: 'y' },
    ]);
    expect(table.value(0, 't')).toBe('x');
  });
  test('names what is wrong', () => {
    expect(() => table.column('m')).toThrow(/Did you mean 'n'/);
    expect(() => table.take([3])).toThrow(/rows\[0\]: expected a row from 0 to 2/);
    expect(() => tableFromRows([])).toThrow(/at least one row/);
    expect(() => tableFromRows([[1], [1, 2]])).toThrow(/rows\[1\].*2 values where the first has 1/);
  });
});

test('texts among numbers are reported with the line of the first', async () => {
  const rows = (count: number, odd: readonly number[]) =>
    Array.from({ length: count }, (_, i) => (odd.includes(i) ? 'unknown' : `${(i * 7) % 13}.5`));
  const late = await csv(['n', ...rows(3000, [2000, 2500])].join('\n'));
  expect(late.report?.columns[0]).toMatchObject({
    odd: { count: 2, of: 3000, text: 'unknown', line: 2002 },
    distinct: 14,
  });
  expect(String(late.report)).toMatch(/'n' is read as texts, though 2998 of 3000 are numbers: .* in line 2002/);
  const early = await csv(['', '"n","two\nlines"', '', ...rows(20, [3]).map((n) => `${n},"a\nb"`)].join('\n'));
  expect(early.report?.columns[0]?.odd).toMatchObject({ count: 1, of: 20, line: 11 });
  const few = await csv(['n', ...rows(10, [1, 2])].join('\n'));
  expect(few.report?.columns[0]?.odd).toMatchObject({ count: 2, of: 10, line: 3 });
  const codes = (await csv(`n,m\n${'1,0\n'.repeat(20)}01,0\n`)).report?.columns[0];
  expect(codes).toMatchObject({ kind: 'category', padded: { text: '01', count: 1, line: 22 } });
  expect(codes).not.toHaveProperty('odd');
  const objects = rows(20, [4]).map((n) => ({ n }));
  expect(tableFromRows(objects).report?.notes).toEqual([
    expect.stringMatching(/19 of 20 .* 'unknown' \(1 cell\) in row 4/),
  ]);
});

test('a path that leads nowhere is a FileError', async () => {
  for (const read of [readCsv, readJson, readJsonLines, readIdx]) {
    await expect(read('/no/file')).rejects.toMatchObject({ name: 'FileError', code: 'ENOENT', path: '/no/file' });
  }
});
