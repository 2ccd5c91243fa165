import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { replaceFile } from '../../src/io/atomic.js';
import type { Files } from '../../src/io/files.js';
import { nodeFiles } from '../../src/io/node-files.js';
import { saveFile } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

// What a power failure leaves depends on the order in which the disk is told of things, which no test that kills a process
// can see: the operations themselves are compared.

const folder = mkdtempSync(join(tmpdir(), 'myelin-order-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = sequential({ layers: [dense({ units: 2, inputShape: 3 })], backend: typescript() });

/** A file system that notes what is asked of it, without what only looks. */
function recorded(files: Files) {
  const operations: string[] = [];
  const shorter = (path: string) => path.replace(`${folder}/`, '').replace(/^\..*\.tmp$/, 'temporary');
  const note = (...words: string[]) => operations.push(words.map(shorter).join(' '));
  const noted = <A extends unknown[]>(words: (...args: A) => string[], work: (...args: A) => Promise<void>) => {
    return (...args: A) => {
      note(...words(...args));
      return work(...args);
    };
  };
  const noting: Files = {
    ...files,
    async open(path, purpose) {
      note('open', path);
      const handle = await files.open(path, purpose);
      return {
        ...handle,
        write(bytes, position) {
          if (operations.at(-1) !== 'write') note('write');
          return handle.write(bytes, position);
        },
        sync: noted(() => ['sync'], handle.sync),
        setAccess: noted(({ mode }) => ['access', mode.toString(8)], handle.setAccess),
        close: noted(() => ['close'], handle.close),
      };
    },
    link: noted((path, as) => ['link', path, as], files.link),
    copy: noted((path, to) => ['copy', path, to], files.copy),
    rename: noted((path, to) => ['rename', path, to], files.rename),
    remove: noted((path) => ['remove', path], files.remove),
    syncFolder: noted((path) => ['syncFolder', path === folder ? 'folder' : path], files.syncFolder),
  };
  return { files: noting, operations };
}

const written = ['open temporary', 'write', 'sync', 'close'];
const put = ['rename temporary m', 'syncFolder folder'];

test('a new file: its bytes are on the disk before it has its name, and the name before save resolves', async () => {
  const { files, operations } = recorded(await nodeFiles());
  await saveFile(files, model, join(folder, 'm'));
  expect(operations).toEqual([...written, ...put]);
});

test('a file in place of another, which keeps a second name', async () => {
  chmodSync(join(folder, 'm'), 0o640);
  const { files, operations } = recorded(await nodeFiles());
  await saveFile(files, model, join(folder, 'm'));
  const kept = ['link m temporary', 'rename temporary m.previous', 'remove temporary'];
  expect(operations).toEqual(['open temporary', 'write', 'access 640', 'sync', 'close', ...kept, ...put]);
});

test('a file in place of another, which is not kept', async () => {
  const { files, operations } = recorded(await nodeFiles());
  await saveFile(files, model, join(folder, 'm'), { keepPrevious: false });
  expect(operations).toEqual(['open temporary', 'write', 'access 640', 'sync', 'close', ...put]);
});

test('a file that cannot be made leaves none behind', async () => {
  const { files, operations } = recorded(await nodeFiles());
  const fill = () => Promise.reject(new Error('no bytes'));
  await expect(replaceFile(files, join(folder, 'n'), fill, true)).rejects.toThrow('no bytes');
  expect(operations).toEqual(['open temporary', 'close', 'remove temporary']);
  expect(readdirSync(folder).sort()).toEqual(['m', 'm.previous']);
});

test('a previous file behind a link: its folder is told as well', async () => {
  const other = join(folder, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'p'), 'before');
  rmSync(join(folder, 'm.previous'), { force: true });
  symlinkSync(join(other, 'p'), join(folder, 'm.previous'));
  await saveFile(await nodeFiles(), model, join(folder, 'm'));
  const { files, operations } = recorded(await nodeFiles());
  await saveFile(files, model, join(folder, 'm'));
  expect(operations.slice(-2)).toEqual(['syncFolder folder', 'syncFolder other']);
});
