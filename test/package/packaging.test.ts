import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
  cwd: root,
  encoding: 'utf8',
});
const [{ files }] = JSON.parse(listed) as [{ files: readonly { readonly path: string }[] }];
const packed = new Set(files.map(({ path }) => path));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The paths within a value of package.json, such as `exports`. */
const pathsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [normalize(value)] : Object.values(value as object).flatMap(pathsIn);

test('what package.json names is in the package', () => {
  const { exports: entries, imports, main, module, types, bin } = manifest;
  const named = pathsIn([entries, imports, main, module, types, bin]);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !packed.has(path))).toEqual([]);
  // For tools that do not read `exports`.
  for (const entry of ['data', 'kernels', 'worker']) {
    const { main, module, types } = JSON.parse(readFileSync(join(root, entry, 'package.json'), 'utf8'));
    const paths = [main, module, types].map((path) => join(entry, path));
    expect(paths).toEqual([
      normalize(entries[`./${entry}`].default),
      normalize(entries[`./${entry}`].module.default ?? entries[`./${entry}`].module),
      normalize(entries[`./${entry}`].types),
    ]);
  }
  expect(readFileSync(join(root, manifest.bin.myelin), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the package holds what it needs and nothing else', () => {
  const kinds = [
    /^build\/(chunks\/)?[\w.-]+\.js$/,
    /^build\/kernels(\.fast)?(\.core|\.extras|\.special)?\.wasm$/,
    /^build\/types\/.*\.d\.ts$/,
    /^build\/(kernels\.d\.ts|THIRD-PARTY-LICENSES\.txt)$/,
    /^esm\/.*\.js$/,
    /^docs\/.*\.(md|svg)$/,
    /^(data|kernels|worker)\/package\.json$/,
    /^(README\.md|ADDING\.md|CHANGELOG\.md|LICENSE|package\.json)$/,
  ];
  expect([...packed].filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
  for (const kind of kinds) expect([...packed].some((path) => kind.test(path))).toBe(true);
});

test('the changelog begins with the version of the package, and its headings are those of docs/versioning.md', () => {
  const text = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const headings = [...text.matchAll(/^#{2,} .*$/gm)].map(([heading]) => heading);
  expect(headings[0]).toMatch(new RegExp(`^## ${manifest.version} (\\(unreleased\\)|- \\d{4}-\\d\\d-\\d\\d)$`));
  for (const heading of headings.slice(1)) {
    expect(heading).toMatch(/^(## \d+\.\d+\.\d+ - \d{4}-\d\d-\d\d|### (Added|Changed|Deprecated|Removed|Fixed))$/);
  }
});

test('what the documentation links to is in the package', () => {
  const pages = [...packed].filter((path) => path.endsWith('.md'));
  expect(pages).toContain('docs/fit.md');
  const dead = pages.flatMap((page) => {
    const links = readFileSync(join(root, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g);
    const targets = [...links].map(([, link]) => normalize(join(dirname(page), link as string)));
    return targets.filter((target) => !packed.has(target)).map((target) => `${page}: ${target}`);
  });
  expect(dead).toEqual([]);
});
