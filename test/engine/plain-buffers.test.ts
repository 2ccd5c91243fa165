import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { pack } from '../../src/callbacks/run-state.js';
import { jobOf } from '../../src/data/tabular/checkpoint.js';
import { unpack } from '../../src/fit/resume.js';
import { lint } from '../../src/insight/lint.js';
import { save, serialize } from '../../src/io/save.js';
import { NAN_BITS, oneNaN } from '../../src/kernels/lib/one-nan.js';
import { makeMatrix, matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';

// What is handed out lies in plain buffers: `fetch` of Node 24 and 26 sends a view of shared memory as text.

/** Every view and buffer within a value. */
function* views(value: unknown, path: string, seen = new Set<unknown>()): Generator<[string, ArrayBufferLike]> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (ArrayBuffer.isView(value)) yield [path, value.buffer];
  else for (const [key, item] of Object.entries(value)) yield* views(item, `${path}.${key}`, seen);
}

const rows = Array.from({ length: 64 }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.sin(i * 64 + c)));
const labels = rows.map((_, i) => i % 3);
const layers = [dense({ units: 256, activation: 'relu', inputShape: 64 }), dense({ units: 3, activation: 'softmax' })];
const compile = {
  optimizer: 'adam',
  loss: 'sparseCategoricalCrossentropy',
  averaging: exponentialMovingAverage(),
} as const;

const shared = new worker.TrainingWorker({ workerUrl: new URL('../../build/worker-host.js', import.meta.url) });
afterAll(() => shared.terminate());

type Outputs = Readonly<Record<string, unknown>>;
const makers: Readonly<Record<string, () => Promise<Outputs>>> = {
  async threads() {
    const threadUrl = new URL('../../build/thread.js', import.meta.url);
    const backend = await wasm({ threads: 2, threadUrl });
    const x = await worker.share(rows);
    const model = sequential({ layers, backend, seed: 1 });
    model.compile(compile);
    const chunks: unknown[] = [];
    const history = await model.fit(x, labels, { lint: false });
    await save(model, new WritableStream({ write: (chunk) => void chunks.push(chunk) }));
    const streamed: unknown[] = [];
    for await (const batch of model.predictBatches([x])) streamed.push(batch);
    const outputs = {
      history,
      chunks,
      streamed,
      weights: model.getWeights(),
      averaged: model.averagedWeights(),
      gradients: model.gradients(x, labels, { nodes: true }),
      predicted: model.predict(x),
      named: model.predictOutputs(x),
      bytes: serialize(model),
      spec: model.spec,
    };
    backend.dispose?.();
    return outputs;
  },
  async 'a worker'() {
    const x = await worker.share(rows);
    const model = await worker.sequential({ layers, seed: 1, worker: shared });
    await model.compile(compile);
    return {
      history: await model.fit(x, labels, { lint: false }),
      weights: await model.getWeights(),
      averaged: await model.averagedWeights(),
      gradients: await model.gradients(x, labels, { nodes: true }),
      predicted: await model.predict(x),
      bytes: await worker.serialize(model),
    };
  },
};

test.each(Object.entries(makers))('%s: nothing that is handed out lies in shared memory', async (_, make) => {
  const found = [...views(await make(), 'model')];
  expect(found.length).toBeGreaterThan(8);
  for (const [path, buffer] of found) expect([path, buffer instanceof ArrayBuffer]).toEqual([path, true]);
});

describe('one NaN', () => {
  const bits = (data: Float32Array) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];
  /** NaN as engines and processors write it. */
  const patterns = [0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff, 0xff812345];
  const withNaN = (pattern: number) => {
    const data = new Float32Array(6).map((_, i) => i - 2.5);
    new Uint32Array(data.buffer)[3] = pattern;
    return data;
  };

  test.each(patterns)('%i', (pattern) => {
    const data = withNaN(pattern);
    const given = bits(data);
    expect(bits(oneNaN(data))).toEqual(given.with(3, NAN_BITS));
    expect(bits(data)).toEqual(given);
    // What lies elsewhere in a buffer, too.
    const part = Float32Array.of(9, ...[0, 0, 0, 0, 0, 0]);
    new Uint32Array(part.buffer).set(given, 1);
    expect(bits(oneNaN(part.subarray(1)))).toEqual(given.with(3, NAN_BITS));
  });

  test('numbers, infinities and -0 stay, and nothing is copied for them', () => {
    for (const data of [Float32Array.of(1, -0, 0, 1e-45), Float32Array.of(Infinity, -Infinity), new Float32Array(0)]) {
      expect(oneNaN(data)).toBe(data);
    }
  });

  test('in runs that are saved', () => {
    const [first, ...others] = patterns.map((pattern) => JSON.stringify(pack({ data: withNaN(pattern) })));
    for (const other of others) expect(other).toBe(first);
    const { data } = unpack(JSON.parse(first!)) as { data: Float32Array };
    expect(bits(data)).toEqual(bits(withNaN(NAN_BITS)));
  });

  test('in the checksum of rows', () => {
    const sums = patterns.map((pattern) => jobOf(any({}), makeMatrix(withNaN(pattern), 2, 3)).data);
    expect(new Set(sums).size).toBe(1);
    expect(jobOf(any({}), makeMatrix(new Float32Array(6), 2, 3)).data).not.toBe(sums[0]);
  });

  test('in rows that are found to be equal', () => {
    const counts = patterns.map((pattern) => {
      const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.cos(i));
      const data = Float32Array.from({ length: 200 * 3 }, (_, i) => Math.sin(i * i));
      new Uint32Array(data.buffer)[3 * 7] = 0x7fc00000;
      const held = data.slice(0, 30 * 3);
      new Uint32Array(held.buffer)[3 * 7] = pattern;
      const findings = lint(matrix(data, 200, 3), numbers(200), { validation: [matrix(held, 30, 3), numbers(30)] });
      return findings.filter(({ code }) => code === 'duplicatedRows').map(({ message }) => message);
    });
    for (const count of counts) expect(count).toEqual(counts[0]);
    expect(counts[0]).toHaveLength(1);
  });
});
