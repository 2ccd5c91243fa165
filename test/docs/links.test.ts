import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { chart, record } from '../../scripts/chart.js';
import { LONGEST_CELL } from '../support/docs.js';

// What holds for all pages: links lead somewhere, the index reaches all, tables can be read.

const root = resolve(import.meta.dirname, '../..');

const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'));

const pages = ['README.md', 'ADDING.md', 'CHANGELOG.md', ...below('docs'), ...below('examples'), ...below('findings')];
const read = (page: string) => readFileSync(join(root, page), 'utf8');
/** The page without blocks of code. */
const proseOf = (page: string) => read(page).replace(/^```[\s\S]*?^```/gm, '');

/** What the links of a page lead to in this repository: a path, and the heading within it. */
function linksOf(page: string) {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path, heading]) => ({
    page,
    path: path === '' ? page : normalize(join(dirname(page), path as string)),
    heading,
  }));
}

/** The names under which GitHub links to the headings of a page. */
const headingsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    (text as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('every link leads to a file, and to a heading of it', () => {
  const links = pages.flatMap(linksOf);
  expect(links.length).toBeGreaterThan(150);
  const broken = links
    .filter(({ path, heading }) => {
      if (!existsSync(join(root, path))) return true;
      return heading !== undefined && !headingsOf(path).includes(heading);
    })
    .map(({ page, path, heading }) => `${page}: ${path}${heading ? `#${heading}` : ''}`);
  expect(broken).toEqual([]);
});

test('a heading that is not there is seen', () => {
  expect(headingsOf('docs/saving.md')).toContain('what-a-crash-leaves');
  expect(headingsOf('docs/saving.md')).not.toContain('what-a-crash-takes');
});

test('every page of docs/ is reached from the index, and the index from the README', () => {
  const reached = new Set(['docs/README.md']);
  for (const page of reached) {
    for (const { path } of linksOf(page)) if (path.startsWith('docs/') && path.endsWith('.md')) reached.add(path);
  }
  expect(below('docs').filter((page) => !reached.has(page))).toEqual([]);
  expect(linksOf('README.md').map(({ path }) => path)).toContain('docs/README.md');
});

test('no cell of a table is too long to read', () => {
  const cells = ['README.md', ...below('docs')].flatMap((page) =>
    proseOf(page)
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .flatMap((line) => line.split(/(?<!\\)\|/).map((cell) => `${page}: ${cell.trim()}`)),
  );
  expect(cells.length).toBeGreaterThan(500);
  expect(cells.filter((cell) => cell.slice(cell.indexOf(': ') + 2).length > LONGEST_CELL)).toEqual([]);
});

test('the README is short', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

test('the chart shows the figures of the benchmarks', () => {
  const { bars, native } = record();
  expect(read('docs/speed.svg')).toBe(chart(record()));
  const lines = read('docs/benchmarks.md').split('\n');
  for (const { name, microseconds } of [...bars, ...native]) {
    const plain = name === 'Myelin' ? 'Myelin, exact' : name.replace(/(TensorFlow\.js) ([\d.]+), (\w+)/, '$1 $3 $2');
    const row = lines.find((line) => line.startsWith(`| ${plain} `));
    const w4 = row?.split('|')[5]?.trim().split(' ')[0]?.replace(',', '');
    expect(Number(w4), name).toBe(microseconds);
  }
});

test('files stay small enough to read', () => {
  for (const page of below('docs')) expect(statSync(join(root, page)).size, page).toBeLessThan(40_000);
});
