import { beforeAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import {
  deserializeTabular,
  type Metrics,
  type Row,
  readCsv,
  readTable,
  Table,
  type Tabular,
  tabular,
} from '../../src/data/index.js';
import { classFinder } from '../../src/data/tabular/classes.js';

const backend = await wasm();
const quick = { backend, members: 1, layers: [8], epochs: 5 } as const;
const rowsOf = (yes: unknown, no: unknown) =>
  Array.from({ length: 60 }, (_, i) => ({ x: i % 9, y: i % 9 > 3 ? yes : no }));
const textOf = (rows: readonly Row[]) =>
  ['x,y', ...(rows as { x: number; y: unknown }[]).map(({ x, y }) => `${x},${y}`)].join('\n');

/** Pairs for yes and no, as texts and as they may stand in rows. */
const pairs: readonly (readonly [unknown, unknown])[] = [
  ['TRUE', 'FALSE'],
  ['True', 'False'],
  ['true', 'false'],
  ['T', 'F'],
  ['t', 'f'],
  ['yes', 'no'],
  ['Yes', 'No'],
  ['Y', 'N'],
  [true, false],
  [1, 0],
  ['1', '0'],
];

describe.each(pairs)('a model of %j and %j', (yes, no) => {
  let models: readonly Tabular[];
  let expected: Metrics;
  beforeAll(async () => {
    const fromRows = await tabular({ target: 'y', task: 'classification', ...quick }).fit(rowsOf(yes, no));
    const fromFile = await tabular({ target: 'y', task: 'classification', ...quick }).fit(
      await readCsv({ text: textOf(rowsOf(yes, no)) }),
    );
    models = [fromRows, fromFile, deserializeTabular(fromFile.serialize(), { backend })];
    expected = fromRows.evaluate(rowsOf(yes, no));
    expect(expected.accuracy).toBeGreaterThan(0.5);
    expect(expected).not.toHaveProperty('unknownRows');
  });

  test.each(pairs)('is evaluated on %j and %j, of rows, CSV, JSON, read by its kinds or not', async (one, other) => {
    const rows = rowsOf(one, other);
    for (const model of models) {
      const asked = model.readOptions;
      const data = [
        rows,
        await readCsv({ text: textOf(rows) }),
        await readCsv({ text: textOf(rows) }, asked),
        await readTable({ text: JSON.stringify(rows) }, { format: 'json', ...asked }),
        await readTable({ text: rows.map((row) => JSON.stringify(row)).join('\n') }, { format: 'jsonLines' }),
      ];
      for (const [i, item] of data.entries())
        expect({ i, ...model.evaluate(item), baseline: {} }).toEqual({ i, ...expected, baseline: {} });
      const [found, wanted] = [model.evaluate(rows).baseline!, expected.baseline!];
      expect({ ...found, prediction: '' }).toEqual({ ...wanted, prediction: '' });
      expect(model.explain(rows, { repeats: 1 })[0]!.importance).toBeGreaterThan(0);
    }
  });
});

describe('what texts mean', () => {
  test.each<[string[], string[], number[]]>([
    [
      ['FALSE', 'TRUE'],
      ['true', 'False'],
      [1, 0],
    ],
    [
      ['TRUE', 'FALSE'],
      ['yes', 'no'],
      [0, 1],
    ],
    [
      ['0', '1'],
      ['1.0', '0.0', 'yes', '-0', '2'],
      [1, 0, 1, 0, -1],
    ],
    [
      ['F', 'T'],
      ['true', '1', '0'],
      [1, 1, 0],
    ],
    [
      ['F', 'T'],
      ['T', '1', 'no', ''],
      [1, 1, -1, -1],
    ],
    // Of two pairs at once only the model's own is certain.
    [
      ['F', 'T'],
      ['T', 'f', 'N'],
      [1, 0, -1],
    ],
    [
      ['F', 'T'],
      ['Y', 'true'],
      [-1, -1],
    ],
    [
      ['no', 'yes'],
      ['no', 'yes', 'maybe'],
      [0, 1, -1],
    ],
    // Not a pair: other letters say nothing.
    [
      ['F', 'M'],
      ['f', 'M', 'T'],
      [-1, 1, -1],
    ],
    [
      ['f', 'no'],
      ['F', 'no', 'n'],
      [-1, 1, -1],
    ],
    [
      ['a', 'b', 'true'],
      ['TRUE', 'a'],
      [-1, 0],
    ],
    [
      ['1', '2', '10'],
      ['10.0', ' 2', '1e0', '', '3'],
      [2, 1, 0, -1, -1],
    ],
    [
      ['1', '01'],
      ['1', '01', '1.0'],
      [0, 1, -1],
    ],
    [
      ['a', 'B'],
      ['A', 'b', 'a'],
      [-1, -1, 0],
    ],
  ])('classes %j: %j', (classes, texts, places) => expect(texts.map(classFinder(classes, texts))).toEqual(places));
});

describe('classes that training did not know', () => {
  const make = (kinds: readonly unknown[]) =>
    Array.from({ length: 60 }, (_, i) => ({ x: i % 9, y: kinds[Math.floor((i % 9) / 3) % kinds.length] }));
  const strange = (rows: ReturnType<typeof make>, value: unknown, every = 5) =>
    rows.map((row, i) => (i % every === 0 ? { ...row, y: value } : row));
  const sets: readonly (readonly [string, readonly unknown[], unknown])[] = [
    ['texts', ['a', 'b', 'c'], 'd'],
    ['two texts', ['a', 'b'], 'c'],
    ['numbers', [1, 2, 3], 4],
    ['0 and 1', [0, 1], 2],
    ['booleans', [true, false], 'maybe'],
    ['words', ['yes', 'no'], 'unsure'],
  ];
  test.each(sets)('%s: wrong in accuracy, left out of log loss and auc, counted', async (_, kinds, other) => {
    const known = make(kinds);
    const model = await tabular({ target: 'y', task: 'classification', ...quick, epochs: 30 }).fit(known);
    const mixed = strange(known, other);
    const rest = mixed.filter((_, i) => i % 5 !== 0);
    const alone = model.evaluate(rest);
    const variants = [
      mixed,
      await readCsv({ text: textOf(mixed) }),
      await readCsv({ text: textOf(mixed) }, model.readOptions),
      await readTable(
        { text: JSON.stringify(mixed.map((row) => ({ ...row, y: String(row.y) }))) },
        { format: 'json', ...model.readOptions },
      ),
    ];
    for (const data of variants) {
      const found = model.evaluate(data);
      expect(found).toMatchObject({ rows: 60, unknownRows: 12, knownRows: 48, unknownClasses: [String(other)] });
      expect(found.accuracy).toBeCloseTo((alone.accuracy! * 48) / 60, 12);
      expect(found.logLoss).toBe(alone.logLoss);
      expect(found.auc).toBe(alone.auc);
      expect(found.confusion).toEqual(alone.confusion);
      expect(found.f1).toBeLessThan(alone.f1!);
      expect(found.baseline!.accuracy).toBeCloseTo((alone.baseline!.accuracy! * 48) / 60, 12);
      expect(found.baseline!.logLoss).toBe(alone.baseline!.logLoss);
    }
    expect(model.explain(mixed, { repeats: 1 }).length).toBe(1);
  });

  test('of nothing else, and of many', async () => {
    const model = await tabular({ target: 'y', ...quick }).fit(make(['a', 'b']));
    const all = model.evaluate(strange(make(['a']), 'z', 1));
    expect(all).toMatchObject({ rows: 60, accuracy: 0, unknownRows: 60, knownRows: 0, unknownClasses: ['z'], f1: 0 });
    for (const name of ['logLoss', 'auc', 'confusion']) expect(all).not.toHaveProperty(name);
    expect(() => model.explain(strange(make(['a']), 'z', 1))).toThrow(/rows of classes that training knew/);
    const many = make(['a', 'b']).map((row, i) => ({ ...row, y: `new ${i}` }));
    expect(model.evaluate(many).unknownClasses).toHaveLength(20);
  });

  test('f1 has them as a class of their own, as scikit-learn has', async () => {
    const model = await tabular({ target: 'y', ...quick, epochs: 60 }).fit(make(['a', 'b', 'c']));
    const clean = model.evaluate(make(['a', 'b', 'c']));
    expect(clean.accuracy).toBe(1);
    // One row of nine is taken for a: precision 6/7 of a, f1 12/13; 0 of the other.
    const rows = Array.from({ length: 19 }, (_, i) =>
      i === 18 ? { x: 1, y: 'z' } : { x: i % 9, y: ['a', 'b', 'c'][Math.floor((i % 9) / 3)] },
    );
    expect(model.evaluate(rows).f1).toBeCloseTo((12 / 13 + 1 + 1 + 0) / 4, 12);
  });
});

test('no rows give no predictions, in every form', async () => {
  const sets: readonly (readonly [object, unknown, unknown])[] = [
    [{ task: 'regression' }, 1.5, 2],
    [{ task: 'classification' }, 'a', 'b'],
  ];
  for (const [options, one, other] of sets) {
    const rows = rowsOf(one, other).map((row, i) => ({ ...row, colour: i % 2 ? 'red' : 'blue' }));
    const model = await tabular({ target: 'y', ...quick, ...options }).fit(rows);
    const names = model.predictTable(rows).names;
    const none = new Table([
      { name: 'x', kind: 'number', values: new Float64Array(0) },
      { name: 'colour', kind: 'category', codes: new Int32Array(0), categories: [] },
    ]);
    for (const data of [[], none]) {
      expect(model.predict(data)).toHaveLength(0);
      expect(model.predictTable(data)).toMatchObject({ rows: 0, names });
      expect(model.warnings(data)).toEqual([]);
    }
    expect(() => model.evaluate([])).toThrow(/rows: expected at least one, got 0/);
    expect(() => model.predict(none.drop('x'))).toThrow(/a column 'x'/);
  }
});

test('what stands for a missing value among numbers and booleans is no class, however the target is read', async () => {
  const given = { missing: ['', '-999'] };
  for (const [yes, no] of [
    ['TRUE', 'FALSE'],
    ['1', '0'],
    ['3', '5'],
  ] as const) {
    const text = textOf(rowsOf(yes, no).map((row, i) => (i === 5 ? { ...row, y: '-999' } : row)));
    const model = await tabular({ target: 'y', task: 'classification', ...quick }).fit(await readCsv({ text }, given));
    expect(model.record).toMatchObject({ rows: 59, classes: [no, yes].sort() });
    for (const mark of ['', '-999', '-999.0', 'None', 'n/a', '-']) {
      const rows = textOf(rowsOf(yes, no).map((row, i) => (i < 10 ? { ...row, y: mark } : row)));
      const metrics = model.evaluate(await readCsv({ text: rows }, model.readOptions));
      expect(metrics, mark).toMatchObject({ rows: 50 });
      expect(metrics).not.toHaveProperty('unknownRows');
    }
  }
  // Among texts they may be classes.
  const kinds = await tabular({ target: 'y', ...quick }).fit(rowsOf('wood', 'stone'));
  expect(kinds.evaluate(rowsOf('wood', 'None'))).toMatchObject({ unknownClasses: ['None'] });
});
