import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { endingCode, Interruption } from '../../src/cli/signals.js';
import { script, workspace } from '../support/cli.js';
import { testSome, thorough } from '../support/effort.js';

// Ctrl-C, `docker stop`, a terminal that is closed, and a process that is killed outright.

const { folder, at, myelin } = workspace();
const temporary = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

const signals = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

// Steps of milliseconds, so that the signal comes before training ends.
const slow = [
  '--layers',
  '256,256',
  '--batch-size',
  '4',
  '--epochs',
  '100000',
  '--patience',
  '100000',
  '--members',
  '1',
];
const train = (out: string, ...more: string[]) => ['train', 'train.csv', '--target', 'kind', '--out', out, ...more];

testSome(signals)(
  '%s: train saves the model and where it stood, and ends with %i',
  async (signal, code) => {
    const out = `${signal}.myelin`;
    // The table is told of once signals are listened to.
    const ran = await myelin(train(out, ...slow), { killAfter: /train\.csv/, signal });
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(
      `Interrupted: ${out} holds the best weights so far, ${out}.checkpoint where training stopped.`,
    );
    expect((await myelin(['evaluate', out, 'train.csv', '--json'])).code).toBe(0);
    expect(existsSync(at(`${out}.checkpoint`))).toBe(true);
    expect(temporary()).toEqual([]);
  },
  60_000,
);

testSome(signals)(
  '%s: predict leaves --out as it was and no temporary file, and ends with %i',
  async (signal, code) => {
    if (!existsSync(at('m.myelin'))) await myelin(train('m.myelin', '--epochs', '2', '--members', '1'));
    writeFileSync(at('out.csv'), 'before');
    const open = readFileSync(at('new.csv'), 'utf8');
    const args = ['predict', 'm.myelin', '-', '--out', 'out.csv'];
    const ran = await myelin(args, { open, killWhen: () => temporary().length > 0, signal });
    expect(ran).toMatchObject({ code, stderr: 'Interrupted: out.csv is as it was.\n' });
    expect(readFileSync(at('out.csv'), 'utf8')).toBe('before');
    expect(temporary()).toEqual([]);
  },
  60_000,
);

test('predict that waits for a reader of a pipe can be interrupted', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  const ran = await myelin(['predict', 'm.myelin', 'new.csv', '--out', 'pipe'], {
    killAfterMs: 4000,
    signal: 'SIGTERM',
  });
  expect(ran.code).toBe(143);
  expect(statSync(at('pipe')).isFIFO()).toBe(true);
}, 60_000);

test('the first signal aborts; from then on signals do what they do to any process', () => {
  const names = signals.map(([name]) => name);
  const counts = () => names.map((name) => process.listenerCount(name));
  const before = counts();
  for (const [name, code] of signals) {
    const interruption = new Interruption();
    expect(counts()).toEqual(before.map((count) => count + 1));
    expect(interruption.signal.aborted).toBe(false);
    process.emit(name, name);
    expect({ aborted: interruption.signal.aborted, code: endingCode() }).toEqual({ aborted: true, code });
    expect(counts()).toEqual(before);
  }
});

/** A command that runs in the folder, what it has said so far, and its end. */
function started(args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], { cwd: folder });
  const said = { text: '' };
  child.stderr.on('data', (text) => {
    said.text += text;
  });
  return { child, said, ended: once(child, 'exit') };
}

const until = async (reached: () => boolean) => {
  while (!reached()) await new Promise((resolve) => setTimeout(resolve, 20));
};

// As the first process of a container it would go on where nothing listens.
testSome(
  signals.flatMap(([signal, code]) => {
    const waiting = [['evaluate', 'm.myelin', '-'], ['profile', 'm.myelin', '-'], ['bench']];
    return waiting.map((args) => [signal, args.join(' '), code, args] as const);
  }),
)(
  '%s ends `%s` with %i',
  async (signal, _, code, args) => {
    if (!existsSync(at('m.myelin'))) await myelin(train('m.myelin', '--epochs', '2', '--members', '1'));
    // A signal that comes too early ends the process before it listens; one that comes too late finds `bench` done.
    const seen: unknown[] = [];
    for (let wait = 200; wait < 10_000; wait *= 1.5) {
      const { child, said, ended } = started(args);
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill(signal);
      seen.push({ ended: await ended, said: said.text });
      if (child.exitCode === code) break;
    }
    expect(seen.at(-1)).toEqual({ ended: [code, null], said: '' });
  },
  120_000,
);

test('a second signal ends a command whose orderly end waits for a reader', async () => {
  execFileSync('mkfifo', [at('report')]);
  const { child, said, ended } = started(train('second.myelin', ...slow, '--report', 'report'));
  await until(() => said.text.includes('train.csv'));
  child.kill('SIGTERM');
  await until(() => existsSync(at('second.myelin')));
  // Time to end, if nothing kept it.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(child.exitCode).toBe(null);
  child.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect((await myelin(['evaluate', 'second.myelin', 'train.csv', '--json'])).code).toBe(0);
  expect(temporary()).toEqual([]);
}, 60_000);

testSome(signals)(
  '%s: train that still reads leaves everything as it was, and ends with %i',
  async (signal, code) => {
    writeFileSync(at('early.myelin'), 'before');
    const { child, said, ended } = started(['train', '-', '--target', 'kind', '--out', 'early.myelin']);
    // More than a block, so that reading is under way, and no end.
    const rows = readFileSync(at('train.csv'), 'utf8').split('\n');
    child.stdin.write(`${rows[0]}\n${`${rows.slice(1).join('\n')}\n`.repeat(100)}`);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(child.exitCode).toBe(null);
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(said.text).toBe('Interrupted: early.myelin is as it was.\n');
    expect(readFileSync(at('early.myelin'), 'utf8')).toBe('before');
    expect(existsSync(at('early.myelin.checkpoint'))).toBe(false);
    expect(temporary()).toEqual([]);
  },
  60_000,
);

thorough(
  'a process that is killed goes on from its checkpoint to the same bytes',
  async () => {
    const options = [
      '--layers',
      '24',
      '--epochs',
      '300',
      '--patience',
      '300',
      '--members',
      '2',
      '--dropout',
      '0.1',
      '--quiet',
    ];
    const whole = myelin(train('whole.myelin', ...options));
    const args = train('cut.myelin', ...options, '--checkpoint-every', '5 epochs');
    const child = spawn(process.execPath, [script, ...args], { cwd: folder, stdio: 'ignore' });
    // Killed once it has written a few.
    const seen = new Set<number>();
    while (seen.size < 3 && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (existsSync(at('cut.myelin.checkpoint'))) seen.add(statSync(at('cut.myelin.checkpoint')).ino);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(seen.size).toBe(3);
    expect(existsSync(at('cut.myelin'))).toBe(false);
    const resumed = await myelin([...args, '--resume', 'cut.myelin.checkpoint']);
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect((await whole).code).toBe(0);
    expect(readFileSync(at('cut.myelin')).equals(readFileSync(at('whole.myelin')))).toBe(true);
    expect(existsSync(at('cut.myelin.checkpoint'))).toBe(false);
  },
  120_000,
);

thorough(
  'a checkpoint by time, which the end of training takes away',
  async () => {
    const child = spawn(
      process.execPath,
      [script, ...train('timed.myelin', ...slow, '--quiet', '--checkpoint-every', '0.2s')],
      { cwd: folder, stdio: 'ignore' },
    );
    const seen = new Set<number>();
    const began = Date.now();
    while (seen.size < 3 && Date.now() - began < 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (existsSync(at('timed.myelin.checkpoint'))) seen.add(statSync(at('timed.myelin.checkpoint')).mtimeMs);
    }
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect({ code, checkpoints: seen.size }).toEqual({ code: 143, checkpoints: 3 });
    const quick = train('timed.myelin', '--epochs', '20', '--members', '1', '--quiet', '--checkpoint-every', '1 epoch');
    expect((await myelin(quick)).code).toBe(0);
    expect(existsSync(at('timed.myelin.checkpoint'))).toBe(false);
  },
  60_000,
);

testSome(['', '60', '0s', '-5s', '5 days', '1.5 epochs', '0 epochs', 's'])(
  '--checkpoint-every %j is refused',
  async (text) => {
    const { code, stderr } = await myelin(train('x.myelin', `--checkpoint-every=${text}`));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/A time such as 60s, 5m or 1h/) });
  },
);
