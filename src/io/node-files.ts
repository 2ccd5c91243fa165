import { StateError } from '../errors.js';
import type { FileHandle, Files } from './files.js';

interface NodeHandle {
  readonly fd: number;
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What is used of Node's modules; the package's types do without Node's. */
interface Modules {
  readonly fs: {
    writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
    readonly constants: { readonly COPYFILE_EXCL: number };
    readonly promises: {
      open(path: string, flags: string): Promise<NodeHandle>;
      link(path: string, as: string): Promise<void>;
      copyFile(path: string, to: string, mode: number): Promise<void>;
      rename(path: string, to: string): Promise<void>;
      unlink(path: string): Promise<void>;
      readdir(folder: string): Promise<string[]>;
      stat(path: string): Promise<{ readonly mtimeMs: number }>;
    };
  };
  readonly os: { hostname(): string };
  readonly path: { basename(path: string): string; dirname(path: string): string; resolve(path: string): string };
  readonly url: { fileURLToPath(url: URL): string };
}

interface NodeProcess {
  readonly pid: number;
  readonly platform: string;
  readonly versions?: { readonly node?: string };
  uptime(): number;
  kill(id: number, signal: 0): void;
  getBuiltinModule?(name: string): unknown;
}

const globals = globalThis as { process?: NodeProcess };

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
  if (globals.process?.versions?.node === undefined) {
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
  const process = globals.process as NodeProcess;
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
    async rename(path, to) {
      // A file that loses its name while it is open is freed when it is closed, which is nothing to wait for: some
      // milliseconds for 10 MB. Windows does not rename over open files.
      const old = process.platform === 'win32' ? undefined : await promises.open(to, 'r').catch(() => undefined);
      try {
        await promises.rename(path, to);
      } finally {
        old?.close().catch(() => {});
      }
    },
    remove: (path) => promises.unlink(path),
    list: (folder) => promises.readdir(folder),
    async syncFolder(folder) {
      let handle: NodeHandle | undefined;
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
      id: process.pid,
      started: Date.now() - process.uptime() * 1000,
      host:
        os
          .hostname()
          .replace(/[^\w-]/g, '')
          .slice(0, 40) || 'host',
      alive(id) {
        try {
          process.kill(id, 0);
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
