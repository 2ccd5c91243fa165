import { StateError } from '../errors.js';
import type { FileHandle, Files } from './files.js';

type Modules = {
  fs: typeof import('node:fs');
  os: typeof import('node:os');
  path: typeof import('node:path');
  url: typeof import('node:url');
};

/** A module of Node. Named so that bundlers for browsers do not look for it. */
async function builtin<N extends keyof Modules>(name: N): Promise<Modules[N]> {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const specifier = ['node', name].join(':');
  const found =
    process?.getBuiltinModule?.(specifier) ?? import(/* webpackIgnore: true */ /* @vite-ignore */ specifier);
  return (await found) as Modules[N];
}

/** Systems that cannot open or sync a folder; there a rename is as good as it gets. */
const NO_FOLDERS = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'];

let files: Promise<Files> | undefined;

/** Node's file system. @throws StateError where there is none, as in browsers. */
export function nodeFiles(): Promise<Files> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) {
    throw new StateError(
      'There are no paths outside Node: load what fetch() returns, a Blob or a stream, and save to a stream or serialize().',
    );
  }
  files ??= openFiles();
  return files;
}

async function openFiles(): Promise<Files> {
  const [fs, os, { basename, dirname, resolve }, { fileURLToPath }] = await Promise.all([
    builtin('fs'),
    builtin('os'),
    builtin('path'),
    builtin('url'),
  ]);
  const { promises } = fs;
  return {
    async open(path, purpose): Promise<FileHandle> {
      const handle = await promises.open(path, purpose === 'read' ? 'r' : 'wx+');
      return {
        write: (bytes, position) => fs.writeSync(handle.fd, bytes, 0, bytes.length, position),
        read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
        size: async () => (await handle.stat()).size,
        sync: () => handle.sync(),
        close: () => handle.close(),
      };
    },
    link: (path, as) => promises.link(path, as),
    copy: (path, to) => promises.copyFile(path, to, fs.constants.COPYFILE_EXCL),
    rename: (path, to) => promises.rename(path, to),
    remove: (path) => promises.unlink(path),
    list: (folder) => promises.readdir(folder),
    async syncFolder(folder) {
      let handle: Awaited<ReturnType<typeof promises.open>> | undefined;
      try {
        handle = await promises.open(folder, 'r');
        await handle.sync();
      } catch (error) {
        if (!NO_FOLDERS.includes((error as { code: string }).code)) throw error;
      } finally {
        await handle?.close();
      }
    },
    modified: async (path) => (await promises.stat(path)).mtimeMs,
    process: {
      id: globalThis.process.pid,
      started: Date.now() - globalThis.process.uptime() * 1000,
      host:
        os
          .hostname()
          .replace(/[^\w-]/g, '')
          .slice(0, 40) || 'host',
      alive(id) {
        try {
          globalThis.process.kill(id, 0);
          return true;
        } catch (error) {
          return (error as { code: string }).code === 'EPERM';
        }
      },
    },
    split(given) {
      const path = resolve(given instanceof URL ? fileURLToPath(given) : given);
      return { path, folder: dirname(path), name: basename(path) };
    },
  };
}
