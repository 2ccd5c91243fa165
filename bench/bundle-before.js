// Bundles the benchmarks with another build of the package in place of the sources here.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

/** The package's folder: `folder`, or the one above where `folder` is its build/. */
export function packageRoot(folder) {
  const given = resolve(folder);
  const root = basename(given) === 'build' && existsSync(join(given, 'index.js')) ? join(given, '..') : given;
  for (const needed of ['build/index.js', 'esm/index.js']) {
    if (existsSync(join(root, needed))) continue;
    throw new Error(`--before ${folder}: ${join(root, needed)} is missing. Expected the folder of a built package.`);
  }
  return root;
}

const MISSING = /^No matching export in ".*" for import "(.+)"$/;

/** `bundling` is that of the benchmarks themselves; `outdir` gets the bundle and the files of threads and workers. */
export async function bundleBefore(root, outdir, bundling) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const file of ['thread.js', 'worker-host.js']) {
    if (existsSync(join(root, 'build', file))) cpSync(join(root, 'build', file), join(outdir, file));
  }
  // What that build does not export is undefined, so that only the benchmarks that need it fail.
  const missing = new Set();
  for (;;) {
    try {
      return await build({
        ...bundling,
        entryPoints: ['bench/library.ts'],
        outfile: join(outdir, 'library.js'),
        plugins: [redirect(root, missing)],
        logLevel: 'silent',
      });
    } catch (error) {
      const names = (error.errors ?? []).flatMap(({ text }) => MISSING.exec(text)?.[1] ?? []);
      if (names.length === 0 || names.every((name) => missing.has(name))) throw error;
      for (const name of names) missing.add(name);
    }
  }
}

/** Takes `src/x.js`, as files of bench/ and test/ import it, from `esm/x.js` of the other build. */
function redirect(root, missing) {
  return {
    name: 'before',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/src\/.*\.js$/ }, ({ path, importer }) => {
        if (importer.startsWith(root)) return undefined;
        return { path: join(root, 'esm', path.replace(/^.*\/src\//, '')), namespace: 'before' };
      });
      onLoad({ filter: /.*/, namespace: 'before' }, ({ path }) => {
        const known = existsSync(path) ? `export * from ${JSON.stringify(path)};` : '';
        const others = [...missing].map((name) => `export { nothing as ${name} };`);
        return {
          contents: [known, 'const nothing = undefined;', ...(known ? [] : others)].join('\n'),
          resolveDir: root,
        };
      });
    },
  };
}
