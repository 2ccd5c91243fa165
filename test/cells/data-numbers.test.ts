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

// Numbers as people write them.

type Options = NonNullable<Parameters<typeof readCsv>[1]>;

const quote = (cell: string) => (/[",;]/.test(cell) ? `"${cell}"` : cell);
/** A column, beside one of whole numbers, which says nothing of decimals. */
const file = (cells: readonly string[], separator = ',') =>
  `p${separator}v\n${cells.map((cell, i) => `${quote(cell)}${separator}${i}`).join('\n')}\n`;

async function everywhere(cells: readonly string[], options: Options = {}): Promise<[string, Table][]> {
  const rows = cells.map((p, v) => ({ p, v }));
  return [
    ['csv', await readCsv({ text: file(cells, options.decimal === ',' ? ';' : ',') }, options)],
    ['json', await readJson({ text: JSON.stringify(rows) }, options)],
    ['lines', await readJsonLines({ text: rows.map((row) => JSON.stringify(row)).join('\n') }, options)],
    ['rows', tableFromRows(rows, options)],
  ];
}

const values = (table: Table) => Array.from({ length: table.rows }, (_, row) => table.value(row, 'p'));
const notesOf = ({ report }: Table) => (report?.notes ?? []).filter((note) => note.startsWith("'p'")).join('\n');

describe('read as numbers, with a remark', () => {
  test.each<[string[], unknown[], string]>([
    [['1,250', '950', '12,000'], [1250, 950, 12000], "with ',' between thousands: '1,250' is 1250"],
    [['1,250,000', '3,000'], [1250000, 3000], "'1,250,000' is 1250000"],
    [['1,250.50', '3,000'], [1250.5, 3000], "'1,250.50' is 1250.5"],
    [['12,34,567', '1,00,000'], [1234567, 100000], "'12,34,567' is 1234567"],
    [['1 234', '12 000', '7'], [1234, 12000, 7], "with ' ' between thousands: '1 234' is 1234"],
    [['1\u00a0234', '12\u202f000', '1\u2009000'], [1234, 12000, 1000], "with ' ' between thousands"],
    [["1'234", '1\u2019000.5'], [1234, 1000.5], `with "'" between thousands`],
    [['1.250.000', '950.000'], [1250000, 950000], ''],
    [['12%', '7.5 %', '0'], [0.12, 0.075, 0], "'12%' is 0.12"],
    [['$12.50', '$3', '7.25'], [12.5, 3, 7.25], "'$12.50' is 12.5"],
    [['\u20ac 5', '7 \u20ac', '\u20ac8.25'], [5, 7, 8.25], "'\u20ac 5' is 5"],
    [['USD 5', 'USD 7.5'], [5, 7.5], "'USD 5' is 5"],
    [['12 kr', '-3 kr'], [12, -3], "'12 kr' is 12"],
    [['(5)', '6'], [-5, 6], "'(5)' is -5"],
    [['($1,250.50)', '-$3', '$-4'], [-1250.5, -3, -4], "'($1,250.50)' is -1250.5"],
    [['\u22125', '\u20136.5', '+7'], [-5, -6.5, 7], "'\u22125' is -5"],
    [['$1,250', 'n/a', '$12,000.25'], [1250, null, 12000.25], "'n/a' is taken for a missing value"],
  ])('%j', async (cells, expected, note) => {
    const given: Options = cells[0] === '1.250.000' ? { thousands: '.', decimal: ',' } : {};
    for (const [reader, table] of await everywhere(cells, given)) {
      expect([reader, table.column('p').kind, values(table)]).toEqual([reader, 'number', expected]);
      expect(notesOf(table), reader).toContain(note);
      expect(notesOf(table), reader).not.toContain('decimal');
    }
    for await (const block of streamCsv({ text: file(cells, given.decimal && ';') }, given))
      expect(values(block)).toEqual(expected);
  });

  test('after the first rows', async () => {
    const cells = Array.from({ length: 1500 }, (_, i) =>
      i > 1200 ? `1,${String(i % 1000).padStart(3, '0')}` : `${i % 9}`,
    );
    const table = await readCsv({ text: file(cells) });
    expect([table.column('p').kind, table.value(1401, 'p')]).toEqual(['number', 1401]);
  });
});

describe('left as texts, with a remark that does no harm', () => {
  test.each<[string[], RegExp | undefined, string?]>([
    [['1,250', '2,375'], /all would be numbers with thousands: ','$/],
    [['1,250', '950', '2,375'], /all would be numbers with thousands: ','$/, ';'],
    [['1,5', '20', '3,25'], /all would be numbers with decimal: ','$/],
    [['1.250,50', '3.000,25'], /all would be numbers with decimal: ',' and thousands: '\.'$/],
    [['1.250.000', '950.000'], /all would be numbers with decimal: ',' and thousands: '\.'$/],
    [['0,125', '1,250'], /all would be numbers with decimal: ','$/],
    [['12%', '7'], /several units: '12%' and '7'/],
    [['$5', '\u20ac7'], /several units: '\$5' and '\u20ac7'/],
    [
      ['007', '012'],
      /'007' begins with 0 as codes do \(1 cell, first in (?:line [12]|row 0)\); columns: \{ p: 'number' \}/,
    ],
    [['1', '2.5', '00.5'], /'00\.5' begins with 0 as codes do/],
    [['021.2', '019.6'], /'021\.2' begins with 0/],
    [['5', '<3', '7'], /2 of 3 are numbers: the first other is '<3' \(1 cell\)/],
    [['12 kg', '7'], /1 of 2 are numbers: the first other is '12 kg'/],
    [['1,2,3', '4'], /1 of 2 are numbers: the first other is '1,2,3'/],
    [['12,5,000', '4'], /the first other is '12,5,000'/],
    [
      ['12 km', '7 km', 'far'],
      /2 of 3 are numbers with 'km': the first other is 'far' \(1 cell\) in (?:line [134]|row 2)/,
    ],
    [['12 km', '7 km', '300 m'], /2 of 3 are numbers with 'km': the first other is '300 m'/],
    [['12\u2030', '7\u2030'], /all would be numbers without '\u2030'; take it out of the cells/],
    [['1\u2030', '2\u2030', '3%'], /2 of 3 are numbers with '\u2030': the first other is '3%'/],
    [['10:30', '11:45', 'noon'], /2 of 3 are times: the first other is 'noon'/],
    [['0,5', '12,25', '7.5'], /decimals follow a comma in '0,5' and after a point in '7\.5'$/],
    [['7.25', '1.234,5'], /decimals follow a comma in '1\.234,5' and after a point in '7\.25'$/],
    [['5 a', '5 b', '5 c', 'd'], undefined],
    [['1-2', '3-4'], undefined],
    [['192.168.1.1', '10.0.0.1'], undefined],
  ])('%j', async (cells, note, separator) => {
    const tables = separator
      ? [['csv', await readCsv({ text: file(cells, separator) })] as const]
      : await everywhere(cells);
    for (const [reader, table] of tables) {
      expect([reader, table.column('p').kind, values(table)]).toEqual([reader, 'category', cells]);
      if (note) expect(notesOf(table), reader).toMatch(note);
      else expect(notesOf(table), reader).toBe('');
    }
  });

  test('what the remark advises reads what is meant', async () => {
    const read = async (cells: string[], options: Options) => values(await readCsv({ text: file(cells) }, options));
    expect(await read(['1,250', '2,375'], { thousands: ',' })).toEqual([1250, 2375]);
    expect(await read(['1,250', '2,375'], { decimal: ',' })).toEqual([1.25, 2.375]);
    expect(await read(['1.250,50', '3.000,25'], { decimal: ',', thousands: '.' })).toEqual([1250.5, 3000.25]);
    expect(await read(['1.250,50', '3.000,25'], { decimal: ',' })).toEqual([1250.5, 3000.25]);
    expect(await read(['007', '012'], { columns: { p: 'number' } })).toEqual([7, 12]);
    expect(await read(['021.2', '-019.6'], { columns: { p: 'number' } })).toEqual([21.2, -19.6]);
    const beside = await readCsv({ text: 'p,q\n"1,250",1.5\n"2,375",2.5\n' });
    expect(values(beside)).toEqual([1250, 2375]);
  });
});

describe('options', () => {
  test.each<[Options, RegExp]>([
    [{ thousands: '.' }, /thousands: expected one of .*, got '\.'.*say decimal: ','/],
    [{ thousands: ',', decimal: ',' }, /thousands: expected .*say decimal: '\.'/],
    [{ thousands: '_' as never }, /thousands: expected/],
    [{ thousands: { p: ';' as never } }, /thousands\.p: expected/],
    [{ missing: [true as never] }, /missing: expected an array of texts/],
  ])('%j is refused', async (options, message) => {
    await expect(readCsv({ text: file(['1']) }, options)).rejects.toThrow(message);
    expect(() => tableFromRows([{ p: 1 }], options)).toThrow(message);
  });

  test('thousands of one column', async () => {
    const table = await readCsv({ text: 'p,q\n"1,250","1,250"\n"2,375","2,375"\n' }, { thousands: { p: ',' } });
    expect(table.columns.map(({ kind }) => kind)).toEqual(['number', 'category']);
  });

  test('what is no number of a column said to hold them is refused with the option that reads it', async () => {
    const columns = { p: 'number' } as const;
    const cases = [
      ['1,250', "say thousands: ',' or decimal: ','"],
      ['1,5', "say decimal: ','"],
      ['1.250,5', "say thousands: '.' and decimal: ','"],
    ];
    for (const [cell, hint] of cases) {
      await expect(readCsv({ text: file([cell!, cell!]) }, { columns })).rejects.toThrow(
        `${cell}' is not a number. If it is a number, ${hint}`,
      );
      expect(() => tableFromRows([{ p: cell }], { columns })).toThrow(hint);
    }
  });

  test('a pipeline reads numbers as it learned them', async () => {
    const text = `p,y\n${Array.from({ length: 90 }, (_, i) => `"${1 + (i % 7)},${String(i * 11).padStart(3, '0')}",${i % 7}.5`).join('\n')}`;
    const fitted = await tabular({ target: 'y', epochs: 2, members: 1, layers: [4] }).fit(await readCsv({ text }));
    expect(fitted.readOptions).toMatchObject({ kinds: { p: 'number' }, thousands: { p: ',' } });
    const [expected] = fitted.predict([{ p: 1250 }]);
    expect(fitted.predict([{ p: '1,250' }])[0]).toBe(expected);
    for await (const table of streamCsv({ text: 'p\n"1,250"\n' }, fitted.readOptions)) {
      expect(fitted.predict(table)[0]).toBe(expected);
    }
  });
});
