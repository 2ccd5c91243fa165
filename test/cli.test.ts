import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../src/kernels/philox.js';
import { launch, noBrowser } from './support/browser.js';

// The command as users run it, out of the build.

const script = resolve(import.meta.dirname, '../build/cli.js');
let folder: string;
const at = (name: string) => join(folder, name);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function myelin(
  args: readonly string[],
  {
    input,
    open,
    killAfter,
    killAfterMs,
  }: { input?: string; open?: string; killAfter?: RegExp; killAfterMs?: number } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
    if (input !== undefined) child.stdin?.end(input);
    if (open !== undefined) child.stdin?.write(open);
    if (killAfterMs) setTimeout(() => child.kill('SIGINT'), killAfterMs);
    if (!killAfter) return;
    let seen = '';
    const watch = (text: string) => {
      seen += text;
      if (!killAfter.test(seen)) return;
      child.stderr?.off('data', watch);
      child.kill('SIGINT');
    };
    child.stderr?.on('data', watch);
  });
}

function csv(rows: number, seed: number): string {
  const random = new Generator(seed, 1);
  const lines = Array.from({ length: rows }, (_, i) => {
    const kind = random.integer(2);
    const size = 2 * kind + random.uniform();
    return [
      i,
      size.toFixed(3),
      kind ? '"red, dark"' : 'blue',
      (10 * size + random.uniform()).toFixed(2),
      kind ? 'big' : 'small',
    ];
  });
  return [['id', 'size', 'colour', 'weight', 'kind'], ...lines].map((line) => line.join()).join('\n');
}

const quick = ['--epochs', '20', '--members', '2', '--layers', '8'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-cli-'));
  writeFileSync(at('train.csv'), csv(120, 1));
  writeFileSync(at('new.csv'), csv(30, 2));
});
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
    expect(trained.stdout).toMatch(/Test:\nrows +30\naccuracy +1/);
    expect(trained.stderr).toMatch(/network 2 of 2, epoch 20 of 20/);

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
          const args = ['--drop', 'id', '--out', 'r.myelin', '--report', 'report.html', '--quiet', ...quick];
          expect(await myelin(['train', 'train.csv', '--target', target, ...args])).toMatchObject({
            code: 0,
            stderr: '',
          });
          await page.goto(`file://${at('report.html')}`);
          expect(await page.locator('.u-title').allTextContents()).toEqual(charts);
          const drawn = await page.evaluate(() =>
            [...document.querySelectorAll('canvas')].map((canvas) => {
              const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
              return new Set(new Uint32Array(data.buffer)).size > 5;
            }),
          );
          expect(drawn).toEqual([true, true, true]);
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

  test('options for reading, and notes where texts stand among numbers', async () => {
    const lines = csv(1500, 3).split('\n');
    const odd = lines.map((line, i) => (i === 700 || i === 1400 ? line.replace(/,[\d.]+,/, ',no idea,') : line));
    writeFileSync(at('odd.csv'), `\n${odd.join('\n')}`);
    const args = ['train', 'odd.csv', '--target', 'kind', '--out', 'odd.myelin', '--epochs', '1', '--members', '1'];
    const noted = await myelin(args);
    expect(noted.stderr).toMatch(
      /^note: 'size' is read as texts, though 1498 of 1500 are numbers: the first other is 'no idea' in line 702; .* say --missing 'no idea'$/m,
    );
    expect(noted.stderr).toMatch(/^note: 'id' is left out, since it counts the rows; --columns id=number/m);
    expect(noted.stdout).toMatch(/'size' is left out: .*; 'size' is read as texts, though 1498/);
    const told = await myelin([...args, '--missing', 'no idea', '--columns', 'id=number,colour=skip']);
    expect(told.stderr).not.toMatch(/note:/);
    const inspected = JSON.parse((await myelin(['inspect', 'odd.myelin', '--json'])).stdout);
    expect(inspected.record.inputs.map(({ name }: { name: string }) => name)).toEqual(['id', 'size', 'weight']);
    expect(inspected.record.inputs[1].missing).toBe(2);
    expect(await myelin(['predict', 'odd.myelin', 'odd.csv'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/line 702, .*say --missing 'no idea'; .*--columns size=category/),
    });
    expect((await myelin(['predict', 'odd.myelin', 'odd.csv', '--missing', 'no idea'])).code).toBe(0);

    const commas = csv(100, 4).replaceAll(',', ';').replaceAll('.', ',');
    writeFileSync(at('commas.csv'), commas);
    const german = [
      'train',
      'commas.csv',
      '--target',
      'kind',
      '--decimal',
      ',',
      '--json',
      '--out',
      'd.myelin',
      ...quick,
    ];
    const drops = ['--drop', 'id', '--drop', 'colour'];
    expect(JSON.parse((await myelin([...german, ...drops])).stdout).record.inputs).toMatchObject([
      { name: 'size', kind: 'number' },
      { name: 'weight', kind: 'number' },
    ]);
    expect(await myelin([...german, '--columns', 'size'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/name=kind is expected/),
    });
    expect(await myelin([...german, '--columns', 'sizes=number'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: --columns: expected one of .*Did you mean 'size'/),
    });
  }, 60_000);

  test('says what is wrong, and with which code it ends', async () => {
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
    expect(await myelin(['train', 'train.csv'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/--target/) });
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
  }, 60_000);

  describe('predict', () => {
    const model = 'p.myelin';
    const long = (rows: number, last = '') => {
      const lines = Array.from(
        { length: rows },
        (_, i) => `${1e12 + i},${i % 4 === 0 ? 9.5 : 1},blue,${i === 5 ? 'n' : 5}`,
      );
      return `id,size,colour,weight\n\n${lines.join('\n')}\n${last}`;
    };
    beforeAll(async () => {
      const args = ['train', 'train.csv', '--target', 'weight', '--drop', 'kind', '--out', model, '--quiet', ...quick];
      expect(await myelin(args)).toMatchObject({ code: 0, stderr: '' });
    }, 60_000);

    test('warns of the whole file, by lines, and leaves alone what it does not need', async () => {
      writeFileSync(at('long.csv'), long(60_000));
      const { code, stderr, stdout } = await myelin([
        'predict',
        model,
        'long.csv',
        '--keep',
        'id,weight',
        '--out',
        'long.out',
      ]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toMatch(/^warning: 'size': 9.5 is outside .* \(15000 times, first in line 3\)$/m);
      expect(stderr.match(/'size'/g)).toHaveLength(1);
      expect(stderr).toMatch(/60000 predictions in long.out/);
      const lines = readFileSync(at('long.out'), 'utf8').split('\n');
      expect(lines[0]).toBe('id,weight (given),weight');
      expect(lines[6]).toMatch(/^1000000000005,n,[\d.]+$/);
      expect(lines).toHaveLength(60_002);
      const test = ['train', 'train.csv', '--target', 'kind', '--test', 'far.csv', '--out', 't.myelin', ...quick];
      writeFileSync(at('far.csv'), `${csv(3, 8)}\n7,99,blue,5,small\n`);
      const place = /'size': 99 is outside .*\(first in line 5\)/;
      expect((await myelin(test)).stderr).toMatch(place);
      expect((await myelin(['evaluate', model, 'far.csv'])).stderr).toMatch(place);
    }, 60_000);

    test('a file keeps what it held until all is there', async () => {
      writeFileSync(at('bad.csv'), long(20_000, '1,much,blue,5\n'));
      const names = () => readdirSync(folder).filter((name) => name.includes('old.out'));
      writeFileSync(at('old.out'), 'old');
      expect(await myelin(['predict', model, 'bad.csv', '--out', 'old.out'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: bad.csv, line 20003, /),
      });
      expect(await myelin(['predict', model, 'none.csv', '--out', 'old.out'])).toMatchObject({ code: 1 });
      const stopped = await myelin(['predict', model, '-', '--out', 'old.out'], {
        open: long(20_000),
        killAfterMs: 2500,
      });
      expect(stopped).toMatchObject({ code: 130, stderr: 'Interrupted: old.out is as it was.\n' });
      expect([names(), readFileSync(at('old.out'), 'utf8')]).toEqual([['old.out'], 'old']);
      symlinkSync('old.out', at('link.out'));
      writeFileSync(at('inf.csv'), 'size,colour\n1,blue\n\ninf,blue\n');
      expect((await myelin(['predict', model, 'inf.csv', '--out', 'link.out'])).stderr).toMatch(
        /column 'size'.*, line 4: /,
      );
      expect((await myelin(['predict', model, 'new.csv', '--out', 'link.out', '--quiet'])).stderr).toBe('');
      expect(readFileSync(at('old.out'), 'utf8')).toMatch(/^weight\n/);
      expect((await myelin(['predict', model, 'new.csv', '--out', '/dev/null', '--keep', 'ids'])).stderr).toMatch(
        /^error: --keep: .*Did you mean 'id'/,
      );
    }, 60_000);
  });

  test('dates are dates where columns are shown', async () => {
    const lines = csv(60, 1).split('\n');
    const day = (i: number) => (i === 0 ? 'day' : `2024-03-${String(1 + (i % 28)).padStart(2, '0')}`);
    writeFileSync(at('days.csv'), lines.map((line, i) => `${line},${day(i)}`).join('\n'));
    const args = ['train', 'days.csv', '--target', 'kind', '--out', 'days.myelin', '--report', 'days.html', '--quiet'];
    expect(await myelin([...args, ...quick])).toMatchObject({ code: 0, stderr: '' });
    expect((await myelin(['inspect', 'days.myelin'])).stdout).toMatch(/^day +date +2024-03-01 to 2024-03-28$/m);
    expect(readFileSync(at('days.html'), 'utf8')).toMatch(/<td>2024-03-01 to 2024-03-28<\/td><td>2024-03-\d\dT/);
  }, 60_000);

  test('paths that cannot be read or written are noticed before training', async () => {
    const train = ['train', 'train.csv', '--target', 'kind', '--json', ...quick];
    for (const [args, what] of [
      [
        ['--out', 'no/where/x.myelin'],
        /^error: --out: cannot write 'no\/where\/x.myelin': there is no folder '.*no\/where'/,
      ],
      [['--out', 'x.myelin', '--report', 'no/r.html'], /^error: --report: cannot write 'no\/r.html'/],
      [['--out', '.'], /^error: --out: .*it is a folder/],
      [['--out', 'x.myelin', '--test', 'none.csv'], /^error: --test: cannot read 'none.csv': ENOENT/],
      [['--out', 'x.myelin', '--resume', 'none.checkpoint'], /^error: --resume: cannot read/],
    ] as const) {
      expect(await myelin([...train, ...args])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(what),
      });
    }
    expect(existsSync(at('x.myelin'))).toBe(false);
    writeFileSync(at('short.csv'), 'size,kind\n1,big\n');
    expect(await myelin([...train, '--out', 'x.myelin', '--test', 'short.csv'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/colour.* The model was saved to 'x.myelin' all the same/),
    });
    expect(existsSync(at('x.myelin'))).toBe(true);
  }, 60_000);

  test('wrong options end with 2 and are named as they are typed', async () => {
    const train = ['train', 'train.csv', '--out', 'y.myelin'];
    for (const [args, code, what] of [
      [['--target', 'kind', '--epochs', '0'], 2, /^error: --epochs: expected an integer >= 1, got 0/],
      [['--target', 'kind', '--batch-size', '1.5'], 2, /^error: --batch-size: /],
      [['--target', 'kind', '--dropout', '1.5'], 2, /^error: --dropout: .*\n\(--help/],
      [['--target', 'kind', '--layers', '8,0'], 2, /^error: --layers: /],
      [['--target', 'kind', '--activation', 'rellu'], 2, /^error: --activation: .*Did you mean 'relu'/],
      [['--target', 'kind', '--test-share', '2'], 2, /A share between 0 and 1 is expected/],
      [['--target', 'kind', '--separator', 'ab'], 2, /One character is expected/],
      [['--target', 'churn'], 1, /^error: --target: expected one of id, .* got 'churn'/],
      [['--target', '99'], 1, /^error: --target: expected a name, a number from 1 to 5 or 'last', got 99/],
      [['--target', 'kind', '--drop', 'color'], 1, /^error: --drop: .*Did you mean 'colour'/],
    ] as const) {
      expect(await myelin([...train, ...args])).toMatchObject({ code, stderr: expect.stringMatching(what) });
    }
    writeFileSync(at('header.csv'), 'id,size,kind\n');
    expect(await myelin(['train', 'header.csv', '--target', 'kind'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: header.csv, line 2, column 1: there is no row below the names/),
    });
    const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8'));
    expect(await myelin(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  }, 60_000);

  test.each(['train', 'evaluate', 'predict', 'inspect', 'bench', 'profile'])(
    '%s --help has examples',
    async (command) => {
      const { code, stdout } = await myelin([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}\$ npx myelin/);
    },
  );

  test('after an interrupt the command that it names ends in the same bits as without', async () => {
    const long = ['--epochs', '1500', '--patience', '1500', '--members', '2', '--layers', '8', '--dropout', '0.1'];
    const train = (out: string) => ['train', 'train.csv', '--target', 'kind', '--out', out, ...long];
    const whole = myelin(train('whole.myelin'));
    const ended = await myelin(train("it's early.myelin"), { killAfter: /network 2 of 2, epoch 300 of/ });
    expect(ended).toMatchObject({ code: 130, stderr: expect.stringMatching(/early.myelin holds the best weights/) });
    expect((await myelin(['evaluate', "it's early.myelin", 'train.csv', '--json'])).code).toBe(0);

    const [, line] = /To go on:\n {2}npx myelin (.*)\n$/.exec(ended.stderr)!;
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
  }, 120_000);

  const long = ['--batch-size', '1', '--epochs', '100000', '--members', '1', '--dropout', '0'];

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
    const args = ['train', 'train.csv', '--target', 'kind', ...long, '--out', 'soon.myelin', '--json'];
    const { code, stdout, stderr } = await myelin(args, { killAfterMs: 3000 });
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    const { interrupted, checkpoint, resume } = JSON.parse(stdout);
    expect({ interrupted, checkpoint }).toEqual({ interrupted: true, checkpoint: 'soon.myelin.checkpoint' });
    expect(resume).toMatch(/^npx myelin train train.csv .*--resume soon.myelin.checkpoint$/);
  }, 60_000);
});
