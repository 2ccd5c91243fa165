import { expect, test } from 'vitest';
import { fuzzTables } from '../fuzz/fuzz-tables.js';

// 2,000 where MYELIN_LONG or CI is set, as .ci/run does; `npm run fuzz -- tables` runs any number.
const COUNT = process.env.CI || process.env.MYELIN_LONG ? 2000 : 300;

test('random tables come back as they were written', { timeout: 600_000 }, async () => {
  const { runs, cells, remarked } = await fuzzTables(COUNT, 2);
  expect(runs).toBe(COUNT);
  expect(cells).toBeGreaterThan(50 * COUNT);
  // Columns that may mean more than one thing, of each of which the report says something.
  expect(remarked).toBeGreaterThan(COUNT / 5);
});
