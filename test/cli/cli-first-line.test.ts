import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// What a model's file had in its first line, and what another file has there; how cells of it were read.

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const quick = ['--epochs', '2', '--members', '1', '--layers', '4'];
const lines = (row: (i: number) => readonly unknown[], header?: readonly string[], rows = 60) =>
  [...(header ? [header] : []), ...Array.from({ length: rows }, (_, i) => row(i))]
    .map((cells) => cells.join())
    .join('\n');
const kind = (i: number) => ['big', 'small'][i % 2];
const [three, two] = [(i: number) => [i % 9, i % 7, kind(i)], (i: number) => [i % 9, i % 7]];
const texts = (i: number) => [`colour${i % 3}`, `shape${i % 2}`, kind(i)];

beforeAll(async () => {
  const files = {
    'bare.csv': lines(three),
    'named.csv': lines(three, ['size', 'weight', 'kind']),
    'bare2.csv': lines(two),
    'named2.csv': lines(two, ['size', 'weight']),
    'texts.csv': lines(texts),
    'texts-named.csv': lines(texts, ['colour', 'shape', 'kind']),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  const train = (data: string, out: string, ...options: string[]) =>
    myelin(['train', data, '--out', out, ...options, ...quick, '--quiet']);
  for (const ran of [
    await train('named.csv', 'named.myelin', '--target', 'kind'),
    await train('bare.csv', 'given.myelin', '--target', 'kind', '--names', 'size,weight,kind'),
    await train('bare.csv', 'bare.myelin', '--target', 'last'),
    await train('texts.csv', 'texts.myelin', '--target', 'last'),
  ]) {
    expect(ran).toMatchObject({ code: 0 });
  }
}, 60_000);

describe('the first line is not what it was in training: the error says the options', () => {
  const withNames = /say --no-header and .*--names size,weight/;
  const asNames = /If the first line holds names, say --header and --names column1,column2,column3/;
  testSome([
    ['named.myelin', 'bare.csv', ['predict', 'evaluate', 'profile'], withNames],
    ['named.myelin', 'bare2.csv', ['predict', 'evaluate', 'profile'], withNames],
    ['given.myelin', 'bare.csv', ['predict', 'evaluate', 'profile'], withNames],
    ['given.myelin', 'bare2.csv', ['predict', 'evaluate', 'profile'], withNames],
    ['bare.myelin', 'named.csv', ['predict', 'evaluate', 'profile'], asNames],
    ['bare.myelin', 'named2.csv', ['predict', 'evaluate', 'profile'], asNames],
  ])('%s and %s', async (model, data, commands, advice) => {
    for (const command of commands) {
      const { code, stderr } = await myelin([command, model, data]);
      expect([command, code]).toEqual([command, 1]);
      expect(stderr).toMatch(advice);
    }
  });

  test('train --test, too', async () => {
    const ran = await myelin([
      'train',
      'named.csv',
      '--target',
      'kind',
      '--test',
      'bare.csv',
      '--out',
      'n.myelin',
      ...quick,
    ]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(withNames);
  });

  testSome([
    ['named.myelin', 'bare.csv', ['--no-header', '--names', 'size,weight,kind']],
    ['given.myelin', 'bare2.csv', ['--no-header', '--names', 'size,weight']],
    ['bare.myelin', 'named.csv', ['--header', '--names', 'column1,column2,column3']],
    ['bare.myelin', 'bare2.csv', []],
    ['given.myelin', 'named2.csv', []],
  ])('%s and %s with %j are predicted', async (model, data, options) => {
    const { code, stdout, stderr } = await myelin(['predict', model, data, ...options]);
    expect({ code, stderr: stderr.includes('first line') }).toEqual({ code: 0, stderr: false });
    expect(stdout.trimEnd().split('\n')).toHaveLength(61);
  });

  test('names above texts are no error, and are told', async () => {
    for (const command of ['predict', 'evaluate']) {
      const { code, stderr } = await myelin([command, 'texts.myelin', 'texts-named.csv']);
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /the first line is taken for values, though training saw none of its texts, such as 'colour'/,
      );
      expect(stderr).toMatch(/--header and --names column1,column2,column3/);
      expect((await myelin([command, 'texts.myelin', 'texts.csv'])).stderr).not.toMatch(/first line/);
    }
  });

  test('a column that is missing among others has nothing to do with it', async () => {
    writeFileSync(at('lacks.csv'), lines(two, ['size', 'colour']));
    const { stderr } = await myelin(['predict', 'named.myelin', 'lacks.csv']);
    expect(stderr).toMatch(/expected a column 'weight'/);
    expect(stderr).not.toMatch(/--names/);
  });
});

describe('cells that are written otherwise than most', () => {
  const percent = /'size' is read as numbers: '0%' is 0/;
  beforeAll(() =>
    writeFileSync(
      at('percent.csv'),
      lines((i) => [`${i % 9}%`, i % 7, kind(i)], ['size', 'weight', 'kind']),
    ),
  );

  testSome([
    ['predict', []],
    ['predict', ['--out', 'p.csv']],
    ['evaluate', []],
  ])('%s %j says it once', async (command, options) => {
    const { code, stderr } = await myelin([command, 'named.myelin', 'percent.csv', ...options]);
    expect(code).toBe(0);
    expect(stderr.match(new RegExp(percent, 'g'))).toHaveLength(1);
    expect((await myelin([command, 'named.myelin', 'named.csv', ...options])).stderr).not.toMatch(/read as/);
  });

  test('train says it of its test rows, and as JSON', async () => {
    const train = ['train', 'named.csv', '--target', 'kind', '--out', 'n.myelin', '--test', 'percent.csv', ...quick];
    expect((await myelin(train)).stderr).toMatch(percent);
    const { stdout } = await myelin([
      'train',
      'percent.csv',
      '--target',
      'kind',
      '--out',
      'n.myelin',
      '--json',
      ...quick,
    ]);
    expect(JSON.parse(stdout).remarks).toEqual([expect.stringMatching(percent)]);
  });
});

describe('a value that is none is told with the flag that reads it', () => {
  beforeAll(async () => {
    const row = (i: number) => [`${13 + (i % 9)}/01/2024`, i % 7, kind(i)];
    writeFileSync(at('dated.csv'), lines(row, ['when', 'weight', 'kind']));
    expect(
      (await myelin(['train', 'dated.csv', '--target', 'kind', '--out', 'dated.myelin', ...quick, '--quiet'])).code,
    ).toBe(0);
  }, 60_000);

  testSome([
    ['1/31/2024', '5', /If it is a date, say how it is written, such as --date-format when=MDY\.$/m],
    ['31. Mai 2024', '5', /Names of months are read in English: write the month as a number/],
    ['soon', '5', /--date-format when=DD\/MM\/YYYY\. If it means a missing value, say --missing soon;/],
    ['13/01/2024', '1,250', /If it is a number, say --thousands , or --decimal ,\.$/m],
    ['13/01/2024', '12.000,5', /If it is a number, say --thousands \. and --decimal ,\.$/m],
    ['13/01/2024', '0,5', /If it is a number, say --decimal ,\.$/m],
    [
      '13/01/2024',
      'much',
      /If it means a missing value, say --missing much; if the column holds texts, --columns weight=category/,
    ],
  ])('%s, %s', async (when, weight, advice) => {
    writeFileSync(at('one.csv'), `when,weight\n"${when}","${weight}"\n`);
    writeFileSync(at('one.json'), JSON.stringify([{ when, weight }]));
    for (const data of ['one.csv', 'one.json']) {
      const { code, stderr } = await myelin(['predict', 'dated.myelin', data]);
      expect([data, code]).toEqual([data, 1]);
      expect(stderr).toMatch(advice);
    }
  });

  test('other formats and bare quotes, too', async () => {
    writeFileSync(at('rows.txt'), '{"size":1}\n{"size":2}\n');
    writeFileSync(at('page.csv'), '<!DOCTYPE html>\n<html></html>\n');
    expect((await myelin(['predict', 'named.myelin', 'rows.txt'])).stderr).toMatch(
      /this is JSON Lines, and no CSV\. For JSON say --format jsonLines\.$/m,
    );
    expect((await myelin(['train', 'page.csv', '--target', 'y'])).stderr).toMatch(/this is HTML, and no CSV/);
    const bare = Array.from({ length: 3000 }, (_, i) => `${i % 9}\t${i === 2000 ? '"x' : i === 2005 ? 'y"' : i % 7}`);
    writeFileSync(at('bare.tsv'), ['size\tweight', ...bare].join('\n'));
    const { stderr } = await myelin(['predict', 'named.myelin', 'bare.tsv']);
    expect(stderr).toMatch(
      /closed in line 2007, though each of the lines has 2 fields by itself\. If quotes are characters like others, say --no-quote\.$/m,
    );
  });
});

test('a report names what training went by in words', async () => {
  await myelin(['train', 'named.csv', '--target', 'kind', '--out', 'n.myelin', '--report', 'n.html', ...quick]);
  const [, training = ''] = readFileSync(at('n.html'), 'utf8').split('<h2>Training</h2>');
  for (const words of ['units of the hidden layers', 'rows of a step', 'highest learning rate', 'weight decay']) {
    expect(training).toContain(words);
  }
  expect(training).not.toMatch(/[a-z][A-Z]/);
});
