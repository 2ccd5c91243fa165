import { expect, test } from 'vitest';
import { fuzzModels } from '../fuzz/fuzz-models.js';
import { byEffort } from '../support/effort.js';

const threadUrl = new URL('../../build/thread.js', import.meta.url).href;

// `npm run fuzz -- models` runs any number.
const COUNT = byEffort(200, 2000);

test('random models train to the same bits on both backends, on threads, and through files', {
  timeout: 1_200_000,
}, async () => {
  const { runs, refused, resumed, threaded } = await fuzzModels(COUNT, 3, { threadUrl });
  expect(runs).toBe(COUNT);
  // Most are trained: what is refused, such as a batch of one row before batch normalization, is refused alike.
  expect(refused).toBeLessThan(COUNT / 5);
  expect(resumed).toBeGreaterThan(COUNT / 4);
  expect(threaded).toBeGreaterThan(COUNT / 40);
});
