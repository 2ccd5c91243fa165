import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { type FitTabularOptions, type TabularOptions, tabular } from '../../src/data/index.js';
import { BackendError, ValueError } from '../../src/errors.js';
import { flowers } from '../support/flowers.js';

// Members that train in workers end in the bits that they have on the calling thread.

const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const design = { target: 'kind', layers: [16], members: 3, epochs: 4, dropout: 0.2, batchSize: 32, workerUrl } as const;
const rows = flowers(120);
const folder = mkdtempSync(join(tmpdir(), 'myelin-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = rows.map((row, i) => ({ ...row, kind: i / 7 }));

describe.each<[string, Partial<TabularOptions>, typeof rows]>([
  ['classes', {}, rows],
  ['numbers, without dropout', { task: 'regression', dropout: 0 }, numbers as unknown as typeof rows],
  ['patience that ends early', { epochs: 30, patience: 1 }, rows],
  ['more epochs after the last', { members: 2, epochs: undefined as never, patience: 2 }, flowers(12)],
  ['few rows', { members: 10, epochs: 3 }, flowers(10)],
])('%s', (_, given, data) => {
  const options = JSON.parse(JSON.stringify({ ...design, ...given }));
  const files = new Map<number, Uint8Array>();
  test.each([1, 2, 3])('%i threads', async (threads) => {
    const told: [number, number][] = [];
    const pipeline = tabular({ ...options, threads, workerUrl });
    await pipeline.fit(data, { onThreads: (count, members) => void told.push([count, members]) });
    const { members } = pipeline.record.design;
    expect(told).toEqual([[Math.min(threads, members), members]]);
    files.set(threads, pipeline.serialize());
    expect(Buffer.compare(files.get(threads)!, files.get(1)!)).toBe(0);
  });
});

/** Fits with a number of threads until a batch of all networks together, or to the end. */
async function until(end: number, threads: number, watch: FitTabularOptions = {}) {
  const controller = new AbortController();
  let batches = 0;
  const pipeline = tabular({ ...design, threads });
  await pipeline.fit(rows, {
    signal: controller.signal,
    callbacks: () => [{ onBatchEnd: () => void (++batches === end && controller.abort()) }],
    ...watch,
  });
  return pipeline;
}

describe('an interrupted fit', () => {
  const checkpoint = join(folder, 'run.checkpoint');
  const whole = until(Infinity, 1).then((pipeline) => pipeline.serialize());

  test.each([
    [1, 2, 1],
    [5, 3, 2],
    [14, 2, 3],
    [20, 1, 3],
    [26, 3, 1],
    [30, 2, 2],
  ])('after batch %i on %i threads goes on with %i to the same bits', async (end, before, after) => {
    expect((await until(end, before, { checkpoint })).interrupted).toBe(true);
    const resumed = await until(Infinity, after, { checkpoint, resume: checkpoint });
    expect(resumed.interrupted).toBe(false);
    expect(Buffer.compare(resumed.serialize(), await whole)).toBe(0);
  });

  test.each([{ epochs: 1 }, { seconds: 0.01 }])('that pauses for checkpoints, %o', async (checkpointEvery) => {
    const kept = join(folder, 'kept.checkpoint');
    const pipeline = await until(Infinity, 2, { checkpoint: kept, checkpointEvery });
    expect(Buffer.compare(pipeline.serialize(), await whole)).toBe(0);
    const again = await until(Infinity, 3, { resume: kept });
    expect(Buffer.compare(again.serialize(), await whole)).toBe(0);
  });

  test('rejects with the reason where nothing was learned and nothing is kept', async () => {
    for (const reason of [new Error('enough'), 'enough', new DOMException('enough', 'AbortError')]) {
      const signal = AbortSignal.abort(reason);
      await expect(tabular({ ...design, threads: 2 }).fit(rows, { signal })).rejects.toBe(reason);
    }
  });
});

test('epochs are told in the order of the networks', async () => {
  const told: string[] = [];
  const callbacks = (member: number) => [{ onEpochEnd: (epoch: number) => void told.push(`${epoch} ${member}`) }];
  await tabular({ ...design, threads: 3 }).fit(rows, { callbacks });
  expect(told).toEqual(Array.from({ length: 12 }, (_, i) => `${Math.floor(i / 3)} ${i % 3}`));
});

test('what a callback throws rejects, and says itself', async () => {
  const error = new RangeError('too far');
  const callbacks = (member: number) => [
    {
      onEpochEnd(epoch: number) {
        if (member === 1 && epoch === 1) throw error;
      },
    },
  ];
  await expect(tabular({ ...design, threads: 2 }).fit(rows, { callbacks })).rejects.toBe(error);
});

test('a worker that dies rejects with a typed error, and the checkpoint before it stays whole', async () => {
  const script = join(folder, 'dying.mjs');
  const lines = [`import ${JSON.stringify(workerUrl.href)};`, "import { parentPort } from 'node:worker_threads';"];
  const asked = "({ type, method }) => type === 'call' && method === 'fit' && setTimeout(() => process.exit(3), 20)";
  writeFileSync(script, [...lines, `parentPort.on('message', ${asked});`].join('\n'));
  const checkpoint = join(folder, 'dying.checkpoint');
  await until(14, 1, { checkpoint });
  const before = readFileSync(checkpoint);
  const listed = readdirSync(folder);
  const endless = { ...design, epochs: 4, threads: 2, workerUrl: pathToFileURL(script) };
  const waits = () => [{ onEpochEnd: () => new Promise<void>((resolve) => setTimeout(resolve, 200)) }];
  const fit = tabular(endless).fit(rows, { checkpoint, resume: checkpoint, callbacks: waits });
  await expect(fit).rejects.toThrow(/it ended with code 3/);
  await expect(fit).rejects.toBeInstanceOf(BackendError);
  expect(readFileSync(checkpoint).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(listed);
});

test('a script that is not there rejects with a typed error', async () => {
  const missing = { ...design, threads: 2, workerUrl: new URL('none.js', import.meta.url) };
  await expect(tabular(missing).fit(rows)).rejects.toBeInstanceOf(BackendError);
});

test.each<[string, object, RegExp]>([
  ['none', { threads: 0 }, /threads: expected 'auto' or a whole number of at least 1/],
  ['half a thread', { threads: 1.5 }, /threads: expected/],
  ['NaN', { threads: Number.NaN }, /threads: expected/],
  ['a text', { threads: '2' }, /threads: expected/],
  ['null', { threads: null }, /threads: expected/],
  ['a backend, which workers cannot have', { threads: 2, backend: await wasm() }, /threads: .*leave backend out/],
  ['an address that is none', { workerUrl: 5 }, /workerUrl: expected an address/],
])('%s is refused', (_, given, message) => {
  const make = () => tabular({ target: 'kind', ...given });
  expect(make).toThrow(message);
  expect(make).toThrow(ValueError);
});

test("'auto' takes one thread where there is little to do", async () => {
  const told: number[] = [];
  await tabular({ ...design, threads: 'auto' }).fit(rows, { onThreads: (threads) => void told.push(threads) });
  expect(told).toEqual([1]);
});
