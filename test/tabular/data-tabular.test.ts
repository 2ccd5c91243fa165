import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import {
  deserializeTabular,
  loadTabular,
  readCsv,
  readTable,
  split,
  Table,
  type Tabular,
  tableFromRows,
  tabular,
} from '../../src/data/index.js';
import { designFor, inferTask } from '../../src/data/tabular/design.js';
import { save } from '../../src/io/save.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { flowers } from '../support/flowers.js';

const backend = await wasm();

function houses(rows: number, seed = 2) {
  const random = new Generator(seed, 9);
  return Array.from({ length: rows }, () => {
    const [area, age, noise] = [50 + 200 * random.uniform(), 80 * random.uniform(), random.uniform()];
    const town = ['Bern', 'Rome', 'Oslo'][random.integer(3)]!;
    const price = 1000 * area * (town === 'Oslo' ? 1.5 : 1) - 300 * age + 5000 * noise;
    return { area, age, town, sold: random.integer(2) === 1, price };
  });
}

const quick = { epochs: 30, members: 2, layers: [16], backend } as const;

test('files are read as the one that it learned from', async () => {
  const text = (rows: readonly string[]) => Buffer.from(['size;kind', ...rows].join('\n'));
  const rows = Array.from(
    { length: 60 },
    (_, i) => `${i % 7 === 0 ? 'unbekannt' : `${i % 11},5`};${i % 2 ? 'Äpfel' : 'Birnen'}`,
  );
  const given = { decimal: ',', missing: ['', 'unbekannt'], encoding: 'utf-8' } as const;
  const table = await readCsv(text(rows), given);
  expect(table.take([1, 2]).drop('kind').reading).toEqual(given);
  const learned = await tabular({ target: 'kind', ...quick }).fit(table.take(Array.from({ length: 50 }, (_, i) => i)));
  const pipeline = deserializeTabular(learned.serialize(), { backend });
  expect(pipeline.readOptions).toEqual({ ...given, kinds: { size: 'number', kind: 'category' } });
  const read = await readCsv(text(rows), pipeline.readOptions);
  expect(pipeline.predict([{ size: 'unbekannt' }, { size: 6.5 }])).toEqual(
    pipeline.predict(read.take([0, 6]).select(['size'])),
  );
  const json = await readTable(Buffer.from('[{"size": "unbekannt"}, {"size": 6.5}]'), {
    format: 'json',
    ...pipeline.readOptions,
  });
  expect(pipeline.predict(json)).toEqual(pipeline.predict(read.take([0, 6])));
  expect(pipeline.evaluate(read)).toEqual(pipeline.evaluate(table));
  const plain = await tabular({ target: 'kind', ...quick }).fit(flowers(60));
  expect(plain.record).not.toHaveProperty('reading');
});

describe('classification', () => {
  let pipeline: Tabular;
  beforeAll(async () => {
    pipeline = await tabular({ target: 'kind', ...quick }).fit(flowers(300));
  });

  test('predicts classes by name from raw rows, with probabilities', () => {
    const rows = flowers(200, 5);
    expect(pipeline.evaluate(rows).accuracy).toBeGreaterThan(0.93);
    const [first] = pipeline.predict(rows) as {
      class: string;
      probability: number;
      probabilities: Record<string, number>;
    }[];
    expect(first!.class).toBe(rows[0]!.kind);
    expect(Object.keys(first!.probabilities)).toEqual(['setosa', 'versicolor', 'virginica']);
    expect(Object.values(first!.probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(first!.probability).toBe(first!.probabilities[first!.class]);
    expect(pipeline.predictTable(rows).names).toEqual(['kind', 'kind=setosa', 'kind=versicolor', 'kind=virginica']);
    expect(pipeline.predictTable(rows).value(0, 'kind')).toBe(rows[0]!.kind);
  });

  test('keeps a record of what it did', () => {
    const { record } = pipeline;
    expect(record.task).toBe('classification');
    expect(record.notes.join()).toMatch(/classification, since 'kind' holds texts/);
    expect(record.notes.join()).toMatch(/'code' is left out: nearly every row has a text of its own/);
    expect(record.validation.rows).toBe(60);
    expect(record.validation.accuracy).toBeGreaterThan(0.9);
    expect(record.validation.confusion?.flat().reduce((sum, n) => sum + n, 0)).toBe(60);
    expect(record.members.length).toBe(2);
    expect(record.inputs.map(({ name }) => name)).toEqual(['length', 'width', 'colour', 'noise']);
  });

  test('the columns that matter come first', () => {
    const importance = pipeline.explain(flowers(300), { repeats: 3 });
    expect(importance.map(({ column }) => column).indexOf('noise')).toBe(3);
    expect(importance[0]!.importance).toBeGreaterThan(0.05);
  });

  test('what is remarkable about new rows is named', () => {
    const rows = [
      { length: 99, width: 2, colour: 'green', noise: 0, petals: 5 },
      { length: 5, width: 2, colour: 'white', noise: 0, petals: 5 },
    ];
    expect(pipeline.warnings(rows)).toEqual([
      "not used: 'petals'",
      expect.stringMatching(/'length': 99 is outside .*, the range of training \(first in row 0\)/),
      "'colour': 'green' was not there in training (new categories: first in row 0)",
    ]);
    expect(pipeline.predict(rows)).toHaveLength(2);
    expect(() => pipeline.predict([{ length: 5 }])).toThrow(/a column 'width'/);
    expect(() => pipeline.predict([{ length: 'long', width: 1, colour: 'white', noise: 0 }])).toThrow(/length/);
  });

  test('numbers beyond those of training have one remark where they are in many columns', async () => {
    const rows = Array.from({ length: 40 }, (_, k) => ({
      ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, (k * (i + 3)) % 13])),
      y: k % 2 ? 'a' : 'b',
    }));
    const learned = await tabular({ target: 'y', ...quick, epochs: 1 }).fit(rows);
    const beyond = (count: number) =>
      learned.warnings([
        Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, i < count ? 50 : 1])),
        Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, i < count ? 60 : 1])),
      ]);
    expect(beyond(5)).toHaveLength(5);
    expect(beyond(8)).toEqual([
      "'p0': 50 is outside 0 to 12, the range of training (2 times, first in row 0)",
      "so are 14 values of 7 other columns, such as 'p1'",
    ]);
  });

  test('comes back from a file and from bytes, to the bit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'myelin-tabular-'));
    try {
      const path = join(folder, 'flowers.myelin');
      await pipeline.save(path);
      const rows = tableFromRows(flowers(50, 7)).drop('kind');
      const again = await loadTabular(path, { backend });
      expect(again.predict(rows)).toEqual(pipeline.predict(rows));
      expect(again.record).toEqual(JSON.parse(JSON.stringify(pipeline.record)));
      expect(deserializeTabular(pipeline.serialize(), { backend }).predict(rows)).toEqual(pipeline.predict(rows));
      expect(again.kinds).toEqual(pipeline.kinds);
      const bare = join(folder, 'bare.myelin');
      await save(sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend }), bare);
      await expect(loadTabular(bare, { backend })).rejects.toThrow(/a model without a pipeline/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the same seed gives the same bits, another one others', async () => {
    const trained = (seed: number) => tabular({ target: 'kind', ...quick, epochs: 3, seed }).fit(flowers(60));
    const [a, b, c] = [await trained(1), await trained(1), await trained(2)];
    expect(a.serialize()).toEqual(b.serialize());
    expect(a.serialize()).not.toEqual(c.serialize());
  });
});

describe('regression', () => {
  test('predicts in the units of the target', async () => {
    const table = tableFromRows(houses(400));
    const { train, test } = split(table, { seed: 1 });
    const pipeline = await tabular({ target: 'price', ...quick, epochs: 100 }).fit(table.take(train));
    const { rmse, r2 } = pipeline.evaluate(table.take(test));
    expect(r2).toBeGreaterThan(0.97);
    expect(rmse).toBeLessThan(12_000);
    expect(Math.abs(rmse! / pipeline.record.validation.rmse! - 1)).toBeLessThan(0.5);
    const predictions = pipeline.predict(table.take(test)) as Float64Array;
    expect(predictions).toBeInstanceOf(Float64Array);
    expect(pipeline.explain(table.take(test), { repeats: 2 })[0]!.column).toBe('area');
  });

  test('one member holds a tenth out; rows without a target are left out', async () => {
    const rows = houses(100).map((row, i) => (i % 10 === 0 ? { ...row, price: null } : row));
    const pipeline = await tabular({ target: 'price', ...quick, members: 1, epochs: 5 }).fit(rows);
    expect(pipeline.record.rows).toBe(90);
    expect(pipeline.record.validation.rows).toBe(9);
    expect(pipeline.record.notes.join()).toMatch(/10 rows are left out: 'price' is missing/);
  });
});

describe('what is inferred', () => {
  const numbers = (values: number[]) => ({ name: 'y', kind: 'number', values: Float64Array.from(values) }) as const;
  test.each([
    [Array.from({ length: 100 }, (_, i) => i % 10), 'classification'],
    [Array.from({ length: 100 }, (_, i) => 1 + (i % 3)), 'classification'],
    [Array.from({ length: 100 }, (_, i) => 3 + (i % 6)), 'regression'],
    [Array.from({ length: 100 }, (_, i) => (i < 2 ? i : 2 + (i % 2))), 'regression'],
    [Array.from({ length: 100 }, (_, i) => i), 'regression'],
    [[0.5, 1, 2], 'regression'],
  ])('%#', (values, task) => expect(inferTask(numbers(values)).task).toBe(task));

  test('designs', () => {
    expect(designFor(150, 'regression', { target: 'y' })).toMatchObject({ members: 10, batchSize: 16 });
    expect(designFor(5000, 'regression', { target: 'y' }).members).toBe(5);
    expect(designFor(50_000, 'regression', { target: 'y' })).toMatchObject({ members: 1, batchSize: 256 });
  });
});

test.each([
  [{ target: 'price', taks: 'regression' }, /Did you mean 'task'/],
  [{ target: 'price', task: 'ranking' }, /task: expected one of classification, regression/],
  [{ target: 'price', layers: [0] }, /layers\[0\]/],
  [{}, /target: expected the name of a column/],
  [{ target: 'prize' }, /Did you mean 'price'/],
  [{ target: 'town', task: 'regression' }, /regression of texts such as/],
  [{ target: 'one' }, /'one' of 1 class/],
])('%j is refused', async (options, message) => {
  const rows = houses(20).map((row) => ({ ...row, one: 'a' }));
  await expect(async () => tabular(options as never).fit(rows)).rejects.toThrow(message);
});

test('what has not learned says so', () => {
  expect(() => tabular({ target: 'y' }).predict([{ x: 1 }])).toThrow(/learned nothing yet/);
});

test('a CSV of irises, from file to predictions', async () => {
  const random = new Generator(3, 1);
  const lines = [
    'sepal,petal,species',
    ...Array.from({ length: 90 }, (_, i) => {
      const kind = i % 3;
      return `${(5 + kind + random.uniform()).toFixed(1)},${(1 + 2 * kind + random.uniform()).toFixed(1)},${'abc'[kind]}`;
    }),
  ];
  const table = await readCsv({ text: lines.join('\n') });
  const pipeline = await tabular({ target: 'species', ...quick }).fit(table);
  expect(pipeline.evaluate(table).accuracy).toBeGreaterThan(0.95);
  const fresh = await readCsv({ text: 'petal,sepal\n1.2,5.3\n' }, { columns: { petal: 'number', sepal: 'number' } });
  expect((pipeline.predict(fresh) as readonly { class: string }[])[0]!.class).toBe('a');
  expect(new Table(fresh.columns).rows).toBe(1);
});

describe('columns that count the rows', () => {
  const numbered = (rows: number, id: (row: number) => number | null) =>
    houses(rows).map((house, row) => ({ id: id(row), ...house }));
  const fitted = (data: Parameters<Tabular['fit']>[0], options = {}) =>
    tabular({ target: 'price', ...quick, epochs: 1, ...options }).fit(data);
  const used = ({ record }: Tabular) => record.inputs.map(({ name }) => name).includes('id');

  test('are left out, and remarks say so', async () => {
    const pipeline = await fitted(numbered(120, (row) => 1000 + row));
    expect(used(pipeline)).toBe(false);
    expect(pipeline.record.notes.join()).toMatch(/'id' is left out: it counts the rows/);
    expect(pipeline.predict(houses(3))).toHaveLength(3);
    const gaps = await fitted(numbered(120, (row) => -10 * (row + Math.floor(row / 10))));
    expect(used(gaps)).toBe(false);
    const text = ['id,x,price', ...Array.from({ length: 60 }, (_, i) => `${i},${(i * 7) % 11},${i % 5}`)].join('\n');
    const table = await readCsv({ text });
    expect(table.report?.columns.map(({ why }) => /count the rows/.test(why))).toEqual([true, false, false]);
    const { train } = split(table, { test: 0.3, seed: 3 });
    expect(used(await fitted(table.take(train)))).toBe(false);
    expect(used(await fitted(await readCsv({ text }, { columns: { id: 'number' } })))).toBe(true);
  });

  test.each([
    ['few rows', numbered(50, (row) => row), {}],
    ['another order', numbered(120, (row) => (row * 7) % 120), {}],
    ['uneven steps', numbered(120, (row) => row * row), {}],
    ['gaps', numbered(120, (row) => (row === 60 ? null : row)), {}],
    ['fractions', numbered(120, (row) => row / 2), {}],
    ['steps of its own', numbered(120, (row) => row), { preprocess: { columns: { id: [] } } }],
    [
      'a given kind',
      tableFromRows(
        numbered(120, (row) => row),
        { columns: { id: 'number' } },
      ),
      {},
    ],
    ['nothing else', numbered(120, (row) => row).map(({ id, price }) => ({ id, price })), {}],
  ])('stay: %s', async (_, data, options) => {
    expect(used(await fitted(data, options))).toBe(true);
  });
});

test('rows may have an interface, and what is predicted the type of its task', async () => {
  interface House {
    readonly area: number;
    readonly town: string;
    readonly price: number;
  }
  const rows: House[] = houses(60).map(({ area, town, price }) => ({ area, town, price }));
  const options = { ...quick, epochs: 1 };
  const prices: Float64Array = (await tabular({ target: 'price', task: 'regression', ...options }).fit(rows)).predict(
    rows,
  );
  const towns = (await tabular({ target: 'town', task: 'classification', ...options }).fit(rows)).predict(rows);
  const either: Tabular = await tabular({ target: 'price', task: 'regression', ...options }).fit(
    rows as readonly House[],
  );
  const open: Float64Array | readonly { class: string }[] = either.predict(rows);
  expect([prices.length, towns[0]!.class.length, open.length]).toEqual([60, 4, 60]);
});

test('dates are dates in warnings', async () => {
  const day = (i: number) => `2024-01-${String(1 + (i % 28)).padStart(2, '0')}`;
  const rows = houses(60).map(({ area, price }, i) => ({ area, price, day: day(i * 5) }));
  const pipeline = await tabular({ target: 'price', ...quick, epochs: 1 }).fit(rows);
  expect(pipeline.warnings([{ area: 100, day: '2031-05-06T10:00' }])).toEqual([
    "'day': 2031-05-06T10:00:00.000Z is outside 2024-01-01 to 2024-01-28, the range of training (first in row 0)",
  ]);
});
