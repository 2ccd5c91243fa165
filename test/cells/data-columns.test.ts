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

// What the cells of a column mean: markers, booleans, numbers and dates as people write them.

type Options = NonNullable<Parameters<typeof readCsv>[1]>;

const quote = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const file = (cells: readonly string[]) => `c,v\n${cells.map((cell, i) => `${quote(cell)},${i}.5`).join('\n')}\n`;

/** A column of these cells, by every reader. */
async function everywhere(cells: readonly string[], options: Options = {}): Promise<Record<string, Table>> {
  const rows = cells.map((c, i) => ({ c, v: i + 0.5 }));
  return {
    csv: await readCsv({ text: file(cells) }, options),
    json: await readJson({ text: JSON.stringify(rows) }, options),
    lines: await readJsonLines({ text: rows.map((row) => JSON.stringify(row)).join('\n') }, options),
    rows: tableFromRows(rows, options),
  };
}

const columnOf = (table: Table) => Array.from({ length: table.rows }, (_, row) => table.value(row, 'c'));
const notesOf = ({ report }: Table) =>
  (report?.notes ?? []).filter((note) => note.includes("'c'") && !/^first line/.test(note));

async function expectColumn(
  cells: readonly string[],
  options: Options,
  kind: string,
  values: readonly unknown[],
  note?: RegExp,
) {
  for (const [reader, table] of Object.entries(await everywhere(cells, options))) {
    const column = table.column('c');
    expect([reader, column.kind, columnOf(table)]).toEqual([reader, kind, values]);
    if (note) expect(notesOf(table).join('\n'), reader).toMatch(note);
    else expect(notesOf(table), reader).toEqual([]);
  }
}

describe('a marker counts before the kind is decided', () => {
  test.each<[string, string[], string[], string, unknown[]]>([
    ['a number', ['1', '-999', '2'], ['-999'], 'number', [1, null, 2]],
    ['a number, spelled otherwise', ['1', '-999.0', '-9.99e2'], ['-999'], 'number', [1, null, null]],
    ['a number, the marker spelled otherwise', ['1', '-999', '2'], ['-999.00'], 'number', [1, null, 2]],
    ['a number of many digits', ['1', '9999999999999999', '2'], ['9999999999999999'], 'number', [1, null, 2]],
    ['a date', ['2020-02-02', '1900-01-01'], ['1900-01-01'], 'date', ['2020-02-02T00:00:00.000Z', null]],
    [
      'a date with its time',
      ['2020-02-02', '1900-01-01 00:00:00'],
      ['1900-01-01'],
      'date',
      ['2020-02-02T00:00:00.000Z', null],
    ],
    ['a word of booleans', ['t', 'n', 'f'], ['n'], 'boolean', [true, null, false]],
    ['a word of the same pair', ['yes', 'no', 'Yes'], ['no'], 'boolean', [true, null, true]],
    ['a number among dates', ['2020-02-02', '-1'], ['-1'], 'date', ['2020-02-02T00:00:00.000Z', null]],
    ['a number among booleans', ['yes', 'no', '9'], ['9'], 'boolean', [true, false, null]],
    ['a number among texts', ['x', '-999', 'y'], ['-999'], 'category', ['x', null, 'y']],
    ['all of it', ['-999', '-999.0'], ['-999'], 'number', [null, null]],
    ['several', ['1', '-999', '-998', 'none of it'], ['-999', '-998', 'none of it'], 'number', [1, null, null, null]],
  ])('%s', async (_, cells, missing, kind, values) => {
    await expectColumn(cells, { missing }, kind, values);
    // The same with the kind given, and in a stream.
    await expectColumn(cells, { missing, columns: { c: kind as 'number' } }, kind, values);
    for await (const table of streamCsv({ text: file(cells) }, { missing })) expect(columnOf(table)).toEqual(values);
  });

  test('values that are no texts', async () => {
    const one = (values: unknown[], missing: (string | number)[]) =>
      columnOf(
        tableFromRows(
          values.map((c) => ({ c })),
          { missing },
        ),
      );
    expect(one([1, -999, -999.5], ['-999'])).toEqual([1, null, -999.5]);
    expect(one([1, -999], [-999])).toEqual([1, null]);
    expect(one([1n, -999n], ['-999'])).toEqual([1, null]);
    expect(one([true, false], ['false'])).toEqual([true, null]);
    expect(one([new Date('2020-01-01'), new Date('1900-01-01')], ['1900-01-01'])[1]).toBeNull();
    expect(
      one(
        [Float64Array.of(1), Float64Array.of(-999)].map(([value]) => value),
        ['-999'],
      ),
    ).toEqual([1, null]);
    const json = await readJson({ text: '{"c":[1,-999.0,2]}' }, { missing: ['-999'] });
    expect(columnOf(json)).toEqual([1, null, 2]);
  });

  test('a pipeline remembers them', async () => {
    const text = `x,y\n${Array.from({ length: 80 }, (_, i) => `${i % 8 === 0 ? '-999.0' : i},${i * 1.5}`).join('\n')}`;
    const table = await readCsv({ text }, { missing: ['-999'] });
    const fitted = await tabular({ target: 'y', epochs: 2, members: 1, layers: [4] }).fit(table);
    const [marked, missing] = fitted.predict([{ x: -999 }, { x: null }]);
    expect(marked).toBe(missing);
    expect(fitted.predict([{ x: '-999.00' }])[0]).toBe(missing);
    const again = await readCsv({ text: 'x,y\n-999,3\n5,4\n' }, fitted.readOptions);
    expect(fitted.predict(again)[0]).toBe(missing);
    expect(fitted.evaluate(again)).toEqual(
      fitted.evaluate([
        { x: null, y: 3 },
        { x: 5, y: 4 },
      ]),
    );
  });
});

describe('booleans are one pair of words', () => {
  const words = ['true', 'false', 't', 'f', 'yes', 'no', 'y', 'n'];
  const pairs = words.flatMap((a, i) => words.slice(i + 1).map((b) => [a, b] as const));

  test.each(pairs)('%s and %s', async (a, b) => {
    const pair =
      Math.abs(words.indexOf(a) - words.indexOf(b)) === 1 && Math.min(words.indexOf(a), words.indexOf(b)) % 2 === 0;
    for (const [first, second] of [
      [a, b],
      [a.toUpperCase(), b],
    ] as const) {
      for (const table of Object.values(await everywhere([first, second, first]))) {
        expect(new Set(columnOf(table)).size).toBe(2);
        expect(table.column('c').kind).toBe(pair ? 'boolean' : 'category');
      }
    }
  });

  test.each(['N', 'Y', '0', '1', 'yes', 'maybe', 'true'])(
    '%s after the first rows makes T and F a category',
    async (late) => {
      const cells = Array.from({ length: 1500 }, (_, i) => (i === 1200 ? late : i % 2 ? 'T' : 'F'));
      const table = await readCsv({ text: file(cells) });
      expect([...new Set(columnOf(table))].sort()).toEqual(['F', 'T', late].sort());
      expect(notesOf(table).join()).toMatch(
        new RegExp(`1499 of 1500 are F or T: the first other is '${late}' \\(1 cell\\) in line 1202`),
      );
    },
  );

  test.each([
    [['Y', 'Y'], 'category', /'Y' is the only one; columns: \{ c: 'boolean' \}/],
    [['yes', 'YES'], 'boolean', undefined],
    [['true', 'false', '1'], 'category', /2 of 3 are true or false: the first other is '1' \(1 cell\)/],
    [['yes', 'no', 'No phone'], 'category', /the first other is 'No phone' \(1 cell\)/],
  ] as const)('%s is %s', async (cells, kind, note) => {
    for (const table of Object.values(await everywhere(cells))) {
      expect(table.column('c').kind).toBe(kind);
      if (note) expect(notesOf(table).join()).toMatch(note);
    }
  });

  test('said to be booleans, 0 and 1 are read beside one pair, another is refused', async () => {
    await expectColumn(['T', '0', 'f', '1'], { columns: { c: 'boolean' } }, 'boolean', [true, false, false, true]);
    await expect(readCsv({ text: file(['T', 'F', 'N']) }, { columns: { c: 'boolean' } })).rejects.toThrow(
      /line 4.*'N' is not a boolean/,
    );
  });
});

describe('whole numbers beyond 2^53', () => {
  const ids = ['9007199254740992', '9007199254740993', '-9007199254740993'];

  test('are texts with a remark, and kept apart', async () => {
    await expectColumn(
      ids,
      {},
      'category',
      ids,
      /'9007199254740992' is beyond 2\^53.*first in .*columns: \{ c: 'number' \}/,
    );
    await expectColumn(['1', '2', ids[1]!], {}, 'category', ['1', '2', ids[1]!], /'9007199254740993' is beyond/);
    await expectColumn(['9007199254740991'], {}, 'number', [9007199254740991]);
    const late = await readCsv({
      text: file(Array.from({ length: 1500 }, (_, i) => (i < 1200 ? `${i % 9}` : `${2n ** 60n + BigInt(i)}`))),
    });
    expect([late.column('c').kind, late.value(1201, 'c')]).toEqual(['category', String(2n ** 60n + 1201n)]);
  });

  test('given as numbers they are rounded with a remark', async () => {
    const values = [9007199254740992, 9007199254740992, -9007199254740992];
    await expectColumn(
      ids,
      { columns: { c: 'number' } },
      'number',
      values,
      /rounded: '9007199254740992' is read as 9007199254740992 \(3 cells/,
    );
  });

  test('bigints, and numbers that are rounded already', () => {
    const table = tableFromRows([
      { id: 2n ** 53n, n: 2 ** 60 },
      { id: 2n ** 53n + 1n, n: 'n/a' },
    ]);
    expect(table.column('id')).toMatchObject({ categories: ['9007199254740992', '9007199254740993'] });
    expect(table.column('n')).toMatchObject({ kind: 'number', values: Float64Array.of(2 ** 60, Number.NaN) });
    expect(tableFromRows([{ id: 5n }, { id: 7n }]).column('id')).toMatchObject({ values: Float64Array.of(5, 7) });
  });

  test('among decimals they are numbers', async () => {
    await expectColumn(
      ['0.5', '12345678901234567890'],
      {},
      'number',
      [0.5, 12345678901234567000],
      /rounded: '12345678901234567890'/,
    );
  });

  test('a label and a feature keep their classes', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${9007199254740992n + BigInt(i % 2)},${i % 5},${i % 2 ? 'b' : 'a'}`,
    );
    const table = await readCsv({ text: `id,x,y\n${rows.join('\n')}` });
    const asLabel = await tabular({ target: 'id', epochs: 1, members: 1, layers: [4] }).fit(table);
    expect(asLabel.record.classes).toEqual(['9007199254740992', '9007199254740993']);
    const asFeature = await tabular({ target: 'y', epochs: 1, members: 1, layers: [4] }).fit(table);
    expect(asFeature.preprocessing.features.filter((name) => name.startsWith('id'))).toHaveLength(2);
  });
});

describe('markers that people write', () => {
  const markers = [
    'n/a',
    'N/a',
    'None',
    'none',
    'NONE',
    '<NA>',
    'na',
    'Na',
    '-',
    '--',
    '.',
    '#VALUE!',
    '#DIV/0!',
    '#REF!',
    '#NAME?',
    '#NUM!',
    '#NV',
    '#WERT!',
    '#¡VALOR!',
    '#NOMBRE?',
    '#N/D',
    '#ЗНАЧ!',
    '-nan',
    'NaT',
    'Null',
    '(empty)',
    '\u2014',
    '\\N',
  ];

  test.each(markers)('%s among numbers, dates and booleans', async (marker) => {
    const note = new RegExp(
      `'${marker.replace(/[\\?()./]/g, '\\$&')}' is taken for a missing value \\(2 cells, first in `,
    );
    await expectColumn(['5', marker, marker, '7.5'], {}, 'number', [5, null, null, 7.5], note);
    const day = '2024-01-31T00:00:00.000Z';
    await expectColumn(['2024-01-31', marker, marker], {}, 'date', [day, null, null], note);
    await expectColumn(['yes', marker, marker, 'no'], {}, 'boolean', [true, null, null, false], note);
  });

  test('after the first rows, and in a stream', async () => {
    const cells = Array.from({ length: 1500 }, (_, i) => (i > 1100 && i % 6 === 0 ? 'n/a' : `${i % 9}`));
    const table = await readCsv({ text: file(cells) });
    expect([table.column('c').kind, table.value(1104, 'c')]).toEqual(['number', null]);
    expect(notesOf(table).join()).toMatch(/'n\/a' is taken for a missing value \(66 cells, first in line 1106\)/);
    let rows = 0;
    for await (const block of streamCsv({ text: file(cells) })) rows += block.rows;
    expect(rows).toBe(1500);
  });

  test.each(['None', '-', 'na'])('%s among texts is a category, with a remark', async (marker) => {
    await expectColumn(
      ['red', marker, 'blue'],
      {},
      'category',
      ['red', marker, 'blue'],
      new RegExp(`'${marker}' \\(1 cell, first in .*missing: \\['${marker}'\\]`),
    );
  });

  test('none are where none are said, and the kind given keeps them', async () => {
    await expectColumn(['1', 'n/a'], { missing: [] }, 'category', ['1', 'n/a'], /first other is 'n\/a'/);
    await expectColumn(['1', 'n/a'], { columns: { c: 'category' } }, 'category', ['1', 'n/a']);
    await expectColumn(['1', 'n/a', ''], { missing: ['-999'] }, 'number', [1, null, null], /'n\/a' is taken/);
  });
});

describe('what makes a column no number, date or boolean is told at any share', () => {
  const strays: [string, (i: number) => string][] = [
    ['numbers', (i) => `${i}.5`],
    ['dates', (i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10)],
    ['yes or no', (i) => (i % 3 ? 'no' : 'yes')],
  ];
  test.each(strays)('%s', async (are, cell) => {
    for (const every of [2, 6, 50, 1000]) {
      const cells = Array.from({ length: 2000 }, (_, i) => (i % every === 1 ? 'oops' : cell(i)));
      const count = cells.filter((text) => text === 'oops').length;
      const table = await readCsv({ text: file(cells) });
      expect(table.column('c').kind).toBe('category');
      expect(notesOf(table).join()).toContain(
        `${2000 - count} of 2000 are ${are}: the first other is 'oops' (${count} cells) in line 3`,
      );
    }
  });

  test('a column that is left out says why', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => `${i % 3 === 1 ? `about ${i}` : i * 7.25},${i % 4},${i}`);
    const p = await tabular({ target: 'y', epochs: 1, members: 1, layers: [4] }).fit(
      await readCsv({ text: `d,x,y\n${rows.join('\n')}` }),
    );
    expect(p.record.notes.join('\n')).toMatch(
      /'d' is left out: .*80 of 120 are numbers: the first other is 'about 1' \(1 cell\)/,
    );
  });
});

describe('tables that were read without the kinds of a pipeline', () => {
  const fitted = (async () => {
    const rows = Array.from({ length: 90 }, (_, i) => {
      return `${i % 2 ? 'Y' : 'N'},${i % 7}.5,2024-01-${String((i % 28) + 1).padStart(2, '0')},0${(i % 3) + 1}/02/2024,${i % 9}`;
    });
    const table = await readCsv({ text: `flag,n,day,code,y\n${rows.join('\n')}` });
    return tabular({ target: 'y', epochs: 2, members: 1, layers: [4], task: 'regression' }).fit(table);
  })();
  const row = { flag: true, n: 7, day: new Date('2024-01-05'), code: '02/02/2024' };

  test('texts are what they were when fitting, or refused by row', async () => {
    const pipeline = await fitted;
    const [expected] = pipeline.predict([row]);
    const of = async (cells: string) => pipeline.predict(await readCsv({ text: `flag,n,day,code\n${cells}` }));
    expect(pipeline.kinds).toMatchObject({ flag: 'boolean', n: 'number', day: 'date', code: 'category' });
    expect((await of('Y,007,2024-01-05,02/02/2024\nY,007,2024-01-05,01/02/2024\n'))[0]).toBe(expected);
    await expect(of('Y,7,2024-01-05,02/02/2024\nM,7,2024-01-05,01/02/2024\n')).rejects.toThrow(
      /column 'flag', row 1: expected a boolean, as when fitting, got 'M', a category\..*readOptions/,
    );
    await expect(of('Y,x,2024-01-05,02/02/2024\nY,7,2024-01-05,01/02/2024\n')).rejects.toThrow(
      /column 'n', row 0: .*'x'/,
    );
    // Here 31/02 tells the order, so that dates come of what was a text.
    await expect(of('Y,7,2024-01-05,28/02/2024\n')).rejects.toThrow(
      /column 'code', row 0: expected a category.*readOptions/,
    );
  });
});

test('numerals of very many digits are texts', async () => {
  for (const digits of [15, 17, 64, 65, 400]) {
    const table = await readCsv({ text: `a,b\n1,2\n${'7'.repeat(digits)},3\n` });
    expect(table.column('a').kind, `${digits} digits`).toBe(digits < 17 ? 'number' : 'category');
  }
  const long = `0.${'3'.repeat(100)}`;
  expect((await readCsv({ text: `a,b\n1,2\n${long},3\n` })).value(1, 'a')).toBe(1 / 3);
});
