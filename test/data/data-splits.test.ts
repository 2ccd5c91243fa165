import { describe, expect, test } from 'vitest';
import { type Fold, kFold, type PerRow, split, tableFromRows } from '../../src/data/index.js';
import { ValueError } from '../../src/errors.js';

const sorted = (...parts: Uint32Array[]) => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
const all = (rows: number) => Array.from({ length: rows }, (_, row) => row);
const classes = Array.from({ length: 203 }, (_, i) => (i % 10 === 0 ? 'rare' : i % 3 === 0 ? 'some' : 'most'));
const share = (rows: Uint32Array, name: string) =>
  [...rows].filter((row) => classes[row] === name).length / rows.length;

describe('split', () => {
  test('parts are of the size asked for, hold every row once, and follow from the seed', () => {
    const { train, validation, test } = split(203, { test: 0.25, validation: 10, seed: 3 });
    expect([train.length, validation.length, test.length]).toEqual([142, 10, 51]);
    expect(sorted(train, validation, test)).toEqual(all(203));
    expect(split(203, { test: 0.25, validation: 10, seed: 3 }).test).toEqual(test);
    expect(split(203, { test: 0.25, validation: 10, seed: 4 }).test).not.toEqual(test);
    expect(split(10).test.length).toBe(2);
  });

  test('stratified parts have the shares of the whole, to the row', () => {
    const { train, validation, test } = split(203, { test: 60, validation: 40, stratify: classes });
    expect([train.length, validation.length, test.length]).toEqual([103, 40, 60]);
    for (const name of ['rare', 'some', 'most']) {
      const whole = share(Uint32Array.from(all(203)), name);
      for (const part of [train, validation, test])
        expect(Math.abs(share(part, name) - whole)).toBeLessThan(1 / part.length);
    }
  });

  test('groups stay together', () => {
    const groups = Array.from({ length: 200 }, (_, i) => `g${Math.floor(Math.sqrt(i * 3))}`);
    const parts = Object.values(split(200, { test: 0.25, validation: 0.2, groups })) as Uint32Array[];
    expect(sorted(...parts)).toEqual(all(200));
    const names = parts.map((part) => new Set([...part].map((row) => groups[row])));
    expect(names.reduce((sum, set) => sum + set.size, 0)).toBe(new Set(groups).size);
    expect(Math.abs(parts[2]!.length - 50)).toBeLessThan(12);
  });

  test('times put the last rows last', () => {
    const table = tableFromRows([{ t: '2024-03-01' }, { t: '2024-01-01' }, { t: '2024-02-01' }, { t: '2024-04-01' }]);
    const { train, validation, test } = split(table, { test: 1, validation: 1, times: table.column('t') });
    expect([[...train], [...validation], [...test]]).toEqual([[1, 2], [0], [3]]);
    expect([...split(5, { test: 2, times: true }).test]).toEqual([3, 4]);
    // Within a part as well: what learns in the order of time must see it so.
    const backwards = split(6, { test: 2, validation: 1, times: [6, 5, 4, 3, 2, 1] });
    expect(Object.values(backwards).map((part) => [...part])).toEqual([[5, 4, 3], [2], [1, 0]]);
  });

  test.each([
    [() => split(10, { test: 1.5 }), /test: expected an integer/],
    [() => split(10, { test: 8, validation: 2 }), /rows left for training/],
    [() => split(10, { test: 0.01 }), /a share of at least one row/],
    [() => split(10, { stratify: [1, 2] }), /stratify: expected 10, one for each row, got 2 values/],
    [() => split(10, { stratify: all(10), groups: all(10) }), /one of stratify, groups and times/],
    [() => split(4, { groups: ['a', 'a', 'a', 'a'] }), /enough of them for each part/],
    [() => split(10, { tests: 1 } as never), /Did you mean 'test'/],
    [() => kFold(10, { folds: 11 }), /a row for each fold/],
    [() => kFold(10, { folds: 3, groups: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2] }), /at least 3, one for each fold/],
  ])('%#', (call, message) => expect(call).toThrow(message));
});

describe('kFold', () => {
  const check = (folds: Fold[], rows: number) => {
    expect(sorted(...folds.map(({ test }) => test))).toEqual(all(rows));
    for (const { train, test } of folds) expect(sorted(train, test)).toEqual(all(rows));
  };
  test('every row is tested on once', () => {
    const folds = kFold(23, { folds: 4, seed: 1 });
    check(folds, 23);
    expect(folds.map(({ test }) => test.length).sort()).toEqual([5, 6, 6, 6]);
    expect([...kFold(6, { folds: 3, shuffle: false })[1]!.test]).toEqual([2, 3]);
  });

  test('stratified', () => {
    const folds = kFold(203, { folds: 10, stratify: classes });
    check(folds, 203);
    for (const { test } of folds) {
      expect(test.length === 20 || test.length === 21).toBe(true);
      expect(Math.round(share(test, 'rare') * test.length)).toBeGreaterThanOrEqual(2);
    }
  });

  test.each([{}, { stratify: classes }, { groups: classes.map((_, i) => i % 40) }])(
    'follows from the seed, and leaves the order alone without shuffling: %#',
    (options) => {
      const tests = (more: object) => kFold(203, { folds: 4, ...options, ...more }).map(({ test }) => [...test]);
      expect(tests({ seed: 1 })).toEqual(tests({ seed: 1 }));
      expect(tests({ seed: 1 })).not.toEqual(tests({ seed: 2 }));
      expect(tests({ seed: 1, shuffle: false })).toEqual(tests({ seed: 2, shuffle: false }));
    },
  );

  test('grouped', () => {
    const groups = classes.map((_, i) => i % 17);
    const folds = kFold(203, { folds: 4, groups: groups as PerRow });
    check(folds, 203);
    for (const { train, test } of folds) {
      const inside = new Set([...test].map((row) => groups[row]));
      expect([...train].some((row) => inside.has(groups[row]))).toBe(false);
    }
  });

  test('in the order of times', () => {
    const folds = kFold(11, { folds: 3, times: true });
    expect(folds.map(({ train, test }) => [train.length, [...test]])).toEqual([
      [5, [5, 6]],
      [7, [7, 8]],
      [9, [9, 10]],
    ]);
  });
});

test('hundreds of thousands of rows of a class', () => {
  const rows = 400_000;
  const stratify = Uint8Array.from({ length: rows }, (_, row) => (row % 5 === 0 ? 1 : 0));
  const parts = split(rows, { test: 0.4, validation: 0.1, stratify });
  expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([200_000, 40_000, 160_000]);
  expect(kFold(rows, { folds: 2, stratify })[0]!.test.length).toBe(200_000);
});

test.each(['stratify', 'groups', 'times'] as const)('%s as the name of a column says what is wanted', (option) => {
  const table = tableFromRows(Array.from({ length: 20 }, (_, i) => ({ y: i % 2, x: i })));
  const expected = new RegExp(`^${option}: expected .*a value for each row, such as table\\.column\\('y'\\), got 'y'`);
  expect(() => split(table, { [option]: 'y' } as object)).toThrow(expected);
  expect(() => kFold(table, { [option]: 'y' } as object)).toThrow(expected);
  for (const wrong of [null, 3, false]) expect(() => split(table, { [option]: wrong } as object)).toThrow(ValueError);
});
