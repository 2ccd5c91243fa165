import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type CsvOptions, DataError, readCsv, readTable, streamCsv, type Table } from '../../src/data/index.js';

const rowsOf = (table: Table) => table.toObjects().map((row) => ({ ...row }));
const csv = (text: string, options?: CsvOptions) => readCsv({ text }, options);
const wide = (count: number, cell: (i: number) => unknown) => Array.from({ length: count }, (_, i) => cell(i)).join();

describe('whether the first line holds names is decided by all columns', () => {
  test.each<[string, boolean, readonly string[]]>([
    // An empty cell, or a name that would be a missing value.
    ['a,b,\n1,2,\n3,4,\n', true, ['a', 'b', 'column3']],
    ['a,,c\n1,2,3\n4,5,6\n', true, ['a', 'column2', 'c']],
    ['a,,\n1,2,3\n4,5,6\n', true, ['a', 'column2', 'column3']],
    ['name,,colour\nann,5,red\nbob,6,blue\n', true, ['name', 'column2', 'colour']],
    [',name,colour\nx,ann,red\ny,bob,blue\n', true, ['column1', 'name', 'colour']],
    ['name;;colour;\nann;5;red;\nbob;6;blue;\n', true, ['name', 'column2', 'colour', 'column4']],
    ['a,NA,c\n1,2,3\n4,5,6\n', true, ['a', 'NA', 'c']],
    ['a,nan,c\n1,2,3\n4,5,6\n', true, ['a', 'nan', 'c']],
    ['a,inf,null\n1,2,3\n4,5,6\n', true, ['a', 'inf', 'null']],
    ['na,infinity\n1,2\n4,5\n', true, ['na', 'infinity']],
    ['t,f\n1,2\n4,5\n', true, ['t', 'f']],
    [',,\n1,2,3\n4,5,6\n', true, ['column1', 'column2', 'column3']],
    // Years, dates and numbers of columns.
    ['region,2023,2024\nEMEA,10,20\nAPAC,5,6\n', true, ['region', '2023', '2024']],
    ['2021,2022,2023\n5,6,7\n1,2,3\n', true, ['2021', '2022', '2023']],
    ['2024;2023;2022\n1500;6;7\n1;2;3\n', true, ['2024', '2023', '2022']],
    ['0,1,2\n5.5,1.2,7.3\n6.5,2.2,7.1\n', true, ['0', '1', '2']],
    ['1,2,3\n5.5,1.2,7.3\n6.5,2.2,7.1\n', true, ['1', '2', '3']],
    ['0,1,2,label\n5.5,1.2,7.3,a\n6.5,2.2,7.1,b\n', true, ['0', '1', '2', 'label']],
    [',0,1\n0,5.5,1.2\n1,6.5,2.2\n', true, ['column1', '0', '1']],
    [',0,1\n0,5,1\n1,6,2\n2,3,3\n', true, ['column1', '0', '1']],
    ['label,1x1,1x2\n5,0,255\n3,7,0\n', true, ['label', '1x1', '1x2']],
    ['0,1,2,3,4,5\n7,2,9,4,3,1\n5,5,1,0,2,2\n', true, ['0', '1', '2', '3', '4', '5']],
    ['store,2024-01-01,2024-01-02\ns1,5,6\ns2,7,8\n', true, ['store', '2024-01-01', '2024-01-02']],
    ['2024-01-01,2024-01-02\n5,6\n7,8\n', true, ['2024-01-01', '2024-01-02']],
    ['y,400.5,401,401.5,402,402.5\n1,3,1,4,1,5\n2,9,2,6,5,3\n', true, ['y', '400.5', '401', '401.5', '402', '402.5']],
    // One name that may be a value does not outweigh the others.
    ['id,size,2\n1,7,5\n2,6,9\n', true, ['id', 'size', '2']],
    // Nor do numbers outweigh one name: a text above nothing but numbers is seldom a value.
    ['x,5,9\n1,2,3\n4,5,6\n', true, ['x', '5', '9']],
    ['x,5,9\n5,5,9\n4,9,5\n', true, ['x', '5', '9']],
    ['5,x,9\n1,2,3\n4,5,6\n', true, ['5', 'x', '9']],
    ['id,7\n4,2\n5,9\n', true, ['id', '7']],
    ['id,1,0\n7,0,1\n8,1,1\n', true, ['id', '1', '0']],
    ['id,2019,2020\n1,10,20\n2,30,40\n', true, ['id', '2019', '2020']],
    ['id,2020,2019\n1,10,20\n2,30,40\n', true, ['id', '2020', '2019']],
    ['x;0,5;1\n1;2,5;3\n4;5,5;6\n', true, ['x', '0,5', '1']],
    ['id,10,20,30,50\n1,7,7,7,7\n2,8,8,8,8\n', true, ['id', '10', '20', '30', '50']],
    ['unknown,5,9\n1,2,3\n4,5,6\n', false, ['column1', 'column2', 'column3']],
    ['-,5,9\n1,2,3\n4,5,6\n', false, ['column1', 'column2', 'column3']],
    ['x,5,red\n1,2,blue\n4,5,red\n', false, ['column1', 'column2', 'column3']],
    ['x,5,1,4,2\n1,2,3,4,5\n4,5,6,7,8\n', false, ['column1', 'column2', 'column3', 'column4', 'column5']],
    // Rows of data.
    ['1,2,3\n4,5,6\n', false, ['column1', 'column2', 'column3']],
    ['0,1\n1,0\n1,1\n', false, ['column1', 'column2']],
    ['5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,virginica\n', false, ['column1', 'column2', 'column3']],
    ['5.1,,setosa\n4.9,3.0,setosa\n', false, ['column1', 'column2', 'column3']],
    ['red,,3\nblue,5,6\n', false, ['column1', 'column2', 'column3']],
    ['NA,N/A\n1,2\n', false, ['column1', 'column2']],
    ['2023,1990\n2024,1995\n2020,1950\n', false, ['column1', 'column2']],
    [
      '1,2,3,4,5,6\n2,3,4,5,6,7\n3,4,5,6,7,8\n',
      false,
      ['column1', 'column2', 'column3', 'column4', 'column5', 'column6'],
    ],
    ['2024-01-01,5\n2024-01-02,6\n', false, ['column1', 'column2']],
    ['red,,big\nblue,x,small\ngreen,,big\n', false, ['column1', 'column2', 'column3']],
    ['yes,no\nno,no\n', false, ['column1', 'column2']],
  ])('%j: %s', async (text, header, names) => {
    const table = await csv(text);
    expect({ header: table.report?.header, names: table.names }).toEqual({ header, names });
    expect(table.report?.notes.join()).toMatch(/first line: (names|values, not names), since/);
    // What is said of it counts more.
    for (const said of [true, false]) expect((await csv(text, { header: said })).report?.header).toBe(said);
  });

  test('of wide tables, too', async () => {
    const pixels = await csv(
      `${wide(300, (i) => i)}\n${wide(300, (i) => (i * 7) % 256)}\n${wide(300, (i) => (i * 5) % 256)}\n`,
    );
    expect([pixels.rows, pixels.names[299]]).toEqual([2, '299']);
    const scale = await csv(`${wide(40, (i) => (400 + 1.07 * i).toFixed(1))}\n${wide(40, (i) => (i * 7) % 11)}\n`);
    expect([scale.rows, scale.names[1]]).toEqual([1, '401.1']);
  });

  test('a target that stands in the first line is a hint', async () => {
    const table = await csv('id,7,7\n4,2,1\n5,9,3\n');
    expect(table.report?.notes.join()).toMatch(/'7' in it is a value, though 'id' is above numbers; header: true/);
    expect(() => table.column('id')).toThrow(/'id' is in the first line, which was read as values: say header: true/);
    expect(() => table.column('ix')).not.toThrow(/first line/);
  });
});

describe('quotes', () => {
  const ab = [
    { a: 1, b: 5 },
    { a: 2, b: 6 },
  ];
  test.each<[string, string, readonly object[], CsvOptions?]>([
    ['after spaces', '"a", "b"\n"1", "5"\n"2", "6"\n', ab],
    ['between spaces', ' "a" , "b" \n "1" ,\t"5"\n"2" ,"6" \n', ab],
    ['after tabs and spaces', '"a";\t"b"\n"1"; "5"\n"2";"6"\n', ab],
    [
      'that hold the separator',
      'a, b\n1, "x, y"\n2, "z"\n',
      [
        { a: 1, b: 'x, y' },
        { a: 2, b: 'z' },
      ],
    ],
    [
      'that hold it, separator given',
      'a, b\n1, "x, y"\n2, "z"\n',
      [
        { a: 1, b: 'x, y' },
        { a: 2, b: 'z' },
      ],
      { separator: ',' },
    ],
    [
      'that hold spaces',
      'a b\n"x y" 1\n"z"  2\n',
      [
        { a: 'x y', b: 1 },
        { a: 'z', b: 2 },
      ],
    ],
    [
      'that hold quotes and line breaks',
      'a,b\n1,"x ""y""\r\nz"\n2,"""q"""\n',
      [
        { a: 1, b: 'x "y"\nz' },
        { a: 2, b: '"q"' },
      ],
    ],
    [
      'within a field',
      'a,b\n1,5" pipe\n2,6 "big" ones\n',
      [
        { a: 1, b: '5" pipe' },
        { a: 2, b: '6 "big" ones' },
      ],
    ],
    [
      'that are characters',
      'a,b\n1,"x\n2,y"z\n',
      [
        { a: 1, b: '"x' },
        { a: 2, b: 'y"z' },
      ],
      { quote: false },
    ],
    [
      'bare between tabs',
      'a\tb\n1\t"x\n2\t"y" z\n3\tw\n',
      [
        { a: 1, b: '"x' },
        { a: 2, b: '"y" z' },
        { a: 3, b: 'w' },
      ],
    ],
    [
      'bare between tabs, in pairs over lines',
      'a\tb\tc\n1\t"x\ty\n2\tz"\tw\n',
      [
        { a: 1, b: '"x', c: 'y' },
        { a: 2, b: 'z"', c: 'w' },
      ],
    ],
    [
      'that mean something between tabs',
      'a\tb\n1\t"x\ty"\n2\t"z\nw"\n',
      [
        { a: 1, b: 'x\ty' },
        { a: 2, b: 'z\nw' },
      ],
    ],
    ['around nothing', 'a\n""\n1\n', [{ a: null }, { a: 1 }]],
  ])('%s', async (_, text, expected, options) => {
    expect(rowsOf(await csv(text, options))).toEqual(expected);
    expect(rowsOf(await csv(text.replaceAll('\n', '\r\n').replaceAll('\r\r', '\r'), options))).toEqual(expected);
  });

  test('that are wrong are told with the way out', async () => {
    await expect(csv('a,b\n1,"x" y\n')).rejects.toThrow(/line 2, column 3: .*quote: false/);
    await expect(csv('a,b\n1,"x\n2,y\n')).rejects.toThrow(/line 2, column 3: .*never closed.*quote: false/);
    await expect(csv('a,b\n1,2\n', { quote: 1 as never })).rejects.toThrow(/quote: expected true or false/);
  });

  test('over many blocks', async () => {
    const long = 'x, \n'.repeat(150_000);
    const text = `a,b\n1,"${long}"\n2,"${long}"\n3,y\n`;
    expect(rowsOf(await csv(text))).toEqual([1, 2, 3].map((a) => ({ a, b: a < 3 ? long : 'y' })));
    expect((await csv(text)).lines).toEqual(Uint32Array.of(2, 150_003, 300_004));
  }, 60_000);
});

test.each<[string, CsvOptions, string, readonly object[]]>([
  ['a\n1,5\n2,25\n', { decimal: ',' }, ';', [{ a: 1.5 }, { a: 2.25 }]],
  ['1,5\n2,25\n', { decimal: ',' }, ';', [{ column1: 1.5 }, { column1: 2.25 }]],
  [
    'a;b\n1,5;2\n2,25;3\n',
    { decimal: ',' },
    ';',
    [
      { a: 1.5, b: 2 },
      { a: 2.25, b: 3 },
    ],
  ],
  [
    '1,5;2,5\n3,5;4,5\n',
    { decimal: ',' },
    ';',
    [
      { column1: 1.5, column2: 2.5 },
      { column1: 3.5, column2: 4.5 },
    ],
  ],
  [
    'a,b\n"1,5","2,5"\n"3,5","4,5"\n',
    { decimal: ',' },
    ',',
    [
      { a: 1.5, b: 2.5 },
      { a: 3.5, b: 4.5 },
    ],
  ],
  ['a\tb\n1,5\t2,5\n', { decimal: ',' }, '\t', [{ a: 1.5, b: 2.5 }]],
])('%j with %j is cut by %j', async (text, options, separator, expected) => {
  const table = await csv(text, options);
  expect(table.report?.separator).toBe(separator);
  expect(rowsOf(table)).toEqual(expected);
});

test('semicolons separate where commas stand before decimals', async () => {
  expect((await csv('1,5;2,5\n3,5;4,5\n')).report?.separator).toBe(';');
  expect((await csv('a,b\nx;y,1\nz;w,2\n')).report?.separator).toBe(',');
});

describe('files that people have', () => {
  const ab = [
    { a: 1, b: 2.5 },
    { a: 3, b: 4.5 },
  ];
  const named = ab.map((row, i) => ({ column1: `r${i}`, ...row }));
  test.each<[string, string, readonly object[], RegExp, CsvOptions?]>([
    ['sep=;', 'sep=;\na;b\n1;2.5\n3;4.5\n', ab, /says which separator/],
    ['"sep=,"', '"sep=,"\r\na,b\r\n1,2.5\r\n3,4.5\r\n', ab, /says which separator/],
    ['sep=tab', 'SEP=\t\na\tb\n1\t2.5\n3\t4.5\n', ab, /says which separator/],
    ['sep=| with a mark', '\ufeffsep=|\na|b\n1|2.5\n3|4.5\n', ab, /says which separator/],
    ['comments above', '# made by x\n# at 10:00, today\na,b\n1,2.5\n3,4.5\n', ab, /2 lines with # above the table/],
    ['comments anywhere', '# made\na,b\n1,2.5\n#,,,\n3,4.5\n# "end\n', ab, /first line: names/, { comment: '#' }],
    ['comments of another kind', '//x\na,b\n1,2.5\n//"y\n3,4.5\n', ab, /first line: names/, { comment: '//' }],
    ['names after #', '#a,b\n1,2.5\n3,4.5\n', ab.map(({ a, b }) => ({ '#a': a, b })), /first line: names/],
    ['a title', 'Sales of 2024\n\na,b\n1,2.5\n3,4.5\n', ab, /2 lines are titles/],
    [
      'a title with commas',
      'Sales, all of them\nmade today\na,b,c\n1,2.5,x\n3,4.5,y\n',
      ab.map((row, i) => ({ ...row, c: 'xy'[i] })),
      /2 lines are titles/,
    ],
    [
      'titles filled up',
      'Sales,,\n,,\na,b,c\n1,2.5,x\n3,4.5,y\n',
      ab.map((row, i) => ({ ...row, c: 'xy'[i] })),
      /2 lines are titles/,
    ],
    ['a title with the separator given', 'Sales 2024\na;b\n1;2.5\n3;4.5\n', ab, /line is a title/, { separator: ';' }],
    ['skipLines', 'Sales, 2024\n"x\na,b\n1,2.5\n3,4.5\n', ab, /first line: names/, { skipLines: 2 }],
    ['the names of rows of R', '"a" "b"\n"r0" 1 2.5\n"r1" 3 4.5\n', named, /one field less/],
    ['the names of rows of R, with commas', '"a","b"\n"r0",1,2.5\n"r1",3,4.5\n', named, /one field less/],
    [
      'one column and names of rows',
      '"a"\n"r0" 1\n"r1" 3\n',
      named.map(({ column1, a }) => ({ column1, a })),
      /one field less/,
    ],
    ['a comma after the last field of data', 'a,b\n1,2.5,\n3,4.5,\n', ab, /end in ','/],
    ['the same, in quotes', 'a;b\n"1";2.5;\n3;4.5;\n', ab, /end in ';'/],
    ['a comma after the last name', 'a,b,\n1,2.5\n3,4.5\n', ab, /first line ends in ','/],
  ])('%s', async (_, text, expected, note, options) => {
    const table = await csv(text, options);
    expect(rowsOf(table)).toEqual(expected);
    expect(table.report?.notes.join('; ')).toMatch(note);
    // Lines are those of the file.
    const first = text.split('\n')[table.lines![0]! - 1]!;
    expect(first).toMatch(/^(?:"?r0"?[ ,])?"?1/);
    const pieces: object[] = [];
    for await (const piece of streamCsv({ text }, options)) pieces.push(...rowsOf(piece));
    expect(pieces).toEqual(expected);
  });

  test.each([
    'text\nHello world\nGood bye\n',
    'first name\nJohn F Kennedy\nMary Ann Smith\n',
    'text\none; two\nthree; four\n',
  ])('%j is one column of texts', async (text) => {
    const [name, ...cells] = text.trimEnd().split('\n');
    const quoted = [name, ...cells.map((cell) => `"${cell}"`)].join('\n');
    for (const file of text.includes(';') ? [quoted] : [text, quoted]) {
      expect(rowsOf(await csv(file))).toEqual(cells.map((cell) => ({ [name!]: cell })));
    }
  });

  test('what only looks like one of them is an error as before', async () => {
    for (const [text, line] of [
      ['a,b\n1,2\n3,4,5\n6,7,8\n', 3],
      ['a,b\nx,1,2\nx,3,4\n', 2],
      ['a,b\n1,2,3,4\n5,6,7,8\n', 2],
      ['a,b\n1,2,\n3,4\n5,6\n', 2],
      ['text\nHello, world\nGood, bye\n', 2],
    ] as const) {
      await expect(csv(text), text).rejects.toMatchObject({ code: 'fields', line });
    }
    await expect(csv('a,b\n1,2\n# c\n3,4\n')).rejects.toThrow(/line 3.*comment: '#'/);
    await expect(csv('x\na,b\n1,2\n', { skipLines: 0 })).rejects.toMatchObject({ code: 'fields' });
  });

  test('names that come again are an error, or numbered', async () => {
    const text = 'a,a,b,a.1,,column5\n1,2,3,4,5,6\n';
    await expect(csv(text)).rejects.toThrow(/fields 1 and 2 have the same name\. .*duplicates: 'rename'/);
    const table = await csv(text, { duplicates: 'rename' });
    expect(table.names).toEqual(['a', 'a.2', 'b', 'a.1', 'column5.1', 'column5']);
    expect(table.report?.notes).toContain("field 2 is called 'a.2', since field 1 has its name");
    await expect(csv(text, { duplicates: 'both' as never })).rejects.toThrow(/'error' or 'rename'/);
  });

  test.each<[CsvOptions, RegExp]>([
    [{ comment: '' }, /comment: expected what such lines begin with/],
    [{ comment: '\n' }, /comment/],
    [{ skipLines: -1 }, /skipLines/],
    [{ skipLines: 1.5 }, /skipLines/],
    [{ maxRows: 0 }, /maxRows/],
  ])('%j is refused', async (options, says) => expect(csv('a,b\n1,2\n', options)).rejects.toThrow(says));

  test('options of CSV leave JSON alone', async () => {
    const options = {
      header: true,
      quote: false,
      comment: '#',
      skipLines: 1,
      duplicates: 'rename',
      maxRows: 9,
    } as const;
    expect((await readTable({ text: '[{"a":1}]' }, { ...options, format: 'json' })).rows).toBe(1);
  });
});

describe('limits of what is read into memory', () => {
  const text = `a,b\n${'1,2\n'.repeat(1000)}`;
  test('are of bytes, after gzip, and of rows, and say how to stream', async () => {
    for (const source of [{ text }, Uint8Array.from(gzipSync(text))]) {
      const error = await readCsv(source, { maxBytes: 1000 }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({
        code: 'limit',
        offset: 1000,
        message: expect.stringMatching(/limit maxBytes\. .*streamCsv/),
      });
    }
    const error = await csv(text, { maxRows: 999 }).catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'limit',
      line: 1001,
      message: expect.stringMatching(/limit maxRows\. .*streamCsv/),
    });
    await expect(csv(text.replace('1', '"1"'), { maxRows: 999 })).rejects.toMatchObject({ line: 1001 });
    expect((await csv(text, { maxRows: 1000, maxBytes: text.length })).rows).toBe(1000);
  });
  test('are none of streams', async () => {
    let rows = 0;
    for await (const table of streamCsv({ text }, { maxBytes: 10, maxRows: 1 })) rows += table.rows;
    expect(rows).toBe(1000);
  });
});
