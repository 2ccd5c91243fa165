import { expect, test } from 'vitest';
import { clipOutliers, fillMissing, oneHot, preprocess } from '../../src/data/index.js';

test.each([
  [{}, 'word=b'],
  [{ strategy: 'constant' }, 'word=missing'],
  [{ strategy: 'constant', value: 'none' }, 'word=none'],
  [{ value: 'a' }, 'word=a'],
] as const)('categories that are missing are filled: %j', (options, name) => {
  const words = ['a', 'b', 'b', null].map((word) => ({ word }));
  const fitted = preprocess({ categories: [fillMissing(options), oneHot()] }).fit(words);
  const { data, columns } = fitted.transform(words);
  const last = data.subarray(3 * columns);
  expect(fitted.features.filter((_, i) => last[i] === 1)).toEqual([name]);
});

test.each([
  [{}, [-2, 2, 6]],
  [{ factor: 1 }, [-1, 2, 5]],
  [{ factor: 0 }, [1, 2, 3]],
  [{ method: 'quantile', lower: 0.25, upper: 1 }, [1, 2, 4]],
] as const)('outliers on both sides go to the bounds of %j', (options, expected) => {
  const fitted = preprocess({ numbers: clipOutliers(options) }).fit([[0], [1], [2], [3], [4]]);
  expect([...fitted.transform([[-100], [2], [100]]).data]).toEqual(expected);
});
