import { describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Callback, Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { auc } from '../../src/nn/metrics/index.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import type { Batch } from '../../src/rows/batches.js';
import { computed } from '../programs/computed.js';
import { any } from '../support/any.js';
import { clouds, weightHash } from '../support/nn/models.js';

const backend = await wasm();
const { x, labels } = clouds(60, 7, 3);
const ROWS = 15;

function build(compile: Partial<CompileOptions> = {}): Model {
  const model = sequential({
    layers: [
      dense({ units: 9, inputShape: 7, activation: 'relu' }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', auc()], ...compile });
  return model;
}

const rowsOf = (from: number, to: number) => matrix(x.data.slice(from * 7, to * 7), to - from, 7);
const batchAt = (start: number): [ReturnType<typeof rowsOf>, number[]] => [
  rowsOf(start, start + ROWS),
  labels.slice(start, start + ROWS),
];

function* generate(): Generator<Batch> {
  for (let start = 0; start < 60; start += ROWS) yield batchAt(start);
}

async function* slowly(): AsyncGenerator<Batch> {
  for (const batch of generate()) {
    await new Promise((resolve) => setImmediate(resolve));
    const [rows, targets] = batch as ReturnType<typeof batchAt>;
    yield { x: rows, y: targets };
  }
}

function* endlessly(): Generator<Batch> {
  for (;;) yield* generate();
}

const arrays = { epochs: 3, batchSize: ROWS, shuffle: false, lint: false } as const;

describe('fit on a stream', () => {
  const sources: readonly [string, () => Parameters<Model['fit']>[0], object][] = [
    ['a generator function', () => any(generate), {}],
    ['an async generator function', () => any(slowly), {}],
    ['an iterable', () => any({ [Symbol.iterator]: generate }), {}],
    ['an async iterable', () => any({ [Symbol.asyncIterator]: slowly }), {}],
    ['a set', () => any(new Set(generate())), {}],
    ['an endless generator', () => any(endlessly()), { stepsPerEpoch: 4 }],
    ['a bare iterator', () => any({ next: endlessly().next.bind(endlessly()) }), { stepsPerEpoch: 4 }],
  ];
  test.each(sources)('%s trains as rows in memory do', async (_, source, options) => {
    const [a, b] = [build(), build()];
    const expected = await a.fit(x, labels, { ...arrays, validationData: [x, labels] });
    const got = await b.fit(any(source()), { epochs: 3, validationData: [x, labels], ...options });
    expect(weightHash(b)).toBe(weightHash(a));
    expect(got.history).toEqual(expected.history);
  });

  test('takes weights of rows and classes, and mixes', async () => {
    const sampleWeight = labels.map((_, i) => i % 3);
    const options = { classWeight: { 2: 4 } };
    const [a, b] = [build(), build()];
    await a.fit(x, labels, { ...arrays, ...options, sampleWeight });
    const weighted = function* (): Generator<Batch> {
      for (let start = 0; start < 60; start += ROWS) {
        yield [...batchAt(start), sampleWeight.slice(start, start + ROWS)] as const;
      }
    };
    await b.fit(weighted, { epochs: 3, ...options });
    expect(weightHash(b)).toBe(weightHash(a));

    const oneHot = (list: readonly number[]) => list.map((label) => [0, 1, 2].map((c) => Number(c === label)));
    const [c, d] = [build({ loss: 'categoricalCrossentropy' }), build({ loss: 'categoricalCrossentropy' })];
    await c.fit(x, oneHot(labels), { ...arrays, mixup: 0.3 });
    await d.fit(
      function* () {
        for (const batch of generate()) {
          const [rows, targets] = batch as ReturnType<typeof batchAt>;
          yield [rows, oneHot(targets)] as const;
        }
      },
      { epochs: 3, mixup: 0.3 },
    );
    expect(weightHash(d)).toBe(weightHash(c));
  });

  test('validates on streams', async () => {
    const [a, b] = [build(), build()];
    const { history } = await a.fit(x, labels, { ...arrays, validationData: [x, labels], validationBatchSize: ROWS });
    const streamed = await b.fit(x, labels, { ...arrays, validationData: slowly });
    expect(streamed.history).toEqual(history);
    const some = await build().fit(x, labels, { ...arrays, validationData: endlessly, validationSteps: 2 });
    const less = await build().fit(x, labels, {
      ...arrays,
      validationData: [rowsOf(0, 30), labels.slice(0, 30)],
      validationBatchSize: ROWS,
    });
    expect(some.history).toEqual(less.history);
    const steps = await build().fit(x, labels, {
      ...arrays,
      validationData: [x, labels],
      validationSteps: 2,
      validationBatchSize: ROWS,
    });
    expect(steps.history).toEqual(less.history);
  });

  test('a function is told the epoch', async () => {
    const seen: number[] = [];
    const model = build();
    const source = (epoch: number) => {
      seen.push(epoch);
      return generate();
    };
    await model.fit(source, { epochs: 2 });
    await model.fit(source);
    expect(seen).toEqual([0, 1, 2]);
  });

  test('a generator goes on where it stood, in a further run too, and stays open', async () => {
    let closed = false;
    let made = 0;
    const generator = (function* () {
      try {
        for (;;) {
          made++;
          yield batchAt(0);
        }
      } finally {
        closed = true;
      }
    })();
    const model = build();
    await model.fit(generator, { epochs: 2, stepsPerEpoch: 3 });
    expect(made).toBe(6);
    await model.fit(generator, { stepsPerEpoch: 1 });
    expect([made, closed]).toEqual([7, false]);
  });

  test('streams that fit opened are closed', async () => {
    let closed = 0;
    const source = function* () {
      try {
        yield* endlessly();
      } finally {
        closed++;
      }
    };
    await build().fit(source, { epochs: 2, stepsPerEpoch: 3 });
    expect(closed).toBe(2);
    await build().evaluateBatches(source, { steps: 1 });
    expect(closed).toBe(3);
  });
});

describe('a stream that goes wrong names the batch', () => {
  const at = (bad: number, item: unknown, epoch = 1) =>
    function* (e: number) {
      let batch = 0;
      for (const good of generate()) yield e === epoch && batch++ === bad ? any(item) : good;
    };
  const ragged = [...Array.from({ length: 3 }, () => [1, 2, 3, 4, 5, 6, 7]), [1, 2]];
  const cases: readonly [string, unknown, string, RegExp][] = [
    ['a ragged batch', [ragged, [0, 1, 2, 0]], 'ShapeError', /^epoch 1, batch 2: x\[3\].*7.*2 numbers/],
    ['a batch too narrow', [[[1, 2, 3]], [0]], 'ShapeError', /^epoch 1, batch 2: x: expected rows of 7 columns/],
    ['too few targets', [rowsOf(0, 4), [0]], 'ShapeError', /^epoch 1, batch 2: y/],
    ['a label that is none', [rowsOf(0, 2), [0, 7]], 'ValueError', /^epoch 1, batch 2: y/],
    ['NaN', [matrix(new Float32Array(14).fill(Number.NaN), 2, 7), [0, 1]], 'ValueError', /^epoch 1, batch 2: x, row 0/],
    ['bad weights', [rowsOf(0, 2), [0, 1], [1]], 'ShapeError', /^epoch 1, batch 2: sampleWeight/],
    ['no pair', rowsOf(0, 2), 'ValueError', /^epoch 1, batch 2: expected \[x, y\]/],
    ['misspelt parts', { x: rowsOf(0, 2), y: [0, 1], weight: [1, 1] }, 'UnknownNameError', /epoch 1, batch 2.*weight/],
    ['nothing', undefined, 'ValueError', /^epoch 1, batch 2/],
    ['one row for batch norm', [rowsOf(0, 1), [0]], 'ShapeError', /^epoch 1, batch 2: x.*at least 2 rows/],
  ];
  test.each(cases)('%s', async (_, item, name, says) => {
    const model = build();
    const error = await model.fit(at(2, item), { epochs: 3 }).catch((caught) => caught);
    expect(error).toMatchObject({ name, message: expect.stringMatching(says) });
    expect(model.run).toMatchObject({ epoch: 1, batch: 2 });
    // With the batch mended, the run goes on.
    const whole = build();
    await whole.fit(generate, { epochs: 3 });
    await model.fit(generate, { epochs: 3, resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });

  test('and one that ends early', async () => {
    const train = (source: unknown, options: object) => build().fit(any(source), any(options));
    const short = await train(generate, { stepsPerEpoch: 5 }).catch((error) => error);
    expect(short).toMatchObject({ name: 'StreamError', epoch: 0, batch: 4 });
    expect(short.message).toMatch(/ends before batch 4 of epoch 0, where 5 steps/);
    const later = await train(generate(), { stepsPerEpoch: 3, epochs: 2 }).catch((error) => error);
    expect(later).toMatchObject({ name: 'StreamError', epoch: 1, batch: 1 });
    await expect(train([][Symbol.iterator](), {})).rejects.toThrow(/yields none in epoch 0/);
    await expect(train(generate(), { epochs: 2 })).rejects.toThrow(/epochs.*stepsPerEpoch.*generator function itself/);
    await expect(train(async () => generate(), {})).rejects.toThrow(/async function\*/);
    await expect(train(() => 3, {})).rejects.toThrow(/returned 3/);
    await expect(train({ next: () => 4 }, {})).rejects.toThrow(/epoch 0, batch 0.*4/);
    const validation = { validationData: generate(), epochs: 2 };
    await expect(build().fit(x, labels, validation)).rejects.toThrow(
      /validationData in epoch 1: the stream ends before batch 0.*generator function/,
    );
    const more = { validationData: generate, validationSteps: 5 };
    await expect(build().fit(x, labels, more)).rejects.toThrow(/before batch 4, where 5 were wanted/);
    const bad = { validationData: at(2, [[[1]], [0]]), epochs: 2 };
    await expect(build().fit(x, labels, bad)).rejects.toThrow(/validationData in epoch 1, batch 2: x/);
  });

  test('errors of the stream come through, and the run can be resumed', async () => {
    const whole = build();
    await whole.fit(generate, { epochs: 2 });
    const model = build();
    const faulty = async function* (epoch: number) {
      yield* generate();
      if (epoch === 1) throw new Error('connection lost');
    };
    await expect(model.fit(faulty, { epochs: 2 })).rejects.toThrow('connection lost');
    expect(model.run).toMatchObject({ epoch: 1, batch: 4 });
    await model.fit(generate, { epochs: 2, resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });

  test.each([
    ['batchSize', { batchSize: 3 }],
    ['shuffle', { shuffle: true }],
    ['validationSplit', { validationSplit: 0.5 }],
    ['sampleWeight', { sampleWeight: [1] }],
  ])('%s is for rows', async (name, options) => {
    await expect(build().fit(generate, any(options))).rejects.toThrow(new RegExp(`^${name}.*stream`));
  });

  test('lbfgs wants all rows', async () => {
    await expect(build({ optimizer: lbfgs() }).fit(generate)).rejects.toThrow(/lbfgs/);
  });
});

describe('a run on a stream', () => {
  const abortAt = async (model: Model, source: unknown, options: object, at: number) => {
    const controller = new AbortController();
    let seen = 0;
    const stop: Callback = { onBatchEnd: () => void (++seen === at && controller.abort()) };
    await model.fit(any(source), any({ ...options, callbacks: [stop], signal: controller.signal })).catch(() => {});
    model.run = JSON.parse(JSON.stringify(model.run));
  };

  test.each([
    ['a function', slowly, {}],
    ['steps of a longer stream', slowly, { stepsPerEpoch: 3 }],
  ])('resumes at any batch: %s', async (_, source, options) => {
    const whole = build();
    const expected = await whole.fit(source, { epochs: 3, ...options });
    for (let at = 1; at < 9; at++) {
      const model = build();
      await abortAt(model, source, { epochs: 3, ...options }, at);
      const { history } = await model.fit(source, { epochs: 3, ...options, resume: true });
      expect(weightHash(model), `before batch ${at}`).toBe(weightHash(whole));
      expect(history).toEqual(expected.history);
    }
  });

  test('resumes with the same generator, of which no batch is lost', async () => {
    const whole = build();
    const options = { epochs: 3, stepsPerEpoch: 4 };
    await whole.fit(endlessly(), options);
    for (let at = 1; at < 12; at++) {
      const model = build();
      const generator = endlessly();
      await abortAt(model, generator, options, at);
      await model.fit(generator, { ...options, resume: true });
      expect(weightHash(model)).toBe(weightHash(whole));
    }
  });

  test('aborts while it waits for a batch, which the next run gets', async () => {
    const whole = build();
    const options = { epochs: 1, stepsPerEpoch: 4 };
    await whole.fit(endlessly(), options);
    let deliver = (_: unknown) => {};
    let count = 0;
    const stalled = {
      inner: endlessly(),
      next(): unknown {
        const result = this.inner.next();
        if (count++ !== 2) return Promise.resolve(result);
        return new Promise((resolve) => {
          deliver = () => resolve(result);
        });
      },
    };
    const model = build();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const start = computed();
    await expect(model.fit(any(stalled), { ...options, signal: controller.signal })).rejects.toThrow(/abort/);
    expect(computed() - start).toBeLessThan(500);
    expect(model.run).toMatchObject({ epoch: 0, batch: 2 });
    setTimeout(() => deliver(undefined), 10);
    await model.fit(any(stalled), { ...options, resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });
});

describe('evaluateBatches and predictBatches', () => {
  test('say what evaluate and predict do', async () => {
    const model = build();
    const expected = model.evaluate(x, labels);
    const got = await model.evaluateBatches(slowly);
    expect(got.accuracy).toBe(expected.accuracy);
    expect(got.auc).toBe(expected.auc);
    expect(got.loss).toBeCloseTo(expected.loss!, 6);
    expect(model.testOnBatch(x, labels)).toEqual(expected);
    expect(
      await model.evaluateBatches(function* () {
        yield [x, labels];
      }),
    ).toEqual(expected);
    const outputs: number[] = [];
    for await (const { data } of model.predictBatches(function* () {
      yield rowsOf(0, 40);
      yield rowsOf(40, 60);
    })) {
      outputs.push(...data);
    }
    expect(outputs).toEqual([...model.predict(x).data]);
    expect(model.predictOnBatch(x)).toEqual(model.predict(x));
  });

  test('call their hooks', async () => {
    const model = build();
    const events: string[] = [];
    const callbacks: Callback[] = [
      {
        onTestBegin: () => void events.push('begin'),
        onTestBatchBegin: (batch) => void events.push(`${batch}`),
        onTestBatchEnd: async (batch, { loss }) => void events.push(`${batch} ${typeof loss}`),
        onTestEnd: (logs) => void events.push(`end ${Object.keys(logs)}`),
        onPredictBegin: () => void events.push('begin'),
        onPredictBatchBegin: (batch) => void events.push(`${batch}`),
        onPredictBatchEnd: (batch) => void events.push(`${batch}`),
        onPredictEnd: () => void events.push('end'),
      },
    ];
    await model.evaluateBatches(generate, { steps: 2, callbacks });
    expect(events.splice(0)).toEqual(['begin', '0', '0 number', '1', '1 number', 'end loss,accuracy,auc']);
    for await (const _ of model.predictBatches([x, x].values(), { callbacks }));
    expect(events.splice(0)).toEqual(['begin', '0', '0', '1', '1', 'end']);
  });

  test('go on beside fit without disturbing it', async () => {
    const [quiet, disturbed] = [build(), build()];
    const expected = await quiet.fit(x, labels, { epochs: 40, validationData: [x, labels], lint: false });
    const fitting = disturbed.fit(x, labels, { epochs: 40, validationData: [x, labels], lint: false });
    const evaluated = disturbed.evaluateBatches(slowly);
    expect((await fitting).history).toEqual(expected.history);
    expect((await evaluated).loss).toBeGreaterThan(0);
  });

  test('name the batch', async () => {
    const model = build();
    const bad = function* () {
      yield* generate();
      yield [[[1]], [0]] as const;
    };
    await expect(model.evaluateBatches(bad)).rejects.toThrow(/^batch 4: x/);
    await expect(model.evaluateBatches(generate, { steps: 9 })).rejects.toThrow(/before batch 4, where 9/);
    await expect(model.evaluateBatches(generate, { steps: 0 })).rejects.toThrow(/steps/);
    const rows = function* () {
      yield x;
      yield [[1, 2]];
    };
    const predict = async () => {
      for await (const _ of model.predictBatches(rows));
    };
    await expect(predict()).rejects.toThrow(/^batch 1: x/);
  });
});
