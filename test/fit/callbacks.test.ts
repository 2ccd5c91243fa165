import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { backupWith } from '../../src/callbacks/backup-and-restore.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import { checkCallbacks } from '../../src/callbacks/hooks.js';
import type { Callback, Model } from '../../src/callbacks/interfaces.js';
import { lambda } from '../../src/callbacks/lambda.js';
import { learningRateScheduler, reduceLROnPlateau } from '../../src/callbacks/learning-rate.js';
import { csvLogger, jsonLinesLogger } from '../../src/callbacks/loggers.js';
import { checkpointWith, type Save } from '../../src/callbacks/model-checkpoint.js';
import { progress } from '../../src/callbacks/progress.js';
import { terminateOnNaN } from '../../src/callbacks/terminate-on-nan.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import type { Logs } from '../../src/passes/logs.js';
import { any } from '../support/any.js';

const folder = mkdtempSync(join(tmpdir(), 'myelin-callbacks-'));
afterAll(() => rmSync(folder, { recursive: true }));

function line(learningRate = 0.1): Model {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], seed: 1, backend: typescript() });
  model.compile({ optimizer: sgd({ learningRate }), loss: 'meanSquaredError' });
  return model;
}

/** A model as far as callbacks see it. */
function fake(): { model: Model; set: (weight: number) => void; weight: () => number } {
  let weight = 0;
  const model = any({
    learningRate: 0.8,
    stopTraining: false,
    epochs: 0,
    getWeights: () => ({ w: { data: Float32Array.of(weight), rows: 1, columns: 1 } }),
    setWeights: ({ w }: { w: { data: Float32Array } }) => {
      weight = w.data[0]!;
    },
  }) as Model;
  return {
    model,
    set: (value) => {
      weight = value;
    },
    weight: () => weight,
  };
}

/** Feeds a sequence of values to a callback as `fit` would; returns the epochs that ran and the rates after each. */
function play(callback: Callback, name: string, values: readonly (number | undefined)[], from = 0) {
  const { model, set, weight } = fake();
  callback.setParams?.({
    firstEpoch: from,
    endEpoch: 99,
    steps: 1,
    logs: ['loss', 'valLoss', 'valAccuracy'],
    resumed: false,
  });
  callback.onTrainBegin?.(model);
  const rates: number[] = [];
  let epoch = from;
  for (const value of values) {
    if (model.stopTraining) break;
    callback.onEpochBegin?.(epoch, model);
    set(epoch);
    const logs: Logs = value === undefined ? { loss: 1 } : { loss: 1, [name]: value };
    callback.onEpochEnd?.(epoch++, logs, model);
    rates.push(Number(model.learningRate.toPrecision(6)));
  }
  callback.onTrainEnd?.({}, model);
  return { ran: epoch - from, rates, weight: weight(), stopped: model.stopTraining };
}

test('callbacks may hold functions of their own beside a hook, and nothing at all', () => {
  class Told {
    count = 0;
    on_epoch_end() {}
    onEpochEnd() {}
  }
  const state = { getState: () => 3, setState() {} };
  expect(() => checkCallbacks([new Told(), { helper() {}, onTrainEnd() {} }, {}, { note: 1 }, state])).not.toThrow();
});

describe('earlyStopping', () => {
  // Worked out by hand from what Keras documents.
  const cases: readonly [string, Parameters<typeof earlyStopping>[0], string, readonly number[], number, number][] = [
    ['stops at the first epoch that is no better', {}, 'valLoss', [3, 2, 2, 1], 3, 2],
    ['waits', { patience: 2 }, 'valLoss', [3, 2, 2, 2.5, 1], 4, 3],
    ['counts anew after a better one', { patience: 2 }, 'valLoss', [3, 4, 2, 3, 4, 1], 5, 4],
    ['wants more than minDelta', { patience: 2, minDelta: 0.5 }, 'valLoss', [3, 2.6, 2.5, 2.4], 3, 2],
    ['goes for more of an accuracy', { monitor: 'valAccuracy', patience: 1 }, 'valAccuracy', [0.5, 0.6, 0.6], 3, 2],
    ['goes for more where told', { mode: 'max', patience: 1 }, 'valLoss', [1, 2, 1, 3], 3, 2],
    ['gives up short of a baseline', { patience: 3, baseline: 1 }, 'valLoss', [3, 2.5, 2.2, 2.1, 2.15, 2], 5, 4],
    ['goes on behind a baseline', { patience: 2, baseline: 1 }, 'valLoss', [3, 0.9, 1, 0.8, 0.9, 0.9], 6, 5],
    ['begins to count later', { startFromEpoch: 3 }, 'valLoss', [1, 2, 3, 4, 3, 3], 6, 5],
    ['takes NaN for no better', { patience: 1 }, 'valLoss', [1, Number.NaN, 0.5], 2, 1],
  ];
  test.each(cases)('%s', (_, options, name, values, ran, stoppedEpoch) => {
    const callback = earlyStopping(options);
    const played = play(callback, name, values);
    expect([played.ran, played.stopped, callback.stoppedEpoch]).toEqual([ran, true, stoppedEpoch]);
  });

  test('with patience 0 the first epoch alone stops nothing', () => {
    expect(play(earlyStopping({ baseline: 0 }), 'valLoss', [1, 2]).ran).toBe(2);
  });

  test('goes back to the best weights, whether it stopped or not', () => {
    const callback = earlyStopping({ patience: 2, restoreBestWeights: true });
    expect(play(callback, 'valLoss', [3, 1, 2, 4, 0])).toMatchObject({ ran: 4, weight: 1 });
    expect([callback.best, callback.bestEpoch]).toEqual([1, 1]);
    expect(play(callback, 'valLoss', [3, 2, 4])).toMatchObject({ ran: 3, stopped: false, weight: 1 });
    expect(play(earlyStopping({ patience: 2 }), 'valLoss', [3, 1, 2, 4])).toMatchObject({ weight: 3 });
  });

  test('passes over epochs without validation', () => {
    expect(play(earlyStopping({ patience: 1 }), 'valLoss', [2, undefined, undefined, 3])).toMatchObject({ ran: 4 });
  });

  test('a name that no epoch has is refused before training', async () => {
    const train = (options: object) => line().fit([[1], [2]], [1, 2], { callbacks: [earlyStopping(options)] });
    await expect(train({})).rejects.toThrow(/earlyStopping.monitor.*'valLoss'.*validationData or validationSplit/);
    await expect(train({ monitor: 'los' })).rejects.toThrow(/Did you mean 'loss'/);
    await expect(
      line().fit([[1], [2]], [1, 2], { validationSplit: 0.5, callbacks: [earlyStopping({ monitor: 'val_loss' })] }),
    ).rejects.toThrow(/Did you mean 'valLoss'/);
  });
});

describe('reduceLROnPlateau', () => {
  const cases: readonly [string, Parameters<typeof reduceLROnPlateau>[0], readonly number[], readonly number[]][] = [
    ['lowers the rate', { factor: 0.5, patience: 2 }, [3, 2, 2, 2, 2, 2], [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]],
    ['no further than the least', { factor: 0.1, patience: 1, minLearningRate: 0.3 }, [1, 1, 1], [0.8, 0.3, 0.3]],
    [
      'counts nothing while cooling',
      { factor: 0.5, patience: 1, cooldown: 2 },
      [1, 1, 1, 1, 1, 1],
      [0.8, 0.4, 0.4, 0.2, 0.2, 0.1],
    ],
    ['wants more than 0.0001', { factor: 0.5, patience: 1 }, [1, 0.99995, 0.5], [0.8, 0.4, 0.4]],
  ];
  test.each(cases)('%s', (_, options, values, rates) => {
    expect(play(reduceLROnPlateau(options), 'valLoss', values).rates).toEqual(rates);
  });
});

test('learningRateScheduler sets the rate that the epoch trains with', async () => {
  const model = line(1);
  const { history } = await model.fit([[0.1], [0.2]], [1, 2], {
    epochs: 3,
    callbacks: [learningRateScheduler((epoch, rate) => (epoch === 0 ? rate / 2 : rate / 10))],
  });
  expect(history.learningRate).toEqual([0.5, 0.05, 0.005]);
  await expect(line().fit([[1]], [1], { callbacks: [learningRateScheduler(() => Number.NaN)] })).rejects.toThrow(
    /schedule\(0\).*NaN/,
  );
});

test('terminateOnNaN ends training with the batch', async () => {
  const model = line(1e30);
  let batches = 0;
  const { epoch } = await model.fit([[1e10], [2e10], [3e10], [4e10], [5e10], [6e10]], [1, 2, 3, 4, 5, 6], {
    epochs: 5,
    batchSize: 1,
    callbacks: [terminateOnNaN(), { onBatchEnd: () => void batches++ }],
  });
  expect(epoch).toEqual([0]);
  expect(batches).toBeLessThan(4);
});

test('lambda checks its hooks at once', () => {
  expect(() => lambda(any({ onEpochFinish() {} }))).toThrow(/onEpoch/);
  const hook = () => {};
  expect(lambda({ onEpochEnd: hook }).onEpochEnd).toBe(hook);
});

describe('loggers', () => {
  const x = [[1], [2], [3], [4]];
  const y = [1, 2, 3, 4];
  const options = { epochs: 2, validationSplit: 0.5, validationFreq: 2 };

  test('csvLogger writes a line per epoch', async () => {
    let text = '';
    const callback = csvLogger((more) => {
      text += more;
    });
    const { history } = await line(0.01).fit(x, y, { ...options, callbacks: [callback] });
    expect(text.split('\n')).toEqual([
      'epoch,loss,learningRate,valLoss',
      `0,${history.loss![0]},0.01,`,
      `1,${history.loss![1]},0.01,${history.valLoss![0]}`,
      '',
    ]);
  });

  test('files are written anew or appended to', async () => {
    const path = join(folder, 'log.csv');
    const train = (append: boolean) =>
      line(0.01).fit(x, y, { callbacks: [csvLogger(path, { append, separator: ';' })] });
    writeFileSync(path, 'old\n');
    await train(false);
    await train(true);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines[0]).toBe('epoch;loss;learningRate');
    expect(lines.length).toBe(3);
    expect(lines[1]).toBe(lines[2]);
  });

  test('jsonLinesLogger writes objects, of batches too, to streams as well', async () => {
    const path = join(folder, 'log.jsonl');
    const chunks: string[] = [];
    const stream = new WritableStream<string>({ write: (chunk) => void chunks.push(chunk) });
    await line(0.01).fit(x, y, {
      batchSize: 2,
      callbacks: [jsonLinesLogger(path, { batches: true }), jsonLinesLogger(stream)],
    });
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.map(({ epoch, batch }) => [epoch, batch])).toEqual([
      [0, 0],
      [0, 1],
      [0, undefined],
    ]);
    expect(JSON.parse(chunks.join(''))).toEqual(lines[2]);
  });

  test('refuse what they cannot write to', () => {
    expect(() => csvLogger(any(3))).toThrow(/csvLogger.*WritableStream/);
  });
});

describe('progress', () => {
  const train = async (mode: 'bar' | 'lines') => {
    let text = '';
    const write = (more: string) => {
      text += more;
    };
    await line(0.01).fit([[1], [2], [3]], [1, 2, 3], {
      epochs: 2,
      batchSize: 1,
      callbacks: [progress({ mode, write, columns: 100 })],
    });
    return text;
  };

  test('a line per epoch', async () => {
    expect(await train('lines')).toMatch(/^epoch 1\/2 {2}0\.\d s {2}loss \S+\nepoch 2\/2 {2}0\.\d s {2}loss \S+\n$/);
  });

  test('a bar', async () => {
    const text = await train('bar');
    expect(text).toMatch(/\repoch 1\/2 ━{8}─{16} 1\/3 {2}\d\.\d s, \d\.\d s left {2}loss /);
    expect(text.split('\n').length).toBe(3);
    for (const drawn of text.split(/[\r\n]/)) expect(drawn.length).toBeLessThan(100);
  });

  test('verbose loads it', async () => {
    let text = '';
    const { write } = process.stdout;
    process.stdout.write = ((more: string) => {
      text += more;
      return true;
    }) as typeof write;
    try {
      await line(0.01).fit([[1]], [1], { verbose: 2 });
      await line(0.01).fit([[1]], [1], { verbose: 0 });
      await line(0.01).fit([[1]], [1]);
    } finally {
      process.stdout.write = write;
    }
    expect(text).toMatch(/^epoch 1\/1 .*\n$/);
  });
});

describe('modelCheckpoint', () => {
  const run = async (options: object, values: readonly number[]) => {
    const saved: string[] = [];
    const save: Save = (_, path, { training }) => void saved.push(training ? path : `${path} weights`);
    const callback = checkpointWith(save, { path: '{epoch:2}.model', ...options });
    const { model } = fake();
    const logs = ['loss', 'valLoss'];
    callback.setParams?.({ firstEpoch: 0, endEpoch: 9, steps: 2, logs, resumed: false });
    await callback.onTrainBegin?.(model);
    for (const [epoch, valLoss] of values.entries()) {
      model.epochs = epoch;
      for (const batch of [0, 1]) {
        await callback.onBatchEnd?.(batch, { loss: 1 }, model);
        await callback.onCheckpoint?.(model);
      }
      await callback.onEpochEnd?.(epoch, { loss: 1, valLoss }, model);
      await callback.onCheckpoint?.(model);
    }
    return saved;
  };

  test('after every epoch, or every so many, or so many batches', async () => {
    expect(await run({}, [3, 2, 1])).toEqual(['01.model', '02.model', '03.model']);
    expect(await run({ saveFreq: { epochs: 2 }, saveWeightsOnly: true }, [3, 2, 1, 0])).toEqual([
      '02.model weights',
      '04.model weights',
    ]);
    expect(await run({ saveFreq: 3, path: '{epoch}-{batch}' }, [3, 2, 1])).toEqual(['2-1', '3-2']);
  });

  test('the best only', async () => {
    const options = { saveBestOnly: true, path: '{valLoss:2}' };
    expect(await run(options, [3, 4, 2, 2, 1])).toEqual(['3.00', '2.00', '1.00']);
    expect(await run({ ...options, mode: 'max' }, [3, 4, 2])).toEqual(['3.00', '4.00']);
    expect(await run({ ...options, initialValueThreshold: 2.5 }, [3, 2])).toEqual(['2.00']);
    expect(await run({ path: (epoch: number) => `at ${epoch}` }, [3])).toEqual(['at 0']);
  });

  test('refuses what cannot be', async () => {
    await expect(run({ saveBestOnly: true, saveFreq: 2 }, [])).rejects.toThrow(/saveFreq.*epochs with saveBestOnly/);
    await expect(run({ saveFreq: { epoch: 2 } }, [])).rejects.toThrow(/saveFreq.epoch/);
    await expect(run({ path: '{valAccuracy}' }, [])).rejects.toThrow(/path.*valLoss.*\{valAccuracy\}/);
  });

  test('sees callbacks behind it as they are after the epoch', async () => {
    const states: unknown[] = [];
    const stop = earlyStopping({ monitor: 'loss', patience: 9 });
    const keep = checkpointWith((model) => void states.push(model.run!.callbacks.earlyStopping), { path: 'x' });
    const { history } = await line(0.01).fit([[1], [2]], [1, 2], { epochs: 2, callbacks: [keep, stop] });
    expect(states).toMatchObject(history.loss!.map((best) => ({ best })));
  });
});

test('backupAndRestore goes on after a crash, and leaves nothing behind', async () => {
  let file: string | undefined;
  const weights: unknown[] = [];
  const storage = {
    save: (model: Model) => {
      file = JSON.stringify({ weights: model.getWeights(), run: model.run });
    },
    restore: async (model: Model) => {
      if (file === undefined) return false;
      const { weights, run } = JSON.parse(file);
      model.setWeights(weights);
      model.run = run;
      return true;
    },
    remove: async () => {
      file = undefined;
    },
  };
  const x = [[1], [2], [3], [4]];
  const y = [1, 2, 3, 4];
  const train = async (crash: number) => {
    const model = line(0.01);
    let batches = 0;
    const crasher: Callback = {
      onBatchEnd() {
        if (++batches === crash) throw new Error('crash');
      },
    };
    const backup = backupWith(storage, { path: 'x', saveFreq: 1 });
    const { history } = await model.fit(x, y, { epochs: 3, batchSize: 2, callbacks: [crasher, backup] });
    weights.push(model.getWeights());
    return history;
  };
  const whole = await train(0);
  expect(file).toBeUndefined();
  await expect(train(4)).rejects.toThrow('crash');
  expect(file).toBeDefined();
  await expect(train(2)).rejects.toThrow('crash');
  expect(await train(0)).toEqual(whole);
  expect(weights[1]).toEqual(weights[0]);
  expect(file).toBeUndefined();
});
