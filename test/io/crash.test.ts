import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { FileError } from '../../src/errors.js';
import type { Access, FileHandle, Files } from '../../src/io/files.js';
import { nodeFiles } from '../../src/io/node-files.js';
import { deserialize, save, saveFile, serialize } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { Random } from '../support/buffers.js';
import { byEffort } from '../support/effort.js';

const KILLS = byEffort(20, 300, 1000);

const backend = typescript();

function makeModel(seed: number, units: number): Model {
  const layers = [dense({ units, inputShape: 64, activation: 'relu' }), dense({ units: 3 })];
  const model = sequential({ layers, seed, backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  model.trainOnBatch([new Float32Array(64).fill(seed)], [[1, 2, 3]]);
  return model;
}

const folders: string[] = [];
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-crash-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const temporary = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

describe('a process killed at a random moment of a save', () => {
  test(`leaves the old file or the new one, ${KILLS} times`, { timeout: Math.max(600_000, KILLS * 6000) }, async () => {
    const [a, b] = [makeModel(1, 512), makeModel(2, 512)];
    const files = [serialize(a), serialize(b)].map((bytes) => Buffer.from(bytes));
    const isOne = (path: string) => files.some((file) => file.equals(readFileSync(path)));
    const random = new Random(KILLS);
    let amid = 0;
    const lane = async (kills: number) => {
      const folder = makeFolder();
      writeFileSync(join(folder, 'a.safetensors'), files[0]!);
      writeFileSync(join(folder, 'b.safetensors'), files[1]!);
      const path = join(folder, 'model.safetensors');
      await save(a, path);
      // On a busy machine fewer kills interrupt a save, so it takes more of them.
      for (let i = 0; i < kills || (amid <= KILLS / 5 && i < 4 * kills); i++) {
        const child = fork(new URL('../programs/save-loop.js', import.meta.url), [folder]);
        await once(child, 'message');
        await new Promise((resolve) => setTimeout(resolve, 12 * random.uniform()));
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
        if (temporary(folder).length > 0) amid++;
        expect(isOne(path)).toBe(true);
        if (existsSync(`${path}.previous`)) expect(isOne(`${path}.previous`)).toBe(true);
        await save(a, path);
        expect(temporary(folder)).toEqual([]);
        expect(files[0]!.equals(readFileSync(path))).toBe(true);
      }
    };
    await Promise.all([lane(Math.ceil(KILLS / 2)), lane(Math.floor(KILLS / 2))]);
    // Else the moments were not those of a save.
    expect(amid).toBeGreaterThan(KILLS / 5);
  });
});

/** What happens to the n-th operation: an error, or, of a write, less than was asked for. */
type Fault = 'ENOSPC' | 'EIO' | 'short';

/** A file system whose n-th operation fails, or all from then on. Counts operations. */
function faulty(files: Files, n: number, fault: Fault, forever = false) {
  const count = { operations: 0, met: false };
  const strikes = () => {
    count.operations++;
    if (count.operations !== n && !(forever && count.operations > n)) return false;
    count.met = true;
    return true;
  };
  const failure = () => Object.assign(new Error(`injected ${fault}`), { code: fault === 'short' ? 'EIO' : fault });
  const guard = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (strikes() && fault !== 'short') throw failure();
      return work(...args);
    };
  };
  const handle = (open: FileHandle): FileHandle => ({
    write(bytes, position) {
      if (!strikes()) return open.write(bytes, position);
      if (fault !== 'short') throw failure();
      return open.write(bytes.subarray(0, Math.ceil(bytes.length / 3)), position);
    },
    read: guard((into: Uint8Array, position: number) => open.read(into, position)),
    size: guard(() => open.size()),
    sync: guard(() => open.sync()),
    setAccess: guard((access: Access) => open.setAccess(access)),
    async close() {
      // The descriptor is gone whatever close says.
      await open.close();
      if (strikes() && fault !== 'short') throw failure();
    },
  });
  const wrapped: Files = {
    ...files,
    place: guard(files.place),
    open: guard(async (path, purpose) => handle(await files.open(path, purpose))),
    link: guard(files.link),
    copy: guard(files.copy),
    rename: guard(files.rename),
    remove: guard(files.remove),
    list: guard(files.list),
    syncFolder: guard(files.syncFolder),
    modified: guard(files.modified),
  };
  return { files: wrapped, count };
}

describe('a file system that fails', () => {
  let real: Files;
  const [old, fresh, third] = [makeModel(1, 9), makeModel(2, 9), makeModel(3, 9)];
  const bytes = new Map([old, fresh, third].map((model) => [model, Buffer.from(serialize(model))]));

  beforeAll(async () => {
    real = await nodeFiles();
  });

  const cases = (['ENOSPC', 'EIO', 'short'] as const).flatMap((fault) =>
    [false, true].map((forever) => [fault, forever ? 'from then on' : 'once', forever] as const),
  );

  test.each(cases)('%s at the n-th operation, %s', async (fault, _, forever) => {
    const path = join(makeFolder(), 'model.safetensors');
    const folder = join(path, '..');
    let n = 1;
    await saveFile(real, third, path);
    for (; ; n++) {
      await saveFile(real, old, path);
      const { files, count } = faulty(real, n, fault, forever);
      const error: unknown = await saveFile(files, fresh, path).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(FileError);
      const now = readFileSync(path);
      const one = [old, fresh].filter((model) => bytes.get(model)!.equals(now));
      expect(one, `operation ${n}`).toHaveLength(1);
      if (error === undefined) expect(one).toEqual([fresh]);
      expect(deserialize(new Uint8Array(readFileSync(`${path}.previous`)), { backend })).toBeDefined();
      await saveFile(real, third, path);
      expect(temporary(folder)).toEqual([]);
      expect(bytes.get(third)!.equals(readFileSync(path))).toBe(true);
      if (!count.met) break;
    }
    // Listing, opening, writing, syncing, closing, linking, renaming twice, syncing the folder.
    expect(n).toBeGreaterThan(12);
  });

  test('a system that writes nothing', async () => {
    const path = join(makeFolder(), 'model.safetensors');
    const open: Files['open'] = async (...args) => ({ ...(await real.open(...args)), write: () => 0 });
    await expect(saveFile({ ...real, open }, old, path)).rejects.toThrow(/wrote nothing/);
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('one without links copies, and keeps the previous file all the same', async () => {
    const path = join(makeFolder(), 'model.safetensors');
    const link = async () => {
      throw Object.assign(new Error('no links'), { code: 'EPERM' });
    };
    await saveFile({ ...real, link }, old, path);
    await saveFile({ ...real, link }, fresh, path);
    expect(readdirSync(join(path, '..')).sort()).toEqual(['model.safetensors', 'model.safetensors.previous']);
    expect(bytes.get(old)!.equals(readFileSync(`${path}.previous`))).toBe(true);
  });

  test('reading: each operation that fails is a typed error', async () => {
    const path = join(makeFolder(), 'model.safetensors');
    await saveFile(real, old, path);
    const { open: openSource } = await import('../../src/io/save.js');
    for (let n = 1; ; n++) {
      const { files, count } = faulty(real, n, 'EIO');
      const error: unknown = await openSource(path, files).catch((thrown: unknown) => thrown);
      if (!count.met) break;
      expect(error).toBeInstanceOf(FileError);
    }
  });
});

test('temporary files of the dead are removed, those of the living and of strangers are not', async () => {
  const folder = makeFolder();
  const path = join(folder, 'model.safetensors');
  const host =
    hostname()
      .replace(/[^\w-]/g, '')
      .slice(0, 40) || 'host';
  const name = (id: number, on = host, of = 'model.safetensors') => `.${of}.${on}.${id}-0.tmp`;
  const dead = 2 ** 22 + 1;
  const kept = [
    name(process.ppid),
    name(dead, 'elsewhere'),
    name(dead, host, 'other'),
    name(process.pid).replace('-0', '-77'),
  ];
  const gone = [name(dead), name(process.pid).replace('-0', '-78')];
  for (const file of [...kept, ...gone]) writeFileSync(join(folder, file), 'x');
  // Left by an earlier process of the same number, as in a container.
  utimesSync(join(folder, gone[1]!), 1, 1);
  await save(makeModel(1, 4), path);
  expect(temporary(folder).sort()).toEqual([...kept].sort());
});

test('saves of one path at the same time: one of them wins, whole', async () => {
  const path = join(makeFolder(), 'model.safetensors');
  const models = Array.from({ length: 8 }, (_, i) => makeModel(i, 40));
  await Promise.all(models.map((model) => save(model, path)));
  const now = readFileSync(path);
  expect(models.some((model) => now.equals(Buffer.from(serialize(model))))).toBe(true);
  expect(temporary(join(path, '..'))).toEqual([]);
});
