import { access, constants, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FileError } from '../errors.js';
import { placeOfFile } from '../io/atomic.js';
import { nodeFiles } from '../io/node-files.js';
import { UsageError } from './messages.js';

const wrong = (doing: string, path: string, message: string, code: string) =>
  new FileError(doing, path, Object.assign(new Error(message), { code }));

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Sees to it that a file is there and can be read, before work that takes long. */
export async function checkReadable(path: string, option: string): Promise<void> {
  if (path === '-') return;
  const doing = `${option}: cannot read`;
  try {
    if ((await stat(path)).isDirectory()) throw wrong(doing, path, 'it is a folder', 'EISDIR');
    await access(path, constants.R_OK);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(doing, path, error);
  }
}

/** The kinds of destination that a command can write to. */
export type Destination = 'a file' | 'a file or a stream' | 'a file to throw away';

/**
 * Sees to it that a file can be made or replaced or, where that will do, that a pipe or a device takes bytes.
 * @throws UsageError for a path that cannot be what is wanted; FileError where the system refuses.
 */
export async function checkWritable(path: string, option: string, what: Destination): Promise<void> {
  if (path === '') throw new UsageError(`${option}: expected a path, got ''.`);
  const doing = `${option}: cannot write`;
  try {
    const files = await nodeFiles();
    const place = await files.place(path);
    const { holds, folder } = place;
    if (holds === 'folder') throw wrong(doing, path, 'it is a folder', 'EISDIR');
    if (holds === 'nothing' || holds === 'file') await access(folder, constants.W_OK | constants.X_OK);
    else if (what !== 'a file or a stream') await placeOfFile(files, path);
    if (!place.writable && what !== 'a file to throw away') throw wrong(doing, path, 'permission denied', 'EACCES');
  } catch (error) {
    if (error instanceof FileError) throw error;
    if (codeOf(error) === 'ENOENT') {
      const named = await linkedFrom(resolve(path));
      throw wrong(doing, path, `there is no folder '${dirname(named)}'`, 'ENOENT');
    }
    throw new FileError(doing, path, error);
  }
}

/** Follows symbolic links as far as they lead, and returns the path at their end. */
async function linkedFrom(path: string): Promise<string> {
  const target = await readlink(path).catch(() => undefined);
  return target === undefined ? path : linkedFrom(resolve(dirname(path), target));
}

async function sameFile(a: string, b: string): Promise<boolean> {
  if (resolve(a) === resolve(b)) return true;
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/**
 * Sees to it that nothing is written over what is read, or over what else is written. By what the paths are for.
 * @throws UsageError for two options that name the same file.
 */
export async function checkApart(
  written: Readonly<Record<string, string | undefined>>,
  read: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const outputs = Object.entries(written);
  for (const [i, [option, path]] of outputs.entries()) {
    for (const [what, other] of [...Object.entries(read), ...outputs.slice(0, i)]) {
      if (path === undefined || other === undefined || path === '-' || other === '-') continue;
      if (await sameFile(path, other))
        throw new UsageError(`${option}: '${path}' is ${what}, and would be overwritten.`);
    }
  }
}
