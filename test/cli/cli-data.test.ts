import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCsv } from '../../src/data/index.js';
import { dense, sequential, serialize, typescript } from '../../src/index.js';
import { csv, quick, script, workspace } from '../support/cli.js';
import { thorough } from '../support/effort.js';

// What the command makes of data, paths and options that are not as they should be.

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

describe('myelin', () => {
  thorough(
    'options for reading, and notes where texts stand among numbers',
    async () => {
      const lines = csv(1500, 3).split('\n');
      const odd = lines.map((line, i) => (i === 700 || i === 1400 ? line.replace(/,[\d.]+,/, ',no idea,') : line));
      writeFileSync(at('odd.csv'), `\n${odd.join('\n')}`);
      const args = ['train', 'odd.csv', '--target', 'kind', '--out', 'odd.myelin', '--epochs', '1', '--members', '1'];
      const noted = await myelin(args);
      expect(noted.stderr).toMatch(
        /^note: 'size' is read as texts, though 1498 of 1500 are numbers: the first other is 'no idea' \(2 cells\) in line 702; .* say --missing 'no idea'$/m,
      );
      expect(noted.stderr).toMatch(/^note: 'id' is left out, since it counts the rows; --columns id=number/m);
      expect(noted.stdout).toMatch(/'size' is left out: .*; 'size' is read as texts, though 1498/);
      const told = await myelin([...args, '--missing', 'no idea', '--columns', 'id=number,colour=skip']);
      expect(told.stderr).not.toMatch(/note:/);
      const inspected = JSON.parse((await myelin(['inspect', 'odd.myelin', '--json'])).stdout);
      expect(inspected.record.inputs.map(({ name }: { name: string }) => name)).toEqual(['id', 'size', 'weight']);
      expect(inspected.record.inputs[1].missing).toBe(2);
      expect((await myelin(['predict', 'odd.myelin', 'odd.csv'])).code).toBe(0);
      writeFileSync(at('odder.csv'), readFileSync(at('odd.csv'), 'utf8').replaceAll('no idea', 'unknown'));
      expect(await myelin(['predict', 'odd.myelin', 'odder.csv'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/line 702, .*say --missing unknown; .*--columns size=category/),
      });
      expect((await myelin(['predict', 'odd.myelin', 'odder.csv', '--missing', 'unknown'])).code).toBe(0);

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
      const { stderr } = await myelin(['train', 'commas.csv', '--target', 'kind', '--out', 'texts.myelin', ...quick]);
      expect(stderr).toMatch(/^note: 'size' is read as texts, though all would be numbers with --decimal ,$/m);
      expect((await myelin(['inspect', 'd.myelin'])).stdout).toMatch(/^Reading: decimals follow ','$/m);
      const again = JSON.parse((await myelin(['evaluate', 'd.myelin', 'commas.csv', '--json'])).stdout);
      const points = ['evaluate', 'd.myelin', 'points.csv', '--decimal', '.', '--json'];
      writeFileSync(at('points.csv'), csv(100, 4));
      expect(JSON.parse((await myelin(points)).stdout)).toEqual(again);
      expect(await myelin([...german, '--columns', 'size'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/name=kind is expected/),
      });
      expect(await myelin([...german, '--columns', 'sizes=number'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: --columns: expected one of .*Did you mean 'size'/),
      });
    },
    60_000,
  );

  test('a model of a CSV takes JSON', async () => {
    const train = ['train', 'train.csv', '--target', 'kind', '--drop', 'id', '--out', 'j.myelin', '--quiet', ...quick];
    expect((await myelin(train)).code).toBe(0);
    const table = await readCsv(at('train.csv'));
    writeFileSync(at('rows.json'), JSON.stringify(table.toObjects()));
    writeFileSync(
      at('rows.jsonl'),
      table
        .toObjects()
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const { stdout } = await myelin(['predict', 'j.myelin', 'train.csv']);
    for (const data of ['rows.json', 'rows.jsonl']) {
      expect((await myelin(['predict', 'j.myelin', data])).stdout).toBe(stdout);
      expect((await myelin(['evaluate', 'j.myelin', data, '--json'])).code).toBe(0);
      expect((await myelin(['profile', 'j.myelin', data])).code).toBe(0);
    }
    expect((await myelin([...train, '--test', 'rows.json'])).code).toBe(0);
  }, 60_000);

  test('a model that is cut off is told from a file that is none', async () => {
    const train = ['train', 'train.csv', '--target', 'kind', '--out', 'whole.myelin', '--quiet', ...quick];
    expect((await myelin(train)).code).toBe(0);
    writeFileSync(at('cut.myelin'), readFileSync(at('whole.myelin')).subarray(0, 400));
    expect((await myelin(['inspect', 'cut.myelin'])).stderr).toMatch(
      /header length: \d+ bytes, but only 392 follow it/,
    );
    expect((await myelin(['inspect', 'train.csv'])).stderr).toMatch(
      /train\.csv is not a Myelin model\. .*myelin inspect/,
    );
    const plain = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: typescript() });
    writeFileSync(at('plain.safetensors'), serialize(plain));
    expect(await myelin(['inspect', 'plain.safetensors'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^error: plain\.safetensors is a Myelin model, but not one that train .* load opens it/,
      ),
    });
  }, 60_000);

  test('a reader of messages that goes away does not end the work', () => {
    const train = ['train', 'train.csv', '--target', 'kind', '--out', 'piped.myelin', ...quick].join(' ');
    const { stdout } = spawnSync('sh', ['-c', `"${process.execPath}" "${script}" ${train} 2>&1 | head -n 1`], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^train\.csv: 120 rows/);
    expect(existsSync(at('piped.myelin'))).toBe(true);
  }, 60_000);

  test('nothing is written over what is read or written', async () => {
    writeFileSync(at('over.csv'), csv(60, 3));
    symlinkSync(at('over.csv'), at('link.csv'));
    const train = ['train', 'over.csv', '--target', 'kind', ...quick];
    expect((await myelin([...train, '--out', 'over.myelin', '--quiet'])).code).toBe(0);
    const before = ['over.csv', 'over.myelin'].map((name) => readFileSync(at(name)));
    for (const [args, message] of [
      [[...train, '--out', 'over.csv'], /^error: --out: 'over.csv' is the data, and would be overwritten/],
      [[...train, '--out', 'o.myelin', '--report', 'link.csv'], /--report: 'link.csv' is the data/],
      [[...train, '--out', 'o.myelin', '--report', './o.myelin'], /--report: '.\/o.myelin' is --out/],
      [['predict', 'over.myelin', 'over.csv', '--out', 'over.myelin'], /--out: 'over.myelin' is the model/],
      [['predict', 'over.myelin', 'over.csv', '--out', 'over.csv'], /--out: 'over.csv' is the data/],
    ] as const) {
      expect(await myelin(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    }
    expect(['over.csv', 'over.myelin'].map((name) => readFileSync(at(name)))).toEqual(before);
    expect(existsSync(at('o.myelin'))).toBe(false);
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

    thorough(
      'a file keeps what it held until all is there',
      async () => {
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
      },
      60_000,
    );
  });

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk is an error',
    async () => {
      const args = ['train', 'train.csv', '--target', 'kind', '--out', 'full.myelin', '--quiet', ...quick];
      expect(await myelin(args)).toMatchObject({ code: 0 });
      expect(await myelin(['predict', 'full.myelin', 'new.csv', '--out', '/dev/full'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: --out: cannot write '\/dev\/full': ENOSPC/),
      });
    },
    60_000,
  );

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

  thorough(
    'wrong options end with 2 and are named as they are typed',
    async () => {
      const train = ['train', 'train.csv', '--out', 'y.myelin'];
      for (const [args, code, what] of [
        [['--target', 'kind', '--epochs', '0'], 2, /^error: --epochs: expected an integer >= 1, got 0/],
        [['--target', 'kind', '--batch-size', '1.5'], 2, /^error: --batch-size: /],
        [['--target', 'kind', '--dropout', '1.5'], 2, /^error: --dropout: .*\n\(--help/],
        [['--target', 'kind', '--layers', '8,0'], 2, /^error: --layers: /],
        [['--target', 'kind', '--activation', 'rellu'], 2, /^error: --activation: .*Did you mean 'relu'/],
        [['--target', 'kind', '--test-share', '2'], 2, /A share between 0 and 1 is expected/],
        [
          ['--target', 'kind', '--test-share', '0.2', '--test', 'flowers.csv'],
          2,
          /'--test-share <share>' cannot be used/,
        ],
        [['--target', 'kind', '--separator', 'ab'], 2, /One character is expected/],
        [['--target', 'kind', '--encoding', 'latin-9000'], 2, /A name such as utf-8/],
        [['--target', 'kind', '--drop', 'size,kind'], 2, /^error: --drop: .*'kind', the target/],
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
      const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
      expect(await myelin(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    },
    60_000,
  );
});
