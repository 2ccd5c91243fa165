import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const options = ['--target', 'y', '--epochs', '1', '--layers', '4', '--members', '1', '--quiet'];

beforeAll(async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ a: i % 7, b: (3 * i) % 11, y: i % 2 ? 'p' : 'q' }));
  writeFileSync(at('d.json'), JSON.stringify(rows));
  writeFileSync(at('d.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  writeFileSync(at('d.csv'), ['a,b,y', ...rows.map(({ a, b, y }) => `${a},${b},${y}`)].join('\n'));
  writeFileSync(at('d.txt'), ['a;b;y', ...rows.map(({ a, b, y }) => `${a};${b};${y}`)].join('\n'));
  expect(await myelin(['train', 'd.csv', ...options, '--out', 'm.myelin'])).toMatchObject({ code: 0 });
}, 60_000);

describe('flags that a format leaves without a meaning are refused, not ignored', () => {
  const ofCsv = [
    ['--separator', ';'],
    ['--header'],
    ['--no-header'],
    ['--names', 'a,b,y'],
    ['--no-quote'],
    ['--comment', '#'],
    ['--skip-lines', '1'],
    ['--max-rows', '5'],
  ];
  const cases = [
    ...ofCsv.flatMap((flags) => [
      ['train', 'd.json', ...flags],
      ['evaluate', 'd.jsonl', ...flags],
    ]),
    ['predict', 'd.jsonl', '--names', 'a,b,y'],
    ['predict', 'd.json', '--separator', ';'],
    ['train', 'd.csv', '--format', 'json', '--skip-lines', '1'],
    ['train', 'd.csv', '--key', 'rows'],
    ['evaluate', 'd.csv', '--key', 'rows'],
    ['predict', 'd.csv', '--key', 'rows'],
  ];
  testSome(cases)('%s %s %s %s', async (command, data, ...flags) => {
    const args = command === 'train' ? [data, ...options, '--out', 'none.myelin'] : ['m.myelin', data];
    const { code, stderr } = await myelin([command, ...args, ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: --[\w-]+: says (?:how CSV|where the rows)/)]);
  });

  test('but those of a file to test on are its own', async () => {
    const args = ['train', 'd.json', ...options, '--test', 'd.txt', '--separator', ';', '--out', 'tested.myelin'];
    expect(await myelin(args)).toMatchObject({ code: 0, stderr: '' });
  });
});

test('a table of nothing but the target', async () => {
  const args = ['train', 'd.csv', ...options, '--drop', 'a,b', '--out', 'none.myelin'];
  const { code, stderr } = await myelin(args);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/expected a column to learn from, other than 'y', got a, b, y/),
  ]);
});
