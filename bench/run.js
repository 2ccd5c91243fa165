// Compiles the peak's loops, bundles the benchmark and runs it. Arguments are those of main.ts.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';
import { bundleBefore, packageRoot } from './bundle-before.js';
import { formatGoals, measureGoals } from './goals/measure.js';

const from = process.cwd();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const text = { type: 'string' };
const options = { before: text, node: text, only: text, json: text, goals: { type: 'boolean' } };
const { values } = parseArgs({ options, strict: false });
const before = values.before === undefined ? undefined : packageRoot(resolve(from, String(values.before)));

for (const target of ['release', 'fast']) {
  const { error, stderr } = await asc.main(['--config', 'bench/peak/asconfig.json', '--target', target]);
  if (error) {
    console.error(String(stderr));
    throw error;
  }
}
const bundling = {
  absWorkingDir: process.cwd(),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: ['es2022', 'node20'],
  loader: { '.wasm': 'base64' },
  external: ['esbuild'],
  sourcemap: 'inline',
  sourcesContent: false,
  logLevel: 'warning',
};
await build({ ...bundling, entryPoints: ['bench/main.ts'], outfile: 'build/bench.js' });
if (before !== undefined) await bundleBefore(before, 'build/before', bundling);

if (values.goals) {
  const only = new RegExp(String(values.only ?? ''));
  const engines = String(values.node ?? '')
    .split(',')
    .filter(Boolean);
  const goals = measureGoals({ before, engines, only });
  console.log(formatGoals(goals));
  if (values.json !== undefined) writeFileSync(resolve(from, String(values.json)), JSON.stringify({ goals }, null, 2));
  process.exit(0);
}
const found = before === undefined ? [] : ['--before', before];
const args = ['--enable-source-maps', resolve('build/bench.js'), ...process.argv.slice(2), ...found];
const { status, error: failure } = spawnSync(process.execPath, args, { cwd: from, stdio: 'inherit' });
if (failure) throw failure;
process.exitCode = status ?? 1;
