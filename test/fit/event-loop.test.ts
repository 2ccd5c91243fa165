import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { onAbort } from '../../src/fit/on-abort.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';

afterEach(() => void vi.restoreAllMocks());

function line() {
  const model = sequential({
    layers: [dense({ units: 1, inputShape: 1, activation: 'sigmoid' })],
    backend: typescript(),
  });
  model.compile({ optimizer: sgd(), loss: 'binaryCrossentropy' });
  return model;
}

/** A clock on which every look at it takes a millisecond, so that it counts what is done between looks. */
function countingClock(): () => number {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => ++now);
  return () => now;
}

/** The most that a clock goes on between two turns of the event loop, until work is done. */
async function longestGap(clock: () => number, work: Promise<unknown>): Promise<number> {
  let done = false;
  const over = work.finally(() => {
    done = true;
  });
  let longest = 0;
  for (let last = clock(); !done; last = clock()) {
    await new Promise((resolve) => setImmediate(resolve));
    longest = Math.max(longest, clock() - last);
  }
  await over;
  return longest;
}

const x = Float32Array.from({ length: 64 }, (_, i) => i / 64);
const y = x.map((value) => Number(value > 0.5));

describe('fits of one process share what they take of the event loop', () => {
  test.each([1, 2, 10, 50])('%i of them', async (count) => {
    const models = Array.from({ length: count }, line);
    const clock = countingClock();
    const fits = models.map((model) => model.fit(x, y, { epochs: 6, batchSize: 4, lint: false }));
    // Each looks once as it begins. With a slice for each it would be 16 times as many as there are.
    expect(await longestGap(clock, Promise.all(fits))).toBeLessThan(40 + count);
    // All of them trained meanwhile, 16 steps an epoch, of which a run takes two or three between two looks.
    expect(clock()).toBeGreaterThan(count * 6 * 8);
    expect(models.every(({ epochs }) => epochs === 6)).toBe(true);
  });

  test('streams, too, and evaluations of streams', async () => {
    const batches = () => Array.from({ length: 40 }, () => [x, y] as const);
    const clock = countingClock();
    const work = Array.from({ length: 8 }, async () => {
      const model = line();
      await model.fit(batches, { epochs: 2 });
      await model.evaluateBatches(batches);
    });
    expect(await longestGap(clock, Promise.all(work))).toBeLessThan(80);
  });

  test('predictions of streams', async () => {
    const models = Array.from({ length: 8 }, line);
    const clock = countingClock();
    // Begins a slice by this clock.
    await models[0]!.fit(x, y, { lint: false });
    const began = clock();
    const work = models.map(async (model) => {
      for await (const _ of model.predictBatches(() => Array.from({ length: 40 }, () => x)));
    });
    let turns = 0;
    const done = Promise.all(work).then(() => true);
    while (!(await Promise.race([done, new Promise((resolve) => setImmediate(() => resolve(false)))]))) turns++;
    expect(clock() - began).toBeGreaterThan(8 * 40);
    // A slice of 16 has as many batches, one look at the clock for each.
    expect(turns).toBeGreaterThan((8 * 40) / 40);
  });

  test('the line search of a solver, between its calls', async () => {
    const model = line();
    model.compile({ optimizer: lbfgs(), loss: 'binaryCrossentropy' });
    const clock = countingClock();
    const fitting = model.fit(x, y, { epochs: 4, lint: false });
    expect(await longestGap(clock, fitting)).toBeLessThan(45);
    // One look for each step would be 4, and a few at the ends of epochs.
    expect(clock()).toBeGreaterThan(60);
  });

  test('one that fails or is aborted keeps no other from its turn', async () => {
    const [failing, aborted, sound] = [line(), line(), line()];
    const abort = new AbortController();
    countingClock();
    const options = { epochs: 4, batchSize: 2, lint: false };
    const hook = {
      onBatchEnd(batch: number) {
        if (batch === 20) throw new Error('no more');
      },
    };
    const stop = { onBatchEnd: (batch: number) => void (batch === 25 && abort.abort()) };
    const ends = await Promise.allSettled([
      failing.fit(x, y, { ...options, callbacks: [hook] }),
      aborted.fit(x, y, { ...options, signal: abort.signal, callbacks: [stop] }),
      sound.fit(x, y, options),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });
});

test('a stratified split looks at the clock as often as there are rows', async () => {
  const looks = async (rows: number, columns: number) => {
    const model = sequential({
      layers: [dense({ units: 1, inputShape: columns, activation: 'sigmoid' })],
      backend: typescript(),
    });
    model.compile({ optimizer: sgd(), loss: 'binaryCrossentropy' });
    const { stratified } = await import('../../src/rows/stratify.js');
    const { internalsOf } = await import('../../src/engine/internals.js');
    const pair = {
      x: [matrix(new Float32Array(rows * columns), rows, columns)],
      y: [
        matrix(
          Float32Array.from({ length: rows }, (_, i) => i % 2),
          rows,
          1,
        ),
      ],
      rows,
      weighted: false,
    };
    const clock = countingClock();
    await stratified(internalsOf(model).engine, pair, rows / 4, 1);
    return clock();
  };
  const few = await looks(200_000, 2);
  expect(few).toBeGreaterThanOrEqual(5 * 4);
  expect(await looks(400_000, 2)).toBeGreaterThan(1.8 * few);
  expect(await looks(200_000, 20)).toBeGreaterThan(3 * few);
});

describe('one signal of many fits', () => {
  test('has one listener, and none afterwards', async () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown) => void warnings.push(warning);
    process.on('warning', note);
    const abort = new AbortController();
    const listeners: number[] = [];
    const callbacks = [{ onBatchEnd: () => void listeners.push(getEventListeners(abort.signal, 'abort').length) }];
    const fits = Array.from({ length: 20 }, () =>
      line().fit(x, y, { epochs: 2, lint: false, signal: abort.signal, callbacks }),
    );
    await Promise.all(fits);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
    expect(Math.max(...listeners)).toBe(1);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  test('ends all of them', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const fits = Array.from({ length: 12 }, () =>
      line()
        .fit(x, y, { epochs: 1e6, lint: false, signal: abort.signal })
        .catch((error: unknown) => error),
    );
    setTimeout(() => abort.abort(reason), 5);
    expect(await Promise.all(fits)).toEqual(fits.map(() => reason));
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  test('handlers come and go, one given twice too', () => {
    const { signal } = new AbortController();
    const called: number[] = [];
    const handler = () => void called.push(1);
    const [first, second] = [onAbort(signal, handler), onAbort(signal, handler)];
    first();
    first();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    signal.dispatchEvent(new Event('abort'));
    expect(called).toEqual([1]);
    second();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    onAbort(signal, handler);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });
});
