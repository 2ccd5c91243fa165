// Writes what bundlers want into esm/, so that sources may say import('./fit.js').
//
// A bundler puts files together that are reached from the same entries. What is imported on demand, and needs some files of the
// package itself, would split those from the others, into as many chunks as there are ways to reach them: 14 in place of 1 (51.7 KB
// with gzip for 46.9). So each such import goes through a file that reaches all of api.js as well.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const ESM = 'esm';
const STUBS = join(ESM, 'on-demand');

/** The files that come with a part, since tables share them with it: test/package/layering.test.ts says why. */
const ALSO = { 'fit.js': ['printable.js'] };

/**
 * No bundler bundles the command line, nor the development entry's script of workers; programs of kernels alone need none of
 * api.js.
 */
const UNBUNDLED = ['cli', 'worker/development.js', 'kernels-entry'];

const pathTo = (from, to) => {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
};

/** Returns the files that a file imports statically, itself included. */
function reached(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, specifier] of source.matchAll(/\b(?:from|import) "(\.[^"]+)"/g)) {
    reached(join(dirname(file), specifier), seen);
  }
  return seen;
}

const atOnce = reached(join(ESM, 'index.js'));
mkdirSync(STUBS, { recursive: true });
const written = new Map();
for (const name of readdirSync(ESM, { recursive: true, encoding: 'utf8' })) {
  const importer = join(ESM, name);
  if (!name.endsWith('.js') || importer.startsWith(STUBS) || UNBUNDLED.some((entry) => name.startsWith(entry)))
    continue;
  const source = readFileSync(importer, 'utf8');
  const replaced = source.replace(/\bimport\("(\.[^"]+)"\)/g, (whole, specifier) => {
    const target = join(dirname(importer), specifier);
    if (atOnce.has(target)) return whole;
    const stub = join(STUBS, basename(target));
    if ((written.get(stub) ?? target) !== target) throw new Error(`${target} and ${written.get(stub)} have one name`);
    if (!written.has(stub)) {
      written.set(stub, target);
      const others = (ALSO[basename(target)] ?? []).map(
        (other) => `export * from '${pathTo(stub, join(ESM, other))}';\n`,
      );
      const isValue = target.endsWith('.wasm.js');
      writeFileSync(
        stub,
        `export { matrix } from '../api.js';\n${others.join('')}export ${isValue ? '{ default }' : '*'} from '${pathTo(stub, target)}';\n`,
      );
    }
    return `import("${pathTo(importer, stub)}")`;
  });
  if (replaced !== source) writeFileSync(importer, replaced);
}
