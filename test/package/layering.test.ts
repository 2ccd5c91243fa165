import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { circles, closureOf, edgesOf, type ImportKind, parseImports, root, sources } from '../support/imports.js';

/** From the ground up; a file imports from its own room and from those above it in this list, and from nothing else. */
const rooms: readonly (readonly [room: string, holds: string])[] = [
  ['realms.ts', 'tells values of other realms, such as frames and workers, by what they are'],
  ['errors.ts', 'declares the classes of errors, and checks options and numbers'],
  ['printable.ts', 'makes texts of users safe to print'],
  ['matrix.ts', 'declares matrices, and reads arrays and rows of numbers as such'],
  ['kernels', 'declares the contract of the arithmetic, and computes it in TypeScript'],
  ['program', 'plans memory and emits the calls of kernels that a network takes'],
  ['backends', 'open the arithmetic: TypeScript, WebAssembly and threads'],
  ['nn', 'describes networks as plain data: activations, losses, optimizers, layers, metrics'],
  ['kernels-entry', 'hands the kernels to programs by themselves, over a heap of theirs'],
  ['insight', 'explains data and trained models, and draws charts'],
  ['engine', 'runs programs on memory: steps, weights, state, prediction'],
  ['rows', 'brings rows of users to the engine: batches, weights, shuffling, streams'],
  ['passes', 'goes over all rows once and adds up what they report'],
  ['callbacks', 'watch and steer training'],
  ['fit', 'trains over epochs, and resumes'],
  ['model', 'is the face of all this: Model and what makes one'],
  ['io', 'saves and loads models'],
  ['data', 'reads tables, prepares columns and trains on them'],
  ['worker', 'runs models in workers'],
  ['cli', 'is the command line'],
  ['api.ts', 'lists what the package exports but for backends'],
  ['index.ts', 'is the main entry'],
];

/** Rooms that may know backends, in whatever way they import them. */
const knowsBackends = ['backends', 'kernels-entry', 'index.ts', 'worker', 'cli'];

const rankOf = (file: string) => rooms.findIndex(([room]) => room === file.split('/')[1]);

describe('imports', () => {
  const forms: readonly (readonly [text: string, specifier: string, kind: ImportKind])[] = [
    ["import { a } from './a.js';", './a.js', 'value'],
    ["import a, { type B } from './a.js';", './a.js', 'value'],
    ["import { a, type B } from './a.js';", './a.js', 'value'],
    ["import * as all from './a.js';", './a.js', 'value'],
    ["import {\n  a,\n  type B,\n} from './a.js';", './a.js', 'value'],
    ["import './a.js';", './a.js', 'value'],
    ["import type { A } from './a.js';", './a.js', 'type'],
    ["import type {\n  A,\n  B,\n} from './a.js';", './a.js', 'type'],
    ["import { type A, type B } from './a.js';", './a.js', 'type'],
    ["export { a } from './a.js';", './a.js', 'value'],
    ["export * from './a.js';", './a.js', 'value'],
    ["export type { A } from './a.js';", './a.js', 'type'],
    ["export type * from './a.js';", './a.js', 'type'],
    ["export { type A } from './a.js';", './a.js', 'type'],
    ["const a = await import('./a.js');", './a.js', 'dynamic'],
    ["const a = () => import(/* webpackIgnore: true */ './a.js').then();", './a.js', 'dynamic'],
    ["let a: typeof import('./a.js') | undefined;", './a.js', 'type'],
    ["export function f(a: import('./a.js').A): void {}", './a.js', 'type'],
  ];

  test.each(forms)('%s', (text, specifier, kind) => {
    expect(parseImports(text)).toEqual([{ specifier, kind }]);
  });

  test('comments and texts import nothing', () => {
    expect(parseImports("// import './a.js';\nconst text = \"import './b.js'\"; /* import('./c.js') */")).toEqual([]);
  });

  test('circles are found and told', () => {
    const arrows: Record<string, string[]> = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['d'], e: ['a', 'd'] };
    expect(circles(Object.keys(arrows), (node) => arrows[node] ?? [])).toEqual([
      ['a', 'b', 'c', 'a'],
      ['d', 'd'],
    ]);
  });
});

test('imports go down only, those of types and those on demand as well', () => {
  const files = sources('src');
  expect(files.length).toBeGreaterThan(300);
  const wrong: string[] = [];
  for (const file of files) {
    const rank = rankOf(file);
    expect(rank, `${file} belongs to a room`).toBeGreaterThanOrEqual(0);
    for (const { to, kind } of edgesOf(file)) if (rankOf(to) > rank) wrong.push(`${file} -> ${to} (${kind})`);
  }
  expect(wrong).toEqual([]);
});

test('nothing knows backends but entries and what opens them', () => {
  const wrong = sources('src')
    .filter((file) => !knowsBackends.includes(file.split('/')[1]!))
    .flatMap(edgesOf)
    .filter(({ to }) => to.startsWith('src/backends/'))
    // Tables train on the best backend of the machine, and fetch it when they do.
    .filter(({ from, kind }) => !(from.startsWith('src/data/tabular/') && kind === 'dynamic'))
    .map(({ from, to }) => `${from} -> ${to}`);
  expect(wrong).toEqual([]);
});

test('no files import each other in a circle', () => {
  const found = circles(sources('src'), (file) => edgesOf(file).map(({ to }) => to));
  expect(found.map((circle) => circle.join(' -> '))).toEqual([]);
});

// Rollup, and so Vite 7, puts a module that the entry of an app shares with a single chunk on demand into the entry. If that
// awaits `tabular(...).fit` at its top level, the chunk waits for the entry, the entry for the chunk, and the page for both.
test('what tables share with a part that comes on demand belongs to the library or comes with fit as well', () => {
  const [library, index, fit, tables] = ['api.ts', 'index.ts', 'fit/fit.ts', 'data/index.ts'].map((name) => {
    return closureOf(`src/${name}`);
  });
  expect(tables!.size).toBeGreaterThan(100);
  // Its stub brings it, as scripts/on-demand.js says.
  const withFit = new Set([...fit!, 'src/printable.ts']);
  const parts = sources('src')
    .filter((file) => !file.startsWith('src/cli/') && file !== 'src/worker/development.ts')
    .flatMap(edgesOf)
    .filter(({ to, kind }) => kind === 'dynamic' && !index!.has(to))
    .map(({ to }) => to);
  expect(parts.length).toBeGreaterThan(10);
  const alone = [...new Set(parts)].flatMap((part) =>
    [...closureOf(part)]
      .filter((shared) => tables!.has(shared) && !library!.has(shared) && !withFit.has(shared))
      .map((shared) => `${part} shares ${shared}`),
  );
  expect(alone).toEqual([]);
});

test('assembly imports nothing but itself, and lib none of the families', () => {
  for (const { from, to } of sources('assembly').flatMap(edgesOf)) {
    expect(to, from).toMatch(/^assembly\//);
    if (from.startsWith('assembly/lib/')) expect(to, from).toMatch(/^assembly\/lib\//);
  }
});

test('kernels stand in assembly/kernels/ and in src/kernels/twins/ under the same names, in the same order', () => {
  const families = readdirSync(join(root, 'assembly/kernels')).filter((name) => name.endsWith('.ts'));
  expect(families.length).toBeGreaterThan(5);
  for (const family of families) {
    const read = (folder: string) => readFileSync(join(root, folder, family), 'utf8');
    const exported = read('assembly/kernels').matchAll(/^export function (\w+)/gm);
    const twins = read('src/kernels/twins').matchAll(/^ {4}(\w+)(?:\(|: )/gm);
    const names = [...exported].map(([, name]) => name);
    expect([...twins].map(([, name]) => name).filter((name) => names.includes(name))).toEqual(names);
  }
});

test('no file reaches for Math.random, and no kernel for functions whose bits differ between engines', () => {
  for (const file of sources('src')) {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text, file).not.toMatch(/Math\.random/);
    const isFloat64 = file.endsWith('arithmetic.ts');
    if (file.includes('/kernels/') && !isFloat64) {
      expect(text, file).not.toMatch(/Math\.(exp|log|tanh|pow|sin|cos|log1p|expm1)\b/);
    }
  }
});
