import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { call, hooksOf } from '../../src/callbacks/hooks.js';
import type { Callback, FitParams, Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense, dropout } from '../../src/nn/layers/index.js';
import { f1 } from '../../src/nn/metrics/index.js';
import { cosine } from '../../src/nn/optimizers/schedules.js';
import { shuffled } from '../../src/rows/shuffle.js';
import { any } from '../support/any.js';
import { clouds, weightHash } from '../support/nn/models.js';

const backend = await wasm();
const { x, labels } = clouds(60, 7, 3);

function build(compile: Partial<CompileOptions> = {}): Model {
  const model = sequential({
    layers: [
      dense({ units: 9, inputShape: 7, activation: 'relu' }),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], ...compile });
  return model;
}

describe('hooks', () => {
  /** Every hook, writing down its name and what it is given. */
  const spy = (events: string[]): Callback => {
    const names = ['Train', 'Epoch', 'Batch', 'Test', 'TestBatch'].flatMap((n) => [`on${n}Begin`, `on${n}End`]);
    const hooks = [...names, 'onCheckpoint', 'onAbort'].map((name) => {
      const hook = (...given: unknown[]) => {
        const shown = given.map((item) => {
          if (typeof item !== 'object') return String(item);
          return item !== null && 'fit' in item ? 'model' : Object.keys(item!).join('+');
        });
        events.push([name.slice(2), ...shown].join(' '));
      };
      return [name, hook];
    });
    return Object.fromEntries(hooks);
  };

  test('all of Keras come in its order', async () => {
    const events: string[] = [];
    await build().fit(x, labels, {
      epochs: 1,
      batchSize: 40,
      validationData: [x, labels],
      lint: false,
      validationBatchSize: 50,
      callbacks: [spy(events)],
    });
    const logs = 'loss+accuracy';
    expect(events).toEqual([
      'TrainBegin model',
      'EpochBegin 0 model',
      'BatchBegin 0 model',
      `BatchEnd 0 ${logs} model`,
      'Checkpoint model',
      'BatchBegin 1 model',
      `BatchEnd 1 ${logs} model`,
      'Checkpoint model',
      'TestBegin model',
      'TestBatchBegin 0 model',
      `TestBatchEnd 0 ${logs} model`,
      'TestBatchBegin 1 model',
      `TestBatchEnd 1 ${logs} model`,
      `TestEnd ${logs} model`,
      `EpochEnd 0 ${logs}+learningRate+valLoss+valAccuracy model`,
      'Checkpoint model',
      `TrainEnd ${logs}+learningRate+valLoss+valAccuracy model`,
    ]);
  });

  test('of a batch have two names, the longer before the other', async () => {
    const events: string[] = [];
    const note = (name: string) => () => void events.push(name);
    const callbacks: Callback[] = [
      { onTrainBatchBegin: note('train begin'), onBatchBegin: note('begin'), onTrainBatchEnd: note('train end') },
      { onBatchEnd: note('end') },
    ];
    await build().fit(x, labels, { batchSize: 60, callbacks });
    expect(events).toEqual(['train begin', 'train end', 'end']);
  });

  test('of classes are called on their objects, and waited for in order', async () => {
    class Counter implements Callback {
      seen: number[] = [];
      async onEpochEnd(epoch: number) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        this.seen.push(epoch);
      }
    }
    const counter = new Counter();
    const after: number[][] = [];
    await build().fit(x, labels, {
      epochs: 2,
      callbacks: [counter, { onEpochEnd: () => void after.push([...counter.seen]) }],
    });
    expect(after).toEqual([[0], [0, 1]]);
  });

  test('that return no promise cost no turn', () => {
    const hooks = hooksOf([{ onEpochBegin: () => any(3) }, {}, { onEpochBegin() {} }], 'onEpochBegin');
    expect(hooks.length).toBe(2);
    expect(call(hooks, 0, any({}))).toBeUndefined();
  });

  test('setParams says what will be', async () => {
    const seen: FitParams[] = [];
    const callbacks: Callback[] = [{ setParams: (params) => void seen.push(params) }];
    const model = build({ globalClipNorm: 1, metrics: ['accuracy', f1()] });
    const { history } = await model.fit(x, labels, { epochs: 2, batchSize: 25, validationSplit: 0.5, callbacks });
    const logs = Object.keys(history);
    const modes = Object.fromEntries(logs.map((name) => [name, /accuracy|f1/i.test(name) ? 'max' : 'min']));
    expect(seen).toEqual([{ firstEpoch: 0, endEpoch: 2, steps: 2, logs, modes, resumed: false }]);
    await model.fit(() => [[x, labels]], { callbacks });
    expect(seen[1]).toMatchObject({ firstEpoch: 2, endEpoch: 3, steps: undefined });
  });
});

describe('history', () => {
  test('has a number per epoch of everything, and seconds', async () => {
    const rate = cosine({ initialLearningRate: 0.1, decaySteps: 10 });
    const model = build({ optimizer: sgd({ learningRate: rate }), trackGradientNorm: true });
    const result = await model.fit(x, labels, { epochs: 3, batchSize: 30, validationSplit: 0.5 });
    const names = ['loss', 'accuracy', 'gradientNorm', 'learningRate', 'valLoss', 'valAccuracy'];
    expect(Object.keys(result.history)).toEqual(names);
    for (const list of Object.values(result.history)) expect(list.length).toBe(3);
    expect(result.seconds.length).toBe(3);
    expect(Math.min(...result.seconds)).toBeGreaterThan(0);
    // Of each epoch's only step.
    const expected = [0, 1, 2].map((t) => 0.05 * (1 + Math.cos((Math.PI * t) / 10)));
    result.history.learningRate!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 9);
    });
  });

  test('what callbacks do to it reaches no later run', async () => {
    const model = build();
    const first = await model.fit(x, labels, { epochs: 2 });
    first.history.loss!.push(0);
    expect((await model.fit(x, labels)).history.loss!.length).toBe(1);
  });
});

describe('epochs', () => {
  test('count on, or from initialEpoch to epochs as in Keras', async () => {
    const [a, b, c] = [build(), build(), build()];
    await a.fit(x, labels, { epochs: 5 });
    await b.fit(x, labels, { epochs: 3 });
    expect((await b.fit(x, labels, { epochs: 2 })).epoch).toEqual([3, 4]);
    await c.fit(x, labels, { epochs: 3 });
    expect((await c.fit(x, labels, { epochs: 5, initialEpoch: 3 })).epoch).toEqual([3, 4]);
    expect(weightHash(b)).toBe(weightHash(a));
    expect(weightHash(c)).toBe(weightHash(a));
    expect([a.epochs, b.epochs, c.epochs]).toEqual([5, 5, 5]);
    expect(await c.fit(x, labels, { epochs: 5, initialEpoch: 5 })).toEqual({ epoch: [], history: {}, seconds: [] });
  });

  test('initialEpoch decides the order of rows', async () => {
    const model = build();
    const plain = { batchSize: 60, seed: 3 } as const;
    await model.fit(x, labels, { ...plain, epochs: 8, initialEpoch: 7 });
    const other = build();
    const order = await shuffled(60, 3, 7);
    const rows = matrix(
      [...order].flatMap((r) => [...x.data.subarray(r * 7, r * 7 + 7)]),
      60,
      7,
    );
    other.trainOnBatch(
      rows,
      [...order].map((r) => labels[r]!),
    );
    expect(weightHash(other)).toBe(weightHash(model));
  });

  test('of stepsPerEpoch take one pass after the other', async () => {
    const [a, b, c] = [build(), build(), build()];
    // Three batches a pass.
    const whole = await a.fit(x, labels, { epochs: 4, batchSize: 20 });
    const halves = await b.fit(x, labels, { epochs: 12, stepsPerEpoch: 1, batchSize: 20 });
    const long = await c.fit(x, labels, { epochs: 2, stepsPerEpoch: 6, batchSize: 20 });
    expect(weightHash(b)).toBe(weightHash(a));
    expect(weightHash(c)).toBe(weightHash(a));
    expect([whole.epoch.length, halves.epoch.length, long.epoch.length]).toEqual([4, 12, 2]);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(long.history.loss![0]).toBeCloseTo(mean(whole.history.loss!.slice(0, 2)), 12);
    expect(halves.history.loss!.slice(0, 3).reduce((sum, value) => sum + value / 3, 0)).toBeCloseTo(
      whole.history.loss![0]!,
      12,
    );
  });
});

describe('validation', () => {
  test('comes as often as asked', async () => {
    const options = { epochs: 6, validationSplit: 0.25 } as const;
    const every = await build().fit(x, labels, options);
    const { valLoss } = every.history as { valLoss: number[] };
    const second = await build().fit(x, labels, { ...options, validationFreq: 2 });
    expect(second.history.valLoss).toEqual([1, 3, 5].map((i) => valLoss[i]));
    const some = await build().fit(x, labels, { ...options, validationFreq: [1, 6] });
    expect(some.history.valLoss).toEqual([0, 5].map((i) => valLoss[i]));
    expect(some.history.loss).toEqual(every.history.loss);
  });

  test('takes some rows only, so many at a time', async () => {
    const part = [matrix(x.data.slice(0, 40 * 7), 40, 7), labels.slice(0, 40)] as const;
    const whole = await build().fit(x, labels, { validationData: [...part], lint: false });
    const steps = await build().fit(x, labels, {
      validationData: [x, labels],
      lint: false,
      validationBatchSize: 20,
      validationSteps: 2,
    });
    expect(steps.history.valAccuracy).toEqual(whole.history.valAccuracy);
    expect(steps.history.valLoss![0]).toBeCloseTo(whole.history.valLoss![0]!, 6);
  });

  describe('stratified', () => {
    const skewed = Array.from({ length: 60 }, (_, i) => (i < 40 ? 0 : i < 52 ? 1 : 2));
    /** Trains on what is left, in batches of one row; returns how many there were. */
    const split = async (targets: readonly number[] | readonly (readonly number[])[], share = 0.25) => {
      const model = build(typeof targets[0] === 'number' ? {} : { loss: 'categoricalCrossentropy' });
      let trained = 0;
      await model.fit(x, any(targets), {
        batchSize: 1,
        validationSplit: share,
        stratify: true,
        callbacks: [{ onBatchEnd: () => void trained++ }],
      });
      return trained;
    };

    test('holds out the same share of each class', async () => {
      const { stratified } = await import('../../src/rows/stratify.js');
      const model = any({ training: { targets: [{ objective: { definition: { targets: 'label' } } }] } }) as never;
      const pair = {
        x: [matrix([...skewed.keys()], 60, 1)],
        y: [matrix(skewed, 60, 1), matrix([...skewed.keys()], 60, 1)],
        rows: 60,
        weighted: true,
      };
      const counts = (part: typeof pair) => [0, 1, 2].map((c) => part.y[0]!.data.filter((label) => label === c).length);
      const [rest, held] = (await stratified(model, pair, 15, 1)) as readonly [typeof pair, typeof pair];
      expect(counts(held)).toEqual([10, 3, 2]);
      expect(counts(rest)).toEqual([30, 9, 6]);
      const rows = [...rest.x[0]!.data, ...held.x[0]!.data];
      expect(rows.sort((a, b) => a - b)).toEqual([...skewed.keys()]);
      expect([...rest.x[0]!.data]).toEqual([...rest.y[1]!.data]);
      expect([...held.x[0]!.data]).toEqual([...held.x[0]!.data].sort((a, b) => a - b));
      const same = await stratified(model, pair, 15, 1);
      expect(same[1].x[0]!.data).toEqual(held.x[0]!.data);
      expect((await stratified(model, pair, 15, 2))[1].x[0]!.data).not.toEqual(held.x[0]!.data);
    });

    test('works through fit, with labels and one-hot rows', async () => {
      expect(await split(skewed)).toBe(45);
      expect(await split(skewed.map((label) => [0, 1, 2].map((c) => Number(c === label))))).toBe(45);
      await expect(split(skewed, 0.9)).resolves.toBe(5);
      await expect(split([...Array(59).fill(0), 1], 0.9)).rejects.toThrow(/the only row of class 1/);
      await expect(build().fit(x, labels, { stratify: true })).rejects.toThrow(/stratify.*validationSplit/);
      const regression = sequential({ layers: [dense({ units: 1, inputShape: 7 })], backend });
      regression.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      await expect(regression.fit(x, labels, { stratify: true, validationSplit: 0.5 })).rejects.toThrow(
        /one class per row.*'meanSquaredError'/,
      );
    });
  });
});

describe('partialFit', () => {
  test('is a pass over the rows in their order, and no epoch', async () => {
    const [a, b] = [build(), build()];
    const logs: number[] = [];
    for (let start = 0; start < 60; start += 20) {
      const rows = matrix(x.data.slice(start * 7, (start + 20) * 7), 20, 7);
      logs.push(b.trainOnBatch(rows, labels.slice(start, start + 20)).loss!);
    }
    const pass = await a.partialFit(x, labels, { batchSize: 20 });
    expect(weightHash(a)).toBe(weightHash(b));
    expect(pass.loss).toBeCloseTo((logs[0]! + logs[1]! + logs[2]!) / 3, 12);
    expect(Object.keys(pass)).toEqual(['loss', 'accuracy', 'learningRate']);
    expect(a.epochs).toBe(0);
    await expect(a.partialFit(x, labels, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(a.run).toBeUndefined();
    await expect(a.partialFit(x, labels, any({ epochs: 2 }))).rejects.toThrow(/partialFit.epochs/);
  });

  test('waits for no fit that is running', async () => {
    const model = build();
    const done = model.fit(x, labels, { epochs: 3 });
    await expect(model.partialFit(x, labels)).rejects.toThrow(/still running/);
    expect((await done).epoch.length).toBe(3);
  });
});
