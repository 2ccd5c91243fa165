import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { INTERNALS } from '../../src/engine/internals.js';
import { FileError, FileFormatError, NonFiniteError, StateError, ValueError } from '../../src/errors.js';
import { loadWeights } from '../../src/io/load-weights.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.js';
import { deserialize, load, save, serialize } from '../../src/io/save.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { huber } from '../../src/kernels/twins/losses-regression.js';
import { matrix } from '../../src/matrix.js';
import { model, sequential } from '../../src/model/model.js';
import { customActivation, customLoss } from '../../src/nn/expressions/custom.js';
import { add, batchNormalization, dense, dropout, embedding, input } from '../../src/nn/layers/index.js';
import { f1 } from '../../src/nn/metrics/index.js';
import { cosine, warmup } from '../../src/nn/optimizers/schedules.js';
import { any } from '../support/any.js';
import { wasmFactory } from '../support/buffers.js';
import { build, clouds, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';

const backend = typescript();
const { x, labels } = clouds(24, 7, 3);
const classifier = trainingCases[0]!;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myelin-saving-'));
});
afterAll(() => rm(folder, { recursive: true }));

function trained(steps = 3, factory = backend): Model {
  const model = build(classifier, factory);
  for (let i = 0; i < steps; i++) model.trainOnBatch(x, labels);
  return model;
}

const bits = (m: Model, rows = x) => Buffer.from(m.predict(rows).data.buffer).toString('hex');

describe('a model and what becomes of it', () => {
  test.each(trainingCases.map((c) => [c.name, c] as const))('%s', (_, c) => {
    const before = build(c, backend);
    const y = targetsOf(c, labels);
    before.trainOnBatch(x, y);
    const bytes = serialize(before);
    const after = deserialize(bytes, { backend: wasmFactory });
    expect(bits(after)).toBe(bits(before));
    expect(weightHash(after)).toBe(weightHash(before));
    expect(after.evaluate(x, y)).toEqual(before.evaluate(x, y));
    expect(after.trainOnBatch(x, y)).toEqual(before.trainOnBatch(x, y));
    expect(weightHash(after)).toBe(weightHash(before));
    expect(Buffer.compare(serialize(deserialize(bytes, { backend })), bytes)).toBe(0);
  });

  test('one that was never compiled', () => {
    const before = sequential({ layers: classifier.layers, seed: 3, backend });
    before.epochs = 4;
    const after = deserialize(serialize(before), { backend });
    expect(bits(after)).toBe(bits(before));
    expect(after.epochs).toBe(4);
    expect(JSON.stringify(after.spec)).toBe(JSON.stringify(before.spec));
    expect(() => after.evaluate(x, labels)).toThrow(StateError);
  });

  test('a graph with names, an embedding, custom functions, schedules and several losses', () => {
    const make = () => {
      const [a, ids] = [input({ shape: 7, name: 'numbers' }), input({ shape: 1, name: 'ids' })];
      const swish = customActivation((v, { mul, sigmoid }) => mul(v, sigmoid(v)));
      const h = dense({ units: 6, activation: swish }).apply(a);
      const e = embedding({ inputDim: 5, outputDim: 6 }).apply(ids);
      const joined = add().apply([h, e]);
      const price = dense({ units: 1, name: 'price' }).apply(joined);
      const kind = dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(joined);
      const m = model({ inputs: [a, ids], outputs: [price, kind], seed: 9, backend });
      m.compile({
        optimizer: adam({
          learningRate: warmup({ warmupSteps: 2, schedule: cosine({ initialLearningRate: 0.1, decaySteps: 9 }) }),
        }),
        loss: {
          price: customLoss((t, p, { mean, square, sub }) => mean(square(sub(p, t)))),
          kind: 'sparseCategoricalCrossentropy',
        },
        lossWeights: { price: 0.5, kind: 2 },
        metrics: { price: [], kind: ['accuracy', f1({ average: 'micro' })] },
      });
      return m;
    };
    const data = { numbers: x, ids: labels };
    const targets = { price: labels, kind: labels };
    const before = make();
    before.trainOnBatch(data, targets);
    const after = deserialize(serialize(before), { backend: wasmFactory });
    for (const m of [before, after]) m.trainOnBatch(data, targets);
    expect(weightHash(after)).toBe(weightHash(before));
    expect(after.learningRate).toBe(before.learningRate);
    expect(after.evaluate(data, targets)).toEqual(before.evaluate(data, targets));
  });

  test('frozen layers stay frozen', () => {
    const before = build(classifier, backend);
    before.setTrainable('layers.0', false);
    before.compile({ optimizer: 'adam', loss: huber({ delta: 2 }) });
    const y = labels.map((l) => [l, 0, 1]);
    before.trainOnBatch(x, y);
    const after = deserialize(serialize(before), { backend });
    for (const m of [before, after]) m.trainOnBatch(x, y);
    expect(weightHash(after)).toBe(weightHash(before));
    const names = [...decodeSafetensors(serialize(after)).tensors.keys()].filter((name) =>
      name.startsWith('optimizer'),
    );
    expect(names.some((name) => name.includes('layers.0'))).toBe(false);
    expect(names.length).toBeGreaterThan(0);
  });

  test('a learning rate set by hand, epochs, class names and preprocessing travel along', () => {
    const before = trained();
    before.learningRate = 0.125;
    before.epochs = 7;
    before.classNames = ['a', 'b', 'ü'];
    before.preprocessing = { mean: [0.1, -2.5e-9], columns: { constructor: 3 }, toString: 'own' };
    const after = deserialize(serialize(before), { backend });
    expect([after.learningRate, after.epochs, after.classNames]).toEqual([0.125, 7, ['a', 'b', 'ü']]);
    expect(after.preprocessing).toEqual(before.preprocessing);
  });

  test('without training state: a third of the bytes, compiled, steps counted anew', () => {
    const before = trained();
    const [whole, small] = [serialize(before), serialize(before, { training: false })];
    expect(small.length).toBeLessThan(0.6 * whole.length);
    const after = deserialize(small, { backend });
    expect(bits(after)).toBe(bits(before));
    expect(after.evaluate(x, labels)).toEqual(before.evaluate(x, labels));
  });
});

describe('files, streams and buffers', () => {
  test('without options the backend is what lacks', async () => {
    const bytes = serialize(trained());
    const missing =
      /backend: expected what `await wasm\(\)`, `await auto\(\)` or `typescript\(\)` returns, got undefined/;
    expect(() => deserialize(bytes, any(undefined))).toThrow(missing);
    await expect(load(bytes, any(undefined))).rejects.toThrow(missing);
  });

  test('a path, a file URL, and the one before', async () => {
    const path = join(folder, 'model.safetensors');
    const [first, second] = [trained(1), trained(2)];
    await save(first, path);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    await save(second, pathToFileURL(path));
    expect((await readdir(folder)).sort()).toEqual(['model.safetensors', 'model.safetensors.previous']);
    expect(bits(await load(path, { backend }))).toBe(bits(second));
    expect(bits(await load(pathToFileURL(path), { backend: wasmFactory }))).toBe(bits(second));
    expect(bits(await load(`${path}.previous`, { backend }))).toBe(bits(first));
    expect(Buffer.compare(await readFile(path), serialize(second))).toBe(0);
    await save(first, join(folder, 'other.safetensors'), { keepPrevious: false });
    await save(first, join(folder, 'other.safetensors'), { keepPrevious: false });
    expect(await readdir(folder)).not.toContain('other.safetensors.previous');
  });

  test('streams and blobs, of any pieces', async () => {
    const before = trained();
    const bytes = serialize(before);
    const pieces = (size: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
          controller.close();
        },
      });
    for (const size of [1, 7, 4096, bytes.length])
      expect(bits(await load(pieces(size), { backend }))).toBe(bits(before));
    expect(bits(await load(new Blob([bytes as BlobPart]), { backend }))).toBe(bits(before));
    expect(bits(await load(new Response(bytes as BlobPart), { backend }))).toBe(bits(before));
    expect(bits(await load(bytes.buffer as ArrayBuffer, { backend }))).toBe(bits(before));
    // Not aligned.
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(bits(deserialize(shifted.subarray(1), { backend }))).toBe(bits(before));

    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const [, after] = await Promise.all([save(before, writable), load(readable, { backend })]);
    expect(bits(after)).toBe(bits(before));

    const path = join(folder, 'node-stream.safetensors');
    await save(before, createWriteStream(path));
    expect(bits(await load(createReadStream(path, { highWaterMark: 1000 }), { backend }))).toBe(bits(before));
    await expect(save(before, createWriteStream(join(folder, 'nowhere/x')))).rejects.toThrow(/ENOENT/);
  });

  test('a stream that ends early, goes on too long, or was never one', async () => {
    const bytes = serialize(trained());
    for (const end of [0, 5, 8, 100, 600, bytes.length - 1]) {
      await expect(load(new Blob([bytes.slice(0, end) as BlobPart]).stream(), { backend })).rejects.toThrow(
        FileFormatError,
      );
    }
    const longer = new Blob([bytes as BlobPart, 'x']).stream();
    await expect(load(longer, { backend })).rejects.toThrow(/after the last tensor/);
    await expect(load(any(5), { backend })).rejects.toThrow(ValueError);
    await expect(save(trained(), any({}))).rejects.toThrow(ValueError);
    await expect(load(new Response('no', { status: 404 }), { backend })).rejects.toThrow(/404/);
  });

  test('what the file system refuses comes with path and code', async () => {
    const missing = await load(join(folder, 'missing'), { backend }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(FileError);
    expect(missing).toMatchObject({ code: 'ENOENT', path: join(folder, 'missing') });
    const text = join(folder, 'log.csv');
    await writeFile(text, 'epoch,loss\n0,1.5\n');
    const none = await load(text, { backend }).catch((error: unknown) => error);
    expect(none).toBeInstanceOf(FileFormatError);
    expect(none).toMatchObject({
      path: text,
      message: expect.stringMatching(/log\.csv', header: not a safetensors file/),
    });
    const nowhere = await save(trained(), join(folder, 'a/b')).catch((error: unknown) => error);
    expect(nowhere).toMatchObject({ name: 'FileError', code: 'ENOENT' });
    await symlink(folder, join(folder, 'loop'));
    await expect(save(trained(), folder)).rejects.toThrow(FileError);
    await rm(join(folder, 'loop'));
    await writeFile(join(folder, 'empty'), '');
    await expect(load(join(folder, 'empty'), { backend })).rejects.toThrow(/header length/);
  });

  test('a model that has diverged does not take the place of one that had not', async () => {
    const path = join(folder, 'diverged.safetensors');
    const good = trained();
    await save(good, path);
    const bad = trained();
    const { engine } = bad[INTERNALS];
    engine.heap[engine.network.parameters[0]!.value.offset] = -Infinity;
    await expect(save(bad, path)).rejects.toThrow(NonFiniteError);
    expect(() => serialize(bad)).toThrow(/layers\.0\.kernel holds -Infinity/);
    engine.heap[engine.network.parameters[0]!.value.offset] = 0;
    engine.heap[engine.training.states[1]!.offset] = NaN;
    await expect(save(bad, path)).rejects.toThrow(/optimizer\.v\.layers\.0\.kernel holds NaN/);
    expect(bits(await load(path, { backend }))).toBe(bits(good));
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('saving amid a step, and what is not plain data', async () => {
    const m = trained();
    for (const preprocessing of [Number.NaN, new Map(), () => 1, { a: [1n] }, JSON.parse('{"__proto__": 1}')]) {
      m.preprocessing = preprocessing;
      expect(() => serialize(m)).toThrow(ValueError);
    }
    m.preprocessing = matrix([1, 2], 1, 2);
    expect(() => serialize(m)).not.toThrow();
    expect(() => serialize(m, any({ trainig: true }))).toThrow(/Did you mean 'training'/);
    expect(() => serialize(m, any({ training: 1 }))).toThrow(ValueError);
    expect(() => deserialize(serialize(m), any({}))).toThrow(/backend/);
  });
});

describe('weights from other tools', () => {
  const linear = () =>
    sequential({
      layers: [
        dense({ units: 3, inputShape: 2, activation: 'relu' }),
        batchNormalization(),
        dropout({ rate: 0.1 }),
        dense({ units: 1 }),
      ],
      backend,
    });
  const torch = {
    'fc1.weight': { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    'fc1.bias': { data: Float32Array.of(-1, 0, 1) },
    'bn.weight': { data: Float64Array.of(1, 2, 3) },
    'bn.bias': { data: Float32Array.of(0, 0, 0.5) },
    'bn.running_mean': { data: Float32Array.of(1, 1, 1) },
    'bn.running_var': { data: Float32Array.of(2, 2, 2) },
    'bn.num_batches_tracked': { shape: [], data: BigInt64Array.of(5n) },
    'fc2.weight': { shape: [1, 3], data: Float32Array.of(7, 8, 9) },
    'fc2.bias': { data: Float32Array.of(0.25) },
  };
  const map = {
    'layers.0.kernel': { tensor: 'fc1.weight', transpose: true },
    'layers.0.bias': 'fc1.bias',
    'layers.1.gamma': 'bn.weight',
    'layers.1.beta': 'bn.bias',
    'layers.1.movingMean': 'bn.running_mean',
    'layers.1.movingVariance': 'bn.running_var',
    'layers.3.kernel': { tensor: 'fc2.weight', transpose: true },
    'layers.3.bias': 'fc2.bias',
  };

  test('by a map', async () => {
    const m = linear();
    await loadWeights(m, encodeSafetensors(torch, { format: 'pt' }), { map });
    const weights = m.getWeights();
    expect([...weights['layers.0.kernel']!.data]).toEqual([1, 3, 5, 2, 4, 6]);
    expect([...weights['layers.3.kernel']!.data]).toEqual([7, 8, 9]);
    expect([...weights['layers.1.gamma']!.data]).toEqual([1, 2, 3]);
    const other = linear();
    await loadWeights(other, serialize(m));
    expect(weightHash(other)).toBe(weightHash(m));
  });

  test('what does not fit is named, and changes nothing', async () => {
    const m = linear();
    const before = weightHash(m);
    const bytes = encodeSafetensors(torch);
    const without = { ...map, 'layers.0.kernel': 'fc1.weight' };
    await expect(loadWeights(m, bytes, { map: without })).rejects.toThrow(/\[3, 2\].*\[2, 3\].*transpose/);
    await expect(loadWeights(m, bytes, { map: { ...map, 'layers.0.bias': 'fc1.bas' } })).rejects.toThrow(/fc1\.bas/);
    await expect(loadWeights(m, bytes, { map: any({ 'layers.9.bias': 'x' }) })).rejects.toThrow(/layers\.9\.bias/);
    await expect(loadWeights(m, bytes)).rejects.toThrow(/layers\.0\.kernel/);
    const counted = { ...map, 'layers.3.bias': 'bn.num_batches_tracked' };
    await expect(loadWeights(m, bytes, { map: counted })).rejects.toThrow(/I64/);
    expect(weightHash(m)).toBe(before);
    expect(() => deserialize(bytes, { backend })).toThrow(/not a model saved by Myelin/);
  });

  test('halves', () => {
    const header = JSON.stringify({
      h: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
      b: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
    });
    const bytes = new Uint8Array(8 + header.length + 12);
    new DataView(bytes.buffer).setUint32(0, header.length, true);
    bytes.set(new TextEncoder().encode(header), 8);
    const view = new DataView(bytes.buffer, 8 + header.length);
    [0x3c00, 0xc001, 0x0001, 0x7c00, 0x3f80, 0xc049].forEach((half, i) => {
      view.setUint16(2 * i, half, true);
    });
    const { tensors } = decodeSafetensors(bytes);
    expect([...(tensors.get('h')!.data as Float32Array)]).toEqual([1, -2.001953125, 2 ** -24, Infinity]);
    expect([...(tensors.get('b')!.data as Float32Array)]).toEqual([1, -3.140625]);
  });
});
