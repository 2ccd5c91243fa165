import { expect, test } from 'vitest';
import { fuzzTables } from '../fuzz/fuzz-tables.js';
import { byEffort } from '../support/effort.js';

// `npm run fuzz -- tables` runs any number.
const COUNT = byEffort(300, 2000);

test('random tables come back as they were written', { timeout: 600_000 }, async () => {
  const { runs, cells, remarked } = await fuzzTables(COUNT, 2);
  expect(runs).toBe(COUNT);
  expect(cells).toBeGreaterThan(50 * COUNT);
  // Columns that may mean more than one thing, of each of which the report says something.
  expect(remarked).toBeGreaterThan(COUNT / 5);
});
