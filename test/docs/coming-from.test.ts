import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { peers, type Row } from '../support/pages/peers.js';

// docs/coming-from.md is written from test/support/pages/peers.ts: `npx vitest run test/docs/coming-from.test.ts --update`.

const root = resolve(import.meta.dirname, '../..');

const table = (heads: readonly string[], rows: readonly Row[]) =>
  [heads, heads.map(() => '---'), ...rows.map(({ theirs, ours }) => [theirs, ours])]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

test('the page', async () => {
  const sections = peers.flatMap(({ name, same, different }) => [
    `## ${name}\n\n${table([name, 'Myelin'], same)}`,
    `What differs:\n\n${table([`in ${name}`, 'in Myelin'], different)}`,
  ]);
  const intro =
    "Names and options are Keras's in camel case, numbers are PyTorch's where the two differ. Every function takes one object of\n" +
    'options. A model takes a `backend`: `await auto()` unless you know better. Each row below is tested; of what other libraries\n' +
    'do, the folder `findings` of the repository holds scripts that show the most surprising.';
  await expect(
    ['# Coming from another library', intro, ...sections, ''].join('\n\n').trimEnd().concat('\n'),
  ).toMatchFileSnapshot('../../docs/coming-from.md');
});

describe.each(peers)('$name', ({ same, different }) => {
  test.each([...same, ...different])('$theirs: $ours', async ({ check, finding }) => {
    if (finding !== undefined) expect(existsSync(join(root, 'findings', `${finding}.sh`))).toBe(true);
    await check();
  });
});
