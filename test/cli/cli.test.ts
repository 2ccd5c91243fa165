import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { quick, workspace } from '../support/cli.js';
import { thorough } from '../support/effort.js';

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

describe('myelin', () => {
  test('trains, evaluates, predicts, inspects and profiles', async () => {
    const trained = await myelin([
      'train',
      'train.csv',
      '--target',
      'kind',
      '--drop',
      'id',
      '--out',
      'kind.myelin',
      '--test',
      'new.csv',
      ...quick,
    ]);
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout).toMatch(/classification, since 'kind' holds texts/);
    expect(trained.stdout).toMatch(/true \\ predicted +big +small/);
    expect(trained.stdout).toMatch(/Test:\n +model +baseline\nrows +30\naccuracy +1 /);
    expect(trained.stdout).toMatch(
      /Validation loss of 2 networks over 20 epochs, of which epoch \d+ is taken:\nworst /,
    );
    expect(trained.stdout).toMatch(
      /\nWhat is lost on 30 test rows when .*, in percentage points of accuracy that are lost:\n\w+ +[\d.]+ ± [\d.]+ points\n/,
    );
    // All networks are one line, of few epochs.
    const told = trained.stderr.split('\n').filter((line) => line.startsWith('epoch '));
    expect(
      told.map(
        (line) => /^epoch (\d+) of 20 {2}loss \S+ {2}validation \S+ \(\S+ to \S+, 2 networks\)$/.exec(line)?.[1],
      ),
    ).toEqual(['4', '8', '12', '16', '20']);

    const evaluated = await myelin(['evaluate', 'kind.myelin', 'new.csv', '--json']);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ rows: 30, accuracy: 1 });

    const predicted = await myelin(['predict', 'kind.myelin', 'new.csv', '--keep', 'id,colour', '--out', 'out.csv']);
    expect(predicted).toMatchObject({ code: 0, stdout: '' });
    const lines = readFileSync(at('out.csv'), 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('id,colour,kind,kind=big,kind=small');
    expect(lines).toHaveLength(31);
    expect(lines.some((line) => line.includes('"red, dark",big'))).toBe(true);

    const piped = await myelin(['predict', 'kind.myelin', '-'], { input: 'size,colour,weight,extra\n0.5,green,5,1\n' });
    expect(piped.stdout).toMatch(/^kind,kind=big,kind=small\n(small|big),/);
    expect(piped.stderr).toMatch(/not used: 'extra'/);
    expect(piped.stderr).toMatch(/'colour': 'green' was not there in training/);

    const inspected = await myelin(['inspect', 'kind.myelin']);
    expect(inspected.stdout).toMatch(/classification of 'kind': big, small, trained on 120 rows/);
    expect(JSON.parse((await myelin(['inspect', 'kind.myelin', '--json'])).stdout).features).toContain('colour=blue');
    expect((await myelin(['profile', 'kind.myelin', 'new.csv'])).stdout).toMatch(/denseForward|adam/);
  }, 120_000);

  test.skipIf(noBrowser)(
    'writes a report that opens offline and draws its charts',
    async () => {
      const browser = await launch();
      try {
        const page = await browser.newPage({ offline: true });
        const errors: string[] = [];
        page.on('pageerror', (error) => errors.push(String(error)));
        page.on('request', (request) => {
          if (!request.url().startsWith('file:')) errors.push(request.url());
        });
        for (const [target, charts] of [
          ['kind', ['Learning curves', 'ROC', 'Calibration']],
          ['weight', ['Learning curves', 'Targets by predictions', 'Residuals']],
        ] as const) {
          const args = [
            '--drop',
            'id',
            '--out',
            'r.myelin',
            '--report',
            'report.html',
            '--test-share',
            '0.2',
            '--quiet',
            ...quick,
          ];
          expect(await myelin(['train', 'train.csv', '--target', target, ...args])).toMatchObject({
            code: 0,
            stderr: '',
          });
          await page.goto(`file://${at('report.html')}`);
          expect(await page.locator('.charts figcaption b').allTextContents()).toEqual(charts);
          expect(await page.locator('.headline').textContent()).toMatch(
            /^'\w+' is predicted from 3 columns: .* (of|on) 24 test rows.* Always answering .* networks? learned from 96 rows in/,
          );
          // All figures of what was predicted are of the same rows.
          const notes = await page.locator('.charts figcaption small').allTextContents();
          for (const note of notes.slice(1)) expect(note).toMatch(/^of 24 test rows/);
          for (const [width, colorScheme] of [
            [1300, 'light'],
            [360, 'dark'],
          ] as const) {
            await page.setViewportSize({ width, height: 900 });
            await page.emulateMedia({ colorScheme });
            const drawn = await page.evaluate(() => {
              const plots = [...document.querySelectorAll<SVGElement>('.chart > svg')];
              return {
                page: document.documentElement.scrollWidth,
                widths: plots.map((plot) => plot.getBoundingClientRect().width),
                letters: plots.map((plot) => getComputedStyle(plot.querySelector('text')!).fontSize),
                // Shapes that can be seen within each plot.
                shapes: plots.map(
                  (plot) =>
                    [...plot.querySelectorAll('path, circle')].filter(
                      (shape) => shape.getBoundingClientRect().height >= 0,
                    ).length,
                ),
                paper: getComputedStyle(document.body).backgroundColor,
              };
            });
            expect(drawn.page).toBe(width);
            expect(Math.max(...drawn.widths)).toBeGreaterThan(0.9 * width);
            expect(new Set(drawn.letters)).toEqual(new Set(['12px']));
            expect(drawn.shapes.every((count) => count > 1)).toBe(true);
            expect(drawn.paper).toBe(colorScheme === 'dark' ? 'rgb(21, 21, 21)' : 'rgb(255, 255, 255)');
          }
          expect((await page.screenshot({ fullPage: true })).length).toBeGreaterThan(20_000);
        }
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    120_000,
  );

  test('speaks JSON, of numbers too', async () => {
    const { stdout, stderr, code } = await myelin([
      'train',
      'train.csv',
      '--target',
      '4',
      '--drop',
      'id',
      '--json',
      '--out',
      'w.myelin',
      '--test-share',
      '0.2',
      ...quick,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(stdout);
    expect(result.record.task).toBe('regression');
    expect(result.test.rows).toBe(24);
    expect(result.importance[0].column).toBe('size');
  }, 60_000);

  thorough(
    'says what is wrong, and with which code it ends',
    async () => {
      writeFileSync(at('bad.csv'), 'a,b\n1,2\n3\n');
      expect(await myelin(['train', 'bad.csv', '--target', 'b'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: bad.csv, line 3, column 2: /),
      });
      expect(await myelin(['train', 'train.csv', '--target', 'kinds'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/Did you mean 'kind'/),
      });
      expect(await myelin(['train', 'none.csv', '--target', 'b'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/ENOENT/),
      });
      expect(await myelin(['train', 'train.csv'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/--target/),
      });
      expect(await myelin(['train', 'train.csv', '--target', 'b', '--epochs', 'many'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/A number is expected/),
      });
      expect(await myelin(['predicts'])).toMatchObject({ code: 2 });
      for (const args of [
        ['inspect', 'train.csv'],
        ['predict', 'train.csv', 'new.csv'],
        ['evaluate', 'train.csv', 'new.csv'],
      ]) {
        expect(await myelin(args)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^error: train.csv is not a Myelin model\. /),
        });
      }
      expect((await myelin(['inspect', 'none.myelin'])).stderr).toMatch(/^error: Cannot load 'none.myelin': ENOENT/);
    },
    60_000,
  );

  test.each(['train', 'evaluate', 'predict', 'inspect', 'bench', 'profile'])(
    '%s --help has examples',
    async (command) => {
      const { code, stdout } = await myelin([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}\$ npx myelin/);
    },
  );

  thorough(
    'after an interrupt the command that it names ends in the same bits as without',
    async () => {
      const long = ['--epochs', '1500', '--patience', '1500', '--members', '2', '--layers', '8', '--dropout', '0.1'];
      const train = (out: string) => ['train', 'train.csv', '--target', 'kind', '--out', out, ...long];
      const whole = myelin(train('whole.myelin'));
      const ended = await myelin(train("it's early.myelin"), { killAfter: /epoch 300 of/ });
      expect(ended).toMatchObject({ code: 130, stderr: expect.stringMatching(/early.myelin holds the best weights/) });
      expect((await myelin(['evaluate', "it's early.myelin", 'train.csv', '--json'])).code).toBe(0);

      const [, line] = /To continue:\n {2}npx myelin (.*)\n$/.exec(ended.stderr)!;
      expect(line).toMatch(/ --resume 'it'\\''s early.myelin.checkpoint'$/);
      const words = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
        .trimEnd()
        .split('\n');
      expect(await myelin(['evaluate', words.at(-1)!, 'train.csv'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/checkpoint/),
      });
      expect(await myelin([...words, '--epochs', '10'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/epochs: expected 1500, as in the run that is resumed/),
      });

      const again = await myelin([...words, '--json']);
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(again.stdout)).toMatchObject({ interrupted: false });
      expect(existsSync(at("it's early.myelin.checkpoint"))).toBe(false);
      expect((await whole).code).toBe(0);
      expect(readFileSync(at("it's early.myelin")).equals(readFileSync(at('whole.myelin')))).toBe(true);
      const predict = (file: string) => myelin(['predict', file, 'new.csv']);
      expect((await predict("it's early.myelin")).stdout).toBe((await predict('whole.myelin')).stdout);
    },
    120_000,
  );

  // Steps of milliseconds, so that the signal comes before the first epoch ends.
  const large = ['--layers', '1024,1024,1024'];
  const long = ['--batch-size', '1', '--epochs', '100000', '--members', '1', '--dropout', '0', ...large];

  test('an interrupt in the first epoch, with a report', async () => {
    const args = ['train', 'train.csv', '--target', 'kind', ...long, '--out', 'soon.myelin', '--report', 'soon.html'];
    expect(await myelin(args, { killAfter: /train.csv/ })).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/interrupted in its first epoch/),
    });
    expect(existsSync(at('soon.myelin.checkpoint'))).toBe(true);
    expect(readFileSync(at('soon.html'), 'utf8')).toMatch(/Learning curves/);
  }, 60_000);

  test('an interrupt, for machines', async () => {
    const often = ['--checkpoint-every', '0.2s'];
    const args = ['train', 'train.csv', '--target', 'kind', ...long, ...often, '--out', 'machine.myelin', '--json'];
    const killWhen = () => existsSync(at('machine.myelin.checkpoint'));
    const { code, stdout, stderr } = await myelin(args, { killWhen });
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    const { interrupted, checkpoint, resume } = JSON.parse(stdout);
    expect({ interrupted, checkpoint }).toEqual({ interrupted: true, checkpoint: 'machine.myelin.checkpoint' });
    expect(resume).toMatch(/^npx myelin train train.csv .*--resume machine.myelin.checkpoint$/);
  }, 60_000);
});
