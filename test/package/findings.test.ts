import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../findings');
const scripts = readdirSync(folder).filter((name) => name.endsWith('.sh'));

test('the README of the findings lists each script once', () => {
  const listed = [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^\| \[(.+)\]\((.+)\) \|/gm)];
  expect(listed.map(([, , file]) => file)).toEqual(scripts.toSorted());
  for (const [, name, file] of listed) expect(file).toBe(`${name}.sh`);
});

test.each(scripts)('%s says what one would guess and why it matters, and pins what it installs', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const opening = text.match(/^(#.*\n)+/)?.[0].replaceAll(/\n# /g, ' ') ?? '';
  expect(opening).toContain('One would guess');
  expect(opening).toContain('Why it matters to people who train MLPs');
  expect(text.includes('"$folder"')).toBe(true);
  const installed = [...text.matchAll(/(?:npm install|pip" install)((?:.*\\\n)*.*)/g)].flatMap(([, list]) =>
    list!.split(/\s+/).filter((word) => /^@?[a-z]/.test(word)),
  );
  expect(installed.length).toBeGreaterThan(0);
  for (const item of installed) expect(item).toMatch(/@\d+\.\d+\.\d+|==\d+\.\d+\.\d+/);
});
