import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auto } from '../../src/backends/detect.js';
import { wasm } from '../../src/backends/wasm.js';
import { BackendError } from '../../src/errors.js';

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
