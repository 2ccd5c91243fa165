import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dense, dropout } from '../src/model/layers/index.js';
import { sequential } from '../src/train/model.js';
import { wasmFactory } from './support/buffers.js';

const EXECUTABLE = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const built = (name: string) => readFileSync(new URL(`../build/${name}`, import.meta.url));
const present = existsSync(EXECUTABLE);
if (!present && !process.env.CI) console.warn(`browser tests skipped: no Chromium at ${EXECUTABLE}`);

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

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    const path = request.url?.split('?')[0];
    if (path === '/index.js' || path === '/thread.js' || path?.startsWith('/chunks/')) {
      response.setHeader('content-type', 'text/javascript').end(built(path.slice(1)));
    } else if (path === '/train.js') response.setHeader('content-type', 'text/javascript').end(script);
    else {
      if (request.url?.includes('strict')) response.setHeader('content-security-policy', "script-src 'self'");
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><script type="module" src="/train.js"></script>');
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const hash = (weights: readonly (readonly [string, ArrayLike<number>])[]) => {
  const sum = createHash('sha256');
  for (const [name, data] of weights) sum.update(name).update(new Uint8Array(Float32Array.from(data).buffer));
  return sum.digest('hex');
};

describe.skipIf(!present && !process.env.CI)('in Chromium', () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    server = await serve();
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function train(query: string): Promise<Result> {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${query}`);
    // Not waitForFunction, which a content policy keeps from evaluating.
    await expect.poll(() => page.evaluate('!!window.result'), { timeout: 120_000 }).toBe(true);
    const result = (await page.evaluate('window.result')) as Result;
    await page.close();
    expect(result.error).toBeUndefined();
    return result;
  }

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
    const there = await train('');
    expect(there.backend).toBe('wasm');
    expect([there.saved, there.toPath]).toEqual([true, 'StateError']);
    expect(hash(there.weights)).toBe(here);
  });

  test('threads on an isolated page end in the same bits', async () => {
    const [one, three] = [await train(''), await train('?threads')];
    expect([one.threads, three.threads]).toEqual([1, 3]);
    expect(hash(three.weights)).toBe(hash(one.weights));
  });

  test('fused arithmetic comes close', async () => {
    const [exact, fast] = [await train(''), await train('?fast')];
    expect([exact.math, fast.math]).toEqual(['exact', 'fast']);
    const largest = Math.max(
      ...exact.weights.flatMap(([, data], i) => data.map((w, k) => Math.abs(w - fast.weights[i]![1][k]!))),
    );
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-4);
  });

  test('a strict content policy makes auto() fall back, say why, and compute the same', async () => {
    const [free, strict] = [await train(''), await train('?strict')];
    expect(strict.backend).toBe('typescript');
    expect(strict.reason).toMatch(/wasm-unsafe-eval/);
    expect(hash(strict.weights)).toBe(hash(free.weights));
  });
});
