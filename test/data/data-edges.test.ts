import { describe, expect, test } from 'vitest';
import {
  embeddingIds,
  erase,
  oneHot,
  pca,
  preprocess,
  readCsv,
  split,
  tableFromRows,
  tabular,
} from '../../src/data/index.js';
import { partsOf } from '../../src/data/tabular/estimate/parts.js';
import { lint } from '../../src/insight/lint.js';
import { matrix } from '../../src/matrix.js';
import { factories, Random } from '../support/buffers.js';

// Rules whose edges nothing else looks at: sizes, signs, orders, limits.

describe('a stratified split', () => {
  // Classes of so many rows, rows for testing, and how many of each class these are: the largest remainders are rounded up,
  // the first of equal ones.
  test.each([
    [[5, 3, 2], 5, [3, 1, 1]],
    [[2, 3, 5], 5, [1, 2, 2]],
    [[1, 1, 8], 5, [1, 0, 4]],
    [[6, 3, 3], 6, [3, 2, 1]],
    [[10, 20, 30], 7, [1, 2, 4]],
    [[3, 5, 11], 4, [1, 1, 2]],
    [[4, 4, 9], 6, [2, 1, 3]],
  ])('of %j takes %d rows as %j', (sizes, count, expected) => {
    const labels = sizes.flatMap((size, label) => Array.from({ length: size }, () => label));
    const { test: drawn } = split(labels.length, { test: count, stratify: labels });
    const found = sizes.map((_, label) => [...drawn].filter((row) => labels[row] === label).length);
    expect(found).toEqual(expected);
  });
});

describe('one column for each category', () => {
  const rows = [{ c: 'a' }, { c: 'b' }, { c: null }, { c: 'c' }, { c: 'a' }];

  test.each([{}, { dropFirst: true }])('gives back the category, and none for a row without one: %j', (options) => {
    const fitted = preprocess({ categories: oneHot(options) }).fit(tableFromRows(rows));
    const numbers = fitted.transform(tableFromRows(rows));
    const back = fitted.inverseTransform(numbers).column('c');
    if (back.kind !== 'category') throw new Error('expected categories');
    const texts = Array.from(back.codes, (code) => back.categories[code] ?? null);
    expect(texts).toEqual(rows.map(({ c }) => c));
  });
});

describe('numbers for an embedding', () => {
  const texts = ['a', 'a', 'a', 'b', 'b', 'c'];
  const idsOf = (maxIds: number) => {
    const fitted = preprocess({ categories: embeddingIds({ maxIds }) }).fit(tableFromRows(texts.map((c) => ({ c }))));
    return [...fitted.transform(tableFromRows(['a', 'b', 'c', 'other'].map((c) => ({ c })))).data];
  };

  // 0 is for all that have no number of their own.
  test.each([
    [2, [1, 0, 0, 0]],
    [3, [1, 2, 0, 0]],
    [4, [1, 2, 3, 0]],
    [5, [1, 2, 3, 0]],
  ])('are fewer than maxIds, %d', (maxIds, expected) => {
    expect(idsOf(maxIds)).toEqual(expected);
    expect(Math.max(...idsOf(maxIds))).toBeLessThan(maxIds);
  });
});

describe('principal axes', () => {
  /** Points along a line of these directions. */
  const along = (directions: readonly number[]) =>
    tableFromRows(
      Array.from({ length: 40 }, (_, i) => {
        const t = ((i * 7) % 40) - 20;
        return Object.fromEntries(directions.map((d, c) => [`x${c}`, d * t + ((i * (c + 3)) % 5) * 0.01]));
      }),
    );

  test.each([[[3, 1]], [[-3, 1]], [[3, -1]], [[-3, -1]], [[1, -4, 2]], [[-1, -4, -2]], [[0.5, 0.25, -6]]])(
    'have their largest entry above 0: along %j',
    (directions) => {
      const table = along(directions);
      const fitted = preprocess({ numbers: [], after: [pca({ components: 1 })] }).fit(table);
      const scores = fitted.transform(table).data;
      const largest = directions.reduce((best, d, c) => (Math.abs(d) > Math.abs(directions[best]!) ? c : best), 0);
      const column = table.column(`x${largest}`);
      if (column.kind === 'category') throw new Error('expected numbers');
      // The score grows with the column that the axis is nearest to.
      const first = column.values.indexOf(Math.min(...column.values));
      const last = column.values.indexOf(Math.max(...column.values));
      expect(scores[last]!).toBeGreaterThan(scores[first]!);
    },
  );
});

describe('rectangles that are erased', () => {
  test('reach every border of the image', () => {
    const shape = { height: 4, width: 5 };
    const rows = 400;
    const images = matrix(new Float32Array(rows * 20).fill(1), rows, 20);
    erase({ ...shape, probability: 1, size: 0.5, value: 0 })({ x: images, y: images }, new Random(1));
    const hits = Array.from(
      { length: 20 },
      (_, at) => Array.from({ length: rows }, (_, r) => images.data[r * 20 + at]).filter((value) => value === 0).length,
    );
    for (const [at, count] of hits.entries()) expect([at, count > 0]).toEqual([at, true]);
  });
});

describe('a space is the separator', () => {
  test.each([
    ['where all lines have as many', 'a b\n1 2\n3 4\n5 6\n', ['a', 'b']],
    ['not of prose, where some lines have more', 'my note\nhello there\ngood day\nwell then my friend\n', ['my note']],
    ['not of prose, where a line has fewer', 'my note\nhello there\ngood day\nyes\nno thanks\n', ['my note']],
  ])('%s', async (_, text, names) => {
    expect((await readCsv({ text }, { header: true })).names).toEqual(names);
  });
});

describe('a network alone', () => {
  // Rows, and those that it leaves out: from 10 rows on a tenth; fewer are all trained on, and measured on, too.
  test.each([
    [8, 8, 8],
    [9, 9, 9],
    [10, 9, 1],
    [11, 10, 1],
    [20, 18, 2],
  ])('of %d rows trains on %d and is measured on %d', (rows, trained, held) => {
    const [part] = partsOf(rows, 1, 3, undefined);
    expect([part!.train.length, part!.held.length]).toEqual([trained, held]);
  });
});

describe('classes that are numbers', () => {
  test.each([[Array.from({ length: 12 }, (_, i) => i + 1)], [[100, 20, 3]], [[-1, -10, 5, 10]], [[0.5, 10, 9]]])(
    'are in order of size: %j',
    async (labels) => {
      const rows = Array.from({ length: 60 }, (_, i) => ({ x: i % 7, label: labels[i % labels.length]! }));
      const options = { target: 'label', task: 'classification', epochs: 1, members: 1, layers: [2] } as const;
      const { record } = await tabular({ ...options, backend: factories.wasm }).fit(rows);
      expect(record.classes).toEqual([...labels].sort((a, b) => a - b).map(String));
    },
  );
});

describe('rows for validation that are rows for training', () => {
  const rows = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => [((i + from) * 0.618034) % 1, ((i + from) * 0.414214) % 1]);
  const targets = (count: number) => Array.from({ length: count }, (_, i) => ((i * 0.7321) % 1) - 0.5);

  test.each([
    [4, []],
    [5, []],
    [6, ['duplicatedRows']],
    [15, ['duplicatedRows']],
  ])('are told of from a twentieth on: %d of 100', (count, codes) => {
    const x = rows(300, 0);
    const held = [...x.slice(0, count), ...rows(100 - count, 1000)];
    const found = lint(x, targets(300), { validation: [held, targets(100)] } as never);
    expect(found.map(({ code }) => code)).toEqual(codes);
    if (count > 5) expect(found[0]!.message).toMatch(new RegExp(`^${count} of 100 `));
  });
});
