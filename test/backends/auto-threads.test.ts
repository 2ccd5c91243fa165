import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auto } from '../../src/backends/detect.js';
import { Choice, numbersToTry } from '../../src/backends/threads/choice.js';
import { wasm } from '../../src/backends/wasm.js';
import { BackendError } from '../../src/errors.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

const folder = mkdtempSync(join(tmpdir(), 'myelin-threads-'));
const broken = join(folder, 'broken.mjs');
const silent = join(folder, 'ends.mjs');
writeFileSync(broken, 'throw new Error("out of order.");');
writeFileSync(silent, '');

describe('threads that cannot be had', () => {
  const warnings: string[] = [];

  beforeEach(() => {
    warnings.length = 0;
    vi.spyOn(console, 'warn').mockImplementation((text) => void warnings.push(text));
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  test.each([2, 8, 'auto'] as const)('without shared memory auto({ threads: %s }) computes on one', async (threads) => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const { name, threads: got, reason } = await auto({ threads });
    expect([name, got]).toEqual(['wasm', 1]);
    expect(reason).toMatch(/^Computing on one thread[.:].*this engine has no SharedArrayBuffer\.$/);
    expect(warnings).toEqual(threads === 'auto' ? [] : [`myelin: ${reason}`]);
    if (threads !== 'auto') await expect(wasm({ threads })).rejects.toThrow(BackendError);
  });

  test.each([
    ['is missing', new URL('file:///nowhere/thread.js'), /Cannot find module/],
    ['is missing, as a path', '/nowhere/thread.js', /Cannot find module/],
    ['throws', broken, /out of order\. /],
    ['ends', silent, /a worker ended with code 0/],
    ['is no address', 'http://', /Invalid URL/],
  ] as const)('a script that %s', async (_, threadUrl, why) => {
    const error = await wasm({ threads: 2, threadUrl }).catch((error) => error);
    expect(error).toBeInstanceOf(BackendError);
    expect(error.message).toMatch(/^A thread could not start: \S/);
    expect(error.message).toMatch(why);
    expect(error.message).not.toMatch(/\.\. |undefined|A page/);
    expect(error.cause).toBeDefined();
    const { name, threads, reason } = await auto({ threads: 2, threadUrl });
    expect([name, threads, reason]).toEqual(['wasm', 1, `Computing on one thread. ${error.message}`]);
    expect(warnings).toEqual([`myelin: ${reason}`]);
  });

  test("wasm({ threads: 'auto' }) does with one where a thread cannot start", async () => {
    const { threads, reason } = await wasm({ threads: 'auto', threadUrl: '/nowhere/thread.js' });
    expect(threads).toBe(1);
    expect(reason).toMatch(/^Computing on one thread\. A thread could not start: Cannot find module/);
    expect(warnings).toEqual([`myelin: ${reason}`]);
  });

  test('wrong options are still errors', async () => {
    await expect(auto({ threads: 0 })).rejects.toThrow(/wasm\.threads/);
    await expect(auto({ threads: 2, math: 'quick' as never })).rejects.toThrow(/wasm\.math/);
  });

  test('whatever instantiating throws is a BackendError, and auto() goes on', async () => {
    const { Instance } = WebAssembly;
    for (const thrown of [
      new Error('refused.'),
      'out of memory',
      new RangeError('no room\n (evaluating x)'),
      undefined,
    ]) {
      WebAssembly.Instance = function refuse() {
        throw thrown;
      } as never;
      try {
        // A module that was tried out stays so: the source is another each time.
        const source = (await import('node:fs')).readFileSync(new URL('../../build/kernels.wasm', import.meta.url));
        const error = await wasm({ source }).catch((error) => error);
        expect(error).toBeInstanceOf(BackendError);
        expect(error.message).toMatch(
          /^The WebAssembly backend cannot start: (refused|out of memory|no room|undefined)\. It/,
        );
        expect(String(error.cause)).toContain(thrown instanceof Error ? thrown.message : String(thrown));
      } finally {
        WebAssembly.Instance = Instance;
      }
    }
  });
});

describe('with how many threads a program runs', () => {
  /** Runs a program so often, on a clock of which each way takes the milliseconds that `takes` says; returns the ways it went. */
  function choose(takes: (threads: number, time: number) => number, runs: number) {
    let time = 0;
    const went: number[] = [];
    const told: string[] = [];
    const ways = numbersToTry(4).map((threads) => ({
      threads,
      run: () => {
        went.push(threads);
        time += takes(threads, time);
      },
    }));
    const choice = new Choice(
      ways,
      (threads, ratio) => told.push(`${threads}: ${ratio.toFixed(2)}`),
      () => time,
    );
    for (let i = 0; i < runs; i++) choice.run();
    return { went, told };
  }

  test('halves are tried down to one', () => {
    expect([1, 2, 3, 8].map(numbersToTry)).toEqual([[1], [2, 1], [3, 1], [8, 4, 2, 1]]);
  });

  test.each([
    ['all where that is fastest', { 4: 1, 2: 1.5, 1: 2 }, 4, '4: 1.00'],
    ['half of them', { 4: 2, 2: 1, 1: 1.5 }, 2, '2: 0.50'],
    ['one', { 4: 2, 2: 1.5, 1: 1 }, 1, '1: 0.50'],
    ['all where fewer are about as fast', { 4: 1, 2: 0.98, 1: 0.99 }, 4, '4: 1.00'],
  ] as const)('%s', (_, milliseconds, threads, line) => {
    const { went, told } = choose((way) => milliseconds[way as 4 | 2 | 1], 100);
    expect(new Set(went.slice(0, 3))).toEqual(new Set([4, 2, 1]));
    expect(new Set(went.slice(15))).toEqual(new Set([threads]));
    expect(told).toEqual([line]);
  });

  test('one slow run does not decide', () => {
    let runs = 0;
    const { told } = choose((way) => (way === 4 && ++runs === 4 ? 50 : { 4: 1, 2: 2, 1: 3 }[way as 4 | 2 | 1]), 20);
    expect(told).toEqual(['4: 1.00']);
  });

  test('the ways are timed again after some seconds, since cores come and go', () => {
    const { told } = choose((way, time) => (time < 3000 ? 10 * way : 10 / way), 3000);
    expect(told[0]).toBe('1: 0.25');
    expect(told.length).toBeGreaterThan(1);
    expect(told.slice(1)).toEqual(told.slice(1).map(() => '4: 1.00'));
  });

  test('training with threads says afterwards whether fewer were faster', async () => {
    const backend = await wasm({ threads: 2 });
    expect(backend.reason).toBeUndefined();
    const layers = [dense({ units: 128, inputShape: 128 }), dense({ units: 8 })];
    const model = sequential({ layers, backend }).compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const rows = (columns: number) => Array.from({ length: 64 }, () => new Array<number>(columns).fill(0.5));
    for (let i = 0; i < 12; i++) model.trainOnBatch(rows(128), rows(8));
    expect(backend.reason ?? '').toMatch(
      /^$|^A program takes \d+% of the time on 1 of the 2 threads, and so runs on those\.$/,
    );
    backend.dispose?.();
  });
});

test('auto() takes TypeScript under a small address space, where modules compile', () => {
  const index = new URL('../../build/index.js', import.meta.url).href;
  const script = `
    import { auto, dense, sequential } from ${JSON.stringify(index)};
    const backend = await auto();
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend });
    console.log(backend.name, model.predict([[1]]).rows);`;
  const command = `ulimit -v 6000000; exec "$0" --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8' });
  // Engines differ in how much they reserve; none may fail after auto() has answered.
  expect([stdout.trim(), stderr]).toEqual([
    expect.stringMatching(/^(typescript|wasm) 1$/),
    expect.not.stringMatching(/Error:/),
  ]);
  rmSync(folder, { recursive: true, force: true });
});
