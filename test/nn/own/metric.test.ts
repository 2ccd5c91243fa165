import { afterAll, describe, expect, test } from 'vitest';
import { typescript } from '../../../src/backends/typescript.js';
import { wasm } from '../../../src/backends/wasm.js';
import { earlyStopping } from '../../../src/callbacks/early-stopping.js';
import type { Callback, Model } from '../../../src/callbacks/interfaces.js';
import { ShapeError, StateError, UnknownNameError, ValueError } from '../../../src/errors.js';
import { deserialize, serialize } from '../../../src/io/save.js';
import type { BackendFactory } from '../../../src/kernels/contract.js';
import type { Matrix } from '../../../src/matrix.js';
import { model as makeModel, sequential } from '../../../src/model/model.js';
import { dense, input, type SymbolicTensor } from '../../../src/nn/layers/index.js';
import { type CustomMetric, customMetric, f1, mae, mse, r2 } from '../../../src/nn/metrics/index.js';
import { register } from '../../../src/nn/registrations.js';
import { compileOptionsFromSpec } from '../../../src/nn/specs.js';
import * as worker from '../../../src/worker/index.js';
import { any } from '../../support/any.js';
import { factories } from '../../support/buffers.js';
import { workerUrl } from '../../support/remote.js';

/** Sums of what a function makes of each element, weighted by rows. */
const overRows = (term: (wanted: number, got: number) => number) => ({
  totals: 2,
  update(yTrue: Matrix, yPred: Matrix, weights: Float32Array, totals: Float64Array) {
    for (let i = 0; i < yPred.data.length; i++) {
      const weight = weights[Math.floor(i / yPred.columns)]!;
      totals[0]! += weight * term(yTrue.data[i]!, yPred.data[i]!);
      totals[1]! += weight;
    }
  },
  result: ([sum, weight]: Float64Array) => sum! / weight!,
});

const median = (yTrue: Matrix, yPred: Matrix) => {
  const errors = Array.from(yPred.data, (got, i) => Math.abs(got - yTrue.data[i]!)).sort((a, b) => a - b);
  return errors[errors.length >> 1]!;
};

const squared = overRows((wanted, got) => (wanted - got) ** 2);
const absolute = overRows((wanted, got) => Math.abs(wanted - got));

/** Metrics in every form, and one of the library that they equal where rows have no weights. */
const metrics = [
  {
    metric: customMetric({ name: 'ownMse', mode: 'min', value: (t, y, { square, sub }) => square(sub(t, y)) }),
    like: mse(),
  },
  {
    metric: customMetric({
      name: 'ownMae',
      mode: 'min',
      value: (t, y, { abs, mean, sub }) => mean(mean(abs(sub(t, y)), { axis: 1 })),
    }),
    like: mae(),
  },
  { metric: customMetric({ name: 'summedMse', mode: 'min', ...squared }), like: mse() },
  { metric: customMetric({ name: 'summedMae', mode: 'min', ...absolute }), like: mae() },
  {
    metric: customMetric({ name: 'fit', mode: 'max', compute: (yTrue, yPred) => r2(yTrue, yPred) }),
    like: r2(),
  },
  { metric: customMetric({ name: 'median', mode: 'min', compute: median }), like: undefined },
] as const;

const ROWS = 300;
const x = Array.from({ length: ROWS }, (_, i) => [Math.sin(i), Math.cos(3 * i), ((i * 7) % 11) / 11]);
const y = x.map(([a, b, c]) => [a! * b! + c!, Math.abs(a! - c!)]);
const weights = x.map((_, i) => (i % 3) / 2);

const all = [...metrics.map(({ metric }) => metric), mse(), mae(), r2()];

function build(backend: BackendFactory, options: object = {}): Model {
  const model = sequential({
    layers: [dense({ units: 16, activation: 'tanh', inputShape: 3 }), dense({ units: 2 })],
    seed: 4,
    backend,
  });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: all, ...options });
  return model;
}

const threads = await wasm({ threads: 2 });
afterAll(() => threads.dispose?.());

describe('values', () => {
  test.each(metrics.filter(({ like }) => like !== undefined))(
    'of $metric.label are those of $like.name',
    async (item) => {
      const { label } = item.metric;
      const like = item.like!.name;
      const model = build(factories.wasm);
      const { history } = await model.fit(x, y, { epochs: 2, validationData: [x.slice(40), y.slice(40)] });
      const capital = (name: string) => `val${name[0]!.toUpperCase()}${name.slice(1)}`;
      history[label]!.forEach((value, i) => {
        expect(value).toBeCloseTo(history[like]![i]!, 12);
      });
      expect(history[capital(label)]![1]).toBeCloseTo(history[capital(like)]![1]!, 12);
      const evaluated = model.evaluate(x, y);
      expect(evaluated[label]).toBeCloseTo(evaluated[like]!, 12);
      expect(evaluated[label]).not.toBeCloseTo(history[label]![0]!, 5);
      const logs = model.trainOnBatch(x.slice(0, 50), y.slice(0, 50));
      expect(logs[label]).toBeCloseTo(logs[like]!, 12);
      expect(model.gradients(x.slice(0, 50), y.slice(0, 50)).logs[label]).not.toBe(undefined);
    },
  );

  test('are the same bits on every backend and any number of threads', async () => {
    const [first, ...others] = await Promise.all(
      [factories.wasm, factories.typescript, threads].map(async (backend) => {
        const model = build(backend);
        const { history } = await model.fit(x, y, { epochs: 3, sampleWeight: weights, validationSplit: 0.2 });
        return { history, evaluated: model.evaluate(x, y, { sampleWeight: weights }) };
      }),
    );
    for (const other of others) expect(other).toEqual(first);
    expect(Object.keys(first!.history)).toEqual(expect.arrayContaining(['ownMse', 'valOwnMse', 'median', 'valFit']));
  });

  test('take the weights of rows', () => {
    const model = build(factories.wasm);
    const predicted = model.predict(x);
    const { ownMse, summedMse, loss } = model.evaluate(x, y, { sampleWeight: weights });
    let [sum, total] = [0, 0];
    x.forEach((_, r) => {
      for (const c of [0, 1]) sum += weights[r]! * (Math.fround(y[r]![c]!) - predicted.data[2 * r + c]!) ** 2;
      total += 2 * weights[r]!;
    });
    expect(ownMse).toBeCloseTo(sum / total, 12);
    expect(summedMse).toBeCloseTo(sum / total, 12);
    // The loss is a mean over the number of rows, not over the sum of their weights.
    expect(loss).toBeCloseTo((sum / total) * (weights.reduce((a, b) => a + b, 0) / ROWS), 5);
    const seen: Float32Array[] = [];
    const spy = customMetric({ name: 'spy', mode: 'min', compute: (_t, _y, w) => Number(seen.push(w.slice())) });
    const other = build(factories.wasm, { metrics: [spy] });
    other.evaluate(x, y, { sampleWeight: weights });
    other.evaluate(x, y);
    expect(seen).toEqual([Float32Array.from(weights), new Float32Array(ROWS).fill(1)]);
  });

  test('of streams are those of their rows', async () => {
    const batches = async function* () {
      for (let r = 0; r < ROWS; r += 50) yield [x.slice(r, r + 50), y.slice(r, r + 50)] as const;
    };
    const [streamed, whole] = [build(factories.wasm), build(factories.wasm)];
    const { history } = await streamed.fit(() => batches(), { epochs: 2, validationData: () => batches() });
    const rows = await whole.fit(x, y, { epochs: 2, batchSize: 50, shuffle: false });
    for (const { metric } of metrics) expect(history[metric.label]).toEqual(rows.history[metric.label]);
    expect(history.valMedian![1]).toBe(whole.evaluate(x, y).median);
    expect(await streamed.evaluateBatches(() => batches())).toMatchObject({ fit: whole.evaluate(x, y).fit });
  });

  test('of several outputs bear their names, and class indices are a column', async () => {
    const from = input({ shape: 3 });
    const h = dense({ units: 8, activation: 'tanh' }).apply(from);
    const heads: SymbolicTensor[] = [
      dense({ units: 2, name: 'size' }).apply(h),
      dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(h),
    ];
    const model = makeModel({ inputs: from, outputs: heads, backend: typescript(), seed: 1 });
    const hits = customMetric({
      name: 'hits',
      mode: 'max',
      totals: 2,
      update(yTrue, yPred, _weights, totals) {
        totals[0]! += yPred.argMax().filter((best, r) => best === yTrue.data[r]).length;
        totals[1]! += yTrue.rows;
      },
      result: ([right, rows]) => right! / rows!,
    });
    model.compile({
      optimizer: 'adam',
      loss: { size: 'meanSquaredError', kind: 'sparseCategoricalCrossentropy' },
      metrics: { size: [metrics[0].metric, 'accuracy'], kind: [f1(), hits, 'accuracy'] },
    });
    const kinds = x.map((_, i) => i % 3);
    const { history } = await model.fit(x, { size: y, kind: kinds }, { epochs: 2 });
    expect(Object.keys(history)).toEqual(
      expect.arrayContaining(['sizeOwnMse', 'kindF1', 'kindHits', 'kindAccuracy', 'sizeAccuracy']),
    );
    expect(history.kindHits).toEqual(history.kindAccuracy);
    const evaluated = model.evaluate(x, { size: y, kind: kinds });
    expect(evaluated.sizeOwnMse).toBeCloseTo(evaluated.sizeLoss!, 6);
  });
});

describe('callbacks', () => {
  test('know which value is the best, and batches do without', async () => {
    const known: (object | undefined)[] = [];
    const batches: string[] = [];
    const callback: Callback = {
      setParams: ({ modes }) => void known.push(modes),
      onTrainBatchEnd: (_, logs) => void batches.push(Object.keys(logs).join()),
    };
    const rising = customMetric({ name: 'epochsSoFar', mode: 'max', compute: () => model.epochs });
    const falling = customMetric({ name: 'minusEpochs', mode: 'max', compute: () => -model.epochs });
    const model = build(factories.typescript, { metrics: [rising, falling] });
    const play = (monitor: string) =>
      model.fit(x, y, { epochs: 5, callbacks: [callback, earlyStopping({ monitor, patience: 1 })], initialEpoch: 0 });
    expect((await play('epochsSoFar')).epoch).toHaveLength(5);
    expect((await play('minusEpochs')).epoch).toHaveLength(2);
    expect(known[0]).toMatchObject({ epochsSoFar: 'max', minusEpochs: 'max', loss: 'min' });
    expect(new Set(batches)).toEqual(new Set(['loss']));
  });

  test('a run that is stopped within an epoch and resumed ends in the same numbers', async () => {
    const options = { epochs: 3, sampleWeight: weights, batchSize: 64 };
    const whole = await build(factories.wasm).fit(x, y, options);
    for (const at of [1, 3, 6, 11]) {
      const model = build(factories.wasm);
      let count = 0;
      const stop: Callback = {
        onTrainBatchEnd() {
          if (++count === at) throw new Error('stop');
        },
      };
      await expect(model.fit(x, y, { ...options, callbacks: [stop] })).rejects.toThrow('stop');
      model.run = JSON.parse(JSON.stringify(model.run));
      const { history } = await model.fit(x, y, { ...options, resume: true });
      expect(history).toEqual(whole.history);
    }
    const model = build(factories.wasm);
    const stop: Callback = {
      onTrainBatchEnd(batch) {
        if (batch === 2) throw new Error('stop');
      },
    };
    await expect(model.fit(x, y, { ...options, callbacks: [stop] })).rejects.toThrow('stop');
    const { run } = model;
    for (const other of [[metrics[0].metric], all.slice(1), []]) {
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: other });
      model.run = run;
      await expect(model.fit(x, y, { ...options, resume: true })).rejects.toThrow(ValueError);
    }
  });
});

describe('plain data', () => {
  const [expression] = metrics;

  test('of an expression go through JSON and files, and to a worker', async () => {
    const model = build(factories.wasm, { metrics: [expression.metric] });
    await model.fit(x, y, { epochs: 1 });
    const options = JSON.parse(
      JSON.stringify({ optimizer: 'adam', loss: 'meanSquaredError', metrics: [expression.metric] }),
    );
    const copy = build(factories.typescript);
    copy.compile(compileOptionsFromSpec(options));
    copy.setWeights(model.getWeights());
    const wanted = model.evaluate(x, y);
    expect(copy.evaluate(x, y)).toEqual(wanted);
    const loaded = deserialize(serialize(model), { backend: typescript() });
    expect(loaded.evaluate(x, y)).toEqual(wanted);
    const here = build(factories.wasm, { metrics: [expression.metric, 'accuracy'] });
    const there = await worker.sequential({
      layers: [dense({ units: 16, activation: 'tanh', inputShape: 3 }), dense({ units: 2 })],
      seed: 4,
      backend: worker.typescript(),
      workerUrl,
    });
    await there.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: [expression.metric, 'accuracy'] });
    const { history } = await there.fit(x, y, { epochs: 2 });
    expect(history).toEqual((await here.fit(x, y, { epochs: 2 })).history);
    await expect(
      there.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: [metrics[5].metric] }),
    ).rejects.toThrow(/worker/);
    await there.dispose();
  });

  test('of functions are saved by the name that register gave them', () => {
    const own = () => customMetric({ name: 'lowest', mode: 'min', compute: (_, { data }) => Math.min(...data) });
    const unnamed = build(factories.wasm, { metrics: [own()] });
    expect(() => serialize(unnamed)).toThrow(StateError);
    expect(() => serialize(unnamed)).toThrow(/register\(/);
    const lowest = register('lowest', own());
    expect(() => register('lowest', own())).toThrow(ValueError);
    expect(() => register('other', own())).toThrow(/lowest/);
    const named = build(factories.wasm, { metrics: [lowest] });
    const byName = build(factories.wasm, { metrics: ['lowest'] });
    expect(byName.evaluate(x, y)).toEqual(named.evaluate(x, y));
    for (const model of [named, byName]) {
      const bytes = serialize(model);
      expect(deserialize(bytes, { backend: typescript() }).evaluate(x, y)).toEqual(model.evaluate(x, y));
    }
    const forgotten = new TextDecoder('latin1').decode(serialize(named)).replaceAll('lowest', 'wowest');
    const bytes = Uint8Array.from(forgotten, (c) => c.charCodeAt(0));
    expect(() => deserialize(bytes, { backend: typescript() })).toThrow();
    expect(() =>
      compileOptionsFromSpec({ metrics: [{ name: 'custom', label: 'z', mode: 'min', registered: 'z' }] }),
    ).toThrow(UnknownNameError);
  });
});

describe('errors', () => {
  const whole = { name: 'a', mode: 'min', compute: () => 1 } as const;
  test.each([
    [undefined, ValueError, /customMetric/],
    [{}, ValueError, /customMetric.name/],
    [{ ...whole, name: 'loss' }, ValueError, /customMetric.name/],
    [{ ...whole, mode: 'best' }, ValueError, /customMetric.mode.*'min' or 'max'/],
    [{ name: 'a', mode: 'min' }, ValueError, /value, an expression/],
    [{ ...whole, compute: 3 }, ValueError, /customMetric.compute.*a function/],
    [{ ...whole, ...squared }, ValueError, /one of/],
    [{ name: 'a', mode: 'min', ...squared, totals: undefined }, ValueError, /customMetric.totals/],
    [{ name: 'a', mode: 'min', ...squared, totals: 0 }, ValueError, /customMetric.totals/],
    [{ name: 'a', mode: 'min', totals: 2, update: squared.update }, ValueError, /customMetric.result/],
    [{ ...whole, calculate: 1 }, UnknownNameError, /calculate/],
    [{ name: 'a', mode: 'min', value: () => 3 }, ValueError, /returns an expression|return/],
  ] as const)('%o', (options, kind, says) => {
    expect(() => customMetric(any(options))).toThrow(kind);
    expect(() => customMetric(any(options))).toThrow(says);
  });

  test.each([
    ['a number', customMetric({ name: 'a', mode: 'min', value: (t, y, { sub, sum }) => sum(sub(t, y)) }), ShapeError],
    [
      'other columns',
      customMetric({ name: 'a', mode: 'min', value: (_, y, { add }) => add(y, [1, 2, 3]) }),
      ShapeError,
    ],
    ['no predictions', customMetric({ name: 'a', mode: 'min', value: (t, _, { abs }) => abs(t) }), ValueError],
    [
      'rows that depend on others',
      customMetric({ name: 'a', mode: 'min', value: (t, y, { mean, sub }) => sub(t, mean(y, { axis: 0 })) }),
      ShapeError,
    ],
    [
      'operations of layers',
      customMetric({ name: 'a', mode: 'min', value: (_, y, { dropout }) => dropout(y, 0.5) }),
      ValueError,
    ],
    ['two of a name', [metrics[0].metric, metrics[0].metric], ValueError],
  ] as const)('compile refuses %s', (_, given, kind) => {
    expect(() => build(factories.wasm, { metrics: [given].flat() })).toThrow(kind);
  });

  test('a result that is no number is refused, NaN is one', () => {
    const of = (value: unknown): CustomMetric => customMetric({ name: 'a', mode: 'min', compute: () => any(value) });
    expect(() => build(factories.wasm, { metrics: [of(undefined)] }).evaluate(x, y)).toThrow(
      /the metric 'a'.*a number/,
    );
    expect(build(factories.wasm, { metrics: [of(Number.NaN)] }).evaluate(x, y).a).toBeNaN();
  });

  test('what functions write to their rows and totals changes nothing else', () => {
    const spoils = customMetric({
      name: 'spoils',
      mode: 'min',
      totals: 1,
      update(yTrue, yPred, w) {
        for (const { data } of [yTrue, yPred]) data.fill(7);
        w.fill(7);
      },
      result: (totals) => totals.fill(3)[0]!,
    });
    const model = build(factories.wasm, { metrics: [spoils, ...all] });
    const { spoils: _, ...others } = model.evaluate(x, y);
    expect(others).toEqual(build(factories.wasm).evaluate(x, y));
  });
});
