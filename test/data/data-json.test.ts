import { describe, expect, test } from 'vitest';
import {
  DataError,
  readJson,
  readJsonLines,
  readTable,
  streamJsonLines,
  type Table,
  tableFromRows,
} from '../../src/data/index.js';
import { JsonFlaw, parseJson } from '../../src/data/json/syntax.js';
import { Generator } from '../../src/kernels/lib/philox.js';

const rowsOf = (table: Table) => table.toObjects().map((row) => ({ ...row }));
const flawOf = (text: string) => {
  try {
    parseJson(text, 100);
  } catch (error) {
    if (error instanceof JsonFlaw) return error.at;
    throw error;
  }
  return undefined;
};

describe('JSON as a text', () => {
  const texts = [
    '{"a":[1,-2.5e-3,0,"x\\"\\\\\\u00e9\\n",true,false,null,{}],"b c":[],"":{"d":[[]]}}',
    ' [ 1 , { "__proto__" : 1 , "constructor" : [ ] } ] ',
    '"\u{1f600}\\ud83d\\ude00"',
  ];
  test.each(texts)('%s is what JSON.parse says, by both ways', (text) => {
    const long = `[12345678901234567,${text}]`;
    expect(parseJson(text, 100)).toEqual(JSON.parse(text));
    expect(JSON.stringify(parseJson(long, 100))).toBe(JSON.stringify(['12345678901234567', JSON.parse(text)]));
  });

  test.each([2, 33, 5000])('nested %d deep with a depth of 32, by both ways', (depth) => {
    // A long number makes the scanner read, which would overflow the stack.
    const text = `${'['.repeat(depth)}12345678901234567${']'.repeat(depth)}`;
    if (depth > 32) expect(() => parseJson(text, 32)).toThrow(JsonFlaw);
    else expect(JSON.stringify(parseJson(text, 32))).toBe('[["12345678901234567"]]');
  });

  test('what is cut off is told at its end, wherever that is', () => {
    for (const text of texts) {
      const whole = text.trimEnd();
      for (let end = 0; end < whole.length; end++) {
        const flaw = flawOf(whole.slice(0, end));
        expect(flaw, whole.slice(0, end)).toBe(end);
      }
    }
  });

  test('mutated texts are taken exactly if JSON.parse takes them', () => {
    const generator = new Generator(8, 9);
    const signs = '{}[]",:\\ 019.eE+-truefalsn\n\u0001';
    for (let i = 0; i < 20_000; i++) {
      const text = texts[generator.integer(texts.length)]!;
      const at = generator.integer(text.length);
      const mutated = `[12345678901234567,${text.slice(0, at)}${signs[generator.integer(signs.length)]}${text.slice(at + generator.integer(3))}]`;
      let expected: unknown;
      try {
        expected = JSON.stringify(JSON.parse(mutated).slice(1));
      } catch {
        expected = undefined;
      }
      let given: unknown;
      try {
        given = JSON.stringify((parseJson(mutated, 100) as unknown[]).slice(1));
      } catch (error) {
        if (!(error instanceof JsonFlaw)) throw error;
      }
      expect(given, mutated).toBe(expected);
    }
  });

  test.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['-208310224003697457', '-208310224003697457'],
    ['100000000000000000000.5', 1e20],
    ['1e20', 1e20],
    ['0.1234567890123456789', 0.12345678901234568],
    ['NaN', Number.NaN],
    ['-Infinity', -Infinity],
  ])('%s is %s', (text, value) => expect(parseJson(`[${text}]`, 9)).toEqual([value]));
});

const records = [
  { a: 1, b: 'x' },
  { a: 2.5, b: 'y' },
];

describe('ways in which tables are written as JSON', () => {
  const labelled = [
    { index: 'r', a: 1, b: 'x' },
    { index: 's', a: 2.5, b: 'y' },
  ];
  test.each<[string, string, readonly object[]]>([
    ['records', '[{"a":1,"b":"x"},{"a":2.5,"b":"y"}]', records],
    ['columns', '{"a":{"0":1,"1":2.5},"b":{"0":"x","1":"y"}}', records],
    ['columns with labels', '{"a":{"r":1,"s":2.5},"b":{"r":"x","s":"y"}}', labelled],
    ['index', '{"0":{"a":1,"b":"x"},"1":{"a":2.5,"b":"y"}}', records],
    ['index with labels', '{"r":{"a":1,"b":"x"},"s":{"a":2.5,"b":"y"}}', labelled],
    [
      'index of numbers alone',
      '{"3":{"a":1,"b":2},"5":{"a":3,"b":4}}',
      [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    ],
    ['split', '{"columns":["a","b"],"index":[0,1],"data":[[1,"x"],[2.5,"y"]]}', records],
    ['split with labels', '{"columns":["a","b"],"index":["r","s"],"data":[[1,"x"],[2.5,"y"]]}', labelled],
    ['values', '[[1,"x"],[2.5,"y"]]', records.map(({ a, b }) => ({ column1: a, column2: b }))],
    ['values below names', '[["a","b"],[1,"x"],[2.5,"y"]]', records],
    ['table', '{"schema":{"fields":[{"name":"a"}]},"data":[{"a":1,"b":"x"},{"a":2.5,"b":"y"}]}', records],
    [
      'table with numbers of rows',
      '{"schema":{"fields":[{"name":"index"},{"name":"a"}],"primaryKey":["index"]},"data":[{"index":0,"a":1,"b":"x"},{"index":1,"a":2.5,"b":"y"}]}',
      records,
    ],
    [
      'table with labels',
      '{"schema":{"fields":[{"name":"index"}],"primaryKey":["index"]},"data":[{"index":"r","a":1,"b":"x"},{"index":"s","a":2.5,"b":"y"}]}',
      labelled,
    ],
    ['rows under a key', '{"meta":{"n":2},"data":[{"a":1,"b":"x"},{"a":2.5,"b":"y"}]}', records],
    ['rows under keys', '{"ok":true,"result":{"items":[{"a":1,"b":"x"},{"a":2.5,"b":"y"}]}}', records],
    ['lists under a key', '{"n":2,"data":{"a":[1,2.5],"b":["x","y"]}}', records],
    ['lists', '{"a":[1,2.5],"b":["x","y"]}', records],
    ['lines', '{"a":1,"b":"x"}\n{"a":2.5,"b":"y"}\n', records],
  ])('%s', async (_, text, expected) => {
    const sorted = (rows: readonly object[]) => rows.map((row) => Object.entries(row).sort());
    expect(sorted(rowsOf(await readJson({ text })))).toEqual(sorted(expected));
    // The same under the name of JSON Lines, whole and a block at a time.
    expect(sorted(rowsOf(await readJsonLines({ text })))).toEqual(sorted(expected));
    const pretty = text.includes('\n') ? text : JSON.stringify(JSON.parse(text), null, 2);
    for await (const table of streamJsonLines({ text: pretty }))
      expect(sorted(rowsOf(table))).toEqual(sorted(expected));
  });

  test('a path of keys says where rows stand', async () => {
    const text = '{"a":{"b":[{"x":1}]},"c.d":[{"x":2}],"e":{"f":{"x":[3,4]}}}';
    const read = async (key: string) => rowsOf(await readTable({ text }, { format: 'json', key })).map(({ x }) => x);
    expect(await read('a.b')).toEqual([1]);
    expect(await read('c.d')).toEqual([2]);
    expect(await read('e.f')).toEqual([3, 4]);
    await expect(read('a.c')).rejects.toThrow(/no rows under the key 'a.c'. Rows are under 'a.b', 'c.d'/);
    await expect(readJson({ text }, { key: 7 as never })).rejects.toThrow(/key: expected a text/);
  });

  test('what was found is in the notes', async () => {
    const notes = async (text: string) => (await readJson({ text })).report!.notes.join('; ');
    expect(await notes('{"meta":{"n":2},"data":[{"a":1}]}')).toBe("the rows are under 'data'; left out: 'meta'");
    expect(await notes('{"a":{"3":1,"7":2}}')).toMatch(
      /as pandas writes by default; .*whole numbers, and are left out/,
    );
    expect(await notes('{"a":1}\n{"a":2}')).toMatch(/each line holds a row/);
    // Labels that count the rows, as pandas makes them by default, are not worth a note.
    expect(await notes('{"columns":["a"],"index":[0,1],"data":[[1],[2]]}')).not.toMatch(/labels/);
    expect(await notes('{"columns":["a"],"index":[1,2],"data":[[1],[2]]}')).toMatch(/whole numbers, and are left out/);
  });

  test.each<[string, RegExp]>([
    ['{"columns":["a","b","a"],"data":[[1,2,3]]}', /two columns have the same name/],
    ['{"columns":["a","__proto__"],"data":[[1,2]]}', /cannot have this name/],
    ['{"columns":["a","b"],"data":[[1,2],[3]]}', /row 1 has 1 values for 2 columns/],
    ['{"columns":["a"],"index":["x"],"data":[[1],[2]]}', /1 labels of 2 rows/],
    ['{"a":[1,2],"b":[1]}', /the column has 1 values, the first 2/],
  ])('%s is refused', async (text, message) => {
    await expect(readJson({ text })).rejects.toMatchObject({
      code: 'structure',
      message: expect.stringMatching(message),
    });
  });

  test('NaN is missing, Infinity is not', async () => {
    const text = '[{"a":NaN,"b":1},{"a":2,"b":-Infinity}]';
    const expected = [
      { a: null, b: 1 },
      { a: 2, b: -Infinity },
    ];
    expect(rowsOf(await readJson({ text }))).toEqual(expected);
    expect(rowsOf(await readJsonLines({ text: text.slice(1, -1).replace('},', '}\n') }))).toEqual(expected);
  });

  test('ids beyond 2^53 stay apart', async () => {
    const text = '[{"id":9007199254740992},{"id":9007199254740993}]';
    const expected = [{ id: '9007199254740992' }, { id: '9007199254740993' }];
    expect(rowsOf(await readJson({ text }, { columns: { id: 'category' } }))).toEqual(expected);
    const lines = text.slice(1, -1).replace(',', '\n');
    expect(rowsOf(await readJsonLines({ text: lines }, { columns: { id: 'category' } }))).toEqual(expected);
  });
});

describe('keys that differ from row to row', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `{"k${i}":1}`).join('\n');
  test('are an error before they cost more than they are', async () => {
    const error = await readJsonLines({ text: lines(50_000) }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      code: 'limit',
      message: expect.stringMatching(/different fields.*Are the keys values/),
    });
    const array = `[${lines(50_000).replaceAll('\n', ',')}]`;
    await expect(readJson({ text: array })).rejects.toMatchObject({ code: 'limit' });
    const pandas = `{${Array.from({ length: 50_000 }, (_, i) => `"c${i}":{"r${i}":1}`).join()}}`;
    await expect(readJson({ text: pandas })).rejects.toMatchObject({ code: 'limit' });
    const rows = Array.from({ length: 50_000 }, (_, i) => ({ [`k${i}`]: 1 }));
    expect(() => tableFromRows(rows)).toThrow(/different fields/);
  });
  test('are columns where they are few', async () =>
    expect((await readJsonLines({ text: lines(50) })).columns.length).toBe(50));
  test('have a limit', async () => {
    await expect(readJson({ text: '[{"a":1,"b":2}]' }, { maxColumns: 1 })).rejects.toMatchObject({ code: 'limit' });
    await expect(readJson({ text: '[[1,2]]' }, { maxColumns: 1 })).rejects.toMatchObject({ code: 'limit' });
    await expect(readJson({ text: '{"a":[1],"b":[2]}' }, { maxColumns: 1 })).rejects.toMatchObject({ code: 'limit' });
  });
});
