import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  readCsv,
  readJson,
  readJsonLines,
  streamCsv,
  type Table,
  tableFromRows,
  tabular,
} from '../../src/data/index.js';
import { cos, sin } from '../../src/data/prep/circle.js';

// Dates as people write them, and the points on a circle that are made of their parts.

type Options = NonNullable<Parameters<typeof readCsv>[1]>;

const quote = (cell: string) => (cell.includes(',') ? `"${cell}"` : cell);
const file = (cells: readonly string[]) => `d,v\n${cells.map((cell, i) => `${quote(cell)},${i}.5`).join('\n')}\n`;

async function everywhere(cells: readonly string[], options: Options = {}): Promise<[string, Table][]> {
  const rows = cells.map((d, i) => ({ d, v: i + 0.5 }));
  return [
    ['csv', await readCsv({ text: file(cells) }, options)],
    ['json', await readJson({ text: JSON.stringify(rows) }, options)],
    ['lines', await readJsonLines({ text: rows.map((row) => JSON.stringify(row)).join('\n') }, options)],
    ['rows', tableFromRows(rows, options)],
  ];
}

const shown = (table: Table, row = 0) => table.value(row, 'd');
const notesOf = ({ report }: Table) => (report?.notes ?? []).filter((note) => note.startsWith("'d'")).join('\n');

describe('one reading fits all', () => {
  test.each([
    ['2024-01-31 10:00:00+00', '2024-01-31T10:00:00.000Z'],
    ['2024-01-31 10:00:00.745+02', '2024-01-31T08:00:00.745Z'],
    ['2024-01-31 10:00:00 -0330', '2024-01-31T13:30:00.000Z'],
    ['2024-01-31 10:00:00 UTC', '2024-01-31T10:00:00.000Z'],
    ['2024-01-31 10:00 GMT', '2024-01-31T10:00:00.000Z'],
    ['2024/01/31 9:05:00 PM GMT+2', '2024-01-31T19:05:00.000Z'],
    ['2024/01/31 9:05:00 AM GMT-3', '2024-01-31T12:05:00.000Z'],
    ['2024/01/31 9:05:00 AM GMT+5:30', '2024-01-31T03:35:00.000Z'],
    ['2024/01/31 9:05:00 AM GMT+10', '2024-01-30T23:05:00.000Z'],
    ['2024-01-31T10:00:00 +01:00', '2024-01-31T09:00:00.000Z'],
    ['20240131T100000Z', '2024-01-31T10:00:00.000Z'],
    ['2024-1-5', '2024-01-05T00:00:00.000Z'],
    ['2024/1/5 7:08', '2024-01-05T07:08:00.000Z'],
    ['2024.01.31', '2024-01-31T00:00:00.000Z'],
    ['2024-01', '2024-01-01T00:00:00.000Z'],
    ['01/2024', '2024-01-01T00:00:00.000Z'],
    ['Jan 2024', '2024-01-01T00:00:00.000Z'],
    ['1/31/2024', '2024-01-31T00:00:00.000Z'],
    ['1/31/2024 3:05 PM', '2024-01-31T15:05:00.000Z'],
    ['1/31/2024 12:00:00 a.m.', '2024-01-31T00:00:00.000Z'],
    ['31/01/2024', '2024-01-31T00:00:00.000Z'],
    ['31/01/2024 23:59:59', '2024-01-31T23:59:59.000Z'],
    ['31-01-2024', '2024-01-31T00:00:00.000Z'],
    ['31/1/24', '2024-01-31T00:00:00.000Z'],
    ['12/31/99', '1999-12-31T00:00:00.000Z'],
    ['31.01.2024 10:30', '2024-01-31T10:30:00.000Z'],
    ['31-Jan-2024', '2024-01-31T00:00:00.000Z'],
    ['31 January 2024', '2024-01-31T00:00:00.000Z'],
    ['31JAN2024', '2024-01-31T00:00:00.000Z'],
    ['Jan 31, 2024', '2024-01-31T00:00:00.000Z'],
    ['January 31 2024 9:05 am', '2024-01-31T09:05:00.000Z'],
    ['2024-Jan-31', '2024-01-31T00:00:00.000Z'],
    ['Wed, 31 Jan 2024 10:00:00 GMT', '2024-01-31T10:00:00.000Z'],
    ['Wed Jan 31 2024 10:00:00 GMT+0100 (CET)', '2024-01-31T09:00:00.000Z'],
    ['Wed Jan 31 10:00:00 2024', '2024-01-31T10:00:00.000Z'],
  ])('%s', async (text, expected) => {
    for (const [reader, table] of await everywhere([text, text])) {
      expect([reader, table.column('d').kind, shown(table)]).toEqual([reader, 'date', expected]);
      expect(notesOf(table), reader).toContain(`'d' is read as dates`);
      expect(notesOf(table), reader).toContain(`'${text}' is ${expected.replace('T00:00:00.000Z', '')}`);
    }
    for await (const block of streamCsv({ text: file([text, text]) })) expect(shown(block)).toBe(expected);
  });

  test.each([
    ['2024-01-31', '2024-01-31T00:00:00.000Z'],
    ['5.6.2024', '2024-06-05T00:00:00.000Z'],
  ])('%s, as programs write it, without a remark', async (text, expected) => {
    for (const [reader, table] of await everywhere([text, text])) {
      expect([reader, shown(table), notesOf(table)]).toEqual([reader, expected, '']);
    }
  });

  test('the order is what all rows allow, and is remembered', async () => {
    for (const [reader, table] of await everywhere(['05/06/2024', '31/01/2024'])) {
      expect([reader, shown(table)]).toEqual([reader, '2024-06-05T00:00:00.000Z']);
      expect(table.reading.dateFormat).toEqual({ d: 'DMY' });
      expect(notesOf(table)).toContain("in the order DMY: '05/06/2024' is 2024-06-05");
    }
    const late = await readCsv({ text: file([...new Array(1500).fill('05/06/2024'), '31/01/2024']) });
    expect(shown(late)).toBe('2024-06-05T00:00:00.000Z');
    // Both orders give the same where the numbers are.
    expect((await readCsv({ text: file(['01/01/2024', '07/07/2024']) })).column('d').kind).toBe('date');
  });

  test.each([
    ['a day that is none', ['31/01/2024', '31/02/2024'], "'31/02/2024' (1 cell)"],
    ['two orders', ['31/01/2024', '1/31/2024', '1/30/2024'], undefined],
    ['zeros', ['2024-01-31', '2024-01-32'], "'2024-01-32' (1 cell)"],
    ['times of day', ['10:30', '11:45'], undefined],
    ['school years', ['2011-12', '2012-13'], "'2012-13' (1 cell)"],
  ] as const)('%s make texts', async (_, cells, note) => {
    for (const [reader, table] of await everywhere(cells)) {
      expect([reader, table.column('d').kind]).toEqual([reader, 'category']);
      if (note) expect(notesOf(table)).toContain(note);
    }
  });
});

describe('months that are named in another language than English', () => {
  const remark = /'d' is read as texts, which look like dates, but months have names in English only: '(.*)' is none/;
  test.each<[string, string, string?]>([
    ['31-janv.-2024', '15-févr.-2024'],
    ['31. Mai 2024', '1. Januar 2024'],
    ['1. Jan 2024', '2. Mär 2024', '2. Mär 2024'],
    ['1. Mai 2024 10:30', '2. Juni 2024 10:30 Uhr'],
    ['3 mars 2024', '1er août 2024'],
    ['lundi 3 mars 2024', 'mardi 4 mars 2024 à 10:30'],
    ['31 de enero de 2024', '2 de mayo de 2023'],
    ['31/gen/2024', '1/feb/2024'],
    ['31MAI2024', '01JAN2024'],
    ['2024-mai-31', '2024-juni-01'],
    ['mars 2024', 'avril 2024'],
    ['mei 31, 2024', 'juni 1, 2024'],
    ['05 мая 2024', '6 июня 2024'],
    ['2024年1月31日', '2024年2月1日'],
    ['2024년 1월 31일', '2024년 2월 1일'],
  ])('%s, %s: texts, with a remark', async (one, other, named = one) => {
    for (const [reader, table] of await everywhere([one, other])) {
      expect([reader, table.column('d').kind, remark.exec(notesOf(table))?.[1]]).toEqual([reader, 'category', named]);
      expect(table.report!.columns[0]).toMatchObject({ months: named });
    }
    for await (const block of streamCsv({ text: file([one, other]) })) {
      expect(remark.exec(notesOf(block))?.[1]).toBe(named);
    }
    await expect(readCsv({ text: file([one, other]) }, { columns: { d: 'date' } })).rejects.toThrow(
      /is not a date\. Names of months are read in English: write the month as a number/,
    );
  });

  test.each([
    ['31-Jan-2024', '1-Feb-2024'],
    ['12 rue de Seine', '3 rue du Bac'],
    ['2024Q1', '2024Q2'],
    ['2024-W05-3', '2024-W06-1'],
    ['3 kg 100', '5 kg 200'],
  ])('%s, %s: no remark', async (one, other) => {
    for (const [reader, table] of await everywhere([one, other])) {
      expect([reader, notesOf(table).includes('English')]).toEqual([reader, false]);
    }
  });
});

describe('two readings', () => {
  const cells = ['05/06/2024', '01/02/2024'];
  test('make texts, and the remark says the options', async () => {
    for (const [reader, table] of await everywhere(cells)) {
      expect([reader, table.column('d').kind]).toEqual([reader, 'category']);
      expect(notesOf(table)).toContain("say dateFormat: 'DMY' or dateFormat: 'MDY'");
      expect(table.report?.columns[0]).toMatchObject({ dateFormats: ['DMY', 'MDY'] });
    }
    await expect(readCsv({ text: file(cells) }, { columns: { d: 'date' } })).rejects.toThrow(
      /'05\/06\/2024' is not a date\. If it is a date, say how it is written, such as dateFormat: 'DMY' or 'MDY'/,
    );
  });

  test.each([
    ['DMY', '2024-06-05'],
    ['MDY', '2024-05-06'],
    ['DD/MM/YYYY', '2024-06-05'],
    ['MM/DD/YYYY', '2024-05-06'],
    ['%d/%m/%Y', '2024-06-05'],
    ['dd/MM/yyyy', '2024-06-05'],
  ])('dateFormat %s', async (format, day) => {
    for (const dateFormat of [format, { d: format }]) {
      for (const [reader, table] of await everywhere(cells, { dateFormat })) {
        expect([reader, shown(table)]).toEqual([reader, `${day}T00:00:00.000Z`]);
        expect(table.column('v').kind).toBe('number');
      }
    }
    for await (const block of streamCsv({ text: file(cells) }, { dateFormat: { d: format } })) {
      expect(shown(block)).toBe(`${day}T00:00:00.000Z`);
    }
  });

  test.each([
    ['YYYYMMDD', '20240605', '2024-06-05T00:00:00.000Z'],
    ['YYMMDD', '240605', '2024-06-05T00:00:00.000Z'],
    ['DDMMYYYY HHmm', '05062024 0930', '2024-06-05T09:30:00.000Z'],
    ['D MMM YY h:mm A', '5 Jun 24 3:07 pm', '2024-06-05T15:07:00.000Z'],
    ['MMMM D, YYYY', 'June 5, 2024', '2024-06-05T00:00:00.000Z'],
    ['%Y%m%dT%H%M%S', '20240605T093001', '2024-06-05T09:30:01.000Z'],
    ['YMD', '24/06/05', '2024-06-05T00:00:00.000Z'],
    ['[day] DD.MM.YYYY', 'day 05.06.2024', '2024-06-05T00:00:00.000Z'],
    ['DD/MM/YYYY HH:mm Z', '05/06/2024 10:00 +02:00', '2024-06-05T08:00:00.000Z'],
  ])('the format %s', async (format, text, expected) => {
    for (const [reader, table] of await everywhere([text, text], { dateFormat: { d: format } })) {
      expect([reader, shown(table)]).toEqual([reader, expected]);
    }
  });

  test.each(['', 'x', 'DD/MM', 'Q YYYY', '%q'])('the format %j is refused', async (format) => {
    await expect(readCsv({ text: file(cells) }, { dateFormat: format })).rejects.toThrow(
      /dateFormat: expected .*'DMY'/,
    );
    await expect(readCsv({ text: file(cells) }, { dateFormat: { d: format } })).rejects.toThrow(/dateFormat\.d: /);
  });

  test('a cell of another format is refused by line, and common markers are missing', async () => {
    const dateFormat = { d: 'DD/MM/YYYY' };
    await expect(readCsv({ text: file(['05/06/2024', '31/31/2024']) }, { dateFormat })).rejects.toThrow(
      /line 3, column 1, field 'd': '31\/31\/2024' is not a date/,
    );
    const table = await readCsv({ text: file(['05/06/2024', 'n/a', '']) }, { dateFormat });
    expect([0, 1, 2].map((row) => shown(table, row))).toEqual(['2024-06-05T00:00:00.000Z', null, null]);
  });
});

test('a pipeline reads dates as it learned them', async () => {
  const day = (i: number) => `${1 + (i % 28)}/${1 + (i % 12)}/2024`;
  const text = `d,y\n${Array.from({ length: 90 }, (_, i) => `${day(i)},${i % 28}.5`).join('\n')}`;
  const fitted = await tabular({ target: 'y', epochs: 2, members: 1, layers: [4] }).fit(await readCsv({ text }));
  expect(fitted.readOptions).toMatchObject({ kinds: { d: 'date' }, dateFormat: { d: 'DMY' } });
  const [expected] = fitted.predict([{ d: new Date('2024-06-05') }]);
  expect(fitted.predict([{ d: '05/06/2024' }])[0]).toBe(expected);
  expect(fitted.predict(await readCsv({ text: 'd\n5/6/2024\n' }, fitted.readOptions))[0]).toBe(expected);
});

test('points on the circle have the bits of the Math of Node, which every build before took them from', () => {
  const values: number[] = [];
  for (const cycle of [12, 31, 7, 366, 24, 60]) {
    for (let step = 0; step < cycle; step++) {
      const angle = (2 * Math.PI * step) / cycle;
      values.push(sin(angle), cos(angle));
      expect([cycle, step, sin(angle), cos(angle)]).toEqual([cycle, step, Math.sin(angle), Math.cos(angle)]);
    }
  }
  expect([sin(Number.NaN), cos(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
  const hash = createHash('sha256')
    .update(new Uint8Array(Float64Array.from(values).buffer))
    .digest('hex');
  expect(hash).toBe('d20ba719d2a29c30cc9cda074ad37061e24595e8966b853968bf6741ffca9852');
});

test.each([
  ['00', 2000],
  ['49', 2049],
  ['50', 2050],
  ['68', 2068],
  ['69', 1969],
  ['99', 1999],
])('the year %s is %i, as POSIX and Python have it', async (year, full) => {
  const text = `day\n31.12.${year}\n25.11.${year}`;
  const table = await readCsv({ text }, { columns: { day: 'date' }, dateFormat: 'DMY' });
  const years = [0, 1].map((row) => new Date(String(table.value(row, 'day'))).getUTCFullYear());
  expect(years).toEqual([full, full]);
});
