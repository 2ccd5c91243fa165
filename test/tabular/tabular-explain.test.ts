import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { pca, type Row, type Tabular, tableFromRows, tabular } from '../../src/data/index.js';
import { shuffle } from '../../src/data/splits.js';
import type { Table } from '../../src/data/table.js';
import { planOf } from '../../src/data/tabular/explain.js';
import { FirstLayers } from '../../src/data/tabular/first-layers.js';
import { Generator, stream } from '../../src/kernels/lib/philox.js';

const backend = await wasm();

/** Numbers, texts, booleans and missing values; the first of each tell something. */
function mixed(rows: number): Row[] {
  const random = new Generator(4, 9);
  return Array.from({ length: rows }, () => {
    const [a, b, text] = [random.uniform(), random.uniform(), random.integer(3)];
    return {
      a: random.integer(10) === 0 ? null : a,
      b,
      text: ['red', 'green', 'blue'][text]!,
      flag: random.integer(2) === 1,
      kind: a + (text === 1 ? 1 : 0) > 1 ? 'high' : a < 0.3 ? 'low' : 'middle',
      size: 10 * a + (text === 1 ? 5 : 0) + b,
    };
  });
}

const wide = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, k) => ({
    y: k % 2 ? 'case' : 'control',
    ...Object.fromEntries(
      Array.from({ length: columns }, (_, i) => [`g${i}`, Math.sin(i * 13 + k * 7) + (i < 3 && k % 2 ? 2 : 0)]),
    ),
  }));

const quick = { epochs: 10, layers: [16, 8], backend } as const;

/** Importance by whole passes over tables with one column in another order. */
function naive(pipeline: Tabular, all: Table, repeats: number, seed = 0) {
  const generator = new Generator(seed, stream('augmentation'));
  const order = () =>
    shuffle(
      Uint32Array.from({ length: all.rows }, (_, i) => i),
      generator,
    );
  const table = all.take(order());
  const score = (rows: Table) => {
    const { accuracy, rmse } = pipeline.evaluate(rows);
    return accuracy ?? -rmse!;
  };
  const whole = score(table);
  return Object.keys(pipeline.preprocessing.kinds)
    .map((column) => {
      const losses = Array.from({ length: repeats }, () => {
        const moved = table.select([column]).take(order());
        const other = table.columns.map((item) => (item.name === column ? moved.column(column) : item));
        return (whole - score(new (table.constructor as typeof Table)(other))) / (whole < 0 ? -whole : 1);
      });
      return { column, importance: losses.reduce((sum, loss) => sum + loss, 0) / repeats };
    })
    .sort((a, b) => b.importance - a.importance);
}

describe('importance is that of whole passes', () => {
  test.each([
    ['classes, several networks', 'kind', { members: 3 }],
    ['classes, one network', 'kind', { members: 1 }],
    ['numbers, several networks', 'size', { members: 3, dropout: 0.1 }],
    ['no hidden layer', 'size', { members: 2, layers: [] }],
    ['another activation', 'kind', { members: 2, activation: 'tanh' }],
  ] as const)('%s', async (_, target, options) => {
    const table = tableFromRows(mixed(120)).drop(target === 'kind' ? 'size' : 'kind');
    const pipeline = await tabular({ target, ...quick, ...options }).fit(table);
    expect(FirstLayers.of(pipeline.model)).toBeDefined();
    const found = pipeline.explain(table, { repeats: 2 });
    const expected = naive(pipeline, table, 2);
    expect(found.map(({ column }) => column).sort()).toEqual(expected.map(({ column }) => column).sort());
    for (const { column, importance } of expected) {
      expect(found.find((item) => item.column === column)!.importance).toBeCloseTo(importance, 4);
    }
  });

  test('where steps mix columns, too', async () => {
    const table = tableFromRows(mixed(120)).drop('size');
    const pipeline = await tabular({ target: 'kind', ...quick, members: 2, preprocess: { after: pca() } }).fit(table);
    const found = pipeline.explain(table, { repeats: 2 });
    expect([...found].map(({ column, importance }) => ({ column, importance }))).toEqual(naive(pipeline, table, 2));
  });
});

test('its work is linear in rows and columns', async () => {
  const work = async (rows: number, columns: number) => {
    const data = wide(rows, columns);
    const pipeline = await tabular({ target: 'y', ...quick, members: 2, epochs: 1 }).fit(data);
    let counted: FirstLayers | undefined;
    const { of } = FirstLayers;
    FirstLayers.of = (model) => {
      counted = of(model);
      return counted;
    };
    try {
      const { rows: taken, repeats, leftOut } = pipeline.explain(data, { budget: 1e9, repeats: 1 });
      expect({ taken, repeats, leftOut }).toEqual({ taken: rows, repeats: 1, leftOut: [] });
    } finally {
      FirstLayers.of = of;
    }
    return counted!.work;
  };
  const base = await work(64, 40);
  expect(base).toBeGreaterThan(64 * 40 * 16);
  expect((await work(128, 40)) / base).toBeLessThan(2.1);
  expect((await work(64, 80)) / base).toBeLessThan(2.1);
});

test.each([
  ['enough for all', { rows: 300, repeats: 5, columns: 4 }, 1e5, { rows: 300, repeats: 5, columns: 4 }],
  ['fewer rows first', { rows: 2000, repeats: 5, columns: 4 }, 20_000, { rows: 1000, repeats: 5, columns: 4 }],
  ['then fewer repeats', { rows: 2000, repeats: 5, columns: 4 }, 4000, { rows: 500, repeats: 2, columns: 4 }],
  ['then fewer rows again', { rows: 2000, repeats: 5, columns: 10 }, 1000, { rows: 100, repeats: 1, columns: 10 }],
  ['then fewer columns', { rows: 2000, repeats: 5, columns: 100 }, 1000, { rows: 50, repeats: 1, columns: 20 }],
  ['one at least', { rows: 30, repeats: 1, columns: 9 }, 1, { rows: 30, repeats: 1, columns: 1 }],
])('a budget: %s', (_, wanted, budget, plan) => expect(planOf(wanted, budget)).toEqual(plan));

test('networks count in the budget, and what it leaves out is said', async () => {
  const data = wide(60, 20);
  const pipeline = await tabular({ target: 'y', ...quick, members: 4, epochs: 1 }).fit(data);
  const all = pipeline.explain(data, { budget: 60 * 20 * 2 * 4, repeats: 2 });
  expect([all.rows, all.repeats, all.length, all.leftOut]).toEqual([60, 2, 20, []]);
  const few = pipeline.explain(data, { budget: 50 * 5 * 4, repeats: 2 });
  expect([few.rows, few.repeats, few.length, few.leftOut.length]).toEqual([50, 1, 5, 15]);
  expect(() => pipeline.explain(data, { budget: 0 })).toThrow(/budget/);
});

describe('groups', () => {
  test('are shuffled together', async () => {
    const table = tableFromRows(mixed(120)).drop('size');
    const pipeline = await tabular({ target: 'kind', ...quick, members: 2 }).fit(table);
    const seen: string[] = [];
    const found = pipeline.explain(table, {
      groups: [['a', 'text'], ['flag']],
      progress: (done, total) => seen.push(`${done}/${total}`),
    });
    expect(found.map(({ column, columns }) => [column, columns])).toEqual([
      ['a to text', ['a', 'text']],
      ['flag', undefined],
    ]);
    expect(seen).toEqual(['1/2', '2/2']);
    for (const groups of [[['nope']], [[]], [], 'a']) {
      expect(() => pipeline.explain(table, { groups: groups as never })).toThrow(/groups: expected lists of columns/);
    }
  });

  test('of pixels are squares of neighbours, at their places in the image', async () => {
    // 18 x 18 pixels, the frame of which is always 0 and left out.
    const inside = (i: number) => i % 18 > 0 && i % 18 < 17 && i > 17 && i < 18 * 17;
    const rows = Array.from({ length: 40 }, (_, k) => ({
      ...Object.fromEntries(
        Array.from({ length: 324 }, (_, i) => [`p${i}`, inside(i) ? (k * 7 + i * 11 + ((k * i) % 5)) % 256 : 0]),
      ),
      digit: k % 2 ? 'one' : 'two',
    }));
    for (const row of rows.slice(0, 2))
      for (let i = 0; i < 324; i++) if (inside(i)) (row as Record<string, unknown>)[`p${i}`] = 255;
    const pipeline = await tabular({ target: 'digit', ...quick, members: 2, epochs: 1 }).fit(rows);
    expect(pipeline.record.notes.join()).toMatch(/share a scale/);
    const found = pipeline.explain(rows, { repeats: 1 });
    expect(found.length).toBe(81);
    expect(found.reduce((sum, { columns }) => sum + (columns?.length ?? 1), 0)).toBe(256);
    const block = found.find(({ columns }) => columns?.includes('p40'))!;
    expect(block.columns).toEqual(['p40', 'p41', 'p58', 'p59']);
  });
});
