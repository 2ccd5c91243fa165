import { describe, expect, test } from 'vitest';
import { readCsv, tableFromRows, tabular } from '../../src/data/index.js';
import { sentinelRemark } from '../../src/data/tabular/sentinels.js';

// Numbers that may stand for a missing value, and are read as numbers, are told of before training.

const cycle = (count: number, low: number, step: number) =>
  Array.from({ length: count }, (_, i) => low + step * (i % 7));
const remarkOn = (values: readonly number[], lines?: readonly number[]) =>
  sentinelRemark({ name: 'a', kind: 'number', values: Float64Array.from(values) }, lines);

describe('told', () => {
  test.each<[string, number[], string]>([
    [
      'nines below',
      [...cycle(20, 10, 1.5), -999, -999],
      '-999 (2 cells, first in row 20) is far from all others, 10 to 19',
    ],
    ['one below 0 among others above', [...cycle(20, 0, 1), -99], '-99 (1 cell, first in row 20) is far'],
    [
      'nines above',
      [9999, ...cycle(20, -5, 1), 9999],
      '9999 (2 cells, first in row 0) is far from all others, -5 to 1',
    ],
    ['with decimals', [...cycle(20, 0, 0.1), -99.9], '-99.9 (1 cell'],
    ['of well logs', [...cycle(20, 0, 0.1), -999.25, -999.25], '-999.25 (2 cells'],
    ['the end of 16 bits', [...cycle(20, -50, 10), -32768, -32768], '-32768 (2 cells'],
    [
      'two of them',
      [...cycle(20, 40, 1), -999, -9999, -999],
      '-999 (2 cells, first in row 20) and -9999 (1 cell, first in row 21) are far',
    ],
    ['codes of a survey', [1, 2, 99, 3, 99, 1], '99 (2 cells, first in row 2) is far from all others, 1 to 3'],
    ['beside missing ones', [Number.NaN, ...cycle(20, 0, 1), -999], '-999 (1 cell, first in row 21)'],
  ])('%s', (_, values, text) => {
    expect(remarkOn(values)).toContain(`'a': ${text}`);
  });

  test('with lines of a file, and the option to say', () => {
    const remark = remarkOn([1, 2, -999, 3], [2, 3, 5, 6]);
    expect(remark).toBe(
      "'a': -999 (1 cell, first in line 5) is far from all others, 1 to 3; missing: ['-999'] if it means a missing value",
    );
  });
});

describe('not told', () => {
  test.each<[string, number[]]>([
    ['ages', Array.from({ length: 99 }, (_, i) => i + 1)],
    ['nines within the range', [1, 99, 500, 99]],
    ['nines near the others', [90, 95, 99, 99]],
    ['one far above', [...cycle(20, 0, 1), 999]],
    ['other outliers', [...cycle(20, 0, 1), -1000, -1000, 5e6]],
    ['nothing else', [99, 99, 99]],
    ['one other value', [5, 5, -999, -999]],
    ['no value', [Number.NaN]],
    ['infinite ones', [1, 2, Number.NEGATIVE_INFINITY]],
  ])('%s', (_, values) => {
    expect(remarkOn(values)).toBeUndefined();
  });
});

describe('in a fit', () => {
  const lines = Array.from(
    { length: 60 },
    (_, i) => `${i % 9 === 4 ? '-999.0' : i % 7},${i % 11},${i % 2 ? 'u' : 'v'}`,
  );
  const text = `temp,load,y\n${lines.join('\n')}\n`;
  const options = { epochs: 2, members: 1, layers: [4] };

  test('before training, with the line, of a part of a table, too; missing: [-999] heeds it', async () => {
    const table = await readCsv({ text });
    const heard: string[] = [];
    const fitted = await tabular({ target: 'y', ...options }).fit(
      table.take(Array.from({ length: 50 }, (_, i) => i + 10)),
      {
        remark: (remark) => heard.push(remark),
      },
    );
    expect(heard.join()).toContain("'temp': -999 (6 cells, first in line 15) is far from all others, 0 to 6");
    expect(fitted.record.notes).toEqual(expect.arrayContaining(heard));
    const heeded = await tabular({ target: 'y', ...options }).fit(await readCsv({ text }, { missing: [-999] }));
    expect(heeded.record.notes.join()).not.toContain('-999');
  });

  test('of a target of numbers; not of columns that are left out', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      a: i % 5,
      note: i % 3 ? i % 6 : -999,
      y: i === 7 ? -999 : i / 2,
    }));
    const fitted = await tabular({ target: 'y', task: 'regression', drop: ['note'], ...options }).fit(rows);
    const notes = fitted.record.notes.join();
    expect(notes).toContain("'y': -999 (1 cell, first in row 7) is far from all others, 0 to 19.5");
    expect(notes).not.toContain("'note'");
    expect(tableFromRows(rows).rows).toBe(40);
  });
});
