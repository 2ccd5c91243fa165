import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { BackendError, MyelinError, ShapeError, StateError, UnknownNameError, ValueError } from '../../src/errors.js';
import { matrix } from '../../src/matrix.js';
import { layerSequentialUnitVariance } from '../../src/model/lsuv.js';
import { Model, sequential } from '../../src/model/model.js';
import { customActivation, customLoss } from '../../src/nn/expressions/custom.js';
import { add, batchNormalization, dense, dropout, input } from '../../src/nn/layers/index.js';
import type { Data } from '../../src/rows/arrays.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';
import { build, type TrainingCase, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';
import {
  classifier,
  hashOf,
  labels,
  options,
  remote,
  seed,
  shared,
  timeless,
  workerUrl,
  x,
} from '../support/remote.js';

afterAll(() => shared.terminate());
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a model in a worker computes the bits of the model itself', () => {
  test.each(trainingCases)('$name', async (item) => {
    const y = targetsOf(item, labels);
    const [here, there] = [build(item, factories.wasm), await remote(item)];
    expect(timeless(await there.fit(x, y, options))).toEqual(timeless(await here.fit(x, y, options)));
    expect(await hashOf(there)).toBe(weightHash(here));
    expect(await there.evaluate(x, y)).toEqual(here.evaluate(x, y));
    expect(await there.predict(x)).toEqual(here.predict(x));
  });

  test('on the TypeScript backend', async () => {
    const [here, there] = [build(classifier, factories.typescript), await remote(classifier, worker.typescript())];
    expect(there.backend).toMatchObject({ name: 'typescript', threads: 1, math: 'exact' });
    await Promise.all([here.fit(x, labels), there.fit(x, labels)]);
    expect(await hashOf(there)).toBe(weightHash(here));
  });

  test('on threads, which are workers of the worker', async () => {
    const item = { ...classifier, layers: [dense({ units: 300, inputShape: 7 }), ...classifier.layers.slice(1)] };
    const [here, there] = [
      build(item, factories.wasm),
      await worker.sequential({
        layers: item.layers,
        seed,
        backend: worker.wasm({ threads: 2 }),
        workerUrl,
      }),
    ];
    expect(there.backend.threads).toBe(2);
    expect(await there.compile(item.compile)).toBe(there);
    await Promise.all([here.fit(x, labels), there.fit(x, labels)]);
    expect(await hashOf(there)).toBe(weightHash(here));
    await there.dispose();
  });

  test('in every other method', async () => {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    const y = labels;
    const sampleWeight = y.map((label) => label + 1);
    expect(await there.trainOnBatch(x, y, { sampleWeight })).toEqual(here.trainOnBatch(x, y, { sampleWeight }));
    expect(await there.gradients(x, y, { nodes: true })).toEqual(here.gradients(x, y, { nodes: true }));
    expect(await there.predictOutputs(x)).toEqual(here.predictOutputs(x));
    expect(await there.program('train', 8)).toBe(here.program('train', 8));
    expect(String(await there.summary())).toBe(String(here.summary()));
    expect(String(await there.profile(x, y, { repeats: 1 }))).toMatch(/denseForward/);
    await there.updateMovingMoments(x, { batchSize: 50 });
    here.updateMovingMoments(x, { batchSize: 50 });
    expect(await hashOf(there)).toBe(weightHash(here));
    const weights = Object.fromEntries(
      Object.entries(here.getWeights()).map(([k, { data, ...w }]) => [k, { ...w, data: data.map((v) => v / 2) }]),
    );
    await there.setWeights(JSON.parse(JSON.stringify(await there.getWeights())));
    await there.setWeights(weights);
    here.setWeights(weights);
    expect(await hashOf(there)).toBe(weightHash(here));
    expect(await there.spec).toEqual(JSON.parse(JSON.stringify(here.spec)));
    expect(JSON.stringify(await there.predict(x))).toBe(JSON.stringify(here.predict(x)));
  });

  test('with every method that models have', async () => {
    const there = await remote(classifier);
    const methods = Object.entries(Object.getOwnPropertyDescriptors(Model.prototype)).filter(
      ([name, { value }]) => name !== 'constructor' && typeof value === 'function',
    );
    expect(methods.length).toBeGreaterThan(10);
    for (const [name] of methods) expect(there).toHaveProperty(name, expect.any(Function));
  });

  test('as a graph with several inputs and outputs, by name and in order', async () => {
    const graph = () => {
      const [a, b] = [input({ shape: 7, name: 'a' }), input({ shape: 1, name: 'b' })] as const;
      const h = dense({ units: 5, activation: 'tanh' }).apply(a);
      const g = dense({ units: 5 }).apply(b);
      const sum = add().apply([h, g]);
      return {
        inputs: [a, b],
        outputs: [dense({ units: 1, name: 'price' }).apply(sum), dense({ units: 2, name: 'kind' }).apply(sum)],
      };
    };
    const compile = { optimizer: 'adam', loss: { price: 'huber', kind: 'meanSquaredError' } } as const;
    const here = (await import('../../src/model/model.js')).model({ ...graph(), seed, backend: factories.wasm });
    const there = await worker.model({ ...graph(), seed, worker: shared });
    here.compile(compile);
    await there.compile(compile);
    // As long as two matrices of a column, so that two inputs in order look like rows.
    const column = labels.map((label) => label / 2);
    const kinds = labels.map((label) => [label, 1 - label]);
    for (const [inputs, targets] of [
      [
        { a: x, b: column },
        { price: column, kind: kinds },
      ],
      [
        [x, column],
        [column, kinds],
      ],
    ] as const) {
      const pair = [inputs, targets] as const;
      const some = labels.map((_, row) => row).filter((row) => row % 3 > 0);
      const given = { validationData: pair, epochs: 2, rows: Array.isArray(inputs) ? some : Uint32Array.from(some) };
      expect(timeless(await there.fit(inputs, targets, given))).toEqual(
        timeless(await here.fit(inputs, targets, given)),
      );
    }
    expect(await hashOf(there)).toBe(weightHash(here));
    expect(await there.predictOutputs({ a: x, b: column })).toEqual(here.predictOutputs({ a: x, b: column }));
  });

  test('with a loss and an activation of its own', async () => {
    const item: TrainingCase = {
      name: 'custom',
      layers: [
        dense({ units: 6, inputShape: 7, activation: customActivation((v, { mul, sigmoid }) => mul(v, sigmoid(v))) }),
        dense({ units: 3 }),
      ],
      compile: { optimizer: 'adam', loss: customLoss((t, y, { mean, square, sub }) => mean(square(sub(y, t)))) },
    };
    const [here, there] = [build(item, factories.wasm), await remote(item)];
    const y = targetsOf(item, labels);
    await Promise.all([here.fit(x, y, options), there.fit(x, y, options)]);
    expect(await hashOf(there)).toBe(weightHash(here));
  });

  test('from plain data, and after layer-sequential initialization', async () => {
    const layers = [dense({ units: 9, inputShape: 7, activation: 'tanh' as const }), dense({ units: 2 })];
    const here = sequential({ layers, seed, backend: factories.wasm });
    const there = await worker.modelFromSpec(JSON.parse(JSON.stringify(here.spec)), { worker: shared });
    expect(await worker.layerSequentialUnitVariance(there, x)).toEqual(layerSequentialUnitVariance(here, x));
    expect(await hashOf(there)).toBe(weightHash(here));
    await expect(worker.layerSequentialUnitVariance(any(here), x)).rejects.toThrow(ValueError);
  });
});

describe('data', () => {
  const rows = 30_000;
  const large = matrix(
    Float32Array.from({ length: rows * 7 }, (_, i) => x.data[i % x.data.length]!),
    rows,
    7,
  );
  const y = Array.from({ length: rows }, (_, i) => labels[i % 200]!);
  const forms = {
    'a matrix': [large, y],
    'rows of numbers': [Array.from({ length: rows }, (_, r) => [...large.data.subarray(7 * r, 7 * r + 7)]), y],
    'rows of typed arrays': [
      Array.from({ length: rows }, (_, r) => large.data.subarray(7 * r, 7 * r + 7)),
      Uint8Array.from(y),
    ],
    'float64, in part of a buffer': [
      { ...large, data: Float64Array.from(large.data).subarray(0) },
      Float64Array.from([0, ...y]).subarray(1),
    ],
    'numbers from JSON': [{ data: [...large.data], rows, columns: 7 }, Float32Array.from(y)],
    'shared memory': [large, y],
  } as const;
  let expected: string | undefined;

  test.each(Object.keys(forms) as (keyof typeof forms)[])('long as %s', async (name) => {
    const [data, targets] = forms[name] as readonly [Data, Data];
    const given = name === 'shared memory' ? await worker.share(large) : data;
    const fitOptions = { batchSize: 1000, validationData: [given, targets] as const };
    const there = await remote(classifier);
    await there.fit(given, targets, fitOptions);
    if (!expected) {
      const here = build(classifier, factories.wasm);
      await here.fit(large, y, { batchSize: 1000 });
      expected = weightHash(here);
    }
    expect(await hashOf(there)).toBe(expected);
    expect(large.data.length).toBe(rows * 7);
  });

  test('goes in pieces where memory cannot be shared', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const there = await remote(classifier);
    await there.fit(large, y, { batchSize: 1000 });
    const here = build(classifier, factories.wasm);
    await here.fit(large, y, { batchSize: 1000 });
    expect(await hashOf(there)).toBe(weightHash(here));
    await expect(worker.share(large)).rejects.toThrow(/isolated/);
  });

  test('that was transferred is away while a call lasts, and back in its matrix', async () => {
    const there = await remote(classifier);
    const lent = matrix(large.data.slice(), rows, 7);
    const bare = Float32Array.from(y);
    const fitting = there.fit(worker.transfer(lent), worker.transfer(bare), { batchSize: 1000 });
    expect([lent.data.length, bare.length]).toEqual([0, 0]);
    await fitting;
    expect(lent.data).toEqual(large.data);
    expect(bare.length).toBe(0);
    const failing = there.fit(worker.transfer(lent), [1, 2]);
    expect(lent.data.length).toBe(0);
    await expect(failing).rejects.toThrow(ShapeError);
    expect(lent.data).toEqual(large.data);
    // Marks count for one call, and parts of a buffer stay where they are.
    await there.predict(lent);
    const part = worker.transfer(lent.data.subarray(0, 7));
    expect(await there.predict(matrix(part, 1, 7))).toEqual(await there.predict(matrix(lent.data.slice(0, 7), 1, 7)));
    expect(part.length).toBe(7);
  });

  test('fills what predict was given as output', async () => {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    const output = new Float32Array(8).fill(9);
    expect(await there.predict(matrix(x.data.slice(0, 14), 2, 7), { output })).toBe(output);
    expect([...output]).toEqual([...here.predict(matrix(x.data.slice(0, 14), 2, 7)).data, 9, 9]);
    await expect(there.predict(x, { output })).rejects.toThrow(ShapeError);
  });

  test('that is wrong is complained of as the model does', async () => {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    const ragged = forms['rows of numbers'][0].map((row, i) => (i === 20_000 ? row.slice(1) : row));
    const words = y.map((label, i) => (i === 25_000 ? (any('three') as number) : label));
    for (const [data, targets] of [
      [ragged, y],
      [large, words],
      [
        [[1, 2], [3]],
        [1, 2],
      ],
      [x, ['a', 'b']],
      [[], []],
      [large, [...y, 1]],
      [7, 8],
      [matrix(new Float32Array(7).fill(Number.NaN), 1, 7), [1]],
    ] as const) {
      const said = await here.fit(any(data), any(targets)).catch((error: unknown) => error);
      expect(said).toBeInstanceOf(MyelinError);
      await expect(there.fit(any(data), any(targets))).rejects.toEqual(said);
    }
  });
});

describe('errors', () => {
  test('keep their class, message and fields, and say where the call was made', async () => {
    const there = await remote(classifier);
    const error = await there.compile({ ...classifier.compile, optimizer: any('adm') }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnknownNameError);
    expect(error).toMatchObject({ name: 'UnknownNameError', argument: 'optimizer', hint: "Did you mean 'adam'?" });
    expect((error as Error).stack).toMatch(/worker-host\.js[\s\S]*called[\s\S]*worker\.test\.ts/);
    await expect(worker.sequential({ layers: [any({})], worker: shared })).rejects.toThrow(ValueError);
    const layers = [dense({ units: any(-1), inputShape: 2 })];
    await expect(worker.sequential({ layers, worker: shared })).rejects.toThrow(/units/);
    await expect(worker.sequential({ layers, worker: shared, backend: any(factories.wasm) })).rejects.toThrow(
      /backend.*'myelin\/worker'/,
    );
    await expect(worker.sequential({ layers, worker: any({}) })).rejects.toThrow(/TrainingWorker/);
  });

  test('tell of functions that cannot be sent', async () => {
    const there = await remote(classifier);
    await expect(there.compile({ optimizer: 'adam', loss: any(() => 0) })).rejects.toThrow(/compile\.loss.*function/);
    await expect(there.fit(x, labels, any({ batchHooks: 'all' }))).rejects.toThrow(UnknownNameError);
    await expect(there.fit(x, labels, any({ callbacks: [{ onEpochFinish() {} }] }))).rejects.toThrow(/onEpochEnd/);
  });

  test('of a call leave the model usable', async () => {
    const there = await remote(classifier);
    await expect(there.fit(x, [1])).rejects.toThrow(ShapeError);
    await expect(there.fit(x, labels)).resolves.toHaveProperty('history.loss');
  });
});

describe('properties', () => {
  test('are as the worker last told, and can be set', async () => {
    const layers = [dense({ units: 2, inputShape: 7 }), batchNormalization(), dropout({ rate: 0.1 })];
    const there = await worker.sequential({ layers, worker: shared });
    expect(there.learningRate).toBe(sequential({ layers, backend: factories.wasm }).learningRate);
    await there.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect([there.epochs, there.learningRate, there.stopTraining]).toEqual([0, 0.001, false]);
    there.learningRate = 0.5;
    expect(there.learningRate).toBe(0.5);
    await there.summary();
    expect(there.learningRate).toBe(0.5);
    there.learningRate = -1;
    await expect(there.summary()).rejects.toThrow(/learningRate/);
    expect(there.learningRate).toBe(0.5);
    expect(() => {
      (any(there) as { heapBytes: number }).heapBytes = 1;
    }).toThrow(TypeError);
  });

  test('setTrainable takes a function of this side', async () => {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    for (const model of [here, there]) {
      await model.setTrainable(({ index }) => index === 0, false);
      await model.compile(classifier.compile);
      await (model as Model).fit(x, labels);
    }
    expect(await hashOf(there)).toBe(weightHash(here));
    const thrown = new Error('mine');
    const bad = () => {
      throw thrown;
    };
    await expect(there.setTrainable(bad, false)).rejects.toBe(thrown);
  });
});

describe('calls', () => {
  test('run in the order in which they were made, whatever their size', async () => {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    const rows = 20_000;
    const long = matrix(
      Float32Array.from({ length: rows * 7 }, (_, i) => x.data[i % x.data.length]!),
      rows,
      7,
    );
    const y = Array.from({ length: rows }, (_, i) => labels[i % 200]!);
    const all = Promise.all([
      there.evaluate(long, y),
      there.trainOnBatch(x, labels),
      there.compile(classifier.compile),
      there.evaluate(long, y),
    ]);
    expect((await all)[0]).toEqual(here.evaluate(long, y));
    here.trainOnBatch(x, labels);
    expect((await all)[3]).toEqual(here.evaluate(long, y));
  });

  test('go through while fit is running', async () => {
    const there = await remote(classifier);
    let fitting = true;
    const fit = there.fit(x, labels, { epochs: 100_000 }).finally(() => {
      fitting = false;
    });
    await there.predict(x);
    expect(fitting).toBe(true);
    await expect(there.dispose()).rejects.toThrow(/fit is still running/);
    there.stopTraining = true;
    const { epoch } = await fit;
    expect(epoch.length).toBeLessThan(100_000);
  });
});

describe('the worker', () => {
  test('serves several models, and goes on when one is disposed of', async () => {
    const [a, b] = [await remote(classifier), await remote(classifier)];
    await Promise.all([a.fit(x, labels), b.fit(x, labels)]);
    expect(await hashOf(a)).toBe(await hashOf(b));
    await a.dispose();
    await expect(a.predict(x)).rejects.toThrow(StateError);
    await b.predict(x);
  });

  test('of its own ends with the model', async () => {
    const own = await worker.sequential({ layers: classifier.layers, workerUrl });
    await own.compile(classifier.compile);
    await own.dispose();
    await expect(own.fit(x, labels)).rejects.toThrow(/disposed/);
  });

  test('that is ended rejects what is under way', async () => {
    const ending = new worker.TrainingWorker({ workerUrl });
    const there = await worker.sequential({ layers: classifier.layers, worker: ending });
    await there.compile(classifier.compile);
    const fitting = there.fit(x, labels, { epochs: 1e6 });
    setTimeout(() => ending.terminate(), 50);
    await expect(fitting).rejects.toThrow(/worker was ended/);
    await expect(there.predict(x)).rejects.toThrow(StateError);
  });

  test('that dies rejects what is under way, with a reason', async () => {
    const dying = new URL('../programs/dying-worker.js', import.meta.url);
    const failed = worker.sequential({ layers: classifier.layers, workerUrl: dying });
    await expect(failed).rejects.toThrow(BackendError);
    await expect(failed).rejects.toThrow(/gone: it ended with code 3/);
    const nowhere = new URL('../support/nowhere.js', import.meta.url);
    await expect(worker.sequential({ layers: classifier.layers, workerUrl: nowhere })).rejects.toThrow(/nowhere/);
  });
});
