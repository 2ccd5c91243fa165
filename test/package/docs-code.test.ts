import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages, snippets } from '../support/pages/snippets.js';

// Every block of JavaScript that imports from 'myelin' or one of its entries runs as users would run it, with the built package in
// node_modules. A block of text right after it is what it prints.

const root = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/myelin'), 'dir');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('there are some on every page that has code', () => {
  const found = new Set(snippets.map(({ place }) => place.split(':')[0]));
  for (const page of pages) {
    if (/^```js$/m.test(readFileSync(join(root, page), 'utf8'))) expect(found).toContain(page);
  }
  expect(snippets.length).toBeGreaterThan(5);
});

test('the example of kernels finds the same bits on both backends and times them', async () => {
  const example = join(root, 'examples/kernels/main.js');
  const options = ['--rows', '5', '--seconds', '0'];
  const { stdout } = await promisify(execFile)(process.execPath, [example, ...options], { cwd: folder });
  expect(stdout).toMatch(/^5 rows, .*same bits/);
  expect(stdout.match(/^\S.* [\d.,]+ +[\d.,]+ +[\d.,]+x( +[\d.]+)?\s*$/gm)?.length).toBe(17);
});

describe('code in the documentation runs', () => {
  test.each(snippets)('$place', async ({ place, code, printed }) => {
    const file = join(folder, `${place.replace(/\W/g, '-')}.mjs`);
    writeFileSync(file, code);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(stderr).toBe('');
    if (printed !== undefined) expect(stdout).toBe(printed);
  });
});
