import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { model, sequential } from '../../src/model/model.js';
import { type DenseOptions, dense, dropout, input } from '../../src/nn/layers/index.js';
import { auc, ece, f1, logLoss, type Metrics, mae, mse, rmse, topK } from '../../src/nn/metrics/index.js';
import type { MetricSpec } from '../../src/nn/metrics/registry.js';
import { metricTable } from '../../src/nn/registry.js';
import { metricFromSpec } from '../../src/nn/specs.js';
import { shuffled } from '../../src/rows/shuffle.js';
import { factories, Random } from '../support/buffers.js';

const table = metricTable as unknown as Record<string, typeof metricTable.topK>;
const call = (name: string, y: unknown, p: unknown, options: object = {}) =>
  table[name]!(y as number[][], p as number[][], options);

type Name = keyof typeof metricTable;
const every = Object.keys(metricTable) as Name[];
const values: readonly Name[] = ['mse', 'rmse', 'mae', 'mape', 'r2'];
const decisions = every.filter((name) => !values.includes(name) && name !== 'topK');
const specs = (names: readonly Name[]) => names.map((name) => (metricTable[name] as () => MetricSpec)());
const k2 = topK({ k: 2 });

interface Setup {
  readonly name: string;
  readonly last: DenseOptions;
  readonly compile: Omit<CompileOptions, 'optimizer'>;
  readonly target: (random: Random) => number[];
}

/** Outputs of every kind, each with every metric that fits. */
const setups: readonly Setup[] = [
  {
    name: 'class indices',
    last: { units: 4, activation: 'softmax' },
    compile: { loss: 'sparseCategoricalCrossentropy', metrics: [...specs(decisions), k2] },
    target: (random) => [random.integer(4)],
  },
  {
    name: 'one-hot rows',
    last: { units: 4, activation: 'softmax' },
    compile: { loss: 'categoricalCrossentropy', metrics: [...specs(decisions), k2, ...specs(values)] },
    target: (random) => {
      const label = random.integer(4);
      return [0, 1, 2, 3].map((c) => Number(c === label));
    },
  },
  {
    name: 'one sigmoid',
    last: { units: 1, activation: 'sigmoid' },
    compile: { loss: 'binaryCrossentropy', metrics: [...specs(decisions), ...specs(values)] },
    target: (random) => [Number(random.integer(5) === 0)],
  },
  {
    name: 'several labels',
    last: { units: 3, activation: 'sigmoid' },
    compile: { loss: 'binaryCrossentropy', metrics: [...specs(decisions), ...specs(values)] },
    target: (random) => [0, 1, 2].map(() => random.integer(2)),
  },
  {
    name: 'values',
    last: { units: 2 },
    compile: { loss: 'meanSquaredError', metrics: specs(values) },
    target: (random) => [random.uniform(), random.number()],
  },
];

const ROWS = 1000;

function material({ target }: Setup, rows = ROWS) {
  const random = new Random(5);
  const x = matrix(
    Float32Array.from({ length: rows * 6 }, () => 2 * random.uniform() - 1),
    rows,
    6,
  );
  const y = Array.from({ length: rows }, () => target(random));
  return { x, y: matrix(y.flat(), rows, y[0]!.length) };
}

function build({ last, compile }: Setup, backend: BackendFactory = factories.wasm, learningRate = 0.05): Model {
  const layers = [dense({ units: 9, activation: 'tanh', inputShape: 6 }), dense(last)];
  const built = sequential({ layers, seed: 3, backend });
  built.compile({ ...compile, optimizer: sgd({ learningRate }) });
  return built;
}

/** What the metrics' functions make of all rows. */
function computed({ name, compile }: Setup, y: Matrix, p: Matrix): Record<string, number> {
  const multiLabel = name === 'several labels';
  return Object.fromEntries(
    (compile.metrics as MetricSpec[]).map(({ name: key, ...options }) => {
      return [key, call(key, y, p, multiLabel && !values.includes(key) ? { ...options, multiLabel } : options)];
    }),
  );
}

const without = ({ loss: _, learningRate: _rate, ...logs }: Readonly<Record<string, number>>) => logs;
const rowsOf = ({ data, columns }: Matrix, from: number, to: number) =>
  matrix(data.slice(from * columns, to * columns), to - from, columns);

describe.each(setups)('$name', (setup) => {
  const { x, y } = material(setup);

  test('evaluate is exact over all rows, not a mean over batches', () => {
    const built = build(setup);
    const logs = without(built.evaluate(x, y));
    expect(logs).toEqual(computed(setup, y, built.predict(x)));
    const parts = [0, 256, 512, 768].map((from) => {
      const to = Math.min(ROWS, from + 256);
      return [built.evaluate(rowsOf(x, from, to), rowsOf(y, from, to)), (to - from) / ROWS] as const;
    });
    const name = setup.name === 'values' ? 'rmse' : 'auc';
    const mean = parts.reduce((sum, [part, share]) => sum + share * part[name]!, 0);
    expect(logs[name]).not.toBeCloseTo(mean, 7);
  });

  test('an epoch is exact over the predictions of its steps', async () => {
    const [fitted, stepped] = [build(setup), build(setup)];
    const order = await shuffled(ROWS, 8, 0);
    const { history } = await fitted.fit(x, y, { batchSize: 64, seed: 8 });
    const take = ({ data, columns }: Matrix, rows: Uint32Array) =>
      matrix(
        [...rows].flatMap((r) => [...data.subarray(r * columns, (r + 1) * columns)]),
        rows.length,
        columns,
      );
    const made: number[] = [];
    for (let start = 0; start < ROWS; start += 64) {
      const rows = order.subarray(start, start + 64);
      const batch = take(x, rows);
      const p = stepped.predict(batch);
      const logs = without(stepped.trainOnBatch(batch, take(y, rows)));
      expect(logs).toEqual(computed(setup, take(y, rows), p));
      made.push(...p.data);
    }
    const logs = Object.fromEntries(Object.entries(history).map(([name, [value]]) => [name, value!]));
    expect(without(logs)).toEqual(computed(setup, take(y, order), matrix(made, ROWS, made.length / ROWS)));
  });

  test('the same bits on both backends, in training, validation and of a gradient', async () => {
    const results = [];
    for (const factory of Object.values(factories)) {
      const built = build(setup, factory);
      const { history } = await built.fit(x, y, { epochs: 2, validationSplit: 0.3 });
      results.push([history, built.evaluate(x, y), built.gradients(x, y).logs, built.trainOnBatch(x, y)]);
    }
    expect(results[0]).toEqual(results[1]);
    const named = Object.keys(computed(setup, y, build(setup).predict(x)));
    const cased = named.map((name) => `val${name[0]!.toUpperCase()}${name.slice(1)}`);
    expect(Object.keys(results[0]![0]!)).toEqual(['loss', ...named, 'learningRate', 'valLoss', ...cased]);
  });
});

const [indices] = setups as [Setup];

test('a program computes what its metrics need and no more', () => {
  const text = (metrics: Metrics | undefined) => {
    const built = build({ ...indices, compile: { loss: indices.compile.loss, ...(metrics && { metrics }) } });
    return [built.program('train', 8), built.program('evaluate', 8)].join('\n');
  };
  const calls = (metrics?: Metrics) => [...text(metrics).matchAll(/^ {2}(softmax|\w+Accuracy|copy)\w*/gm)].length;
  expect(text([])).toBe(text(undefined));
  expect([calls([]), calls(['accuracy']), calls([f1()]), calls([f1(), auc(), 'accuracy'])]).toEqual([0, 2, 4, 6]);
});

test('batches of fit report what kernels count, and other metrics come with the epoch', async () => {
  const { x, y } = material(indices, 100);
  const seen: Record<string, string[]> = {};
  await build(indices).fit(x, y, {
    callbacks: [
      {
        onBatchEnd: (_, logs) => {
          seen.batch = Object.keys(logs);
        },
        onEpochEnd: (_, logs) => {
          seen.epoch = Object.keys(logs);
        },
      },
    ],
  });
  expect(seen.batch).toEqual(['loss', 'accuracy']);
  expect(seen.epoch).toEqual(['loss', ...decisions, 'topK', 'learningRate']);
});

test('where training ends within an epoch, its metrics are over the rows it came to', async () => {
  const { x, y } = material(indices);
  const built = build(indices, factories.wasm, 0);
  const { history } = await built.fit(x, y, {
    shuffle: false,
    batchSize: 50,
    callbacks: [
      {
        onBatchEnd(batch) {
          if (batch === 3) built.stopTraining = true;
        },
      },
    ],
  });
  const expected = computed(indices, rowsOf(y, 0, 200), built.predict(rowsOf(x, 0, 200)));
  expect(Object.keys(expected).map((name) => history[name]![0])).toEqual(Object.values(expected));
});

test('predictions of a training epoch are those of training, dropout and all', async () => {
  const { x, y } = material(indices);
  const layers = [dense({ units: 32, inputShape: 6 }), dropout({ rate: 0.8 }), dense(indices.last)];
  const built = sequential({ layers, backend: factories.wasm });
  built.compile({ ...indices.compile, optimizer: sgd({ learningRate: 0, momentum: 0 }) });
  const { history } = await built.fit(x, y, { validationData: [x, y] });
  const { auc: evaluated } = built.evaluate(x, y);
  expect(history.valAuc![0]).toBe(evaluated);
  expect(history.auc![0]).not.toBeCloseTo(evaluated!, 3);
});

test('a model that ran away has no areas and errors, but decisions', () => {
  const binary = setups[2]!;
  const { x, y } = material(binary, 50);
  const layers = [dense({ units: 2, inputShape: 6 }), dense(binary.last)];
  const built = sequential({ layers, backend: factories.wasm });
  built.compile({ ...binary.compile, optimizer: 'sgd' });
  // Infinity less infinity.
  built.setWeights({
    'layers.0.kernel': matrix(new Float32Array(12).fill(3e38), 6, 2),
    'layers.0.bias': [[3e38, 3e38]],
    'layers.1.kernel': [[3e38], [-3e38]],
    'layers.1.bias': [[0]],
  });
  x.data.fill(1);
  const logs = built.evaluate(x, y);
  expect(Object.keys(logs).filter((name) => Number.isNaN(logs[name]))).toEqual([
    'loss',
    'auc',
    'prAuc',
    'logLoss',
    'ece',
    'mse',
    'rmse',
    'mae',
    'mape',
    'r2',
  ]);
});

describe('several outputs', () => {
  function twoOutputs(metrics: Metrics): Model {
    const x = input({ shape: 6 });
    const h = dense({ units: 9, activation: 'tanh' }).apply(x);
    const kind = dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(h);
    const price = dense({ units: 1, activation: 'sigmoid', name: 'price' }).apply(kind);
    const built = model({ inputs: x, outputs: [kind, price], seed: 4, backend: factories.wasm });
    built.compile({
      optimizer: 'adam',
      loss: { kind: 'sparseCategoricalCrossentropy', price: 'binaryCrossentropy' },
      metrics,
    });
    return built;
  }
  const { x } = material(indices, 600);
  const random = new Random(9);
  const y = {
    kind: Array.from({ length: 600 }, () => random.integer(3)),
    price: Array.from({ length: 600 }, () => random.integer(2)),
  };

  test('metrics by output, from an output that another layer reads', async () => {
    const built = twoOutputs({ kind: [f1({ average: 'micro', label: 'share' }), auc(), f1()], price: [mae()] });
    await built.fit(x, y);
    const { kind, price } = built.predictOutputs(x);
    const { loss: _, kindLoss: __, priceLoss: ___, ...logs } = built.evaluate(x, y);
    expect(logs).toEqual({
      kindShare: f1(y.kind, kind!, { average: 'micro' }),
      kindAuc: auc(y.kind, kind!),
      kindF1: f1(y.kind, kind!),
      priceMae: mae(y.price, price!),
    });
  });

  test('one list for all, one for some', () => {
    const keys = (metrics: Metrics) => Object.keys(twoOutputs(metrics).evaluate(x, y));
    expect(keys([ece(), 'accuracy'])).toEqual([
      'loss',
      'kindLoss',
      'kindEce',
      'kindAccuracy',
      'priceLoss',
      'priceEce',
      'priceAccuracy',
    ]);
    expect(keys({ price: [auc()] })).toEqual(['loss', 'kindLoss', 'priceLoss', 'priceAuc']);
    expect(() => twoOutputs([mse()])).toThrow(/metrics\[0\]: expected a loss that takes rows/);
  });
});

test('metrics are plain data', () => {
  const metrics = [f1({ average: 'weighted', threshold: 0.25 }), topK({ k: 2, label: 'top2' }), ece()];
  const through = JSON.parse(JSON.stringify(metrics)) as typeof metrics;
  expect(through).toEqual(metrics);
  expect(metrics[0]).toEqual({ name: 'f1', average: 'weighted', threshold: 0.25 });
  const { x, y } = material(indices, 64);
  const logs = (given: Metrics) =>
    build({ ...indices, compile: { ...indices.compile, metrics: given } }).evaluate(x, y);
  expect(logs(through.map(metricFromSpec))).toEqual(logs(metrics));
  expect(Object.keys(logs(metrics))).toEqual(['loss', 'f1', 'top2', 'ece']);
});

test('functions by themselves', () => {
  expect(mse([1, 2], [1, 4])).toBe(2);
  expect(rmse([1, 2], [1, 4])).toBe(Math.SQRT2);
  expect(logLoss([1], [0])).toBeCloseTo(-Math.log(2 ** -23), 12);
  expect(logLoss([[0.5, 0.5]], [[0.25, 0.75]])).toBeCloseTo(-(Math.log(0.25) + Math.log(0.75)) / 2, 12);
});
