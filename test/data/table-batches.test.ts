import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  minMax,
  ordinal,
  preprocess,
  readCsv,
  standardize,
  streamCsv,
  streamJsonLines,
  streamTable,
  type TableBatchOptions,
  type TableStream,
  tableFromRows,
} from '../../src/data/index.js';
import { dense, type Matrix, sequential, typescript } from '../../src/index.js';

// Streams of tables go into fit as batches of any size, in the order of the file or drawn from a buffer.

const folder = mkdtempSync(join(tmpdir(), 'myelin-batches-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 30_000;
const rowOf = (i: number) => ({ a: i, b: (i * 7) % 13, kind: 'rgb'[i % 3]!, y: (i % 5) - 2, w: 1 + (i % 2) });
const all = Array.from({ length: ROWS }, (_, i) => rowOf(i));
const csv = `a,b,kind,y,w\n${all.map((row) => Object.values(row).join()).join('\n')}\n`;
const lines = all.map((row) => `${JSON.stringify(row)}\n`).join('');
const paths = { csv: join(folder, 'rows.csv'), jsonl: join(folder, 'rows.jsonl') };
writeFileSync(paths.csv, csv);
writeFileSync(paths.jsonl, lines);

const raw = () => preprocess({ numbers: [] });
const plain = { preprocess: raw(), target: 'y' };
plain.preprocess.fit(tableFromRows(all.map(({ y, w, ...row }) => row)));

async function collect<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe('rows of blocks are cut anew', () => {
  test.each<[string, () => TableStream]>([
    ['streamCsv', () => streamCsv(paths.csv)],
    ['streamCsv of a text', () => streamCsv({ text: csv })],
    ['streamTable', () => streamTable(paths.csv)],
    ['streamTable of JSON Lines', () => streamTable(paths.jsonl)],
    ['streamJsonLines', () => streamJsonLines(paths.jsonl)],
  ])('%s', async (name, open) => {
    expect((await collect(open())).length).toBeGreaterThan(1);
    const whole = plain.preprocess.transform(tableFromRows(all));
    const batches = open().batches({ ...plain, batchSize: 128 });
    for (const epoch of name === 'streamCsv' ? [0, 1] : [0]) {
      const made = (await collect(batches(epoch))) as [Matrix, Matrix][];
      expect(made.map(([x]) => x.rows)).toEqual([...new Array(234).fill(128), 48]);
      expect(made.every(([x, y]) => x.columns === 5 && y.columns === 1 && x.rows === y.rows)).toBe(true);
      expect(Float32Array.from(made.flatMap(([x]) => [...x.data]))).toEqual(whole.data);
      expect(made.flatMap(([, y]) => [...y.data])).toEqual(all.map(({ y }) => y));
    }
  });

  test.each([
    [1, 32, false, 1],
    [32, 32, false, 1],
    [33, 32, false, 2],
    [33, 32, true, 1],
    [31, 32, true, 0],
    [97, 32, false, 4],
  ])('%i rows in batches of %i, without the rest: %s', async (rows, batchSize, dropRemainder, count) => {
    const text = `a,b,kind,y\n${all
      .slice(0, rows)
      .map(({ w, ...row }) => Object.values(row).join())
      .join('\n')}`;
    const made = (await collect(streamCsv({ text }).batches({ ...plain, batchSize, dropRemainder })())) as [
      Matrix,
      Matrix,
    ][];
    expect(made.length).toBe(count);
    const kept = dropRemainder ? rows - (rows % batchSize) : rows;
    expect(made.flatMap(([, y]) => [...y.data])).toEqual(all.slice(0, kept).map(({ y }) => y));
  });

  test('weights and several targets stay with their rows', async () => {
    const options = { ...plain, target: ['y', 'b'], sampleWeight: 'w', batchSize: 1000, shuffle: 300 };
    const inputs = preprocess({ numbers: [] }).fit(tableFromRows(all.map(({ a }) => ({ a }))));
    const made = await collect(streamCsv(paths.csv).batches({ ...options, preprocess: inputs })());
    const places = new Set<number>();
    for (const [x, y, w] of made as unknown as [Matrix, Matrix, Matrix][]) {
      for (let r = 0; r < x.rows; r++) {
        const row = all[x.data[r]!]!;
        places.add(row.a);
        expect([y.data[2 * r], y.data[2 * r + 1], w.data[r]]).toEqual([row.y, row.b, row.w]);
      }
    }
    expect(places.size).toBe(ROWS);
  });

  test('shuffling draws from a buffer: another order in each epoch, the same in each run, no row twice', async () => {
    const order = async (epoch: number, seed: number, shuffle: number) => {
      const inputs = preprocess({ numbers: [] }).fit(tableFromRows(all.map(({ a }) => ({ a }))));
      const batches = streamCsv(paths.csv).batches({ preprocess: inputs, target: 'y', seed, shuffle, batchSize: 999 });
      return (await collect(batches(epoch))).flatMap(([x]) => [...x.data]);
    };
    const first = await order(0, 1, 500);
    expect(await order(0, 1, 500)).toEqual(first);
    for (const other of [await order(1, 1, 500), await order(0, 2, 500), await order(0, 1, ROWS)]) {
      expect(other).not.toEqual(first);
      expect([...other].sort((a, b) => a - b)).toEqual(all.map(({ a }) => a));
    }
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
    // No row comes before the buffer has had it.
    first.forEach((a, i) => {
      expect(a).toBeLessThanOrEqual(i + 500);
    });
  });
});

describe('preprocessing that has yet to learn', () => {
  test('learns in a pass of its own, from all rows where there is room', async () => {
    const inputs = preprocess();
    const targets = preprocess({ numbers: standardize() });
    const batches = streamCsv(paths.csv).batches({ preprocess: inputs, target: 'y', targets, sampleWeight: 'w' });
    const table = await readCsv(paths.csv);
    expect(await batches.prepare()).toMatchObject({ columns: 5, classNames: undefined });
    expect(inputs.toJSON()).toEqual(preprocess().fit(table.drop('y', 'w')).toJSON());
    expect(targets.toJSON()).toEqual(
      preprocess({ numbers: standardize() })
        .fit(table.select(['y']))
        .toJSON(),
    );
    const [[x, y]] = (await collect(batches())) as [[Matrix, Matrix]];
    expect(x.data).toEqual(inputs.transform(table.slice(0, 32)).data);
    expect(y.data).toEqual(targets.transform(table.slice(0, 32)).data);
  });

  test('learns from a sample of all of the file where there is none', async () => {
    const inputs = preprocess({ numbers: minMax() });
    const batches = streamCsv(paths.csv).batches({ preprocess: inputs, target: 'y', fitRows: 400 });
    await batches.prepare();
    const [column] = inputs.toJSON().columns;
    const { offset, factor } = column!.steps[0]!.states[0] as { offset: number; factor: number };
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThan(ROWS / 10);
    expect(offset + 1 / factor).toBeGreaterThan((9 * ROWS) / 10);
    expect(offset + 1 / factor).toBeLessThan(ROWS);
  });

  test('is shared with what comes later, which it reads as it learned', async () => {
    const inputs = preprocess();
    const train = streamCsv({ text: 'id,y\n1,0\n2,1\n3,1\n' }).batches({ preprocess: inputs, target: 'y' });
    const test = streamCsv({ text: 'id,y\n01,0\n02,1\n' }).batches({ preprocess: inputs, target: 'y' });
    await train.prepare();
    const [[x]] = (await collect(test())) as [[Matrix, Matrix]];
    expect(x.data).toEqual(inputs.transform([{ id: 1 }, { id: 2 }]).data);
  });
});

describe('targets of texts', () => {
  const text = 'x,y\n1,b\n2,a\n3,c\n4,a\n';

  test('are labels, whose names are known before the first batch', async () => {
    const batches = streamCsv({ text }).batches({ target: 'y', batchSize: 3 });
    expect((await batches.prepare()).classNames).toEqual(['a', 'b', 'c']);
    expect((await collect(batches())).map(([, y]) => y)).toEqual([['b', 'a', 'c'], ['a']]);
  });

  test('are numbers by targets', async () => {
    const targets = preprocess({ categories: ordinal() });
    const batches = streamCsv({ text }).batches({ target: 'y', targets });
    const [[, y]] = (await collect(batches())) as [[Matrix, Matrix]];
    expect([...y.data]).toEqual([1, 0, 2, 0]);
  });
});

describe('fit, evaluate and predict', () => {
  const made = (inputShape: number) => {
    const model = sequential({ layers: [dense({ units: 1, inputShape })], seed: 3, backend: typescript() });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    return model;
  };

  test('train to the same bits as the rows in memory, over several epochs', async () => {
    const table = await readCsv(paths.csv);
    const x = preprocess().fitTransform(table.drop('y', 'w'));
    const y = table.column('y');
    if (y.kind === 'category') throw new Error('numbers are expected');
    const [whole, streamed] = [made(x.columns), made(x.columns)];
    const options = { epochs: 2, batchSize: 256 };
    const expected = await whole.fit(x, y.values, { ...options, shuffle: false, validationData: [x, y.values] });

    const inputs = preprocess();
    const train = streamCsv(paths.csv).batches({ preprocess: inputs, target: 'y', sampleWeight: 'w', batchSize: 256 });
    await train.prepare();
    const batches = streamCsv(paths.csv).batches({ preprocess: inputs, target: 'y', batchSize: 256 });
    const { history } = await streamed.fit(batches, { epochs: 2, validationData: batches });
    expect(history).toEqual(expected.history);
    expect(streamed.getWeights()).toEqual(whole.getWeights());
    expect(await streamed.evaluateBatches(batches)).toEqual(whole.evaluate(x, y.values));

    const outputs = await collect(
      streamed.predictBatches(streamCsv(paths.csv).batches({ preprocess: inputs, batchSize: 777 })),
    );
    expect(outputs.flatMap(({ data }) => [...data])).toEqual([...whole.predict(x).data]);
  });
});

describe('what cannot be is refused', () => {
  const small = { text: 'x,y\n1,2\n3,4\n' };
  const run =
    (options: object, source: Parameters<typeof streamCsv>[0] = small) =>
    async () =>
      collect(streamCsv(source).batches(options as TableBatchOptions & { target: string })());
  const fitted = preprocess().fit(
    tableFromRows([
      { x: 1, y: 2 },
      { x: 2, y: 3 },
    ]),
  );
  async function* bytes() {
    yield 'x,y\n1,2\n3,4\n';
  }

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['an unknown option', run({ tagret: 'y' }), /Did you mean 'target'/],
    ['an unknown column', run({ target: 'z' }), /'z'/],
    ['a batch of nothing', run({ target: 'y', batchSize: 0 }), /batchSize/],
    ['a wrong preprocess', run({ target: 'y', preprocess: {} }), /preprocess: expected what preprocess\(\) returns/],
    ['the target among the inputs', run({ target: 'y', preprocess: fitted }), /fitted with the column 'y', the target/],
    ['shuffled predictions', run({ shuffle: 10 }), /without target/],
    ['a missing target', run({ target: 'y' }, { text: 'x,y\n1,2\n3,\n' }), /no value of 'y' in line 3/],
    ['a missing label', run({ target: 'y' }, { text: 'x,y\n1,a\n2,b\n3,\n' }), /no value of 'y' in line 4/],
    ['a missing weight', run({ target: 'y', sampleWeight: 'w' }, { text: 'x,y,w\n1,2,1\n3,1,\n' }), /'w' in line 3/],
    [
      'dates as targets',
      run({ target: 'd' }, { text: 'x,d\n1,2024-01-01\n2,2024-01-02\n' }),
      /dates in the column 'd'/,
    ],
    ['a source that is gone after its first pass', run({ target: 'y' }, bytes()), /can be read but once/],
  ])('%s', async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });

  test('a source that can be read but once makes one epoch', async () => {
    const inputs = preprocess().fit(tableFromRows([{ x: 1 }, { x: 3 }]));
    const batches = streamCsv(bytes()).batches({ preprocess: inputs, target: 'y' });
    expect(await collect(batches())).toHaveLength(1);
    await expect(collect(batches())).rejects.toThrow(/can be read but once, a second time/);
  });
});
