// Bundles lockstep.ts, which times networks in lockstep, and runs it: `taskset -c 0 node bench/lockstep.js`.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
await build({
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: ['es2022', 'node20'],
  external: ['esbuild'],
  logLevel: 'warning',
  entryPoints: ['bench/lockstep.ts'],
  outfile: 'build/bench-lockstep.js',
});
await import('../build/bench-lockstep.js');
