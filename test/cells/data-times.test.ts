import { describe, expect, test } from 'vitest';
import { kFold, type PerRow, readCsv, split, tableFromRows } from '../../src/data/index.js';
import { instantOf } from '../../src/data/times.js';

const split3 = (times: PerRow, options: object = {}) => {
  const { train, test } = split((times as ArrayLike<unknown>).length, { test: 1, times, ...options });
  return [...train, ...test];
};

/** Texts, rising. */
const rising: readonly (readonly [string, readonly string[]])[] = [
  ['days', ['2023-12-31', '2024-01-01', '2024-02-29', '2024-03-01']],
  [
    'offsets',
    [
      '2024-01-04T01:00:00Z',
      '2024-01-04T02:00:00Z',
      '2024-01-03T23:00:00-05:00',
      '2024-01-04T23:00+14:00',
      '2024-01-04T10:00:00Z',
    ],
  ],
  [
    'offsets of hours, and PostgreSQL',
    ['2024-01-31 10:00:00+02', '2024-01-31 10:00:00+00', '2024-01-31 10:00:00-03:30'],
  ],
  ['UTC where none is given', ['2024-01-31T10:00:00+00:01', '2024-01-31T10:00:00', '2024-01-31T09:00:01-01:00']],
  [
    'shares of a second beyond milliseconds',
    ['2024-01-31T10:00:00.0000001Z', '2024-01-31T10:00:00.0000002Z', '2024-01-31T10:00:00.000001Z'],
  ],
  ['years and months', ['2023', '2023-02', '2023-02-02', '2024']],
  ['without separators', ['20231231', '20240101T000000Z', '20240101T0001', '20240102']],
  [
    'before 1970 and far away',
    ['-000044-03-15', '0001-01-01', '1969-12-31T23:59:59.5Z', '1970-01-01', '+012024-01-01'],
  ],
  ['midnight at the end of a day', ['2024-01-01T23:59', '2024-01-01T24:00', '2024-01-02T00:01']],
  ['slashes, spaces, UTC', ['2024/01/01', ' 2024/01/01 12:00 ', '2024-01-01 12:30 UTC', '2024-01-01t13:00z']],
];

describe('texts of ISO 8601 are in the order of their instants', () => {
  test.each(rising)('%s', (_, texts) => {
    const turned = [...texts].reverse();
    expect(split3(turned)).toEqual(texts.map((_, i) => texts.length - 1 - i));
    const column = {
      name: 't',
      kind: 'category',
      codes: Int32Array.from(texts, (_, i) => i),
      categories: turned,
    } as const;
    const { train, test } = split(texts.length, { test: 1, times: column });
    expect([...train, ...test]).toEqual(split3(turned));
  });

  test('those of the same instant stay in the order they have', () => {
    expect(split3(['2024-01-01T12:00+01:00', '2024-01-01T11:00Z', '2024-01-01T05:00-06:00', '2024-01-01'])).toEqual([
      3, 0, 1, 2,
    ]);
  });
});

describe('other texts and values are refused', () => {
  test.each([
    '5/1/2024',
    '31/12/2023',
    '31.12.2023',
    '1-Feb-2024',
    'Monday',
    '2024-1-5',
    '2024-02-30',
    '2024-13-01',
    '2024-01-01T25:00',
    '2024-01-01T24:01',
    '2024-01-01T10:60',
    '202401',
    '2024-W05',
    '10:30',
    '17',
    '1.5',
    '2024-01-01T10:00+25:00',
    'x'.repeat(500),
  ])('%s', (text) => {
    expect(instantOf(text)).toBeUndefined();
    expect(() => split3(['2024-01-01', text, '2024-01-02'])).toThrow(
      /^times\[1\]: expected numbers, dates, or texts of ISO 8601/,
    );
    expect(() => kFold(4, { folds: 2, times: ['2024-01-01', text, '2024-01-02', '2024-01-03'] })).toThrow(/times\[1\]/);
    const column = {
      name: 't',
      kind: 'category',
      codes: Int32Array.of(0, 1, 0),
      categories: ['2024-01-01', text],
    } as const;
    expect(() => split(3, { test: 1, times: column })).toThrow(/times\[1\]/);
  });

  test.each<[PerRow, RegExp]>([
    [[1, '2024-01-01', 2], /times\[1\]: .* got a date among numbers/],
    [[new Date(0), 5, 2], /times\[1\]: .* got a number among dates/],
    [[true, false, true], /times\[0\]: .* got true/],
    [{ name: 't', kind: 'boolean', values: Float64Array.of(1, 0, 1) }, /times\[0\]: .* got true/],
    [[{}, {}, {}] as never, /times\[0\]/],
    [[1, 2], /times: expected 3, one for each row, got 2 values/],
  ])('%#', (times, message) => expect(() => split(3, { test: 1, times })).toThrow(message));

  test('a text that no row has does not matter', () => {
    const times = {
      name: 't',
      kind: 'category',
      codes: Int32Array.of(2, 0, 2),
      categories: ['2024-01-01', 'never', '2024-01-02'],
    } as const;
    expect([...split(3, { test: 1, times }).train]).toEqual([1, 0]);
  });
});

test('numbers, dates and whole numbers beyond 2^53 are in their order', () => {
  expect(split3([3, 1, 2])).toEqual([1, 2, 0]);
  expect(split3([0, Infinity, -Infinity, -0])).toEqual([2, 0, 3, 1]);
  expect(split3([10, 9, 100])).toEqual([1, 0, 2]);
  expect(split3([new Date(2), new Date(0), new Date(1)])).toEqual([1, 2, 0]);
  expect(split3([new Date('2024-01-01T00:00Z'), '2023-12-31T23:00-02:00', '2023-01-01'])).toEqual([2, 0, 1]);
  expect(split3(BigInt64Array.of(1704067200000000002n, 1704067200000000001n, 1704067200000000003n))).toEqual([1, 0, 2]);
});

/** What each kind of times has in place of a time. */
const missing: readonly (readonly [string, (has: (row: number) => boolean, rows: number) => PerRow])[] = [
  ['NaN', (has, rows) => Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : Number.NaN))],
  [
    'NaN of a Float64Array',
    (has, rows) => Float64Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : Number.NaN)),
  ],
  ['null', (has, rows) => Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : null))],
  ['undefined', (has, rows) => Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : undefined))],
  [
    'an invalid Date',
    (has, rows) => Array.from({ length: rows }, (_, i) => new Date(has(i) ? (i * 37) % rows : Number.NaN)),
  ],
  [
    'an empty text',
    (has, rows) =>
      Array.from({ length: rows }, (_, i) => (has(i) ? new Date(864e5 * ((i * 37) % rows)).toISOString() : '')),
  ],
  [
    'NA',
    (has, rows) =>
      Array.from({ length: rows }, (_, i) => (has(i) ? new Date(864e5 * ((i * 37) % rows)).toISOString() : 'NA')),
  ],
  [
    'a number column',
    (has, rows) => ({
      name: 't',
      kind: 'number',
      values: Float64Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : Number.NaN)),
    }),
  ],
  [
    'a date column',
    (has, rows) => ({
      name: 't',
      kind: 'date',
      values: Float64Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : Number.NaN)),
    }),
  ],
  [
    'a category column',
    (has, rows) => ({
      name: 't',
      kind: 'category',
      codes: Int32Array.from({ length: rows }, (_, i) => (has(i) ? (i * 37) % rows : -1)),
      categories: Array.from({ length: rows }, (_, i) => new Date(864e5 * i).toISOString()),
    }),
  ],
];

describe.each(missing)('times that are missing: %s', (_, make) => {
  const rows = 200;
  const has = (row: number) => row % 17 !== 3;
  const times = make(has, rows);
  const known = (list: Uint32Array) => [...list].filter(has).map((row) => (row * 37) % rows);
  const lost = 12;

  test('are refused, with their count and the first row', () => {
    const message = `times: expected a time for each row, got ${lost} of 200 rows without a time, the first of them row 3`;
    for (const call of [() => split(rows, { test: 50, times }), () => kFold(rows, { folds: 4, times })]) {
      expect(call).toThrow(message);
      expect(call).toThrow(/missing: 'last'/);
    }
  });

  test('are the last if asked for', () => {
    const { train, validation, test } = split(rows, { test: 50, validation: 40, times, missing: 'last' });
    expect(known(train).length).toBe(train.length);
    expect(Math.max(...known(train))).toBeLessThan(Math.min(...known(validation)));
    expect(Math.max(...known(validation))).toBeLessThan(Math.min(...known(test)));
    expect([...test.slice(-lost)].some(has)).toBe(false);
    for (const fold of kFold(rows, { folds: 4, times, missing: 'last' })) {
      expect(Math.max(...known(fold.train))).toBeLessThan(Math.min(...known(fold.test)));
    }
  });
});

test('columns of files and rows: dates as dates, with what is missing', async () => {
  const table = await readCsv({ text: 'when,y\n2024-03-01,1\n,2\n2024-01-01,3\n2024-02-01,4\n' });
  expect(() => split(table, { test: 1, times: table.column('when') })).toThrow(
    /1 of 4 rows without a time, the first of them row 1/,
  );
  expect([...split(table, { test: 2, times: table.column('when'), missing: 'last' }).test]).toEqual([0, 1]);
  const rows = tableFromRows([{ t: '2024-03-01T00:30+01:00' }, { t: '2024-03-01T00:00Z' }, { t: '2024-02-29' }]);
  expect([...split(rows, { test: 1, times: rows.column('t') }).test]).toEqual([1]);
});

test('the option is checked', () => {
  expect(() => split(4, { test: 1, missing: 'last' })).toThrow(/missing: expected nothing without times/);
  expect(() => kFold(4, { folds: 2, times: [1, 2, 3, 4], missing: 'first' as never })).toThrow(/Did you mean|missing/);
});

test('groups and classes that are dates are the same where they say the same day', () => {
  const groups = Array.from({ length: 12 }, (_, i) => new Date(864e5 * (i % 3)));
  for (const { train, test } of kFold(12, { folds: 3, groups })) expect([train.length, test.length]).toEqual([8, 4]);
});
