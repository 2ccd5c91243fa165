import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FileError } from '../errors.js';
import { UsageError } from './errors.js';

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

/** Sees to it that a file can be made or replaced. */
export async function checkWritable(path: string, option: string): Promise<void> {
  const doing = `${option}: cannot write`;
  const folder = dirname(resolve(path));
  try {
    const there = await stat(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (there?.isDirectory()) throw wrong(doing, path, 'it is a folder', 'EISDIR');
    if (there) await access(path, constants.W_OK);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof FileError) throw error;
    if (codeOf(error) === 'ENOENT') throw wrong(doing, path, `there is no folder '${folder}'`, 'ENOENT');
    throw new FileError(doing, path, error);
  }
}

async function sameFile(a: string, b: string): Promise<boolean> {
  if (resolve(a) === resolve(b)) return true;
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/** Sees to it that nothing is written over what is read, or over what else is written. By what the paths are for. */
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
