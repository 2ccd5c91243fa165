import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { csvLogger, jsonLinesLogger } from '../../src/callbacks/loggers.js';
import { FileError } from '../../src/errors.js';
import { replaceFile } from '../../src/io/atomic.js';
import { backupAndRestore, modelCheckpoint } from '../../src/io/checkpoint-callbacks.js';
import { nodeFiles } from '../../src/io/node-files.js';
import { load, save } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

// What stands where a file is to be written: links are written through, permissions stay, and what is no file is neither
// replaced nor taken for one.

const backend = typescript();
const posix = process.platform !== 'win32';
let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-to-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function makeModel(seed = 1) {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], seed, backend });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  return model;
}
const x = [
  [1, 2],
  [3, 4],
];
const mode = (path: string) => statSync(path).mode & 0o7777;
const names = () => readdirSync(folder).sort();

describe.runIf(posix)('symbolic links', () => {
  const links: Readonly<Record<string, () => void>> = {
    'to a file': () => {
      symlinkSync('real', at('link'));
      writeFileSync(at('real'), 'old');
    },
    'by an absolute path': () => symlinkSync(at('real'), at('link')),
    'to what is not there': () => symlinkSync('real', at('link')),
    'to a link': () => {
      symlinkSync('real', at('b'));
      symlinkSync('b', at('link'));
    },
    'into another folder and back': () => {
      mkdirSync(at('d'));
      symlinkSync('../real', at('d', 'b'));
      symlinkSync('d/b', at('link'));
    },
    'through a folder that is a link': () => {
      mkdirSync(at('a'));
      mkdirSync(at('a', 'inner'));
      symlinkSync('a/inner', at('d'));
      symlinkSync('d/../../real', at('link'));
    },
  };

  test.each(Object.keys(links))('%s', async (kind) => {
    links[kind]!();
    const link = at('link');
    const before = readlinkSync(link);
    await save(makeModel(), link);
    await save(makeModel(2), link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe(before);
    expect(lstatSync(at('real')).isFile()).toBe(true);
    expect((await load(at('real'), { backend })).getWeights()).toEqual(makeModel(2).getWeights());
    // The one before lies beside the file, where it can be a second name of it.
    expect((await load(at('real.previous'), { backend })).getWeights()).toEqual(makeModel(1).getWeights());
    expect(names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('in a circle', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    await expect(save(makeModel(), at('a'))).rejects.toMatchObject({ name: 'FileError', code: 'ELOOP' });
    expect(names()).toEqual(['a', 'b']);
  });

  test('into a folder that is not there', async () => {
    symlinkSync('nowhere/real', at('a'));
    await expect(save(makeModel(), at('a'))).rejects.toMatchObject({ name: 'FileError', code: 'ENOENT' });
  });

  test('checkpoints, backups and loggers go through them, and a backup that is done leaves the link', async () => {
    for (const name of ['check', 'backup', 'log.csv', 'log.jsonl']) {
      mkdirSync(at(`of-${name}`));
      symlinkSync(`of-${name}/real`, at(name));
    }
    const seen: boolean[] = [];
    await makeModel().fit(x, [1, 2], {
      epochs: 2,
      lint: false,
      callbacks: [
        modelCheckpoint({ path: at('check') }),
        backupAndRestore({ path: at('backup') }),
        csvLogger(at('log.csv')),
        jsonLinesLogger(at('log.jsonl')),
        { onEpochBegin: (epoch) => void (epoch > 0 && seen.push(existsSync(at('of-backup', 'real')))) },
      ],
    });
    expect(seen).toEqual([true]);
    for (const name of ['check', 'backup', 'log.csv', 'log.jsonl'])
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
    expect(readdirSync(at('of-backup'))).toEqual([]);
    expect(readdirSync(at('of-check')).sort()).toEqual(['real', 'real.previous']);
    expect(readFileSync(at('of-log.csv', 'real'), 'utf8').split('\n')).toHaveLength(4);
    expect(readFileSync(at('of-log.jsonl', 'real'), 'utf8').split('\n')).toHaveLength(3);
  });
});

describe.runIf(posix)('permissions', () => {
  test.each([0o600, 0o640, 0o664, 0o666, 0o755])(
    '%o stays, and the temporary file is never more open',
    async (kept) => {
      writeFileSync(at('m'), 'old');
      chmodSync(at('m'), kept);
      const files = await nodeFiles();
      const modes: number[] = [];
      const fill = async () => void modes.push(mode(at(names().find((name) => name.endsWith('.tmp'))!)));
      await replaceFile(files, at('m'), fill, true);
      expect(modes).toEqual([0o600]);
      expect(mode(at('m'))).toBe(kept);
      expect(mode(at('m.previous'))).toBe(kept);
      await save(makeModel(), at('m'));
      expect(mode(at('m'))).toBe(kept);
    },
  );

  test.each([0o022, 0o077, 0o002])('a new file is as open as umask %o lets it be', async (mask) => {
    const before = process.umask(mask);
    try {
      await save(makeModel(), at('m'));
    } finally {
      process.umask(before);
    }
    expect(mode(at('m'))).toBe(0o666 & ~mask);
  });

  test.runIf(process.getuid?.() === 0)('the owner stays, where the administrator writes', async () => {
    writeFileSync(at('m'), 'old');
    chownSync(at('m'), 12345, 23456);
    chmodSync(at('m'), 0o640);
    await save(makeModel(), at('m'));
    const { uid, gid } = statSync(at('m'));
    expect([uid, gid, mode(at('m'))]).toEqual([12345, 23456, 0o640]);
  });

  test('a file that may not be written to is not replaced, though its folder would allow it', async () => {
    writeFileSync(at('m'), 'old');
    const files = await nodeFiles();
    const place: typeof files.place = async (path) => ({ ...(await files.place(path)), writable: false });
    const saving = replaceFile({ ...files, place }, at('m'), async () => {}, true);
    await expect(saving).rejects.toMatchObject({ code: 'EACCES' });
    expect(names()).toEqual(['m']);
  });
});

describe.runIf(posix)('what is no file', () => {
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ['a device', () => symlinkSync('/dev/null', at('m')), 'EINVAL'],
    ['a pipe', () => execFileSync('mkfifo', [at('m')]), 'EINVAL'],
    ['a folder', () => mkdirSync(at('m')), 'EISDIR'],
    ['a link to a folder', () => symlinkSync(tmpdir(), at('m')), 'EISDIR'],
    ['an open stream', () => symlinkSync('/dev/fd/1', at('m')), 'EINVAL'],
    [
      'a folder where the one before should be',
      () => {
        writeFileSync(at('m'), 'old');
        mkdirSync(at('m.previous'));
      },
      'EISDIR',
    ],
  ];

  test.each(cases)('%s', async (_, make, code) => {
    make();
    const before = names();
    const kind = lstatSync(at('m')).mode;
    const error: unknown = await save(makeModel(), at('m')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).code).toBe(code);
    expect((error as FileError).message).toContain(at('m'));
    expect(names()).toEqual(before);
    expect(lstatSync(at('m')).mode).toBe(kind);
  });

  test('a socket', async () => {
    const server = createServer().listen(at('m'));
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(save(makeModel(), at('m'))).rejects.toMatchObject({ code: 'EINVAL' });
    expect(lstatSync(at('m')).isSocket()).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    ['/dev/null', 'EINVAL'],
    ['/dev/stdout', 'EINVAL'],
    [`${tmpdir()}/`, 'EISDIR'],
    ['.', 'EISDIR'],
  ])('%s', async (path, code) => {
    await expect(save(makeModel(), path)).rejects.toMatchObject({ name: 'FileError', code });
  });

  test('a path that ends in a slash is no file, also where nothing is', async () => {
    await expect(save(makeModel(), `${at('new')}/`)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(names()).toEqual([]);
  });

  test('no path at all', async () => {
    const before = readdirSync(dirname(process.cwd()));
    await expect(save(makeModel(), '')).rejects.toMatchObject({ name: 'ValueError', argument: 'target' });
    const fit = makeModel().fit(x, [1, 2], { lint: false, callbacks: [modelCheckpoint({ path: () => '' })] });
    await expect(fit).rejects.toMatchObject({ name: 'ValueError' });
    expect(readdirSync(dirname(process.cwd()))).toEqual(before);
  });

  test('loggers do not empty what is no file, and say what a folder is', async () => {
    mkdirSync(at('d'));
    for (const logger of [csvLogger(at('d')), csvLogger(''), jsonLinesLogger(at('d'))]) {
      const model = makeModel();
      await expect(model.fit(x, [1, 2], { lint: false, callbacks: [logger] })).rejects.toBeInstanceOf(FileError);
      expect(model.epochs, 'refused before training').toBe(0);
    }
    await makeModel().fit(x, [1, 2], { lint: false, callbacks: [csvLogger('/dev/null')] });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});
