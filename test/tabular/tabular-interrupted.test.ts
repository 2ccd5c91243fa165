import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { loadTabular, type TabularOptions, tabular } from '../../src/data/index.js';
import { ValueError } from '../../src/errors.js';
import { flowers } from '../support/flowers.js';

const backend = await wasm();

describe('an interrupted fit', () => {
  const design = { target: 'kind', layers: [16], members: 3, epochs: 6, dropout: 0.2, batchSize: 32, backend } as const;
  const rows = flowers(200);
  const folder = mkdtempSync(join(tmpdir(), 'myelin-checkpoint-'));
  const checkpoint = join(folder, 'run.checkpoint');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Fits until a batch, counted over all networks; in another process for all it knows. */
  async function until(end: number, resume?: string) {
    const controller = new AbortController();
    let batches = 0;
    const pipeline = tabular(design);
    await pipeline.fit(rows, {
      signal: controller.signal,
      checkpoint,
      ...(resume && { resume }),
      callbacks: () => [{ onBatchEnd: () => void (++batches === end && controller.abort()) }],
    });
    return pipeline;
  }

  test('where nothing was learned and nothing is kept, rejects', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    controller.abort(reason);
    await expect(tabular(design).fit(rows, { signal: controller.signal })).rejects.toBe(reason);
  });

  test.each([
    [1, 1, 'the first batch'],
    [5, 1, 'the last batch of the first epoch of the first network'],
    [7, 1, 'the first epoch of the second network'],
    [10, 1, 'its last batch'],
    [13, 2, 'the first epoch of the third network'],
    [15, 2, 'the last batch of the first round'],
    [18, 3, 'the second round'],
    [47, 3, 'the fourth round'],
    [85, 3, 'the last round'],
  ])('goes on to the same bits after batch %i, of %i networks, %s', async (batch, count) => {
    const whole = await tabular(design).fit(rows);
    const part = await until(batch);
    expect(part.interrupted).toBe(true);
    expect(part.predict(rows)).toHaveLength(200);
    expect(part.record.members.length).toBe(count);
    const resumed = await tabular(design).fit(rows, { resume: checkpoint });
    expect(resumed.interrupted).toBe(false);
    expect(resumed.serialize()).toEqual(whole.serialize());
  });

  test('again and again', async () => {
    const whole = await tabular(design).fit(rows);
    await until(7);
    for (const batches of [11, 40, 1, 17]) expect((await until(batches, checkpoint)).interrupted).toBe(true);
    expect((await until(1000, checkpoint)).serialize()).toEqual(whole.serialize());
  });

  /** Networks that all completed an epoch, at whose end the signal came: it is settled where training goes on. */
  test.each<[string, Partial<TabularOptions>, number]>([
    ['of one network', { members: 1, epochs: 4 }, 30],
    ['of two', { members: 2, epochs: 4 }, 30],
    ['of ten on ten rows', { members: 10, epochs: 3 }, 10],
    ['of rows that are too few to leave any out', { epochs: 3 }, 5],
    ['that patience ends', { members: 2, epochs: 30, patience: 1 }, 12],
    ['after which more epochs follow', { members: 2, patience: 2 }, 12],
  ])('goes on to the same bits after the end of any epoch, %s', async (_, given, count) => {
    const options = { target: 'kind', layers: [4], backend, ...given } as TabularOptions;
    const few = flowers(count);
    const whole = await tabular(options).fit(few);
    const bytes = whole.serialize();
    const epochs = whole.record.curve!.length;
    const stops = epochs < 8 ? Array.from({ length: epochs }, (_, i) => i) : [0, 1, epochs - 2, epochs - 1];
    for (const stop of stops) {
      const controller = new AbortController();
      await tabular(options).fit(few, {
        signal: controller.signal,
        checkpoint,
        callbacks: (_, { members }) => [
          { onEpochEnd: (epoch) => void (epoch === stop && ++ended === members && controller.abort()) },
        ],
      });
      ended = 0;
      const resumed = await tabular(options).fit(few, { resume: checkpoint });
      expect(Buffer.compare(resumed.serialize(), bytes), `epoch ${stop} of ${epochs}`).toBe(0);
    }
    const kept = { checkpoint, checkpointEvery: { epochs: 1 } };
    expect(Buffer.compare((await tabular(options).fit(few, kept)).serialize(), bytes)).toBe(0);
    expect(Buffer.compare((await tabular(options).fit(few, { resume: checkpoint })).serialize(), bytes)).toBe(0);
  });
  let ended = 0;

  test('refuses other rows, options and files', async () => {
    await until(10);
    const resume = checkpoint;
    await expect(tabular(design).fit(flowers(200, 3), { resume })).rejects.toThrow(/rows: .* the run that is resumed/);
    await expect(tabular({ ...design, seed: 1 }).fit(rows, { resume })).rejects.toThrow(/seed: expected 0/);
    await expect(loadTabular(checkpoint, { backend })).rejects.toThrow(/myelin.tabular.checkpoint/);
    const path = join(folder, 'whole.myelin');
    await (await tabular({ ...design, epochs: 1 }).fit(rows)).save(path);
    await expect(tabular(design).fit(rows, { resume: path })).rejects.toThrow(/expected a checkpoint/);
    await expect(tabular(design).fit(rows, { resume: join(folder, 'none') })).rejects.toThrow(/ENOENT/);
  });
});

test.each<[string, object, RegExp]>([
  ['a controller', { signal: new AbortController() }, /signal: .*Pass controller\.signal/],
  ['no signal', { signal: { aborted: false } }, /signal: expected an AbortSignal/],
  ['a list of callbacks', { callbacks: [{}] }, /callbacks: expected a function/],
  ['a callback', { callbacks: {} }, /callbacks: expected a function/],
  ['no function', { remark: 'yes' }, /remark: expected a function/],
  ['a number to save to', { checkpoint: 5 }, /checkpoint: expected a path/],
  ['an empty path', { checkpoint: '', checkpointEvery: { epochs: 1 } }, /checkpoint: expected a path/],
  ['null to save to', { checkpoint: null }, /checkpoint: expected a path/],
  ['a flag to go on from', { resume: true }, /resume: expected a path/],
])('%s is refused before training', async (_, watch, message) => {
  const given = tabular({ target: 'kind', epochs: 1, backend }).fit(flowers(20), watch);
  await expect(given).rejects.toThrow(message);
  await expect(given).rejects.toBeInstanceOf(ValueError);
});

test('fits that share a signal share a listener, and leave none', async () => {
  const { signal } = new AbortController();
  const seen: number[] = [];
  const count = () => void seen.push(getEventListeners(signal, 'abort').length);
  const folder = mkdtempSync(join(tmpdir(), 'myelin-listeners-'));
  const fits = Array.from({ length: 12 }, (_, i) => {
    const kept = i % 2 ? { checkpoint: join(folder, `${i}`), checkpointEvery: { epochs: 1 } } : {};
    const options = { target: 'kind', layers: [4], epochs: 2, members: 2, backend };
    return tabular(options).fit(flowers(20), { signal, ...kept, callbacks: () => [{ onEpochEnd: count }] });
  });
  try {
    await Promise.all(fits);
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect([Math.max(...seen), getEventListeners(signal, 'abort').length]).toEqual([1, 0]);
});
