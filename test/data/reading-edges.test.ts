import { describe, expect, test } from 'vitest';
import { type CsvOptions, DataError, readCsv, readIdx, readJson, type Table } from '../../src/data/index.js';

const columnsOf = (table: Table) =>
  Object.fromEntries(
    table.names.map((name) => [name, Array.from({ length: table.rows }, (_, row) => table.value(row, name))]),
  );

const read = async (text: string, options: CsvOptions = {}) => columnsOf(await readCsv({ text }, options));

describe('values of CSV whose spelling differs in one character', () => {
  const many = (value: string) => `${'1\n'.repeat(5)}${value}\n`;
  test.each<[what: string, text: string, columns: Record<string, unknown>, options?: CsvOptions]>([
    ['CRLF within quotes is a line break', 'a,b\r\n"x\r\ny",1\r\n"z",2\r\n', { a: ['x\ny', 'z'], b: [1, 2] }],
    ['a lone CR within quotes stays', 'a,b\n"x\ry",1\n"z",2\n', { a: ['x\ry', 'z'], b: [1, 2] }],
    ['doubled quotes beside CRLF', 'a,b\r\n"""x""\r\ny",1\r\nz,2\r\n', { a: ['"x"\ny', 'z'], b: [1, 2] }],
    ['codes with a leading zero', 'id,n\n007,1\n008,2\n', { id: ['007', '008'], n: [1, 2] }],
    ['one code among numbers', `id\n${many('007')}`, { id: ['1', '1', '1', '1', '1', '007'] }],
    ['a zero before decimals', 'n\n0.5\n-0.25\n0\n', { n: [0.5, -0.25, 0] }],
    ['a code with a sign', 'id,n\n-007,1\n+08,2\n', { id: ['-007', '+08'], n: [1, 2] }],
    ['a plus sign', 'n\n+5\n+.5\n', { n: [5, 0.5] }],
    ['an exponent', 'n\n1e3\n2E-2\n1.5e+1\n', { n: [1000, 0.02, 15] }],
    ['infinities', 'n\n-inf\nInfinity\n1\n', { n: [-Infinity, Infinity, 1] }],
  ])('%s', async (_, text, columns, options) => {
    expect(await read(text, options)).toEqual(columns);
  });
});

test('a code after the rows that kinds are inferred from makes a column of codes, unless it is said to hold numbers', async () => {
  const text = `id\n${'1\n'.repeat(20)}007\n`;
  const inferred = await readCsv({ text }, { sampleRows: 10 });
  expect([inferred.value(0, 'id'), inferred.value(20, 'id')]).toEqual(['1', '007']);
  const given = await readCsv({ text }, { sampleRows: 10, columns: { id: 'number' } });
  expect([given.value(0, 'id'), given.value(20, 'id')]).toEqual([1, 7]);
});

describe('maxFieldLength counts the bytes of a field', () => {
  test.each([
    ['plain', 'a,b\nabcde,1\n', 'a,b\nabcdef,1\n'],
    ['last in a line', 'a,b\n1,abcde\n', 'a,b\n1,abcdef\n'],
    ['in quotes', 'a,b\n"abcde",1\n', 'a,b\n"abcdef",1\n'],
    ['in quotes with a separator', 'a,b\n"ab,de",1\n', 'a,b\n"ab,def",1\n'],
  ])('%s', async (_, allowed, refused) => {
    expect(Object.keys(await read(allowed, { maxFieldLength: 5 }))).toEqual(['a', 'b']);
    const error = await read(refused, { maxFieldLength: 5 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: 'limit', line: 2 });
  });
});

describe('errors say the column in characters, not in bytes', () => {
  test.each([
    ['aou,2,3', 7],
    ['äöü,2,3', 7],
    ['a€u,2,3', 7],
    ['日本語,2,3', 7],
  ])('%s', async (row, column) => {
    const error = await read(`a,b\n1,2\n${row}\n4,5\n`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'fields', line: 3, column });
  });
});

test('a separator that cuts all lines equally does not win over one that misses a single line of 26', async () => {
  const lines = Array.from({ length: 24 }, (_, i) => `${i},x;y`);
  const error = await read(`n,t;u\n${lines.join('\n')}\n24,x;y,z\n`).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'fields', line: 26 });
});

describe('texts of JSON rows end at their own quote', () => {
  test.each<[text: string, values: readonly string[]]>([
    [String.raw`[{"t": "say \"hi\""}, {"t": "b"}]`, ['say "hi"', 'b']],
    [String.raw`[{"t": "a\\"}, {"t": "b\\\\"}]`, ['a\\', 'b\\\\']],
    [String.raw`[{"t": "}\"]"}, {"t": "[{"}]`, ['}"]', '[{']],
    [String.raw`[["\"],["], ["\u0022"]]`, ['"],[', '"']],
  ])('%s', async (text, values) => {
    const table = await readJson({ text });
    expect(columnsOf(table)[table.names[0]!]).toEqual(values);
  });
});

describe('idx reads each type big-endian and signed', () => {
  const bytes = (type: number, ...data: number[]) => Uint8Array.from([0, 0, type, 1, 0, 0, 0, 1, ...data]);
  test.each([
    ['uint8', bytes(8, 255), 255, Uint8Array],
    ['int8', bytes(9, 128), -128, Int8Array],
    ['int16', bytes(11, 128, 1), -32767, Int16Array],
    ['int32', bytes(12, 255, 255, 255, 0), -256, Int32Array],
    ['float32', bytes(13, 191, 192, 0, 0), -1.5, Float32Array],
    ['float64', bytes(14, 191, 248, 0, 0, 0, 0, 0, 0), -1.5, Float64Array],
  ])('%s', async (_, file, value, type) => {
    const { values } = await readIdx(file);
    expect(values).toBeInstanceOf(type);
    expect([...values]).toEqual([value]);
  });
});
