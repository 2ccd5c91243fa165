import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/cli.js';
import { testSome, thorough } from '../support/effort.js';

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const quick = ['--epochs', '30', '--members', '1', '--layers', '8'];
const write = (name: string, lines: readonly (readonly unknown[])[]) =>
  writeFileSync(at(name), lines.map((line) => line.join()).join('\n'));
const range = (rows: number) => Array.from({ length: rows }, (_, i) => i);

describe('a target far from 0', () => {
  beforeAll(async () => {
    write('far.csv', [['id', 'x', 'y'], ...range(120).map((i) => [`r${i}`, i % 9, 1.7e9 + 60 * (i % 9)])]);
    const { code } = await myelin([
      'train',
      'far.csv',
      '--target',
      'y',
      '--drop',
      'id',
      '--out',
      'far.myelin',
      ...quick,
      '--epochs',
      '150',
    ]);
    expect(code).toBe(0);
  }, 60_000);

  test('is written with the digits it has, and measured as what was written', async () => {
    await myelin(['predict', 'far.myelin', 'far.csv', '--out', 'far-out.csv', '--quiet']);
    const found = readFileSync(at('far-out.csv'), 'utf8').trimEnd().split('\n').slice(1).map(Number);
    expect(new Set(found).size).toBe(9);
    const squares = found.reduce((sum, value, i) => sum + (value - (1.7e9 + 60 * (i % 9))) ** 2, 0);
    const { rmse, r2, baseline } = JSON.parse((await myelin(['evaluate', 'far.myelin', 'far.csv', '--json'])).stdout);
    expect(rmse).toBeCloseTo(Math.sqrt(squares / 120), 5);
    expect(rmse).toBeLessThan(20);
    expect(r2).toBeGreaterThan(0.99);
    expect(baseline.r2).toBeCloseTo(0, 3);
    const { stdout } = await myelin(['evaluate', 'far.myelin', 'far.csv']);
    expect(stdout).toMatch(
      /^ +model +baseline\nrows +120\nrmse +[\d.]+ +1[56]\d\.\d+\nmae .*\nr2 .*\n\(baseline: 1700\d{6}(\.\d+)?, the mean in training/,
    );
  });
});

describe('a target of TRUE and FALSE', () => {
  beforeAll(async () => {
    write('bool.csv', [['x', 'y'], ...range(120).map((i) => [i % 9, i % 9 > 3 ? 'TRUE' : 'FALSE'])]);
    const { code } = await myelin(['train', 'bool.csv', '--target', 'y', '--out', 'bool.myelin', ...quick]);
    expect(code).toBe(0);
  }, 60_000);

  testSome([
    ['True', 'False'],
    ['T', 'F'],
    ['yes', 'no'],
    ['Y', 'N'],
    ['1', '0'],
    ['TRUE', 'FALSE'],
  ])('is evaluated on %s and %s', async (yes, no) => {
    write('other.csv', [['x', 'y'], ...range(36).map((i) => [i % 9, i % 9 > 3 ? yes : no])]);
    const { stdout, code } = await myelin(['evaluate', 'bool.myelin', 'other.csv', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 36,
      confusion: [
        [16, 0],
        [0, 20],
      ],
    });
    writeFileSync(at('other.json'), JSON.stringify(range(36).map((i) => ({ x: i % 9, y: i % 9 > 3 }))));
    expect(JSON.parse((await myelin(['evaluate', 'bool.myelin', 'other.json', '--json'])).stdout).accuracy).toBe(1);
  });

  thorough(
    'classes that it does not know are counted, by evaluate and by train --test',
    async () => {
      write('odd.csv', [['x', 'y'], ...range(36).map((i) => [i % 9, i % 9 === 8 ? 'maybe' : i % 9 > 3 ? 'T' : 'F'])]);
      const { stdout, code } = await myelin(['evaluate', 'bool.myelin', 'odd.csv']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/rows +36\n/);
      expect(stdout).toMatch(/unknownRows +4\n/);
      expect(stdout).toMatch(/knownRows +32\n/);
      expect(stdout).toMatch(/accuracy +0\.88889 /);
      expect(stdout).toMatch(/4 rows of classes that training did not know \('maybe'\) are wrong in accuracy/);
      const trained = await myelin([
        'train',
        'bool.csv',
        '--target',
        'y',
        '--out',
        'b2.myelin',
        '--test',
        'odd.csv',
        '--columns',
        'y=boolean',
        ...quick,
        '--json',
      ]);
      expect(trained.code).toBe(0);
      expect(JSON.parse(trained.stdout).test).toMatchObject({
        rows: 36,
        unknownRows: 4,
        knownRows: 32,
        unknownClasses: ['maybe'],
      });
    },
    60_000,
  );

  testSome([
    ['new.csv', 'x,y\n', [], 'y,y=FALSE,y=TRUE\n'],
    ['new.csv', 'x', [], 'y,y=FALSE,y=TRUE\n'],
    ['new.csv', 'x,id\n\n\n', ['--keep', 'id'], 'id,y,y=FALSE,y=TRUE\n'],
    ['new.csv', 'x\r\n', ['--header'], 'y,y=FALSE,y=TRUE\n'],
    ['new.json', '[]', [], 'y,y=FALSE,y=TRUE\n'],
  ])('predicts nothing of %s: %j', async (name, text, options, expected) => {
    writeFileSync(at(name), text);
    const ran = await myelin(['predict', 'bool.myelin', name, ...options]);
    expect(ran).toMatchObject({ code: 0, stdout: expected });
    const filed = await myelin(['predict', 'bool.myelin', name, '--out', 'none.csv', ...options]);
    expect(filed).toMatchObject({ code: 0, stderr: expect.stringMatching(/(^|\n)0 predictions in none.csv\n$/) });
    expect(readFileSync(at('none.csv'), 'utf8')).toBe(expected);
  });

  test('an empty file is none', async () => {
    writeFileSync(at('empty.csv'), '');
    const ran = await myelin(['predict', 'bool.myelin', 'empty.csv']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/the file is empty/);
  });
});

thorough(
  '--test-share is stratified, and drawn by --seed',
  async () => {
    // Three classes, of 10, 40 and 150 rows; each row can be told by id.
    write('rare.csv', [
      ['x', 'y'],
      ...range(200).map((i) => [i, i % 20 === 0 ? 'rare' : i % 20 < 5 ? 'some' : 'most']),
    ]);
    const tested = async (seed: number, extra: readonly string[] = []) => {
      const { stdout, code } = await myelin([
        'train',
        'rare.csv',
        '--columns',
        'x=number',
        '--target',
        'y',
        '--out',
        'rare.myelin',
        '--test-share',
        '0.2',
        '--seed',
        String(seed),
        ...quick,
        '--epochs',
        '2',
        '--json',
        ...extra,
      ]);
      expect(code).toBe(0);
      const { test, record } = JSON.parse(stdout);
      return {
        counts: test.confusion.map((row: number[]) => row.reduce((a, b) => a + b, 0)),
        test,
        mean: record.inputs[0].mean,
      };
    };
    const [one, again, other] = [await tested(1), await tested(1), await tested(2)];
    for (const { counts } of [one, again, other]) expect(counts).toEqual([30, 2, 8]);
    expect(again).toEqual(one);
    expect(other.mean).not.toBe(one.mean);
    expect(one.test.baseline).toMatchObject({ prediction: 'most', accuracy: 0.75 });
  },
  60_000,
);

test('0 and 1 with a rare class are classes, and glass gets a remark', async () => {
  write('fraud.csv', [['x', 'y'], ...range(200).map((i) => [i % 50, Number(i % 50 === 7)])]);
  const fraud = await myelin([
    'train',
    'fraud.csv',
    '--target',
    'y',
    '--out',
    'fraud.myelin',
    '--test-share',
    '0.25',
    ...quick,
  ]);
  expect(fraud.stdout).toMatch(/classification, since 'y' is 0 or 1\n.*--task regression/);
  expect(fraud.stdout).toMatch(/Test:\n +model +baseline\nrows +50\naccuracy +[\d.]+ +0.98\n/);
  expect(fraud.stderr).toMatch(/note: .*--task regression[\s\S]*epoch 6 of/);
  const number = await myelin([
    'train',
    'fraud.csv',
    '--target',
    'y',
    '--out',
    'fraud.myelin',
    '--task',
    'regression',
    ...quick,
    '--json',
  ]);
  expect(JSON.parse(number.stdout).record.task).toBe('regression');
  write('glass.csv', [['x', 'y'], ...range(180).map((i) => [i % 11, [1, 2, 3, 5, 6, 7][i % 6]])]);
  const glass = await myelin(['train', 'glass.csv', '--target', 'y', '--out', 'glass.myelin', ...quick]);
  expect(glass.stdout).toMatch(/1, 2, 3, 5, 6, 7: if they are classes, say --task classification\n/);
}, 60_000);
