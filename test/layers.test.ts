import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../src/backends/wasm.js';
import { adam } from '../src/kernels/adam.js';
import type { BackendFactory } from '../src/kernels/contract.js';
import { adagrad, sgd } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/tables.js';
import { matrix } from '../src/matrix.js';
import { exponentialMovingAverage } from '../src/model/averaging.js';
import type { GraphSpec } from '../src/model/graph.js';
import {
  add,
  alphaDropout,
  average,
  concatenate,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  layerNormalization,
  maximum,
  subtract,
} from '../src/model/layers/index.js';
import { layerTable } from '../src/model/layers/registry.js';
import { lbfgs } from '../src/model/lbfgs.js';
import type { OptimizerSpec } from '../src/model/optimizers.js';
import { modelFromSpec } from '../src/train/from-spec.js';
import { type Model, model, sequential } from '../src/train/model.js';
import type { CompileOptions } from '../src/train/model-types.js';
import { allFactories, factories, Random } from './support/buffers.js';
import { checkGradients } from './support/gradient-check.js';
import { layerCases, layerGradientCases } from './support/layer-cases.js';
import { weightHash } from './support/models.js';
import { expectComputed, expectStep, flat, type Values } from './support/reference.js';

/** As fixtures/layers.py describes it. */
interface Case {
  readonly name: string;
  readonly spec: GraphSpec;
  readonly optimizer: OptimizerSpec;
  readonly globalClipNorm: number | null;
  readonly batches: readonly { readonly x: Record<string, number[][]>; readonly y: number[][] }[];
  readonly weights: Record<string, Values>;
  readonly predicted: number[][];
  readonly gradients: Record<string, Values>;
  readonly losses: readonly number[];
  readonly after: Record<string, readonly Values[]>;
}

const { cases, masks } = JSON.parse(readFileSync(new URL('./fixtures/layers.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[];
  masks: readonly { type: 'dropout' | 'alphaDropout'; rate: number; values: [number, number] }[];
};

describe('every kind of layer', () => {
  test('has gradient checks', () => {
    expect(Object.keys(layerCases).sort()).toEqual(Object.keys(layerTable).sort());
    for (const [kind, { gradients }] of Object.entries(layerCases)) {
      expect(gradients.length, kind).toBeGreaterThan(0);
      for (const item of gradients) if (!('output' in item)) expect(item.map(({ type }) => type)).toContain(kind);
    }
  });

  test('has fixtures where PyTorch has it', () => {
    const inCases = new Set(cases.flatMap(({ spec }) => spec.layers.map(({ type }) => type)));
    const inMasks = new Set<string>(masks.map(({ type }) => type));
    for (const [kind, { reference }] of Object.entries(layerCases)) {
      expect([inCases.has(kind), inMasks.has(kind)], kind).toEqual([reference === 'cases', reference === 'masks']);
    }
  });
});

describe('float64 central differences', () => {
  test.each(layerGradientCases)('$name', checkGradients);
});

function build({ spec, optimizer, globalClipNorm, weights }: Case, backend: BackendFactory): Model {
  const built = modelFromSpec(spec, { backend });
  built.compile({ optimizer, loss: 'meanSquaredError', ...(globalClipNorm === null ? {} : { globalClipNorm }) });
  built.setWeights(weights);
  return built;
}

describe.each(Object.entries(allFactories))('%s computes what PyTorch does', (_, backend) => {
  describe.each(cases)('$name', (item) => {
    const [first] = item.batches as [Case['batches'][number]];

    test('predict', () => {
      expectComputed('predicted', build(item, backend).predict(first.x).data, flat(item.predicted));
    });

    test('gradients', () => {
      const { logs, gradients } = build(item, backend).gradients(first.x, first.y);
      expectComputed('loss', [logs.loss as number], item.losses.slice(0, 1));
      expect(Object.keys(gradients)).toEqual(Object.keys(item.gradients));
      for (const [name, { data }] of Object.entries(gradients)) expectComputed(name, data, flat(item.gradients[name]));
    });

    test('steps', () => {
      const built = build(item, backend);
      let before = item.weights;
      item.losses.forEach((loss, t) => {
        const { x, y } = item.batches[t % item.batches.length]!;
        const logs = built.trainOnBatch(x, y);
        expectComputed(`step ${t + 1}, loss`, [logs.loss as number], [loss]);
        const after = Object.fromEntries(Object.entries(item.after).map(([name, steps]) => [name, steps[t] ?? []]));
        for (const [name, { data }] of Object.entries(built.getWeights())) {
          expectStep(`step ${t + 1}, ${name}`, data, flat(after[name]), flat(before[name]));
        }
        built.setWeights(after);
        before = after;
      });
    });

    test('spec and weights go through JSON and come back', () => {
      const built = build(item, backend);
      const copy = modelFromSpec(JSON.parse(JSON.stringify(built.spec)), { backend });
      copy.setWeights(JSON.parse(JSON.stringify(built.getWeights())));
      expect(copy.predict(first.x).data).toEqual(built.predict(first.x).data);
      expect(copy.summary().parameters).toBe(Object.values(item.weights).reduce((sum, w) => sum + flat(w).length, 0));
    });
  });

  test.each(masks)('$type of rate $rate', ({ type, rate, values }) => {
    const layer = layerTable[type]({ rate, inputShape: 40 });
    const built = sequential({ layers: [layer, dense({ units: 1 })], backend });
    built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = matrix(new Float32Array(4000).fill(1), 100, 40);
    const { data } = built.gradients(x, new Float32Array(100), { nodes: true }).nodes['layers.0']!.value;
    const [low, high, ...more] = [...new Set(data)].sort((a, b) => a - b);
    expect(more).toEqual([]);
    expectComputed('values', [low!, high!], values);
    const dropped = data.filter((value) => value === low).length / data.length;
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / data.length));
  });
});

test('the constants of alphaDropout of rate 0.1', () => {
  const built = sequential({ layers: [alphaDropout({ rate: 0.1, inputShape: 1 })], backend: factories.typescript });
  built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [a, b] = /alphaDropoutForward.* 0\.1 (\S+) (\S+) \S+ 0$/m.exec(built.program('gradients', 1))!.slice(1);
  expect([Number(a).toFixed(10), Number(b).toFixed(10)]).toEqual(['0.9212845161', '0.1619709701']);
});

/** Every kind of layer that draws, normalizes, looks up or merges. */
function everything(backend: BackendFactory): Model {
  const [ids, x] = [input({ shape: 6, name: 'ids' }), input({ shape: 20, name: 'x' })];
  const noisy = gaussianNoise({ stddev: 0.1 }).apply(x);
  const joined = concatenate().apply([embedding({ inputDim: 90, outputDim: 17 }).apply(ids), noisy]);
  const wide = dense({ units: 150, activation: 'tanh' }).apply(joined);
  const normal = layerNormalization().apply(wide);
  const dropped = alphaDropout({ rate: 0.1 }).apply(normal);
  const scaled = gaussianDropout({ rate: 0.2 }).apply(normal);
  const merged = maximum().apply([dropped, scaled, average().apply([wide, normal])]);
  const outputs = dense({ units: 2 }).apply(dropout({ rate: 0.1 }).apply(subtract().apply([merged, wide])));
  const built = model({ inputs: [ids, x], outputs, seed: 5, backend });
  built.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'meanSquaredError', globalClipNorm: 1 });
  return built;
}

const open: BackendFactory[] = [];
afterAll(() => {
  for (const backend of open) backend.dispose?.();
});

test('both backends and any number of threads train to the same bits', async () => {
  const random = new Random(4);
  const rows = 300;
  const fill = (columns: number, draw: () => number) =>
    matrix(Float32Array.from({ length: rows * columns }, draw), rows, columns);
  const data = { ids: fill(6, () => random.integer(90)), x: fill(20, () => random.uniform() - 0.5) };
  const y = fill(2, () => random.uniform());
  const run = async (backend: BackendFactory) => {
    const built = everything(backend);
    const { history } = await built.fit(data, y, { epochs: 2, batchSize: 128, validationSplit: 0.1 });
    expect(history.valLoss!.at(-1)).toBeLessThan(10);
    const result = [weightHash(built), history.valLoss!.at(-1)];
    built.dispose();
    return result;
  };
  const threadUrl = new URL('../build/thread.js', import.meta.url);
  for (const threads of [2, 3]) open.push(await wasm({ threads, threadUrl }));
  const expected = await run(factories.typescript);
  for (const backend of [factories.wasm, ...open]) expect(await run(backend)).toEqual(expected);
});

describe('inference', () => {
  test.each([
    ['gaussianNoise', gaussianNoise({ stddev: 3, inputShape: 4 })],
    ['gaussianDropout', gaussianDropout({ rate: 0.5, inputShape: 4 })],
    ['alphaDropout', alphaDropout({ rate: 0.5, inputShape: 4 })],
  ])('%s does nothing', (_, layer) => {
    const x = [[1, -2, 3, 0.5]];
    const built = sequential({ layers: [layer], backend: factories.wasm });
    expect([...built.predict(x).data]).toEqual(x[0]);
    expect(built.program('predict', 1)).not.toMatch(/random|Dropout/);
  });

  test('a row does not depend on the rows around it, and ids are whole numbers in any container', () => {
    const built = everything(factories.wasm);
    const random = new Random(9);
    const rows = Array.from({ length: 300 }, () => ({
      ids: Array.from({ length: 6 }, () => random.integer(90)),
      x: Array.from({ length: 20 }, () => random.uniform()),
    }));
    const all = built.predict({ ids: rows.map(({ ids }) => ids), x: rows.map(({ x }) => x) }).data;
    for (const r of [0, 1, 255, 256, 299]) {
      const { ids, x } = rows[r]!;
      const one = built.predict({ ids: [Uint8Array.from(ids)], x: [Float64Array.from(x)] });
      expect(one.data).toEqual(all.subarray(2 * r, 2 * r + 2));
    }
  });
});

describe('layerNormalization', () => {
  const normalize = (rows: number[][], options = {}) => {
    const layer = layerNormalization({ inputShape: rows[0]!.length, ...options });
    return sequential({ layers: [layer], backend: factories.wasm }).predict(rows).data;
  };

  test('of 1 to 4', () => {
    expectComputed('y', normalize([[1, 2, 3, 4]]), [-1.34163542, -0.44721181, 0.44721181, 1.34163542]);
  });

  test('of equal numbers, of one number, and of large numbers that differ little', () => {
    expect([...normalize([[7, 7, 7]])]).toEqual([0, 0, 0]);
    expect([...normalize([[7], [1e30]])]).toEqual([0, 0]);
    const root = Math.sqrt(2 / 3 + 1e-5);
    expectComputed('y', normalize([[9999, 10000, 10001]]), [-1 / root, 0, 1 / root]);
  });
});

describe('embedding', () => {
  const names = Object.keys(optimizerTable) as (keyof typeof optimizerTable)[];
  const specOf = (name: keyof typeof optimizerTable): OptimizerSpec => optimizerTable[name]();
  const table = (built: Model) => built.getWeights()['layers.0.embeddings']!.data.slice();

  test.each(names)('%s moves the rows of a batch and no others, nor their state', (name) => {
    const optimizer = specOf(name);
    for (const backend of Object.values(factories)) {
      const layers = [embedding({ inputDim: 9, outputDim: 3, inputShape: 2 }), dense({ units: 1 })];
      const built = sequential({ layers, backend });
      built.compile({ optimizer, loss: 'meanSquaredError' });
      const untouched = sequential({ layers, backend });
      untouched.compile({ optimizer, loss: 'meanSquaredError' });
      let before = table(built);
      for (const ids of [
        [
          [1, 2],
          [2, 2],
        ],
        [[5, 1]],
        [
          [7, 8],
          [0, 7],
          [7, 7],
        ],
        [[1, 8]],
      ]) {
        built.trainOnBatch(
          ids,
          ids.map(() => 3),
        );
        const after = table(built);
        for (let row = 0; row < 9; row++) {
          const [from, to] = [3 * row, 3 * row + 3];
          const same = after.slice(from, to).every((value, k) => value === before[from + k]);
          expect(same, `row ${row}`).toBe(!ids.flat().includes(row));
        }
        before = after;
      }
    }
  });

  /** Trains a table whose rows all occur, and a dense layer without bias of one-hot rows, and compares. */
  function compare(make: (weightDecay: number) => object, multiplier = 1, headMultiplier?: number): void {
    const backend = factories.wasm;
    const head = headMultiplier ? [dense({ units: 3, learningRateMultiplier: headMultiplier })] : [];
    const rate = { learningRateMultiplier: multiplier };
    const first = embedding({ inputDim: 5, outputDim: 3, inputShape: 1, ...rate });
    const sparse = sequential({ layers: [first, ...head], backend });
    const plain = sequential({
      layers: [dense({ units: 3, inputShape: 5, useBias: false, ...rate }), ...head],
      backend,
    });
    const { 'layers.0.embeddings': start, ...others } = sparse.getWeights();
    plain.setWeights({ 'layers.0.kernel': start!, ...others });
    // Decay is for kernels, and the table is none.
    sparse.compile({ loss: 'meanSquaredError', ...make(headMultiplier ? 0 : 0.1) } as CompileOptions);
    plain.compile({ loss: 'meanSquaredError', ...make(0) } as CompileOptions);
    const ids = [3, 1, 4, 1, 0, 2, 1];
    const hot = ids.map((id) => [0, 1, 2, 3, 4].map((c) => (c === id ? 1 : 0)));
    const y = ids.map((id, r) => [id / 4, r / 7, 1]);
    for (let step = 0; step < 5; step++) {
      const [a, b] = [sparse.trainOnBatch(ids, y), plain.trainOnBatch(hot, y)];
      expect(a.gradientNorm === undefined).toBe(b.gradientNorm === undefined);
      if (b.gradientNorm) expect(a.gradientNorm! / b.gradientNorm).toBeCloseTo(1, 5);
    }
    const expected = Object.values(plain.getWeights()).flatMap(({ data }) => [...data]);
    const trained = Object.values(sparse.getWeights()).flatMap(({ data }) => [...data]);
    trained.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-5 * Math.abs(value) + 1e-6);
    });
  }

  test.each(names)('%s of a table does what it does of a dense layer of one-hot rows', (name) => {
    compare((weightDecay) => ({ optimizer: optimizerTable[name]({ weightDecay }), globalClipNorm: 0.5 }));
  });

  test.each([{ clipValue: 0.01 }, { clipNorm: 0.05 }, { globalClipNorm: 0.05 }, { trackGradientNorm: true }])(
    '%j takes the gradients of tables in',
    (options) => {
      compare((weightDecay) => ({ optimizer: sgd({ learningRate: 0.5, weightDecay }), ...options }));
      compare(() => ({ optimizer: sgd({ learningRate: 0.5 }), ...options }), 1, 1);
    },
  );

  test.each([
    [2, 2],
    [2, 0.5],
    [0.25, 1],
  ])('a table at %d times the rate, a layer behind it at %d times', (multiplier, headMultiplier) => {
    compare(() => ({ optimizer: adam({ learningRate: 0.02 }), globalClipNorm: 0.3 }), multiplier, headMultiplier);
    compare(() => ({ optimizer: sgd({ learningRate: 0.2, momentum: 0.9 }) }), multiplier, headMultiplier);
  });

  const wholeTables: Record<string, object> = {
    ...Object.fromEntries(names.map((name) => [name, { optimizer: optimizerTable[name]() }])),
    lbfgs: { optimizer: lbfgs({ maxIterations: 4 }) },
    'accumulated gradients': { optimizer: 'adam', gradientAccumulationSteps: 3, globalClipNorm: 0.5 },
    'a moving average': { optimizer: 'adam', averaging: exponentialMovingAverage({ momentum: 0.5 }), clipNorm: 0.3 },
  };

  test.each(Object.keys(wholeTables))('without sparse updates: %s does what it does of one-hot rows', (name) => {
    const options = { loss: 'meanSquaredError', ...wholeTables[name] } as CompileOptions;
    for (const backend of Object.values(factories)) {
      const hot = sequential({
        layers: [dense({ units: 3, inputShape: 5, useBias: false }), dense({ units: 3 })],
        seed: 2,
        backend,
      });
      const one = sequential({
        layers: [embedding({ inputDim: 5, outputDim: 3, inputShape: 1, sparse: false }), dense({ units: 3 })],
        seed: 2,
        backend,
      });
      one.compile(options);
      hot.compile(options);
      const { 'layers.0.embeddings': start, ...rest } = one.getWeights();
      hot.setWeights({ 'layers.0.kernel': start!, ...rest });
      for (let step = 0; step < 6; step++) {
        // Row 3 never occurs, and rows of earlier batches move on.
        const batch = [[4, 1, 4], [0, 2], [1]][step % 3]!;
        const y = batch.map((id, r) => [id / 4, r / 7, 1]);
        const oneHot = batch.map((id) => [0, 1, 2, 3, 4].map((c) => (c === id ? 1 : 0)));
        expect(one.trainOnBatch(batch, y).loss! / hot.trainOnBatch(oneHot, y).loss!).toBeCloseTo(1, 4);
      }
      const read = (model: Model) =>
        Object.values(name.includes('average') ? model.averagedWeights() : model.getWeights());
      const expected = read(hot).flatMap(({ data }) => [...data]);
      const trained = read(one).flatMap(({ data }) => [...data]);
      trained.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4 * Math.abs(value) + 1e-5);
      });
    }
  });

  test('states begin as the optimizer says, and again at the next compile', () => {
    const optimizer = adagrad({ learningRate: 0.1, initialAccumulatorValue: 0.5 });
    compare(() => ({ optimizer }));
    const layers = [embedding({ inputDim: 5, outputDim: 3, inputShape: 1 }), dense({ units: 1 })];
    const built = sequential({ layers, backend: factories.wasm });
    const start = built.getWeights();
    const runs = [0, 1].map(() => {
      built.compile({ optimizer, loss: 'meanSquaredError' });
      built.setWeights(start);
      for (let step = 0; step < 3; step++) built.trainOnBatch([0, 4, 4], [1, 2, 3]);
      return built.getWeights();
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test('starts between -0.05 and 0.05, or as told', () => {
    const backend = factories.wasm;
    const layer = embedding({ inputDim: 101, outputDim: 3, inputShape: 1 });
    const values = table(sequential({ layers: [layer], backend, seed: 3 }));
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.05);
    expect(new Set(values).size).toBeGreaterThan(295);
    expect(Math.abs(values.reduce((sum, v) => sum + v, 0) / values.length)).toBeLessThan(0.01);
    expect(table(sequential({ layers: [layer], backend: factories.typescript, seed: 3 }))).toEqual(values);
    const ones = embedding({ inputDim: 4, outputDim: 2, inputShape: 1, embeddingsInitializer: 'ones' });
    expect([...table(sequential({ layers: [ones], backend }))]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('values and gradients of nodes, and of a table with rows that do not occur', () => {
    const layers = [embedding({ inputDim: 4, outputDim: 2, inputShape: 2 }), dense({ units: 1 })];
    const built = sequential({ layers, backend: factories.wasm });
    built.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const table = built.getWeights()['layers.0.embeddings']!.data;
    const { gradients, nodes } = built.gradients(
      [
        [3, 0],
        [3, 3],
      ],
      [1, 2],
      { nodes: true },
    );
    const row = (id: number) => [...table.subarray(2 * id, 2 * id + 2)];
    expect([...nodes['layers.0']!.value.data]).toEqual([3, 0, 3, 3].flatMap(row));
    expect(nodes.input!.gradient).toBeUndefined();
    const dy = nodes['layers.0']!.gradient!.data;
    const f = Math.fround;
    const sum = (k: number) => f(f(dy[k]! + dy[4 + k]!) + dy[6 + k]!);
    expect([...gradients['layers.0.embeddings']!.data]).toEqual([dy[2], dy[3], 0, 0, 0, 0, sum(0), sum(1)]);
  });

  test('a refused step leaves table and state as they were', () => {
    const layers = [embedding({ inputDim: 4, outputDim: 2, inputShape: 1 }), dense({ units: 1 })];
    const built = sequential({ layers, backend: factories.wasm });
    built.compile({ optimizer: 'adam', loss: 'meanSquaredError', globalClipNorm: 1 });
    built.trainOnBatch([0, 1], [1, 2]);
    const before = built.getWeights();
    expect(() => built.trainOnBatch([0, 1], [3e38, -3e38])).toThrow(/loss is Infinity/);
    expect(built.getWeights()).toEqual(before);
  });

  test('wide and deep: categories whose pairs matter', async () => {
    const random = new Random(12);
    const rows = 3000;
    const [cities, jobs, schools] = [40, 12, 6];
    const skewed = (n: number) => Math.floor(n * random.uniform() ** 2);
    const city = Array.from({ length: cities }, () => 2 * random.uniform() - 1);
    const pair = Array.from({ length: jobs * schools }, () => (random.integer(2) ? 2 : -2));
    const people = Array.from({ length: rows }, () => {
      const [c, j, s] = [skewed(cities), skewed(jobs), random.integer(schools)];
      const [age, hours] = [2 * random.uniform() - 1, 2 * random.uniform() - 1];
      const utility = city[c]! + pair[j * schools + s]! + 0.5 * hours - age * age;
      return { c, j, s, age, hours, rich: utility + 0.2 * random.uniform() > 0 ? 1 : 0 };
    });
    const [place, work, numbers] = [
      input({ shape: 1, name: 'city' }),
      input({ shape: 2, name: 'work' }),
      input({ shape: 2, name: 'numbers' }),
    ];
    const deep = concatenate().apply([
      embedding({ inputDim: cities, outputDim: 4 }).apply(place),
      embedding({ inputDim: jobs, outputDim: 6 }).apply(work),
      numbers,
    ]);
    const hidden = dense({ units: 24, activation: 'relu' }).apply(dense({ units: 32, activation: 'relu' }).apply(deep));
    const wide = embedding({ inputDim: cities, outputDim: 1 }).apply(place);
    const logit = add().apply([dense({ units: 1 }).apply(hidden), wide]);
    const outputs = dense({ units: 1, activation: 'sigmoid' }).apply(logit);
    const built = model({ inputs: [place, work, numbers], outputs, backend: factories.wasm, seed: 2 });
    built.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
    const data = {
      city: people.map(({ c }) => c),
      work: people.map(({ j, s }) => [j, s]),
      numbers: people.map(({ age, hours }) => [age, hours]),
    };
    const y = people.map(({ rich }) => rich);
    const { history } = await built.fit(data, y, { epochs: 15, batchSize: 64, validationSplit: 0.2 });
    const majority = y.slice(2400).filter((v) => v === 1).length / 600;
    expect(Math.max(majority, 1 - majority)).toBeLessThan(0.7);
    expect(history.valAccuracy!.at(-1)).toBeGreaterThan(0.9);
  });
});
