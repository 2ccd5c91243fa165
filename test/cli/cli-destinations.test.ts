import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { quick, script, workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// Where commands write to: refused before training what cannot be written, pipes and devices as they are, links through.

const { folder, at, myelin } = workspace();
const train = (...more: string[]) => ['train', 'train.csv', '--target', 'kind', ...quick, '--quiet', ...more];
/** A command of a shell, in which M is the program. */
const sh = (command: string) =>
  execFileSync('bash', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 25_000,
    env: { ...process.env, M: `${process.execPath} ${script}` },
  });

beforeAll(async () => {
  await myelin(train('--out', 'm.myelin'));
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  mkdirSync(at('taken.myelin.checkpoint'));
  mkdirSync(at('kept.myelin.previous'));
  symlinkSync('circle', at('circle'));
  symlinkSync('gone/model', at('dangling'));
  symlinkSync('dangling', at('twice'));
}, 60_000);

describe('refused before training', () => {
  testSome<readonly [string, readonly string[], number, RegExp]>([
    ['no path', ['--out', ''], 2, /^error: --out: expected a path, got ''/],
    ['no path for a report', ['--report', ''], 2, /^error: --report: expected a path, got ''/],
    ['standard output', ['--out', '-'], 2, /^error: --out: a model is saved to a file/],
    ['a folder', ['--out', 'folder'], 1, /^error: --out: cannot write 'folder': .*folder/],
    ['what can only be a folder', ['--out', 'new/'], 1, /^error: --out: cannot write 'new\/': it is a folder/],
    ['a folder that is not there', ['--out', 'no/m'], 1, /^error: --out: .*there is no folder/],
    [
      'a link into none',
      ['--out', 'dangling'],
      1,
      /^error: --out: cannot write 'dangling': there is no folder '.*\/gone'/,
    ],
    ['a link to such a link', ['--out', 'twice'], 1, /^error: --out: .*there is no folder '.*\/gone'/],
    ['a device', ['--out', '/dev/null'], 1, /^error: --out: .*it is a device/],
    ['an open stream', ['--out', '/dev/stdout'], 1, /^error: --out: .*it is an open stream/],
    ['a pipe', ['--out', 'pipe'], 1, /^error: --out: .*it is a pipe/],
    ['a circle of links', ['--out', 'circle'], 1, /^error: --out: .*symbolic links/],
    [
      'a checkpoint that cannot be',
      ['--out', 'taken.myelin'],
      1,
      /^error: the checkpoint next to --out: .*it is a folder/,
    ],
    ['no second name', ['--out', 'kept.myelin'], 1, /^error: the file before --out: .*folder/],
    [
      'the data as second name',
      ['--out', 'new', '--report', 'new.previous'],
      2,
      /^error: --report: 'new.previous' is the file/,
    ],
    ['a report in place of a folder', ['--report', 'folder'], 1, /^error: --report: .*it is a folder/],
  ])('%s', async (_, args, code, message) => {
    const before = readdirSync(folder).sort();
    const ran = await myelin(train('--epochs', '1000000', ...args));
    expect(ran).toMatchObject({ code, stderr: expect.stringMatching(message) });
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

test('train --out and predict --out write through links and keep permissions', async () => {
  mkdirSync(at('store'));
  symlinkSync('store/real.myelin', at('link.myelin'));
  symlinkSync('store/real.csv', at('link.csv'));
  writeFileSync(at('store/real.csv'), 'old');
  chmodSync(at('store/real.csv'), 0o600);
  for (let i = 0; i < 2; i++) {
    expect((await myelin(train('--out', 'link.myelin'))).code).toBe(0);
    if (i === 0) chmodSync(at('store/real.myelin'), 0o600);
  }
  expect((await myelin(['predict', 'link.myelin', 'new.csv', '--out', 'link.csv', '--quiet'])).code).toBe(0);
  expect(readlinkSync(at('link.myelin'))).toBe('store/real.myelin');
  expect(readlinkSync(at('link.csv'))).toBe('store/real.csv');
  expect(readdirSync(at('store')).sort()).toEqual(['real.csv', 'real.myelin', 'real.myelin.previous']);
  expect(readFileSync(at('store/real.csv'), 'utf8').split('\n')).toHaveLength(32);
  for (const name of ['real.csv', 'real.myelin']) expect(statSync(at(`store/${name}`)).mode & 0o777).toBe(0o600);
}, 60_000);

describe('predict --out writes to what is no file', () => {
  let wanted: string;
  beforeAll(() => {
    wanted = sh('$M predict m.myelin new.csv --quiet');
  }, 30_000);

  testSome([
    ['/dev/stdout', '$M predict m.myelin new.csv --quiet --out /dev/stdout'],
    ['/dev/stdout into a pipe', '$M predict m.myelin new.csv --quiet --out /dev/stdout | cat'],
    ['/dev/stdout into a file', '$M predict m.myelin new.csv --quiet --out /dev/stdout > into.csv; cat into.csv'],
    [
      '/dev/stdout behind a file',
      'echo first > into.csv; $M predict m.myelin new.csv --quiet --out /dev/stdout >> into.csv; grep -v first into.csv; test "$(head -1 into.csv)" = first',
    ],
    ['/dev/stderr', '$M predict m.myelin new.csv --quiet --out /dev/stderr 2>&1 >/dev/null'],
    ['another stream', '$M predict m.myelin new.csv --quiet --out /dev/fd/5 5>five.csv; cat five.csv'],
    ['process substitution', '$M predict m.myelin new.csv --quiet --out >(cat > into.csv); sleep 0.5; cat into.csv'],
    ['a pipe with a name', 'cat pipe & $M predict m.myelin new.csv --quiet --out pipe; wait'],
    ['a pipe whose reader comes later', '(sleep 1.5; cat pipe) & $M predict m.myelin new.csv --quiet --out pipe; wait'],
  ])(
    '%s',
    (_, command) => {
      expect(sh(command)).toBe(wanted);
      expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
    },
    30_000,
  );

  test('/dev/null stays what it is', async () => {
    const { code, stderr } = await myelin(['predict', 'm.myelin', 'new.csv', '--out', '/dev/null']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/30 predictions in \/dev\/null/) });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a full disk is an error', async () => {
    const { code, stderr } = await myelin(['predict', 'm.myelin', 'new.csv', '--out', '/dev/full']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: --out: cannot write '\/dev\/full'.*ENOSPC/),
    });
  });
});

test('a report is replaced whole or not at all, and goes to a pipe as it is', async () => {
  writeFileSync(at('report.html'), 'before');
  chmodSync(at('report.html'), 0o600);
  const usual = train('--out', 'r.myelin', '--report', 'usual.html');
  expect((await myelin(usual)).code).toBe(0);
  // The kernel refuses to let the file grow beyond some KB: the page is longer, the model is not.
  const [most, least] = ['usual.html', 'r.myelin'].map((name) => Math.ceil(statSync(at(name)).size / 1024));
  expect(most).toBeGreaterThan(least! + 1);
  const limited = `ulimit -f ${most! - 1}; ${process.execPath} ${script} ${train('--out', 'r.myelin', '--report', 'report.html').join(' ')}`;
  const child = spawn('bash', ['-c', limited], { cwd: folder });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'exit');
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/--report: cannot write 'report.html'.*saved to 'r.myelin'/),
  });
  expect(readFileSync(at('report.html'), 'utf8')).toBe('before');
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect((await myelin(train('--out', 'r.myelin', '--report', 'report.html'))).code).toBe(0);
  expect(readFileSync(at('report.html'), 'utf8')).toMatch(/<\/html>/);
  expect(statSync(at('report.html')).mode & 0o777).toBe(0o600);
  expect(sh(`$M ${train('--out', 'r.myelin', '--report', '/dev/stdout').join(' ')} | tail -1`)).toMatch(/<\/html>/);
  expect(existsSync(at('r.myelin.checkpoint'))).toBe(false);
}, 60_000);
