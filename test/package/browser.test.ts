import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sequential } from '../../src/model/model.js';
import { dense, dropout } from '../../src/nn/layers/index.js';
import { noBrowser, PageRunner } from '../support/browser.js';
import { wasmFactory } from '../support/buffers.js';

/** Trains a small model in the page and reports what happened. */
const script = `
import { auto, dense, dropout, load, save, sequential, serialize } from './index.js';
try {
  const options = { '?fast': { math: 'fast' }, '?threads': { threads: 3 } };
  const backend = await auto(options[location.search] ?? {});
  const model = sequential({
    layers: [
      dense({ units: 200, inputShape: 3, activation: 'tanh' }),
      dropout({ rate: 0.3 }),
      dense({ units: 200, activation: 'relu' }),
      dense({ units: 2, activation: 'softmax' }),
    ],
    seed: 5,
    backend,
  });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = Array.from({ length: 100 }, (_, i) => [(i % 7) / 7, (i % 5) / 5, (i % 3) / 3]);
  await model.fit(x, x.map(([a, b]) => (a > b ? 1 : 0)), { epochs: 3 });
  const weights = Object.entries(model.getWeights()).map(([name, { data }]) => [name, Array.from(data)]);
  const copy = await load(new Blob([serialize(model)]).stream(), { backend });
  const saved = model.predict(x).data.every((value, i) => value === copy.predict(x).data[i]);
  const toPath = await save(model, 'model.safetensors').catch(({ name }) => name);
  window.result = { saved, toPath, threads: backend.threads, backend: backend.name, math: backend.math, reason: backend.reason, weights };
} catch (error) {
  window.result = { error: String(error) };
}
`;

interface Result {
  readonly backend: string;
  readonly threads: number;
  readonly math: string;
  readonly reason?: string;
  readonly weights: [string, number[]][];
  /** A model saved to a stream and loaded predicts the same. */
  readonly saved: boolean;
  /** What saving to a path ends in. */
  readonly toPath: string;
  readonly error?: string;
}

const hash = (weights: readonly (readonly [string, ArrayLike<number>])[]) => {
  const sum = createHash('sha256');
  for (const [name, data] of weights) sum.update(name).update(new Uint8Array(Float32Array.from(data).buffer));
  return sum.digest('hex');
};

describe.skipIf(noBrowser)('in Chromium', () => {
  let pages: PageRunner<Result>;

  beforeAll(async () => {
    pages = await PageRunner.open(script);
  });

  afterAll(() => pages?.close());

  test('training ends in the bits of Node', async () => {
    const model = sequential({
      layers: [
        dense({ units: 200, inputShape: 3, activation: 'tanh' }),
        dropout({ rate: 0.3 }),
        dense({ units: 200, activation: 'relu' }),
        dense({ units: 2, activation: 'softmax' }),
      ],
      seed: 5,
      backend: wasmFactory,
    });
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const x = Array.from({ length: 100 }, (_, i) => [(i % 7) / 7, (i % 5) / 5, (i % 3) / 3]);
    const y = x.map(([a, b]) => ((a as number) > (b as number) ? 1 : 0));
    await model.fit(x, y, { epochs: 3 });
    const here = hash(Object.entries(model.getWeights()).map(([name, { data }]) => [name, data]));
    const there = await pages.run('isolated/');
    expect(there.backend).toBe('wasm');
    expect([there.saved, there.toPath]).toEqual([true, 'StateError']);
    expect(hash(there.weights)).toBe(here);
  });

  test('threads on an isolated page end in the same bits', async () => {
    const [one, three] = [await pages.run('isolated/'), await pages.run('isolated/?threads')];
    expect([one.threads, three.threads]).toEqual([1, 3]);
    expect(hash(three.weights)).toBe(hash(one.weights));
  });

  test('fused arithmetic comes close', async () => {
    const [exact, fast] = [await pages.run('isolated/'), await pages.run('isolated/?fast')];
    expect([exact.math, fast.math]).toEqual(['exact', 'fast']);
    const largest = Math.max(
      ...exact.weights.flatMap(([, data], i) => data.map((w, k) => Math.abs(w - fast.weights[i]![1][k]!))),
    );
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-4);
  });

  test('a strict content policy makes auto() fall back, say why, and compute the same', async () => {
    const [free, strict] = [await pages.run('isolated/'), await pages.run('strict/')];
    expect(strict.backend).toBe('typescript');
    expect(strict.reason).toMatch(/wasm-unsafe-eval/);
    expect(hash(strict.weights)).toBe(hash(free.weights));
  });
});
