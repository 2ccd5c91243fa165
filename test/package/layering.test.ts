import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** From the ground up; a file may import from its own storey and those below. */
const storeys = [
  ['realms.ts'],
  ['errors.ts'],
  ['printable.ts'],
  ['matrix.ts'],
  ['kernels'],
  ['program'],
  ['nn'],
  ['insight'],
  ['engine'],
  ['rows'],
  ['passes'],
  ['callbacks'],
  ['fit'],
  ['model'],
  ['io'],
  ['data'],
  ['backends'],
  ['worker'],
  ['cli'],
  ['api.ts'],
  ['index.ts'],
];

/**
 * Backends know kernels and how programs are cut, and nothing between them and the index knows backends, but workers, which
 * open them.
 */
const exceptions: Record<string, readonly string[]> = {
  backends: ['realms.ts', 'errors.ts', 'kernels', 'program', 'backends'],
};
const opensBackends = ['index.ts', 'worker', 'data', 'cli'];

function storeyOf(file: string): { rank: number; name: string } {
  const name = relative(join(root, 'src'), file).split('/')[0]!;
  const rank = storeys.findIndex((storey) => storey.includes(name));
  return { rank, name };
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}

function imports(file: string): string[] {
  // What entries say of the types of the main one leaves nothing behind in a program.
  const text = readFileSync(file, 'utf8').replace(/^export type \{[^}]*\} from '\.\.\/index\.js';$/gm, '');
  return [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => {
    return resolve(dirname(file), path!.replace(/\.js$/, '.ts'));
  });
}

test('imports go down only', () => {
  const files = sources(join(root, 'src'));
  expect(files.length).toBeGreaterThan(25);
  const wrong: string[] = [];
  for (const file of files) {
    const from = storeyOf(file);
    expect(from.rank, `${file} belongs to a storey`).toBeGreaterThanOrEqual(0);
    for (const target of imports(file)) {
      if (target.includes('/build/')) continue;
      const to = storeyOf(target);
      const allowed =
        exceptions[from.name]?.includes(to.name) ??
        (to.rank <= from.rank && (to.name !== 'backends' || opensBackends.includes(from.name)));
      if (!allowed) wrong.push(`${relative(root, file)} imports ${relative(root, target)}`);
    }
  }
  expect(wrong).toEqual([]);
});

/** Everything that a file imports, and what that imports, but for types and what comes on demand. */
function closureOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || file.includes('/build/')) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8').replace(/^(?:import|export) type [^;]*;$/gm, '');
  for (const [, path] of text.matchAll(/from '(\.[^']+)'/g))
    closureOf(resolve(dirname(file), path!.replace(/\.js$/, '.ts')), seen);
  return seen;
}

// Rollup, and so Vite 7, puts a module that the entry of an app shares with a single chunk on demand into the entry. If that
// awaits `tabular(...).fit` at its top level, the chunk waits for the entry, the entry for the chunk, and the page for both.
test('what tables share with a part that comes on demand belongs to the library or comes with fit as well', () => {
  const at = (name: string) => join(root, 'src', name);
  const [library, fit, tables] = ['api.ts', 'fit/fit.ts', 'data/index.ts'].map((name) => closureOf(at(name)));
  // scripts/on-demand.js lets it come with fit.
  fit!.add(at('printable.ts'));
  expect(tables!.size).toBeGreaterThan(100);
  const parts = [
    'backends/fused',
    'backends/own-kernels',
    'backends/threads/pool',
    'callbacks/bar',
    'fit/resume',
    'fit/stream',
    'passes/explain-non-finite',
    'passes/profiling',
    'rows/stratify',
  ];
  const alone = parts.flatMap((part) =>
    [...closureOf(at(`${part}.ts`))]
      .filter((shared) => tables!.has(shared) && !library!.has(shared) && !fit!.has(shared))
      .map((shared) => `${part} shares ${relative(root, shared)}`),
  );
  expect(alone).toEqual([]);
});

test('assembly imports nothing but itself, and lib none of the families', () => {
  for (const file of sources(join(root, 'assembly'))) {
    for (const target of imports(file)) {
      expect(target.startsWith(join(root, 'assembly'))).toBe(true);
      if (file.includes('/lib/')) expect(target).toContain('/assembly/lib/');
    }
  }
});

test('kernel families stand in assembly/kernels/ and in src/kernels/twins/ under the same names, in the same order', () => {
  const families = readdirSync(join(root, 'assembly/kernels'));
  expect(families.length).toBeGreaterThan(5);
  for (const family of families) {
    const exported = readFileSync(join(root, 'assembly/kernels', family), 'utf8').matchAll(/^export function (\w+)/gm);
    const twins = readFileSync(join(root, 'src/kernels/twins', family), 'utf8').matchAll(/^ {4}(\w+)(?:\(|: )/gm);
    const names = [...exported].map(([, name]) => name);
    expect([...twins].map(([, name]) => name).filter((name) => names.includes(name))).toEqual(names);
  }
});

test('no file reaches for Math.random, and no kernel for functions whose bits differ between engines', () => {
  for (const file of sources(join(root, 'src'))) {
    const text = readFileSync(file, 'utf8');
    expect(text, file).not.toMatch(/Math\.random/);
    const isFloat64 = file.endsWith('arithmetic.ts');
    if (file.includes('/kernels/') && !isFloat64) {
      expect(text, file).not.toMatch(/Math\.(exp|log|tanh|pow|sin|cos|log1p|expm1)\b/);
    }
  }
});
