import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { learningRateScheduler, reduceLROnPlateau } from '../../src/callbacks/learning-rate.js';
import { csvLogger } from '../../src/callbacks/loggers.js';
import { trainingControl } from '../../src/callbacks/training-control.js';
import { StreamError, ValueError } from '../../src/errors.js';
import { backupAndRestore, modelCheckpoint } from '../../src/io/checkpoint-callbacks.js';
import { loadWeights } from '../../src/io/load-weights.js';
import { load, serialize } from '../../src/io/save.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { layerSequentialUnitVariance } from '../../src/model/lsuv.js';
import { dense } from '../../src/nn/layers/index.js';
import type { Batches } from '../../src/rows/batches.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';
import { build, clouds, type TrainingCase, trainingCases } from '../support/nn/models.js';

// What `fit` can do besides: streams, ends before time, callbacks of its own, files.

const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const shared = new worker.TrainingWorker({ workerUrl });
const folder = mkdtempSync(join(tmpdir(), 'myelin-worker-'));
const [classifier] = trainingCases as [TrainingCase];
const { x, labels } = clouds(200, 7, 3);

afterAll(() => {
  shared.terminate();
  rmSync(folder, { recursive: true });
});

async function pair(): Promise<{ here: Model; there: worker.RemoteModel }> {
  const there = await worker.sequential({ layers: classifier.layers, seed: 7, worker: shared });
  await there.compile(classifier.compile);
  return { here: build(classifier, factories.wasm), there };
}

async function expectSame(here: Model, there: worker.RemoteModel): Promise<void> {
  expect(await there.getWeights()).toEqual(here.getWeights());
}

const row = (from: number, to: number): Matrix => matrix(x.data.slice(7 * from, 7 * to), to - from, 7);

function* batches(): Generator<[Matrix, number[]]> {
  for (let i = 0; i < 200; i += 20) yield [row(i, i + 20), labels.slice(i, i + 20)];
}

async function* slowly() {
  for (const [inputs, targets] of batches()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield { x: Array.from({ length: 20 }, (_, r) => [...inputs.data.subarray(7 * r, 7 * r + 7)]), y: targets };
  }
}

describe('streams of batches', () => {
  const forms: Record<string, () => Batches> = {
    'a function': () => batches,
    'an async function*': () => slowly,
    'an iterable': () => ({ [Symbol.iterator]: batches }),
  };

  test.each(Object.keys(forms))('%s', async (name) => {
    const { here, there } = await pair();
    const given = { epochs: 3, validationData: batches };
    const first = await here.fit(forms[name]!(), given);
    const second = await there.fit(forms[name]!(), given);
    expect(second.history.valLoss).toEqual(first.history.valLoss);
    await expectSame(here, there);
    expect(await there.evaluateBatches(batches)).toEqual(await here.evaluateBatches(batches));
  });

  test('a generator goes on from call to call', async () => {
    const { here, there } = await pair();
    const [a, b] = [batches(), batches()];
    for (let i = 0; i < 2; i++) {
      await here.fit(a, { epochs: 1, stepsPerEpoch: 4 });
      await there.fit(b, { epochs: 1, stepsPerEpoch: 4 });
    }
    await expectSame(here, there);
    await expect(there.fit(b, { epochs: 1, stepsPerEpoch: 4 })).rejects.toThrow(StreamError);
  });

  test('that throw end fit with what they threw', async () => {
    const { there } = await pair();
    const thrown = new Error('mine');
    const bad = function* () {
      yield* Array.from(batches()).slice(0, 3);
      throw thrown;
    };
    await expect(there.fit(bad)).rejects.toBe(thrown);
    await expect(there.fit(any(async () => batches()))).rejects.toThrow(/async function\*/);
  });

  test('are predicted one at a time', async () => {
    const { here, there } = await pair();
    const inputs = function* () {
      for (const [batch] of batches()) yield batch;
    };
    const predicted: Matrix[] = [];
    for await (const outputs of there.predictBatches(inputs)) predicted.push(outputs);
    const expected: Matrix[] = [];
    for await (const outputs of here.predictBatches(inputs)) expected.push(outputs);
    expect(predicted).toEqual(expected);
    for await (const _ of there.predictBatches(inputs)) break;
    await expect(there.predictBatches(any(() => 3)).next()).rejects.toThrow(ValueError);
  });
});

describe('a run', () => {
  test('ends where a signal says so, and goes on', async () => {
    const { here, there } = await pair();
    const controller = new AbortController();
    const reason = new Error('enough');
    const callbacks = [
      {
        onBatchEnd(batch: number, _: object, model: { epochs: number }) {
          if (model.epochs === 1 && batch === 2) controller.abort(reason);
        },
      },
    ];
    const given = { epochs: 3, batchSize: 20 };
    const { signal } = controller;
    await expect(there.fit(x, labels, { ...given, callbacks, signal, batchHooks: 'each' })).rejects.toBe(reason);
    const run = await there.run;
    expect(run).toMatchObject({ epoch: 1, batch: 3 });
    await there.fit(x, labels, { ...given, resume: true });
    await here.fit(x, labels, given);
    await expectSame(here, there);
    expect(await there.run).toBeUndefined();
    const aborted = AbortSignal.abort();
    await expect(there.fit(x, labels, { signal: aborted })).rejects.toBe(aborted.reason);
  });

  test('ends soon after a signal', async () => {
    const { there } = await pair();
    const controller = new AbortController();
    const fitting = there.fit(x, labels, { epochs: 1e6, signal: controller.signal }).catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    controller.abort();
    expect(await fitting).toMatchObject({ name: 'AbortError' });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  /** Enough to be on its way for a while when the next line runs. */
  const long = matrix(
    Float32Array.from({ length: 7 * 300_000 }, (_, i) => Math.sin(i * i)),
    300_000,
    7,
  );
  const longLabels = Array.from({ length: long.rows }, (_, r) => r % 3);

  test('ends where a signal comes before its data', async () => {
    const { there } = await pair();
    const controller = new AbortController();
    const fitting = there.fit(long, longLabels, { epochs: 1e6, signal: controller.signal });
    controller.abort();
    await expect(fitting).rejects.toBe(controller.signal.reason);
  });

  test.each([
    ['few', x, labels],
    ['many', long, longLabels],
  ])('stands still where it was paused at once, and goes on: %s rows', async (_, x, labels) => {
    const { there } = await pair();
    for (let i = 0; i < 5; i++) {
      const control = trainingControl();
      const fitting = there.fit(x, labels, { epochs: 2, batchSize: x.rows / 4, control });
      await control.pause();
      const before = await there.getWeights();
      expect((await there.predict([new Float32Array(7)])).rows).toBe(1);
      expect(await there.getWeights()).toEqual(before);
      control.resume();
      expect((await fitting).epoch).toHaveLength(2);
      await control.pause();
    }
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('ends with what onProgress %s', async (_, onProgress) => {
    const { there } = await pair();
    for (const epochs of [1, 1e6]) {
      const fitting = there.fit(x, labels, { epochs, onProgress, progressInterval: 0 });
      await expect(fitting).rejects.toThrow('mine');
    }
    expect((await there.fit(x, labels, { epochs: 1 })).epoch).toHaveLength(1);
  });

  test('stands still while it is paused', async () => {
    const { here, there } = await pair();
    const control = trainingControl();
    const fitting = there.fit(x, labels, { epochs: 200, control });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await control.pause();
    const before = await there.getWeights();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await there.getWeights()).toEqual(before);
    control.resume();
    await fitting;
    await here.fit(x, labels, { epochs: 200 });
    await expectSame(here, there);
    // Aborted while it stands still.
    const controller = new AbortController();
    const again = there.fit(x, labels, { epochs: 1e6, control, signal: controller.signal }).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await control.pause();
    controller.abort();
    expect(await again).toMatchObject({ name: 'AbortError' });
  });
});

test('a callback without a hook is refused', async () => {
  const { there } = await pair();
  const callbacks = [{ on_epoch_end() {} }] as never;
  await expect(there.fit(x, labels, { callbacks })).rejects.toThrow(/callbacks\[0\]: .*with on_epoch_end and no hook/);
});

describe("the library's callbacks", () => {
  test('that are plain data run next to the model, and know afterwards what they saw', async () => {
    const { here, there } = await pair();
    const make = () => [
      earlyStopping({ monitor: 'valLoss', patience: 2, restoreBestWeights: true }),
      reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 1 }),
    ];
    const given = { epochs: 40, validationSplit: 0.3 };
    const [first, second] = [make(), make()];
    await here.fit(x, labels, { ...given, callbacks: first });
    await there.fit(x, labels, { ...given, callbacks: second });
    await expectSame(here, there);
    expect(there.epochs).toBe(here.epochs);
    const [{ best, stoppedEpoch, bestEpoch }] = first as [ReturnType<typeof earlyStopping>];
    expect(second[0]).toMatchObject({ best, stoppedEpoch, bestEpoch });
  });

  test('keep from one fit to the next what they keep without a worker', async () => {
    const { here, there } = await pair();
    const path = join(folder, 'best.safetensors');
    const make = () => [
      reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 10 }),
      modelCheckpoint({ path, saveBestOnly: true, monitor: 'loss' }),
    ];
    const [first, second] = [make(), make()];
    for (let i = 0; i < 3; i++) {
      await here.fit(x, labels, { epochs: 2, callbacks: first });
      await there.fit(x, labels, { epochs: 2, callbacks: second });
    }
    await expectSame(here, there);
    expect(here.learningRate).toBeLessThan(1e-4);
    expect(second.map(({ getState }) => getState?.())).toEqual(first.map(({ getState }) => getState?.()));
  });

  test('with functions run on this side', async () => {
    const { here, there } = await pair();
    const written: string[] = ['', ''];
    const make = (i: number) => [
      learningRateScheduler((epoch, rate) => rate / (1 + epoch)),
      csvLogger((text) => {
        written[i] += text;
      }),
    ];
    await here.fit(x, labels, { epochs: 3, callbacks: make(0) });
    await there.fit(x, labels, { epochs: 3, callbacks: make(1) });
    await expectSame(here, there);
    const columns = (text: string) => text.split('\n').map((line) => line.split(',').slice(0, 3));
    expect(columns(written[1]!)).toEqual(columns(written[0]!));
  });

  test('write files from there', async () => {
    const { there } = await pair();
    const path = join(folder, 'log.csv');
    await there.fit(x, labels, { epochs: 2, callbacks: [csvLogger(path)] });
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(3);
    const nowhere = join(folder, 'none', 'log.csv');
    await expect(there.fit(x, labels, { callbacks: [csvLogger(nowhere)] })).rejects.toMatchObject({
      name: 'FileError',
      path: nowhere,
      code: 'ENOENT',
    });
  });

  test('save the model along the way, and a worker goes on where another stopped', async () => {
    const path = join(folder, 'backup.safetensors');
    const given = { epochs: 3, batchSize: 20 };
    const make = () => [
      modelCheckpoint({ path: join(folder, 'epoch-{epoch}.safetensors') }),
      backupAndRestore({ path, saveFreq: 7 }),
    ];
    const { here, there } = await pair();
    const stop = {
      onBatchEnd(batch: number, _: object, model: { epochs: number }) {
        if (model.epochs === 1 && batch === 6) throw new Error('a power cut');
      },
    };
    const cut = there.fit(x, labels, { ...given, callbacks: [...make(), stop], batchHooks: 'each' });
    await expect(cut).rejects.toThrow(/power cut/);
    const { there: other } = await pair();
    const callbacks = make();
    await other.fit(x, labels, { ...given, callbacks });
    await here.fit(x, labels, given);
    await expectSame(here, other);
    expect(callbacks[0]).toMatchObject({ latest: join(folder, 'epoch-3.safetensors') });
    const last = await load(join(folder, 'epoch-3.safetensors'), { backend: factories.wasm });
    expect(last.getWeights()).toEqual(here.getWeights());
  });

  test('verbose shows progress on this side', async () => {
    const { there } = await pair();
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await there.fit(x, labels, { epochs: 2, verbose: 2 });
      expect(write.mock.calls.map(([text]) => text).join('')).toMatch(/epoch 1\/2.*loss.*\n.*epoch 2\/2/);
    } finally {
      write.mockRestore();
    }
    await expect(there.fit(x, labels, { verbose: any(7) })).rejects.toThrow(/verbose/);
  });
});

test('functions for models of this thread say where those of workers are', async () => {
  const { there } = await pair();
  const refusal = { name: 'ValueError', message: /'myelin\/worker'/ };
  expect(() => serialize(any(there))).toThrow(expect.objectContaining({ name: refusal.name }));
  expect(() => serialize(any(there))).toThrow(refusal.message);
  expect(() => layerSequentialUnitVariance(any(there), x)).toThrow(refusal.message);
  await expect(loadWeights(any(there), 'nowhere')).rejects.toThrow(refusal.message);
});

test('data that are lent are no data for another call', async () => {
  const { there } = await pair();
  const lent = matrix(x.data.slice(), x.rows, x.columns);
  const fitting = there.fit(worker.transfer(lent), labels, { epochs: 3 });
  await expect(there.evaluate(lent, labels)).rejects.toThrow(/^x: .*moved to a worker by transfer/);
  await fitting;
  await there.evaluate(lent, labels);
  // Twice in one call it is one array.
  const autoencoder = await worker.sequential({ layers: [dense({ units: 7, inputShape: 7 })], worker: shared });
  await autoencoder.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await autoencoder.fit(worker.transfer(lent), lent, { epochs: 1 });
});

describe('files', () => {
  test('of a model are the same, and load in a worker', async () => {
    const { here, there } = await pair();
    await here.fit(x, labels);
    await there.fit(x, labels);
    expect(await worker.serialize(there)).toEqual(serialize(here));
    const path = join(folder, 'model.safetensors');
    await worker.save(there, pathToFileURL(path));
    const loaded = await load(path, { backend: factories.wasm });
    const bytes = await worker.serialize(there);
    for (const source of [path, pathToFileURL(path), bytes, bytes.slice().buffer]) {
      const again = await worker.load(source, { worker: shared });
      expect(await again.getWeights()).toEqual(loaded.getWeights());
    }
    const again = await worker.load(path, { worker: shared });
    await again.fit(x, labels);
    await loaded.fit(x, labels);
    await expectSame(loaded, again);
    await worker.loadWeights(there, path);
    await expect(worker.load(join(folder, 'none'), { worker: shared })).rejects.toThrow(/none/);
    await expect(worker.save(there, any(new WritableStream()))).rejects.toThrow(/serialize/);
  });
});
