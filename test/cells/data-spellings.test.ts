import { describe, expect, test } from 'vitest';
import { type CsvOptions, readCsv, readJson, type Table, tableFromRows, tabular } from '../../src/data/index.js';
import { factories } from '../support/buffers.js';

// One table for each way in which the same thing is written otherwise.

const tsv = (cells: readonly string[], options: CsvOptions = {}) =>
  readCsv({ text: `a\tb\n${cells.map((cell, i) => `${cell}\tk${i}\n`).join('')}` }, options);
const cellsOf = (table: Table, name = 'a') => Array.from({ length: table.rows }, (_, row) => table.value(row, name));
const notesOf = (table: Table) => table.report!.notes.join('\n');

describe('a marker that is a number counts by value, however the column is written', () => {
  test.each<[string, readonly string[], CsvOptions, readonly (number | null)[]]>([
    ['groups of thousands that are inferred', ['1,234.5', '-9,999', '7'], { missing: [-9999] }, [1234.5, null, 7]],
    ['groups, and the marker without', ['1,234.5', '-9999', '7'], { missing: ['-9999'] }, [1234.5, null, 7]],
    ['a currency', ['$5', '-$9,999', '$7.25'], { missing: [-9999] }, [5, null, 7.25]],
    ['parentheses', ['(5)', '(9,999)', '7.25'], { missing: [-9999] }, [-5, null, 7.25]],
    ['points between thousands', ['1.234,5', '9.999', '7'], { missing: ['9999'], decimal: ',' }, [1234.5, null, 7]],
    ['a marker with spaces around it', ['1', ' 99 ', '7'], { missing: [' 99 '] }, [1, null, 7]],
    ['a text with spaces around it', ['1', 'no data', '7'], { missing: ['no data '] }, [1, null, 7]],
  ])('%s', async (_, cells, options, expected) => {
    expect(cellsOf(await tsv(cells, options))).toEqual(expected);
    const rows = cells.map((a) => ({ a }));
    expect(cellsOf(tableFromRows(rows, options))).toEqual(expected);
    expect(cellsOf(await readJson({ text: JSON.stringify(rows) }, options))).toEqual(expected);
  });
});

describe('whole numbers with decimals of zeros', () => {
  test.each([
    [['9007199254740993.0', '9007199254740992.0'], 1],
    [['9007199254740993.00', '12345678901234567.00', '5'], 2],
    [['9007199254740992.0', '18014398509481984.0'], 0],
    [['9007199254740993.5', '1.5'], 0],
    [['100000000000000000000.0', '1.0'], 0],
  ])('%j: %d are rounded, which is said', async (cells, count) => {
    for (const columns of [undefined, { a: 'number' as const }]) {
      const table = await tsv(cells, columns ? { columns } : {});
      expect(cellsOf(table)).toEqual(cells.map(Number));
      const said = /beyond 2\^53 are rounded: '.*' is read as \d+ \((\d+) cell/.exec(notesOf(table))?.[1];
      expect(Number(said ?? 0)).toBe(count);
    }
  });
});

describe('dates of three numbers', () => {
  test.each<[readonly string[], RegExp]>([
    [['31/01/2024', '01/31/2024'], /day comes first in '31\/01\/2024' and the month in '01\/31\/2024'/],
    [['1-13-24', '13-1-24'], /day comes first in '13-1-24' and the month in '1-13-24'/],
    [['24/01/13', '24/02/14', '24/03/15'], /dateFormat: 'DMY' or dateFormat: 'YMD'/],
    [['10-01-05', '10-02-06'], /dateFormat: 'DMY' or dateFormat: 'MDY' or dateFormat: 'YMD'/],
    [['05/06/24', '07/08/24'], /day and month may be either: say dateFormat: 'DMY' or dateFormat: 'MDY'$/m],
  ])('%j are texts, and the remark says why', async (cells, remark) => {
    const table = await tsv(cells);
    expect(table.column('a').kind).toBe('category');
    expect(notesOf(table)).toMatch(remark);
  });

  test.each<[readonly string[], string, CsvOptions]>([
    [['24/01/13', '24/02/14'], '2024-01-13', { dateFormat: 'YMD' }],
    [['31/1/24', '01/2/24'], '2024-01-31', {}],
    [['13/1/24', '14/2/24', '15/3/25'], '2024-01-13', {}],
    [['1/13/24', '2/14/24'], '2024-01-13', {}],
    [['99/12/31', '98/12/30'], '1999-12-31', { dateFormat: 'YMD' }],
  ])('%j begin on %s', async (cells, day, options) => {
    expect(cellsOf(await tsv(cells, options))[0]).toBe(`${day}T00:00:00.000Z`);
  });
});

describe('the first line', () => {
  test.each<[string, string, readonly string[]]>([
    ['a name beside two numbers of columns', 'x,1,2\n5,6,7\n8,9,10\n', ['x', '1', '2']],
    ['a name beside numbers from 0', 'id,0,1,2\n5,6,7,3\n8,9,10,4\n', ['id', '0', '1', '2']],
    ['a label beside numbers from 0', '0,1,2,label\n5,1,2,a\n3,2,9,b\n4,2,9,b\n4,4,9,a\n', ['0', '1', '2', 'label']],
    [
      'a class beside numbers from 0',
      '0,1,2,a\n5,1,2,a\n3,2,9,b\n4,2,9,b\n4,4,9,a\n',
      ['column1', 'column2', 'column3', 'column4'],
    ],
    ['a name behind them', '1,2,y\n5,6,7\n8,9,10\n', ['1', '2', 'y']],
    ['percentiles above numbers', '10%,50%,90%\n1,2,3\n4,5,6\n', ['10%', '50%', '90%']],
    ['a percentage above percentages is a value', '10%,50%\n1%,2%\n4%,5%\n', ['column1', 'column2']],
    ['a missing value beside numbers is one', 'nan,1,2\n5,6,7\n8,9,10\n', ['column1', 'column2', 'column3']],
    ['other numbers beside a name', 'x,5,9\n5,6,7\n8,9,10\n', ['x', '5', '9']],
    ['a title with a separator', 'Report, 2024\na,b,c\n1,x,2\n2,y,3\n', ['a', 'b', 'c']],
    ['a title above trailing separators', 'Report,of,2024\na,b,c,\n1,x,2,\n2,y,3,\n', ['a', 'b', 'c', 'column4']],
    ["R's names of rows", 'a,b\nr1,1,x\nr2,2,y\n', ['column1', 'a', 'b']],
  ])('%s', async (_, text, names) => {
    expect((await readCsv({ text })).names).toEqual(names);
  });
});

test('rows that are typed arrays take the names given', () => {
  const rows = [Float64Array.of(1, 2), Float64Array.of(3, Number.NaN)];
  const table = tableFromRows(rows, { names: ['u', 'v'] });
  expect(table.names).toEqual(['u', 'v']);
  expect(cellsOf(table, 'v')).toEqual([2, null]);
  const ids = [BigInt64Array.of(9007199254740993n), BigInt64Array.of(9007199254740992n)];
  expect(cellsOf(tableFromRows(ids, { names: ['id'] }), 'id')).toEqual(['9007199254740993', '9007199254740992']);
  expect(() => tableFromRows(rows, { names: ['u'] })).toThrow(/names: expected 2, one for each column/);
});

describe('markers that a pipeline learned count in tables that were read without them', () => {
  const text = (rows: number) =>
    `x,when,c,y\n${Array.from({ length: rows }, (_, i) => `${i % 9 ? i % 7 : '-999.0'},${i % 8 ? `2024-01-0${1 + (i % 7)}` : '1900-01-01'},${'abc'[i % 3]},${i % 11 ? i % 7 : -999}`).join('\n')}\n`;
  const missing = ['-999', '1900-01-01', 'c'];

  test('of numbers, dates and texts, in predict, evaluate and explain', async () => {
    const table = await readCsv({ text: text(80) }, { missing });
    const options = { target: 'y', task: 'regression', members: 1, epochs: 2, layers: [4] } as const;
    const model = await tabular({ ...options, backend: factories.wasm }).fit(table);
    const fresh = await readCsv({ text: text(40) });
    expect(cellsOf(fresh, 'x')[0]).toBe(-999);
    const known = await readCsv({ text: text(40) }, model.readOptions);
    expect(model.predict(fresh)).toEqual(model.predict(known));
    expect(model.evaluate(fresh)).toEqual(model.evaluate(known));
    expect(model.explain(fresh, { repeats: 1 })).toEqual(model.explain(known, { repeats: 1 }));
    expect(model.warnings(fresh)).toEqual([]);
    // As texts, and as the rows of the table.
    const texts = await readCsv({ text: text(40) }, { columns: { x: 'category' } });
    expect(model.predict(texts)).toEqual(model.predict(known));
    expect(model.predict(fresh.toObjects())).toEqual(model.predict(known));
    // Read with markers of its own, a table is what it says.
    const own = await readCsv({ text: text(40) }, { missing: ['-1'] });
    expect(model.predict(own)).not.toEqual(model.predict(known));
  });
});

test.each<[readonly string[], RegExp]>([
  [['24/01/31', '24/02/15'], /'24\/01\/31' is not a date.* dateFormat: 'DMY' or 'YMD'\./],
  [['01/02/2024', '03/04/2024'], /'01\/02\/2024' is not a date.* dateFormat: 'DMY' or 'MDY'\./],
  [['31/01/2024', '01/31/2024'], /'31\/01\/2024' is not a date.* dateFormat: 'DMY'\./],
])('an error about the dates %j names the orders in which the first is one', async (cells, message) => {
  await expect(tsv(cells, { columns: { a: 'date' } })).rejects.toThrow(message);
});
