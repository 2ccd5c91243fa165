import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { importanceLines, importanceText, rowsMeasured } from '../../src/cli/importance-text.js';
import { importanceSection } from '../../src/cli/report/importance.js';
import { curves, errorText, meanText } from '../../src/cli/terminal.js';
import { progressOf } from '../../src/cli/training-progress.js';
import type { TabularRecord } from '../../src/data/index.js';
import { named } from '../../src/insight/charts/index.js';
import { scaleOf } from '../../src/insight/charts/scale.js';
import { launch, noBrowser } from '../support/browser.js';
import { workspace } from '../support/cli.js';

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = 86_400_000;
type Callbacks = ReturnType<ReturnType<typeof progressOf>>;

/** What progress says where networks train by turns, some epochs each. */
function told(design: { members: number; epochs: number; moreEpochs: number }, epochs: number, first = 0) {
  const [said, lines]: [string[], string[]] = [[], []];
  const of = progressOf(
    (text) => said.push(text),
    (text) => lines.push(text),
  );
  const callbacks = Array.from({ length: design.members }, (_, member): Callbacks => of(member, design));
  for (let epoch = 0; epoch < epochs; epoch++) {
    callbacks.slice(epoch === 0 ? first : 0).forEach(([callback], i) => {
      callback!.onEpochEnd!(epoch, { loss: 1, valLoss: i + 1 }, undefined as never);
    });
  }
  return { said, lines };
}

describe('progress', () => {
  test.each([
    [{ members: 3, epochs: 400, moreEpochs: 0 }, 400, ['80', '160', '240', '320', '400']],
    [{ members: 1, epochs: 400, moreEpochs: 0 }, 400, ['80', '160', '240', '320', '400']],
    [{ members: 2, epochs: 3, moreEpochs: 0 }, 3, ['1', '2', '3']],
    [{ members: 2, epochs: 9, moreEpochs: 0 }, 9, ['2', '4', '6', '8', '9']],
    [{ members: 2, epochs: 10, moreEpochs: 20 }, 30, ['2', '4', '6', '8', '10', '14', '18', '22', '26', '30']],
  ])('%j: a line for all networks', (design, epochs, expected) => {
    const { said, lines } = told(design, epochs);
    expect(lines).toHaveLength(epochs);
    expect(said.map((text) => /^epoch (\d+) of \d+ {2}loss 1 {2}validation /.exec(text)?.[1])).toEqual(expected);
    for (const line of lines) expect(line.length).toBeLessThan(80);
  });

  test('means with the least and the most; of those that trained in an epoch that is gone on with', () => {
    const { lines } = told({ members: 3, epochs: 2, moreEpochs: 0 }, 2, 1);
    expect(lines).toEqual([
      'epoch 1 of 2  loss 1  validation 1.5 (1 to 2, 2 networks)',
      'epoch 2 of 2  loss 1  validation 2 (1 to 3, 3 networks)',
    ]);
    expect(told({ members: 1, epochs: 5, moreEpochs: 10 }, 6).lines.at(-1)).toBe('epoch 6 of 15  loss 1  validation 1');
  });
});

describe('what is told in the end', () => {
  const record = (histories: number[][], bestEpochs: number[]) =>
    ({
      members: histories.map((valLoss, i) => ({ history: { loss: valLoss, valLoss }, bestEpoch: bestEpochs[i]! })),
    }) as unknown as TabularRecord;

  test('losses of one network, of several on one scale, of files that chose an epoch for each, of none', () => {
    expect(curves(record([[3, 1, 2]], [1]))).toBe(
      'Validation loss over 3 epochs, of which epoch 2 is taken:\n█▁▅  1\n ^',
    );
    expect(
      curves(
        record(
          [
            [8, 1],
            [4, 2],
          ],
          [1, 1],
        ),
      ).split('\n'),
    ).toEqual([
      'Validation loss of 2 networks over 2 epochs, of which epoch 2 is taken:',
      'worst  █▂  2',
      'mean   ▆▂  1.5',
      'best   ▄▁  1',
      '        ^',
    ]);
    expect(
      curves(
        record(
          [
            [8, 1],
            [4, 2],
          ],
          [0, 1],
        ),
      ),
    ).toMatch(/epochs 1 to 2 are taken:\nworst {2}█▂\n/);
    expect(curves(record([[]], [0]))).toBe('Training was interrupted in its first epoch.');
    expect(
      curves(
        record(
          Array.from({ length: 20 }, () => Array(500).fill(1)),
          Array(20).fill(3),
        ),
      ).split('\n'),
    ).toHaveLength(5);
  });

  test.each([
    [0.123, 'number', '0.123'],
    [3 * DAY, 'date', '3 days'],
    [DAY / 4, 'date', '6 hours'],
    [90_000, 'date', '1.5 minutes'],
    [1500, 'date', '1.5 s'],
    [2, 'date', '2 ms'],
    [0, 'date', '0 ms'],
    [Number.NaN, 'date', 'NaN'],
  ] as const)('an error of %d in a %s is %s', (value, kind, text) => expect(errorText(value, kind)).toBe(text));

  test.each([
    [206_620.4, 117_220, 'number', '206620'],
    [1_700_000_059.5, 155, 'number', '1700000059.5'],
    [52.500004, 1e-6, 'number', '52.500004'],
    [Date.UTC(2020, 10, 14, 0, 42), 30 * DAY, 'date', '2020-11-14'],
    [Date.UTC(2020, 10, 14, 0, 42), 60_000, 'date', '2020-11-14T00:42:00.000Z'],
  ] as const)('a mean of %d beside errors of %d is as exact', (prediction, rmse, kind, text) => {
    expect(meanText({ prediction, rmse }, kind)).toBe(text);
  });

  test('importance has its rows and its unit', () => {
    expect(rowsMeasured(30, 30, 'test')).toBe('30 test rows');
    expect(rowsMeasured(1000, 4128, 'training')).toBe('1000 of the 4128 training rows (drawn at random)');
    const item = { column: 'a', importance: 0.2, deviation: 0.0333 };
    expect(importanceText(item, 'classification')).toBe('20 ± 3.3 points');
    expect(importanceText({ ...item, importance: -0.00001 }, 'regression')).toBe('0 ± 3.3 %');
    const many = Array.from({ length: 12 }, (_, i) => ({ ...item, column: `c${i}` }));
    expect(importanceLines(many, 'regression', '9 test rows').split('\n')).toHaveLength(12);
    expect(importanceLines([], 'regression', '')).toBe('');
  });

  test('blocks of pixels are drawn where they are', () => {
    const names = Array.from({ length: 36 }, (_, i) => `p${i}`);
    const block = { column: 'p0 to p7', columns: ['p0', 'p1', 'p6', 'p7'], importance: 0.5, deviation: 0 };
    const page = importanceSection(
      [block],
      { task: 'classification' } as TabularRecord,
      { width: 6, height: 6, names },
      '9 test rows',
    );
    const full = [...page.matchAll(/<rect x="(\d+)" y="(\d+)" width="1" height="1" fill-opacity="1">/g)];
    expect(full.map(([, x, y]) => `${x},${y}`)).toEqual(['0,0', '1,0', '0,1', '1,1']);
    expect(page).toMatch(/p7: 50 ± 0 points/);
    expect(page).toMatch(/p8: not measured/);
    expect(page).toMatch(/the full colour is the most, 50 ± 0 points/);
  });
});

describe('names and axes', () => {
  test('long names lose their middle, and keep it for who points at them', () => {
    expect(named('a & b')).toBe('a &amp; b');
    expect(named('x'.repeat(40))).toBe('x'.repeat(40));
    const long = named(`<${'x'.repeat(60)}>`);
    expect(long).toMatch(/^<span title="&lt;x{60}&gt;">&lt;x+…x+&gt;<\/span>$/);
    expect(/>(.*)</.exec(long)![1]!.replace(/&lt;|&gt;/g, '_')).toHaveLength(40);
    expect(named('😀'.repeat(50))).not.toMatch(/\ufffd/);
  });

  test.each([
    [0, 100 * DAY, ['1970-01-01', '1970-02-20', '1970-04-11']],
    [0, 7_200_000, ['01-01 00:00', '01-01 01:00', '01-01 02:00']],
    [0, 30_000, ['00:00:00', '00:00:10', '00:00:20', '00:00:30']],
    [DAY, DAY, ['00:00:00']],
  ])('dates from %d to %d', (low, high, expected) => {
    const axis = { label: 'when', dates: true };
    const layers = [{ kind: 'points', label: 'a', tone: 'first', x: [low, high], y: [0, 1] }] as const;
    const scale = scaleOf({ title: '', x: axis, y: { label: '' }, layers }, 'x');
    const texts = scale.ticks.map(({ text }) => text);
    for (const text of expected) expect(texts).toContain(text);
    expect(scale.place(low)).toBeGreaterThanOrEqual(0);
    expect(scale.place(high)).toBeLessThanOrEqual(1);
  });

  test('epochs are whole', () => {
    const layers = [{ kind: 'line', label: 'a', tone: 'first', x: [1, 2], y: [0, 1] }] as const;
    const scale = scaleOf({ title: '', x: { label: 'epoch', whole: true }, y: { label: '' }, layers }, 'x');
    expect(scale.ticks.map(({ text }) => text)).toEqual(['1', '2']);
  });
});

describe('pages', () => {
  const long = 'averyveryverylongnamewithoutanyspace'.repeat(4);
  const quick = ['--epochs', '2', '--members', '2', '--layers', '8'];

  test.skipIf(noBrowser)(
    'no name is wider than the window; rows of --test are those of importance',
    async () => {
      const rows = Array.from({ length: 80 }, (_, i) => `${i % 7},${i % 3},${i % 2 ? long : '<b>short</b>'}`);
      writeFileSync(at('long.csv'), [`${long},b,${long}2`, ...rows].join('\n'));
      const classes = Array.from(
        { length: 120 },
        (_, i) => `${i % 26},${i % 5},class ${String.fromCharCode(65 + (i % 26))}`,
      );
      writeFileSync(at('letters.csv'), ['a,b,y', ...classes].join('\n'));
      const browser = await launch();
      try {
        const page = await browser.newPage();
        for (const [data, target] of [
          ['long.csv', `${long}2`],
          ['letters.csv', 'y'],
        ] as const) {
          const args = ['--target', target, '--test', data, '--out', 'p.myelin', '--report', 'p.html', ...quick];
          const { stdout, code } = await myelin(['train', data, ...args]);
          expect(code).toBe(0);
          const count = data === 'long.csv' ? 80 : 120;
          expect(stdout).toMatch(new RegExp(`What is lost on ${count} test rows`));
          expect(readFileSync(at('p.html'), 'utf8')).toMatch(new RegExp(`What is lost on ${count} test rows`));
          await page.goto(`file://${at('p.html')}`);
          for (const width of [1200, 360]) {
            await page.setViewportSize({ width, height: 900 });
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
          }
          await page.setViewportSize({ width: 1200, height: 900 });
          const matrix = await page.evaluate(() => document.querySelector('.heatmap')!.getBoundingClientRect().width);
          expect(matrix).toBeLessThan(1200);
        }
      } finally {
        await browser.close();
      }
    },
    120_000,
  );
});

test('test rows of classes that training did not know leave the figures to the validation rows', async () => {
  const rows = (suffix: string) => Array.from({ length: 40 }, (_, i) => `${i % 9},${i % 2 ? 'yes!' : 'no!'}${suffix}`);
  writeFileSync(at('known.csv'), ['a,y', ...rows('')].join('\n'));
  writeFileSync(at('others.csv'), ['a,y', ...rows('.')].join('\n'));
  const args = [
    '--target',
    'y',
    '--test',
    'others.csv',
    '--out',
    'u.myelin',
    '--report',
    'u.html',
    '--epochs',
    '2',
    '--members',
    '1',
  ];
  const { code, stdout } = await myelin(['train', 'known.csv', ...args]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/What is lost on 40 training rows/);
  const page = readFileSync(at('u.html'), 'utf8');
  expect(page).toMatch(/40 of the 40 test rows are of classes that training did not know/);
  expect(page).toMatch(/of 4 validation rows get the right one of 2 classes/);
  expect(page).toMatch(/ROC<\/b> <small>of 4 validation rows/);
}, 60_000);
