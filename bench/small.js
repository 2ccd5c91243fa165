// Bundles small.ts and runs it: `taskset -c 0 node bench/small.js`. What `fit` adds to a small step, and `predict` to one row.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: ['es2022', 'node20'],
  external: ['esbuild'],
  logLevel: 'warning',
  entryPoints: ['bench/small.ts'],
  outfile: 'build/bench-small.js',
});
await import('../build/bench-small.js');
