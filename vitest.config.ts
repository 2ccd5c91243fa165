import { readFileSync } from 'node:fs';
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

export default defineConfig({
  plugins: [base64],
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 180_000,
    // Half of the tests wait for processes that they start, so all cores may have a worker.
    maxWorkers: '100%',
    // Tests train on data that lint has something to say about.
    onConsoleLog: (log) => !log.includes('[lint: { ignore:'),
  },
});
