// Bundles the package for those that load it unbundled: Node, pages, import maps. Bundlers take esm/ instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const options = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: ['es2022', 'node20'],
  outdir: 'build',
  entryNames: '[name]',
  logLevel: 'warning',
  external: ['commander', 'node:*'],
};

/** Sources name the scripts of threads and workers by their place in build/; what lies there names them from there. */
const scriptsFrom = (folders) => ({
  name: 'scripts',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /src\/(backends\/threads|worker)\/[\w-]+\.ts$/ }, ({ path }) => {
      const folder = folders[/\/threads\//.test(path) ? 'threads' : 'worker'];
      const pattern = /'(?:\.\.\/)+build\/((?:thread|worker-host)\.js)'/g;
      return { contents: readFileSync(path, 'utf8').replace(pattern, `'${folder}$1'`), loader: 'ts' };
    });
    onResolve({ filter: /^\.\.?\/(thread|worker-host)\.js$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
});

/** The script of workers has no file beside it in bundles; there it is the script of its threads as well. */
const ownPlace = {
  name: 'own-place',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^\.\/own-place\.js$/ }, ({ resolveDir, kind }) =>
      basename(resolveDir) === 'threads' ? resolve('../../worker/own-place.js', { resolveDir, kind }) : undefined,
    );
  },
};

// Code that is loaded on demand, threads included, is in chunks/, and entries are above it.
const { metafile } = await build({
  ...options,
  entryPoints: {
    index: 'src/index.ts',
    data: 'src/data/index.ts',
    cli: 'src/cli/index.ts',
    worker: 'src/worker/index.ts',
    'kernels-entry': 'src/kernels-entry/index.ts',
  },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  mainFields: ['browser', 'module', 'main'],
  metafile: true,
  plugins: [scriptsFrom({ threads: '../', worker: '../' })],
});
writeFileSync('build/meta.json', JSON.stringify(metafile));

const beside = scriptsFrom({ threads: './', worker: './' });
await build({ ...options, entryPoints: { thread: 'src/backends/threads/thread.ts' }, plugins: [beside] });
await build({
  ...options,
  entryPoints: { 'worker-host': 'src/worker/worker-host.ts' },
  mainFields: ['module', 'main'],
  plugins: [ownPlace, beside],
});
