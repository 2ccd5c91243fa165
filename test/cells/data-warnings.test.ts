import { expect, test } from 'vitest';
import { tabular } from '../../src/data/index.js';
import { typescript } from '../../src/index.js';

test('categories that are new have one remark where they are in many columns, names that are not used an end', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    ...Object.fromEntries(Array.from({ length: 8 }, (_, c) => [`c${c}`, 'abc'[(i + c) % 3]!])),
    y: i % 2,
  }));
  const made = await tabular({ target: 'y', members: 1, epochs: 1, layers: [2], backend: typescript() }).fit(rows);
  const others = Object.fromEntries(Array.from({ length: 12 }, (_, c) => [`other${c}`, 1]));
  const changed = rows.map((row, i) => ({
    ...row,
    ...others,
    ...(i > 37 && { c0: 'd', c2: 'd', c3: 'd', c4: 'e', c5: 'd', c7: 'd' }),
  }));
  expect(made.warnings(changed)).toEqual([
    `not used: ${Array.from({ length: 10 }, (_, c) => `'other${c}'`).join(', ')} and 2 other columns`,
    "'c0': 'd' was not there in training (new categories: 2 times, first in row 38)",
    "so are 10 values of 5 other columns, such as 'c2'",
  ]);
});
