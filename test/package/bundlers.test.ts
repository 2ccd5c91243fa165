import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { type Parts, Workshop } from '../support/bundlers.js';
import { effort } from '../support/effort.js';

const long = effort === 'long';
const skipped = noBrowser || effort === 'quick';
if (skipped) {
  console.warn('bundlers skipped: they are installed from a registry; MYELIN_EFFORT=long runs them all, full a few');
}

/** What has no thread, or no worker, without the line of configuration that the error names. */
const without: Record<string, readonly (keyof Parts)[]> = {
  esbuild: ['threads', 'worker', 'workerThreads'],
  'esbuild-split': ['worker', 'workerThreads'],
  rollup: ['worker', 'workerThreads'],
};

const quick: Record<string, readonly string[]> = {
  vite7: ['vite7', 'vite7-dev'],
  vite8: ['vite8'],
  webpack: ['webpack'],
  esbuild: ['esbuild', 'esbuild-split', 'esbuild-scripts'],
};

const all: Record<string, readonly string[]> = {
  vite5: ['vite5', 'vite5-dev'],
  vite6: ['vite6', 'vite6-dev'],
  vite7: ['vite7', 'vite7-dev'],
  vite8: ['vite8', 'vite8-dev'],
  webpack: ['webpack', 'webpack-dev'],
  '@rspack/core': ['rspack'],
  rollup: ['rollup', 'rollup-scripts'],
  '@rollup/plugin-node-resolve': [],
  esbuild: ['esbuild', 'esbuild-split', 'esbuild-scripts'],
  parcel: ['parcel'],
  next: ['next', 'next-webpack'],
  react: [],
  'react-dom': [],
};

const chosen = long ? all : quick;
const MINUTES = 60_000;

describe.skipIf(skipped)('an app that trains with WebAssembly, with threads and in a worker', () => {
  let workshop: Workshop;
  let browser: Browser;
  let expected: Parts;

  beforeAll(async () => {
    workshop = Workshop.open(Object.keys(chosen));
    browser = await launch();
    expected = await workshop.inNode();
  }, 15 * MINUTES);

  afterAll(() => browser?.close());

  /** The same bits as in Node, or the error that says what to write. */
  function check(parts: Parts, missing: readonly (keyof Parts)[]): void {
    const bits = expected.wasm.hash;
    expect(bits).toMatch(/^[0-9a-f]{14,16}$/);
    for (const [name, part] of Object.entries(parts)) {
      if (!missing.includes(name as keyof Parts))
        expect([name, part.error, part.hash]).toEqual([name, undefined, bits]);
      else
        expect(part.error).toMatch(
          /^BackendError: .*entry of its own, \{ '(worker-host|thread)': 'myelin\/[\w-]+\.js' \}/,
        );
    }
    const threads = missing.includes('threads') ? 1 : 2;
    expect([parts.auto.name, parts.auto.threads]).toEqual(['wasm', threads]);
    if (threads === 1) expect(parts.auto.reason).toMatch(/one thread.*thread\.js/);
  }

  test('comes to the same bits in all parts in Node', () => check(expected, []));

  test.each(Object.values(chosen).flat())(
    '%s',
    async (name) => {
      const served = await workshop.build(name);
      try {
        expect(served.warnings.filter((warning) => /critical dependency|import\.meta/i.test(warning))).toEqual([]);
        const page = await browser.newPage();
        await page.goto(served.url);
        await page.waitForFunction('window.result', undefined, { timeout: 2 * MINUTES });
        check((await page.evaluate('window.result')) as Parts, without[name] ?? []);
        await page.close();
        if (!name.startsWith('next')) return;
        const answer = await fetch(`${served.url}api/train`);
        check((await answer.json()) as Parts, []);
      } finally {
        await served.close();
      }
    },
    10 * MINUTES,
  );
});
