import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('what the documentation links to is in the package', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(listed) as [{ files: readonly { readonly path: string }[] }];
  const packed = new Set(files.map(({ path }) => path));
  const pages = [...packed].filter((path) => path.endsWith('.md'));
  expect(pages).toContain('docs/fit.md');
  const dead = pages.flatMap((page) => {
    const links = readFileSync(join(root, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g);
    const targets = [...links].map(([, link]) => normalize(join(dirname(page), link as string)));
    return targets.filter((target) => !packed.has(target)).map((target) => `${page}: ${target}`);
  });
  expect(dead).toEqual([]);
});
