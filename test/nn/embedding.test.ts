import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { optimizerTable } from '../../src/kernels/tables.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { adagrad, sgd } from '../../src/kernels/twins/optimizers.js';
import { model, sequential } from '../../src/model/model.js';
import { add, concatenate, dense, embedding, input } from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import type { OptimizerSpec } from '../../src/nn/optimizers/optimizers.js';
import { factories, Random } from '../support/buffers.js';

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
