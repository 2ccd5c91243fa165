import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Imports `*.wasm` of the benchmark as base64, as esbuild does. */
const base64 = {
  name: 'wasm-base64',
  enforce: 'pre' as const,
  load(id: string) {
    if (!/\.wasm$/.test(id)) return undefined;
    return `export default '${readFileSync(id).toString('base64')}';`;
  },
};

// A test that starts processes or threads, or replaces what is global, has a process of its own. All others share one for each
// core, in which the library is loaded once: that is a second of work less for each file.
const OWN =
  /child_process|worker|threads|\bprocess\.|globalThis|\bvi\.|support\/(?:cli|browser|webdriver)\b|prototype\b.*=|defineProperty/i;
const tests = readdirSync(new URL('test', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/${name}`);
const has = (pattern: RegExp) => (path: string) => pattern.test(readFileSync(new URL(path, import.meta.url), 'utf8'));
const counts = has(/support\/work\.js/);
const isOwn = (path: string) => has(OWN)(path) && !counts(path);

export default defineConfig({
  plugins: [base64],
  test: {
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Half of the tests wait for processes that they start, so all cores may have a worker.
    maxWorkers: '100%',
    // Tests train on data that lint has something to say about.
    onConsoleLog: (log) => !log.includes('[lint: { ignore:'),
    projects: [
      { extends: true, test: { name: 'alone', include: tests.filter(isOwn) } },
      // V8 counts blocks of code that it compiles from then on.
      { extends: true, test: { name: 'counted', include: tests.filter(counts), setupFiles: ['test/support/work.ts'] } },
      {
        extends: true,
        test: { name: 'shared', include: tests.filter((path) => !isOwn(path) && !counts(path)), isolate: false },
      },
    ],
  },
});
