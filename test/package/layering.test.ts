import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { circles, closureOf, edgesOf, type ImportKind, parseImports, root, sources } from '../support/imports.js';

/** From the ground up; a file imports from its own room and from those above it in this list, and from nothing else. */
const rooms: readonly (readonly [room: string, holds: string])[] = [
  ['realms.ts', 'tells values of other realms, such as frames and workers, by what they are'],
  ['errors.ts', 'declares the classes of errors, and checks options and numbers'],
  ['rare.ts', 'holds what few programs call, loaded with the backend'],
  ['printable.ts', 'makes texts of users safe to print'],
  ['matrix.ts', 'declares matrices, and reads arrays and rows of numbers as such'],
  ['sparse-matrix.ts', 'declares matrices of which only non-zeros are held, and reads them'],
  ['kernels', 'declares the contract of the arithmetic, and computes it in TypeScript'],
  ['program', 'plans memory and emits the calls of kernels that a network takes'],
  ['nn', 'describes networks as plain data: activations, losses, optimizers, layers, metrics'],
  ['insight', 'explains data and trained models, and draws charts'],
  ['engine', 'runs programs on memory: steps, weights, state, prediction'],
  ['rows', 'brings rows of users to the engine: batches, weights, shuffling, streams'],
  ['passes', 'goes over all rows once and adds up what they report'],
  ['callbacks', 'watch and steer training'],
  ['fit', 'trains over epochs, and resumes'],
  ['model', 'is the face of all this: Model and what makes one'],
  ['io', 'saves and loads models'],
  ['backends', 'open the arithmetic: TypeScript, WebAssembly and threads'],
  ['kernels-entry', 'hands the kernels to programs by themselves, over a heap of theirs'],
  ['api.ts', 'lists what the main entry exports but for backends'],
  ['index.ts', 'is the main entry'],
  ['worker', 'runs models in workers'],
  ['data', 'reads tables, prepares columns and trains on them'],
  ['cli', 'is the command line'],
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

test('the folders of a room do not import each other in a circle', () => {
  const folderOf = (file: string) => file.split('/').slice(0, 3).join('/');
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of sources('src').flatMap(edgesOf)) {
    const [above, below] = [folderOf(from), folderOf(to)];
    // What lies in the room itself is its ground and its face, and so may stand below its folders and above them.
    if (above === below || above.endsWith('.ts') || below.endsWith('.ts')) continue;
    arrows.set(above, (arrows.get(above) ?? new Set()).add(below));
  }
  expect(arrows.size).toBeGreaterThan(10);
  const found = circles(arrows.keys(), (folder) => arrows.get(folder) ?? []);
  expect(found.map((circle) => circle.join(' -> '))).toEqual([]);
});

/** All files in a folder of the repository, by their paths from its root. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

const parts = ['src', 'assembly', 'test'];

test('no folder has more than 20 files', () => {
  const counts = new Map<string, number>();
  for (const file of parts.flatMap(filesIn)) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(50);
  expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
});

/** Files of tests that are longer than others may be, and how long. Numbers here only fall, and none is added. */
const long: Readonly<Record<string, number>> = {
  'test/data/data-preprocess.test.ts': 430,
  'test/data/data-read.test.ts': 409,
  'test/engine/non-finite.test.ts': 428,
  'test/engine/update.test.ts': 426,
  'test/package/runtimes.test.ts': 416,
  'test/support/nn/kernel-table.ts': 478,
  'test/worker/worker.test.ts': 401,
};

test('no file of code is longer than 400 lines', () => {
  const lengths = parts
    .flatMap(filesIn)
    .filter((file) => /\.(ts|js|mjs|py)$/.test(file))
    .map((file) => [file, readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length] as const);
  expect(lengths.length).toBeGreaterThan(500);
  expect(lengths.filter(([file, lines]) => lines > (long[file] ?? 400))).toEqual([]);
  const over = lengths.filter(([, lines]) => lines > 400).map(([file]) => file);
  expect(Object.keys(long).filter((file) => !over.includes(file))).toEqual([]);
});

/** Names that stand in several rooms because they mean the same in each. */
const repeated: Readonly<Record<string, string>> = {
  'activations.ts': 'kernels, and the layers and specs that call them',
  'embedding.ts': 'kernels, and the layer that calls them',
  'engine.ts':
    "assembly/lib/engine.ts is what a module is told of the engine that runs it; a module's imports carry its name",
  'index.ts': 'what a folder exports',
  'losses.ts': 'kernels, and the specs that call them',
  'optimizers.ts': 'kernels, and the specs that call them',
  'own-place.ts': 'where the script of a thread or worker lies',
};

test('files of one name in different rooms mean the same', () => {
  const places = new Map<string, Set<string>>();
  for (const file of ['src', 'assembly'].flatMap(filesIn)) {
    const [part, room] = file.split('/') as [string, string];
    const name = basename(file);
    // The index of each room, and the kernels that stand in assembly and as twins under one name, are no news.
    places.set(name, (places.get(name) ?? new Set()).add(part === 'assembly' ? 'src/kernels' : `${part}/${room}`));
  }
  const several = [...places].filter(([, rooms]) => rooms.size > 1).map(([name]) => name);
  expect(several.sort()).toEqual(Object.keys(repeated).sort());
});

/** Names that stand in several folders of a room because they mean the same in each. */
const repeatedWithin: Readonly<Record<string, string>> = {
  'data/read.ts': 'reads a table, of CSV, of JSON or of either',
  'kernels/activations.ts': 'exports, signatures and loops of one family',
  'kernels/losses.ts': 'exports, signatures and loops of one family',
  'nn/index.ts': 'what a folder exports',
  'nn/registry.ts': 'all of a family by name',
};

test('files of one name in different folders of a room mean the same', () => {
  const seen = new Map<string, number>();
  // Twins stand under the names of the families that declare them.
  for (const file of filesIn('src').filter((name) => !name.startsWith('src/kernels/twins/'))) {
    const key = `${file.split('/')[1]}/${basename(file)}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const several = [...seen].filter(([, count]) => count > 1).map(([key]) => key);
  expect(several.sort()).toEqual(Object.keys(repeatedWithin).sort());
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
  const families = sources('assembly')
    .filter((file) => file.startsWith('assembly/kernels/'))
    .map((file) => file.slice('assembly/kernels/'.length));
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
