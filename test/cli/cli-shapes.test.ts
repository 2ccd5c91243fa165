import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { itemOf, listOf } from '../../src/cli/lists.js';
import { quick, workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// How files are written, told to the command.

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const rows = Array.from({ length: 60 }, (_, i) => [i % 7, (i * 5) % 11, i % 3 === 0 ? 'red' : 'blue', (i % 7) * 1.5]);
const csv = (head: string, separator = ',') => `${head}\n${rows.map((row) => row.join(separator)).join('\n')}\n`;
const inputsOf = (stdout: string) => JSON.parse(stdout).record.inputs.map(({ name }: { name: string }) => name);

testSome<[string, readonly string[]]>([
  ['a,b', ['a', 'b']],
  [' a , b c ', ['a', 'b c']],
  ['"a,b",c', ['a,b', 'c']],
  ['c, "a,b" ,d', ['c', 'a,b', 'd']],
  ['"a,b"=number,c=skip', ['a,b=number', 'c=skip']],
  ['"say ""x"", y"', ['say "x", y']],
  ['5" pipe', ['5" pipe']],
  ['""', ['']],
  ['a,', ['a', '']],
  ['" a "', [' a ']],
])('the list %j', (text, items) => {
  expect(listOf(text)).toEqual(items);
  expect(listOf(items.map(itemOf).join(','))).toEqual(items);
});

describe('the command', () => {
  test('takes names with commas, and says how where one is written without quotes', async () => {
    writeFileSync(at('commas.csv'), csv('"size, m",b,c,y'));
    const train = ['train', 'commas.csv', '--target', 'y', '--out', 'm.myelin', '--json', ...quick];
    const dropped = await myelin([...train, '--drop', '"size, m",c']);
    expect(inputsOf(dropped.stdout)).toEqual(['b']);
    const told = await myelin([...train, '--columns', 'c=skip,"size, m"=category']);
    expect(inputsOf(told.stdout)).toEqual(['size, m', 'b']);
    expect((await myelin([...train, '--drop', 'size, m'])).stderr).toMatch(
      /--drop: .*A name with a comma needs double quotes: --drop '"size, m"'/,
    );
    const kept = await myelin(['predict', 'm.myelin', 'commas.csv', '--keep', '"size, m",c']);
    expect(kept.stdout.split('\n')[0]).toBe('"size, m",c,y');
    expect(await myelin([...train, '--columns', 'size, m=number'])).toMatchObject({ code: 2 });
  });

  test('hints at --header where the target stands in the first line', async () => {
    writeFileSync(at('years.csv'), 'y,2,7\n4,2,1\n5,9,3\n6,1,2\n');
    const args = ['train', 'years.csv', '--target', 'y', '--out', 'y.myelin', ...quick];
    const { code, stderr } = await myelin(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/'y' is in the first line, which was read as values: say --header\./);
  });

  test('looks at the names of a file without rows, and keeps what it was asked to without a warning', async () => {
    writeFileSync(at('kept.csv'), csv('id,b,c,y'));
    await myelin(['train', 'kept.csv', '--target', 'y', '--drop', 'id', '--out', 'k.myelin', ...quick]);
    const predict = ['predict', 'k.myelin'];
    const kept = await myelin([...predict, 'kept.csv', '--keep', 'id', '--out', 'kept.out']);
    expect(kept.stderr).not.toMatch(/not used/);
    expect((await myelin([...predict, 'kept.csv', '--out', 'kept.out'])).stderr).toMatch(/not used: 'id'/);
    for (const [head, args, code, said] of [
      ['id,b,c', [], 0, /^y\n$/],
      ['id,b,c', ['--keep', 'id'], 0, /^id,y\n$/],
      ['id,B,c', [], 1, /expected a column 'b'/],
      ['id,b,c', ['--keep', 'nope'], 1, /--keep: .*got 'nope'/],
    ] as const) {
      writeFileSync(at('names.csv'), `${head}\n`);
      const made = await myelin([...predict, 'names.csv', ...args]);
      expect(made.code).toBe(code);
      expect(code === 0 ? made.stdout : made.stderr).toMatch(said);
    }
  });

  test('numbers names that come again', async () => {
    writeFileSync(at('twice.csv'), csv('a,a,c,y'));
    const { stdout } = await myelin(['train', 'twice.csv', '--target', 'y', '--out', 't.myelin', '--json', ...quick]);
    expect(inputsOf(stdout)).toEqual(['a', 'a.1', 'c']);
    expect((await myelin(['predict', 't.myelin', 'twice.csv'])).stdout.split('\n').length).toBe(62);
  });

  test('takes names of its own, lines to leave out, comments, and quotes as characters', async () => {
    const text = csv('x|x|x|x', '|').replaceAll('blue', '"blue');
    writeFileSync(at('odd.txt'), `made by, me\n"\n${text.replace('\n', '\n// a "comment\n')}`);
    const read = ['--skip-lines', '3', '--no-header', '--names', 'a,b,c,y', '--comment', '//', '--no-quote'];
    const train = ['train', 'odd.txt', '--target', 'y', '--out', 'o.myelin', '--json', ...quick, ...read];
    const { stdout, stderr, code } = await myelin(train);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(inputsOf(stdout)).toEqual(['a', 'b', 'c']);
    expect((await myelin(['inspect', 'o.myelin'])).stdout).toMatch(
      /^Reading: quotes are characters like others; lines that begin with \/\/ are left out$/m,
    );
    // Quotes and comments are remembered; the other options are about the file.
    writeFileSync(at('new.txt'), '1|2|"blue\n// "\n3|4|red\n');
    const predicted = await myelin(['predict', 'o.myelin', 'new.txt', '--names', 'a,b,c', '--keep', 'c']);
    expect(predicted.stdout.split('\n').map((line) => line.split(',')[0])).toEqual(['c', '"""blue"', 'red', '']);
    expect((await myelin(['predict', 'o.myelin', 'new.txt', '--names', 'a,b'])).stderr).toMatch(/^error: --names: /);
  });

  test('reads JSON under a key, and says the flag', async () => {
    const objects = rows.map(([a, b, c, y]) => ({ a, b, c, y }));
    writeFileSync(at('two.json'), JSON.stringify({ first: { rows: objects }, second: objects }));
    const train = ['train', 'two.json', '--target', 'y', '--out', 'j.myelin', '--json', ...quick];
    expect((await myelin(train)).stderr).toMatch(
      /'first.rows' and under 'second'\. Say which, such as --key first.rows/,
    );
    expect(inputsOf((await myelin([...train, '--key', 'second'])).stdout)).toEqual(['a', 'b', 'c']);
  });

  test('has limits of what it reads into memory, and says how to raise them', async () => {
    writeFileSync(at('plain.csv'), csv('a,b,c,y'));
    const train = ['train', 'plain.csv', '--target', 'y', '--out', 'p.myelin', '--json', ...quick];
    expect((await myelin([...train, '--max-rows', '59'])).stderr).toMatch(/limit maxRows\. .*say --max-rows\./);
    expect((await myelin([...train, '--max-bytes', '100'])).stderr).toMatch(/limit maxBytes\. .*say --max-bytes\./);
    expect((await myelin([...train, '--max-rows', 'many'])).code).toBe(2);
    expect((await myelin([...train, '--comment', ' '])).code).toBe(2);
  });
});
