import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { typescript } from '../src/backends/typescript.js';
import { wasm } from '../src/backends/wasm.js';
import { backupAndRestore, modelCheckpoint } from '../src/io/callbacks.js';
import { deserialize, load, serialize } from '../src/io/save.js';
import { adam } from '../src/kernels/adam.js';
import { sgd } from '../src/kernels/optimizers.js';
import { matrix } from '../src/matrix.js';
import { exponentialMovingAverage } from '../src/model/averaging.js';
import { batchNormalization, dense, dropout } from '../src/model/layers/index.js';
import { auc, f1, logLoss } from '../src/model/metrics/index.js';
import { cosine } from '../src/model/schedules.js';
import { allOptimizers } from '../src/model/tables.js';
import { earlyStopping } from '../src/train/callbacks/early-stopping.js';
import { reduceLROnPlateau } from '../src/train/callbacks/learning-rate.js';
import { csvLogger } from '../src/train/callbacks/loggers.js';
import type { Callback } from '../src/train/callbacks.js';
import { trainingControl } from '../src/train/control.js';
import type { FitOptions } from '../src/train/fit-options.js';
import { type Model, sequential } from '../src/train/model.js';
import type { CompileOptions } from '../src/train/model-types.js';
import { exportState } from '../src/train/state.js';
import { stepInParts } from '../src/train/step-in-parts.js';
import { any } from './support/any.js';
import { computed } from './support/computed.js';
import { clouds, makeEngine, trainingCases, weightHash } from './support/models.js';

const backend = await wasm();
const twin = typescript();
const { x, labels } = clouds(50, 7, 3);
const oneHot = matrix(
  labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label))),
  50,
  3,
);
const EPOCHS = 3;
const BATCHES = 4;

interface Setup {
  readonly name: string;
  readonly compile: Partial<CompileOptions>;
  readonly fit: FitOptions;
  readonly y?: typeof oneHot | number[];
  readonly callbacks?: () => Callback[];
}

const setups: readonly Setup[] = [
  {
    name: 'dropout, batch norm, mixup, clipping, metrics of all rows, validation',
    compile: { loss: 'categoricalCrossentropy', metrics: ['accuracy', auc(), logLoss()], globalClipNorm: 1 },
    fit: { mixup: 0.3, validationData: [x, oneHot] },
    y: oneHot,
  },
  {
    name: 'accumulation, averaging, class weights, a schedule, callbacks with state',
    compile: {
      optimizer: sgd({ learningRate: cosine({ initialLearningRate: 0.1, decaySteps: 9 }), momentum: 0.9 }),
      metrics: ['accuracy', f1()],
      gradientAccumulationSteps: 3,
      averaging: exponentialMovingAverage({ momentum: 0.7, overwriteFrequency: 2 }),
    },
    fit: { classWeight: { 1: 3 }, validationData: [x, labels], validationFreq: 2 },
    callbacks: () => [
      earlyStopping({ monitor: 'loss', patience: 5, restoreBestWeights: true }),
      earlyStopping({ monitor: 'accuracy', patience: 5 }),
      reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 1, factor: 0.5 }),
    ],
  },
  {
    name: 'epochs across passes over the rows, sample weights',
    compile: { trackGradientNorm: true },
    fit: { stepsPerEpoch: BATCHES, batchSize: 9, sampleWeight: labels.map((label) => label / 2) },
  },
];

function build({ compile }: Setup): Model {
  const model = sequential({
    layers: [
      dense({ units: 9, inputShape: 7, activation: 'tanh' }),
      batchNormalization(),
      dropout({ rate: 0.3 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy', ...compile });
  return model;
}

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Trains, and aborts before the batch of this number, counted over all epochs. */
async function aborted(model: Model, setup: Setup, at: number): Promise<unknown> {
  const controller = new AbortController();
  let seen = 0;
  const stop: Callback = {
    onTrainBegin: () => void (at === 0 && controller.abort()),
    onBatchEnd: () => void (++seen === at && controller.abort()),
  };
  const callbacks = [...(setup.callbacks?.() ?? []), stop];
  return train(model, setup, { callbacks, signal: controller.signal }).catch((error) => error);
}

function train(model: Model, setup: Setup, options: FitOptions = {}) {
  const callbacks = options.callbacks ?? setup.callbacks?.() ?? [];
  return model.fit(x, setup.y ?? labels, {
    epochs: EPOCHS,
    batchSize: 13,
    lint: false,
    ...setup.fit,
    ...options,
    callbacks,
  });
}

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

const [plain] = setups as [Setup];

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

describe('abort', () => {
  const wide = (optimizer: CompileOptions['optimizer'] = 'adam') => {
    const model = sequential({
      layers: [
        dense({ units: 512, inputShape: 256, activation: 'relu' }),
        batchNormalization(),
        dropout({ rate: 0.1 }),
        dense({ units: 512, activation: 'relu' }),
        dense({ units: 10, activation: 'softmax' }),
      ],
      backend,
    });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', gradientAccumulationSteps: 2 });
    return model;
  };
  const rows = 256;
  const data = matrix(
    Float32Array.from({ length: rows * 256 }, (_, i) => Math.sin(i)),
    rows,
    256,
  );
  const y = Float32Array.from({ length: rows }, (_, i) => i % 10);

  test.each(trainingCases)('a step given up before any call that can be taken back: $name', async (item) => {
    const steps = async (giveUp: boolean) => {
      const engine = makeEngine({ ...item, compile: { ...item.compile, ...extra } }, backend);
      const y = item.compile.loss === 'sparseCategoricalCrossentropy' ? matrix(labels, 50, 1) : oneHot;
      for (let batch = 0; batch < 4; batch++) {
        const program = engine.program(engine.steps.mode, 50);
        const { undoable } = program;
        expect(undoable).toBeGreaterThan(1);
        expect(undoable).toBeLessThan(program.steps.length);
        for (let at = 0; giveUp && at < undoable; at++) {
          let calls = 0;
          engine.stageBatch(program, [x], [y], 0);
          const { taken } = engine.steps;
          const outcome = await stepInParts(engine, program, noPause, () => calls++ === at);
          expect([outcome, engine.steps.taken, engine.steps.midway]).toEqual([undefined, taken, false]);
        }
        engine.stageBatch(program, [x], [y], 0);
        const late = (i: number) => i >= undoable;
        let calls = 0;
        expect(await stepInParts(engine, program, noPause, () => late(calls++))).toBeDefined();
      }
      return { state: exportState(engine), weights: engine.network.parameters.map(({ value }) => engine.read(value)) };
    };
    const noPause = () => undefined;
    const extra = { gradientAccumulationSteps: 2, averaging: exponentialMovingAverage() } as const;
    expect(await steps(true)).toEqual(await steps(false));
  });

  test('comes within 50 ms, and the model can be used', async () => {
    const model = wide();
    const taken: number[] = [];
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const done = model.fit(data, y, { epochs: 1000, batchSize: rows, signal: controller.signal });
      await new Promise((resolve) => setTimeout(resolve, 40));
      const start = computed();
      controller.abort(new Error('enough'));
      await expect(done).rejects.toThrow('enough');
      taken.push(computed() - start);
    }
    expect(Math.max(...taken)).toBeLessThan(50);
    expect(model.predict(data).rows).toBe(rows);
    model.trainOnBatch(data, y);
    expect(model.evaluate(data, y).loss).toBeGreaterThan(0);
  });

  test('a signal that came before, and one that is none', async () => {
    const model = build(plain);
    const hash = weightHash(model);
    await expect(train(model, plain, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(weightHash(model)).toBe(hash);
    await expect(train(model, plain, { signal: any(new AbortController()) })).rejects.toThrow(/controller.signal/);
    await expect(train(model, plain, { control: any({}) })).rejects.toThrow(/trainingControl/);
  });

  test('in validation and while metrics are computed', async () => {
    const model = build(plain);
    const whole = build(plain);
    await train(whole, plain);
    const controller = new AbortController();
    const stop: Callback = { onTestBatchBegin: () => controller.abort() };
    await expect(train(model, plain, { callbacks: [stop], signal: controller.signal })).rejects.toThrow(/abort/);
    expect(model.run).toMatchObject({ epoch: 0, batch: BATCHES });
    await train(model, plain, { resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });

  test('an error amid a long step says so in run', async () => {
    const model = wide();
    let seen: unknown;
    let training = true;
    const done = model.fit(data, y, { epochs: 20, batchSize: rows }).finally(() => {
      training = false;
    });
    while (training && !seen) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        model.run;
      } catch (error) {
        seen = error;
      }
    }
    await done;
    expect(seen).toMatchObject({ name: 'StateError' });
  });
});

describe('pause', () => {
  test('stands still between batches, goes on, and ends in the same bits', async () => {
    const whole = build(plain);
    const expected = await train(whole, plain);
    const model = build(plain);
    const control = trainingControl();
    let batches = 0;
    const done = train(model, plain, { control, callbacks: [{ onBatchEnd: () => void batches++ }] });
    await control.pause();
    expect(model.run).toBeDefined();
    const at = batches;
    const hash = weightHash(model);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([batches, control.paused, weightHash(model)]).toEqual([at, true, hash]);
    expect(model.run!.epoch).toBeGreaterThanOrEqual(0);
    control.resume();
    expect((await done).history).toEqual(expected.history);
    expect(weightHash(model)).toBe(weightHash(whole));
    await control.pause();
  });

  test('a run may begin paused, and be aborted while it is', async () => {
    const control = trainingControl();
    const controller = new AbortController();
    await control.pause();
    const model = build(plain);
    const done = train(model, plain, { control, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(done).rejects.toMatchObject({ name: 'AbortError' });
    control.resume();
    await train(model, plain, { control, resume: true });
    expect(model.epochs).toBe(3);
  });
});

test('the TypeScript backend gives up long steps, too', async () => {
  const model = sequential({ layers: [dense({ units: 300, inputShape: 300 })], backend: typescript() });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const rows = matrix(new Float32Array(300 * 300).fill(0.1), 300, 300);
  const before = weightHash(model);
  const controller = new AbortController();
  const done = model.fit(rows, rows, { batchSize: 300, lint: false, signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(done).rejects.toThrow(/abort/);
  expect(weightHash(model)).toBe(before);
});
