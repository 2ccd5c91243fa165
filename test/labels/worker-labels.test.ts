import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { preprocess, readCsv, streamCsv, type TableBatches } from '../../src/data/index.js';
import { dense, type Matrix, sequential, ValueError } from '../../src/index.js';
import type { Targets } from '../../src/rows/arrays.js';
import * as worker from '../../src/worker/index.js';
import { factories } from '../support/buffers.js';
import { workerUrl } from '../support/remote.js';

// Labels and batches of tables, in this thread and through a model in a worker: the same numbers, names and refusals.

const shared = new worker.TrainingWorker({ workerUrl });
const folder = mkdtempSync(join(tmpdir(), 'myelin-labels-'));
afterAll(() => {
  shared.terminate();
  rmSync(folder, { recursive: true });
});

const layers = [dense({ units: 3, inputShape: 2, activation: 'softmax' })];
const compile = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] } as const;

async function pair() {
  const there = await worker.sequential({ layers, seed: 4, backend: worker.wasm(), worker: shared });
  await there.compile(compile);
  const here = sequential({ layers, seed: 4, backend: factories.wasm });
  here.compile(compile);
  return { here, there };
}

const x = Array.from({ length: 30 }, (_, i) => [Math.sin(i), Math.cos(i)]);
const y = x.map((_, i) => ['rot', 'gelb', 'blau'][i % 3] as string);
const names = ['blau', 'gelb', 'rot'];

describe('labels through a worker', () => {
  test('train, evaluate and come back as names', async () => {
    const { here, there } = await pair();
    const options = { epochs: 3, validationData: [x, y], classWeight: { rot: 2 }, lint: false } as const;
    const [a, b] = [await here.fit(x, y, options), await there.fit(x, y, options)];
    expect(b.history).toEqual(a.history);
    expect(await there.classNames).toEqual(names);
    expect(await there.predictClasses(x)).toEqual(here.predictClasses(x));
    expect(await there.evaluate(x, y, { batchSize: 7 })).toEqual(here.evaluate(x, y));
    expect(await there.trainOnBatch(x, y)).toEqual(here.trainOnBatch(x, y));
    expect(await there.testOnBatch(x, y)).toEqual(here.testOnBatch(x, y));
    expect((await there.gradients(x, y)).gradients).toEqual(here.gradients(x, y).gradients);
    expect(await there.partialFit(x, y)).toEqual(await here.partialFit(x, y));
    const stream = (): Iterable<[number[][], Targets]> => [[x, y]];
    expect(await there.evaluateBatches(stream)).toEqual(await here.evaluateBatches(stream));
    expect((await there.fit(stream)).history).toEqual((await here.fit(stream)).history);
    expect((await there.predict(x, { batchSize: 3 })).data).toEqual(here.predict(x).data);
    await expect(there.evaluate(x, ['rott', ...y.slice(1)])).rejects.toThrow(/Did you mean 'rot'/);
  });

  test('names are told to the worker, and the property can be set', async () => {
    const { there } = await pair();
    await there.compile({ ...compile, classNames: ['a', 'b', 'c'] });
    expect(await there.classNames).toEqual(['a', 'b', 'c']);
    Object.assign(there, { classNames: ['d', 'e', 'f'] });
    expect(await there.predictClasses([[0, 0]])).toEqual(['d']);
  });
});

const ROWS = 90;
const rowOf = (i: number) => `${Math.sin(i)},${(i * 7) % 5},${y[i % 30]},${1 + (i % 2)}`;
const train = join(folder, 'train.csv');
const held = join(folder, 'held.csv');
const write = (path: string, from: number, to: number) =>
  writeFileSync(path, `a,b,color,w\n${Array.from({ length: to - from }, (_, i) => rowOf(from + i)).join('\n')}\n`);
write(train, 0, ROWS);
write(held, ROWS, ROWS + 30);

type Batches = (inputs: ReturnType<typeof preprocess>, path?: string, more?: object) => TableBatches;
const batchesOf: Batches = (inputs, path = train, more = {}) =>
  streamCsv(path).batches({ preprocess: inputs, target: 'color', batchSize: 2, sampleWeight: 'w', ...more });

describe('batches of tables', () => {
  test('teach a model the classes of their texts, though no batch has all', async () => {
    const { here, there } = await pair();
    const [one, two] = [preprocess(), preprocess()];
    const a = await here.fit(batchesOf(one), { epochs: 2, validationData: batchesOf(one, held) });
    const b = await there.fit(batchesOf(two), { epochs: 2, validationData: batchesOf(two, held) });
    expect(here.classNames).toEqual(names);
    expect(await there.classNames).toEqual(names);
    expect(b.history).toEqual(a.history);
    expect(await there.getWeights()).toEqual(here.getWeights());
    expect(await there.evaluateBatches(batchesOf(two, held))).toEqual(await here.evaluateBatches(batchesOf(one, held)));
    const rows = one.transform(await readCsv(held));
    expect(await there.predictClasses(rows)).toEqual(here.predictClasses(rows));
    const outputs: Matrix[] = [];
    for await (const part of there.predictBatches(streamCsv(held).batches({ preprocess: two, batchSize: 7 }))) {
      outputs.push(part);
    }
    expect(outputs.map(({ rows }) => rows)).toEqual([7, 7, 7, 7, 2]);
    expect(Float32Array.from(outputs.flatMap(({ data }) => [...data]))).toEqual(here.predict(rows).data);
  });

  test('never learn from rows that they are to judge or to predict', async () => {
    const { here, there } = await pair();
    for (const model of [here, there]) {
      const fresh = preprocess();
      const judged = model.evaluateBatches(batchesOf(fresh, held));
      await expect(judged).rejects.toThrow(ValueError);
      await expect(judged).rejects.toThrow(/^batches: .* learned nothing yet.*inputs\.fit\(table\)/);
      const predicting = model.predictBatches(streamCsv(held).batches({ preprocess: fresh }));
      await expect(predicting.next()).rejects.toThrow(/^batches: .* learned nothing yet/);
      const validated = (model as typeof here).fit(batchesOf(preprocess()), { validationData: batchesOf(fresh, held) });
      await expect(validated).rejects.toThrow(/validationData: .* learned nothing yet/);
      const arrays = (model as typeof here).fit(x, y, { validationData: batchesOf(fresh, held), lint: false });
      await expect(arrays).rejects.toThrow(/validationData: .* learned nothing yet/);
      expect(fresh.isFitted).toBe(false);
    }
    const fresh = preprocess();
    const prepared = batchesOf(fresh);
    expect(prepared.isFitted).toBe(false);
    await prepared.prepare();
    expect(prepared.isFitted).toBe(true);
    await here.fit(batchesOf(fresh), {});
    expect((await here.evaluateBatches(prepared)).loss).toBeGreaterThan(0);
  });

  test('targets that have learned nothing are refused as well', async () => {
    const { here } = await pair();
    const fitted = preprocess().fit((await readCsv(train)).drop('color', 'w'));
    const fresh = preprocess();
    const judged = here.evaluateBatches(streamCsv(held).batches({ preprocess: fitted, target: 'w', targets: fresh }));
    await expect(judged).rejects.toThrow(/learned nothing yet/);
    expect(fresh.isFitted).toBe(false);
  });

  test('have labels or numbers by their types', async () => {
    const { value: batch } = await batchesOf(preprocess())().next();
    const [, labels, weights] = batch as [Matrix, readonly string[], Matrix];
    expect([labels, weights.rows]).toEqual([['rot', 'gelb'], 2]);
  });
});
