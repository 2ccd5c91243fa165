import { describe, expect, test } from 'vitest';
import { DataError, readJsonLines, streamJsonLines, type Table, tabular } from '../../src/data/index.js';

// JSON Lines whose keys differ from line to line, as events do.

const text = (rows: readonly object[]) => ({ text: rows.map((row) => JSON.stringify(row)).join('\n') });
const all = async (tables: AsyncIterable<Table>) => {
  const found: Table[] = [];
  for await (const table of tables) found.push(table);
  return found;
};

describe('a stream', () => {
  const early = Array.from({ length: 200 }, (_, i) => ({
    a: i,
    ...(i >= 1 && { b: i % 3 }),
    ...(i > 150 && { c: 'x' }),
  }));

  test('has the keys of all of its first rows, as a reader does', async () => {
    const [table, ...others] = await all(streamJsonLines(text(early)));
    expect(others).toEqual([]);
    const read = await readJsonLines(text(early));
    expect(table!.names).toEqual(['a', 'b', 'c']);
    expect(table!.toObjects()).toEqual(read.toObjects());
    expect([table!.value(0, 'b'), table!.value(150, 'c'), table!.value(151, 'c')]).toEqual([null, null, 'x']);
  });

  /** Rows of more than one block, whose last has a key that no other has. */
  const late = Array.from({ length: 5000 }, (_, i) => ({
    a: i,
    pad: 'long enough for several blocks '.repeat(9),
    ...(i === 4999 && { late: 1 }),
  }));

  test('refuses a key that comes after them, and says what to do', async () => {
    const error = await all(streamJsonLines(text(late))).catch((reason) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect([error.line, error.field]).toEqual([5000, 'late']);
    expect(error.message).toMatch(
      /of which 1000 are looked at, do not have this field\. Write it in the first row, with null/,
    );
    const [first] = await all(streamJsonLines(text([{ a: 0, late: null }, ...late.slice(1)])));
    expect(first!.names).toEqual(['a', 'late', 'pad']);
    const whole = await all(streamJsonLines(text(late), { sampleRows: 5000 }));
    expect(whole[0]!.names).toEqual(['a', 'pad', 'late']);
  });

  test('leaves it out where only known columns are wanted, with one remark', async () => {
    const options = { kinds: { a: 'number', gone: 'skip' }, otherwise: 'category' } as const;
    const rows = late.map((row, i) => ({ ...row, ...(i > 4000 && { gone: i, also: i }) }));
    const tables = await all(streamJsonLines(text(rows), options));
    expect(tables.length).toBeGreaterThan(1);
    expect(new Set(tables.map(({ names }) => names.join()))).toEqual(new Set(['a,pad']));
    const remarks = tables.flatMap(({ report }) => report!.remarks);
    expect(remarks).toEqual([
      "'also' is left out, since the first rows do not have it",
      "'late' is left out, since the first rows do not have it",
    ]);
  });
});

test('what was trained on such lines predicts them as a stream', async () => {
  const rows = Array.from({ length: 80 }, (_, i) => ({ x: i % 7, ...(i > 30 && { v: i % 4 }), y: i % 7 > 3 }));
  const pipeline = await tabular({ target: 'y', epochs: 2, members: 1, layers: [4] }).fit(
    await readJsonLines(text(rows)),
  );
  const expected = pipeline.predict(await readJsonLines(text(rows), pipeline.readOptions));
  const [table] = await all(streamJsonLines(text(rows), pipeline.readOptions));
  expect(pipeline.predict(table!)).toEqual(expected);
});

test.each([
  ['a text', '"a"', "a row is 'a'; an object or an array is expected"],
  ['a number', '3', 'a row is 3; an object or an array is expected'],
  ['null', 'null', 'a row is null; an object or an array is expected'],
])('a row that is %s is named', async (_, row, message) => {
  await expect(readJsonLines({ text: `{"a":1}\n${row}\n` })).rejects.toThrow(message);
});
