import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Callback } from '../../src/callbacks/interfaces.js';
import { csvLogger } from '../../src/callbacks/loggers.js';
import { backupAndRestore, modelCheckpoint } from '../../src/io/checkpoint-callbacks.js';
import { deserialize, load, serialize } from '../../src/io/save.js';
import { allOptimizers } from '../../src/nn/registry.js';
import { any } from '../support/any.js';
import { weightHash } from '../support/nn/models.js';
import {
  aborted,
  BATCHES,
  backend,
  build,
  EPOCHS,
  oneHot,
  plain,
  type Setup,
  setups,
  throughJson,
  train,
  twin,
  x,
} from '../support/runs.js';

describe.each(setups)('$name', (setup) => {
  test('a run that is stopped before any batch and resumed ends in the same bits', async () => {
    const whole = build(setup);
    const expected = await train(whole, setup);
    expect(whole.run).toBeUndefined();
    for (let at = 0; at < EPOCHS * BATCHES; at++) {
      const model = build(setup);
      expect(await aborted(model, setup, at)).toMatchObject({ name: 'AbortError' });
      expect([model.run!.epoch, model.run!.batch]).toEqual(
        // The end of an epoch is done before the next one.
        at % BATCHES === 0 && at > 0 ? [at / BATCHES - 1, BATCHES] : [Math.floor(at / BATCHES), at % BATCHES],
      );
      model.run = throughJson(model.run);
      const { history, epoch } = await train(model, setup, { resume: true });
      expect(weightHash(model), `before batch ${at}`).toBe(weightHash(whole));
      expect(JSON.stringify(history)).toBe(JSON.stringify(expected.history));
      expect(epoch).toEqual([0, 1, 2]);
      expect(model.run).toBeUndefined();
      expect(model.epochs).toBe(EPOCHS);
    }
  });
});

/** Every optimizer, with dropout and batch norm. */
const optimizers: readonly Setup[] = Object.entries(allOptimizers)
  .filter(([name]) => name !== 'lbfgs')
  .map(([name, make]) => ({ name, compile: { optimizer: any(make)() }, fit: { validationSplit: 0.1 } }));

describe.each([...setups, ...optimizers])('in another process, $name', (setup) => {
  test('a run saved before any batch ends in the same bits', async () => {
    const whole = build(setup);
    const expected = await train(whole, setup);
    for (let at = 0; at < EPOCHS * BATCHES; at++) {
      const model = build(setup);
      await aborted(model, setup, at);
      const loaded = deserialize(serialize(model), { backend: at % 3 === 0 ? twin : backend });
      const { history } = await train(loaded, setup, { resume: true });
      expect(weightHash(loaded), `before batch ${at}`).toBe(weightHash(whole));
      expect(JSON.stringify(history)).toBe(JSON.stringify(expected.history));
    }
  });
});

describe('callbacks that save', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-resume-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('modelCheckpoint leaves files from which runs go on', async () => {
    const whole = build(plain);
    const expected = await train(whole, plain);
    const path = join(folder, '{epoch}-{batch}.safetensors');
    const best = modelCheckpoint({ path: join(folder, 'best.safetensors'), saveBestOnly: true });
    const keep = modelCheckpoint({ path, saveFreq: 3 });
    const kept = build(plain);
    await train(kept, plain, { callbacks: [best, keep] });
    expect(weightHash(kept)).toBe(weightHash(whole));
    for (const name of ['1-3', '2-2', '3-1', '3-4']) {
      const model = await load(join(folder, `${name}.safetensors`), { backend });
      const { history } = await train(model, plain, { resume: true });
      expect(weightHash(model)).toBe(weightHash(whole));
      expect(history).toEqual(expected.history);
    }
    const { loss } = (await load(best.latest as string, { backend })).evaluate(x, oneHot);
    expect(loss).toBe(Math.min(...expected.history.valLoss!));
  });

  test('backupAndRestore goes on in a new process, whenever the old one died', async () => {
    const whole = build(plain);
    const expected = await train(whole, plain);
    const path = join(folder, 'backup.safetensors');
    const log = join(folder, 'log.csv');
    let restarts = 0;
    const run = async (batches: number) => {
      let seen = 0;
      const crash: Callback = {
        onBatchEnd() {
          if (++seen === batches) throw new Error('crash');
        },
      };
      const backup = backupAndRestore({ path, saveFreq: 1 });
      const model = build(plain);
      const callbacks = [csvLogger(log, { append: restarts++ > 0 }), crash, backup];
      return [await train(model, plain, { callbacks }), model] as const;
    };
    // The last batch before each crash is lost with it.
    for (let i = 0; i < 5; i++) await expect(run(3)).rejects.toThrow('crash');
    const [{ history }, model] = await run(0);
    expect(history).toEqual(expected.history);
    expect(weightHash(model)).toBe(weightHash(whole));
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual([]);
    const epochs = readFileSync(log, 'utf8').trim().split('\n');
    expect(epochs.map((row) => row.split(',')[0])).toEqual(['epoch', '0', '1', '2']);
  });
});

describe('the state of a run', () => {
  test('is the same taken by a callback or left by an abort', async () => {
    const states: unknown[] = [];
    const strip = ({ seconds: _, history, ...state }: object & { seconds?: unknown; history?: object }) => ({
      ...state,
      history: { ...history, seconds: 0 },
    });
    await train(build(plain), plain, {
      callbacks: [{ onCheckpoint: (model) => void states.push(strip(throughJson(model.run!))) }],
    });
    const model = build(plain);
    await aborted(model, plain, 6);
    expect(strip(throughJson(model.run!))).toEqual(states[6]);
  });

  test('stopTraining inside an epoch leaves one, at its end none', async () => {
    const model = build(plain);
    const stop = (batch: number): Callback => ({
      onBatchEnd: (b, _, m) => {
        m.stopTraining = b === batch;
      },
    });
    const { history } = await train(model, plain, { callbacks: [stop(1)] });
    expect(history.loss!.length).toBe(1);
    expect(model.run).toMatchObject({ epoch: 0, batch: 2 });
    const whole = build(plain);
    await train(whole, plain);
    await train(model, plain, { resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
    await train(model, plain, { callbacks: [stop(3)] });
    expect(model.run).toBeUndefined();
  });

  test('an error in a callback loses nothing', async () => {
    const whole = build(plain);
    await train(whole, plain);
    const model = build(plain);
    const seen: unknown[] = [];
    const faulty: Callback = {
      onBatchEnd(batch, _, m) {
        if (m.epochs === 1 && batch === 2) throw new Error('disk full');
      },
      onAbort: (reason) => void seen.push((reason as Error).message),
    };
    await expect(train(model, plain, { callbacks: [faulty] })).rejects.toThrow('disk full');
    expect(seen).toEqual(['disk full']);
    await train(model, plain, { resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });

  test('a further fit and compile forget it', async () => {
    const model = build(plain);
    await aborted(model, plain, 3);
    await expect(model.fit(x, oneHot, any({ epoch: 3 }))).rejects.toThrow(/epochs/);
    expect(model.run).toBeDefined();
    await model.fit(x, oneHot);
    expect(model.run).toBeUndefined();
    await expect(train(model, plain, { resume: true })).rejects.toThrow(/no unfinished run/);
    await aborted(model, plain, 3);
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    expect(model.run).toBeUndefined();
  });

  test('the number of epochs may change', async () => {
    const [model, whole] = [build(plain), build(plain)];
    await aborted(model, plain, 3);
    const { epochs: _, ...rest } = { epochs: EPOCHS, batchSize: 13, lint: false, ...plain.fit };
    expect((await model.fit(x, oneHot, { ...rest, resume: true })).epoch).toEqual([0, 1, 2]);
    await train(whole, plain, { epochs: 5 });
    const other = build(plain);
    await aborted(other, plain, 3);
    await train(other, plain, { resume: true, epochs: 5 });
    expect(weightHash(other)).toBe(weightHash(whole));
  });

  type Loose = Record<string, Record<string, unknown>>;
  const spoilt: readonly [string, (run: Loose) => unknown, RegExp][] = [
    ['no object', () => 3, /model.run: the state.*3/],
    ['another version', (run) => ({ ...run, version: 2 }), /version: expected 1, got 2/],
    ['a batch below 0', (run) => ({ ...run, batch: -1 }), /batch.*>= 0/],
    ['no totals', ({ totals: _, ...run }) => run, /totals/],
    ['totals of two outputs', (run) => ({ ...run, totals: { ...run.totals, losses: [1, 2] } }), /sums of 1 output/],
    ['no gathered rows', ({ gathered: _, ...run }) => run, /gathered/],
    ['gathered rows of another number', (run) => ({ ...run, gathered: { ...run.gathered, rows: 1 } }), /gathered/],
    ['history of texts', (run) => ({ ...run, history: { ...run.history, history: { loss: ['a'] } } }), /history/],
    [
      'bytes that are no base64',
      (run) => ({ ...run, gathered: { ...run.gathered, targets: [{ $float32: '!' }] } }),
      /base64/,
    ],
  ];
  test.each(spoilt)('is refused as %s', async (_, spoil, says) => {
    const model = build(plain);
    await aborted(model, plain, 2);
    const hash = weightHash(model);
    model.run = spoil(throughJson(model.run) as unknown as Loose) as typeof model.run;
    await expect(train(model, plain, { resume: true })).rejects.toThrow(says);
    expect(weightHash(model)).toBe(hash);
    expect(model.epochs).toBe(0);
  });

  test.each([
    [{ batchSize: 10 }, /batchSize: expected 13, as in the run.*got 10/],
    [{ seed: 1 }, /seed: expected 4/],
    [{ shuffle: false }, /shuffle/],
    [{ stepsPerEpoch: 2 }, /stepsPerEpoch: expected 4/],
    [{ validationSplit: 0.5, validationData: any(undefined) }, /x: expected 50 rows.*25 rows/],
  ])('goes on with the same batches only: %j', async (options, says) => {
    const model = build(plain);
    await aborted(model, plain, 2);
    await expect(train(model, plain, { ...options, resume: true })).rejects.toThrow(says);
  });
});

test('csvLogger goes on behind the epochs that the run knows', async () => {
  let text = '';
  const logger = () =>
    csvLogger((more) => {
      text += more;
    });
  const model = build(plain);
  const controller = new AbortController();
  const stop: Callback = { onEpochEnd: (epoch) => void (epoch === 1 && controller.abort()) };
  await train(model, plain, { callbacks: [logger(), stop], signal: controller.signal }).catch(() => {});
  await train(model, plain, { callbacks: [logger()], resume: true });
  expect(text.split('\n').map((row) => row.split(',')[0])).toEqual(['epoch', '0', '1', '2', '']);
});
