import { StateError } from '../errors.js';
import type { Access, FileHandle, Files, Place } from './files.js';

interface NodeHandle {
  readonly fd: number;
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
  sync(): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  close(): Promise<void>;
}

interface Stats extends Access {
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

/** Declares what is used of Node's modules; the package's types do without Node's. */
interface Modules {
  readonly fs: {
    writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
    readonly constants: { readonly COPYFILE_EXCL: number; readonly W_OK: number };
    readonly promises: {
      open(path: string, flags: string, mode?: number): Promise<NodeHandle>;
      link(path: string, as: string): Promise<void>;
      copyFile(path: string, to: string, mode: number): Promise<void>;
      rename(path: string, to: string): Promise<void>;
      unlink(path: string): Promise<void>;
      readdir(folder: string): Promise<string[]>;
      stat(path: string): Promise<Stats>;
      lstat(path: string): Promise<Stats>;
      readlink(path: string): Promise<string>;
      realpath(path: string): Promise<string>;
      access(path: string, mode: number): Promise<void>;
      chown(path: string, uid: number, gid: number): Promise<void>;
      chmod(path: string, mode: number): Promise<void>;
    };
  };
  readonly os: { hostname(): string };
  readonly path: {
    readonly sep: string;
    basename(path: string): string;
    dirname(path: string): string;
    isAbsolute(path: string): boolean;
    join(...parts: readonly string[]): string;
    resolve(path: string): string;
  };
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

/** Returns a module of Node. Named so that bundlers for browsers do not look for it. */
async function builtin<N extends keyof Modules>(name: N): Promise<Modules[N]> {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const specifier = ['node', name].join(':');
  const found =
    process?.getBuiltinModule?.(specifier) ?? import(/* webpackIgnore: true */ /* @vite-ignore */ specifier);
  return (await found) as Modules[N];
}

/**
 * The code of errors of Node's permission model for calls that name a file by its handle, where it allows the same by a path.
 */
const DENIED = 'ERR_ACCESS_DENIED';

/** Systems that cannot open or sync a folder; there a rename is as good as it gets. */
const NO_FOLDERS = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF', DENIED];

let warned = false;

/** Waits until the disk has a file. Node's permission model forbids that where it allows to write; it is said once. */
async function synced(handle: NodeHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if ((error as { code?: string }).code !== DENIED) throw error;
    if (!warned) {
      console.warn(
        "myelin: Node's permission model forbids fsync: files are written without it, and a loss of power may take what was saved last.",
      );
    }
    warned = true;
  }
}

interface DenoPermissions {
  readonly permissions: { querySync(permission: { name: 'sys'; kind: 'hostname' }): { readonly state: string } };
}

const { Deno: deno } = globalThis as { Deno?: DenoPermissions };

/**
 * Returns what tells this machine from others that write to the same folder. Deno asks a user before it says a
 * machine's name: without leave a random name does, whose leftovers no later process takes for its own.
 */
function machineName(os: Modules['os']): string {
  const open = !deno || deno.permissions.querySync({ name: 'sys', kind: 'hostname' }).state === 'granted';
  if (!open && randomName === '') randomName = crypto.randomUUID();
  const name = open ? os.hostname() : randomName;
  return name.replace(/[^\w-]/g, '').slice(0, 40) || 'host';
}

let randomName = '';

/** Links that lead to open streams, not to what the streams were opened from. */
const DESCRIPTORS = /^(?:\/proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?|\/dev)\/fd$/;

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** Systems that do not let a file be given to another user, or know no permissions. */
const NO_ACCESS = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', DENIED];

const coded = (code: string, message: string) => Object.assign(new Error(`${code}: ${message}`), { code });

/** Runs `work`, and returns whether the system allowed it. */
async function allowed(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (NO_ACCESS.includes((error as { code: string }).code)) return false;
    throw error;
  }
}

async function either(byHandle: () => Promise<void>, byPath: () => Promise<void>): Promise<void> {
  try {
    await byHandle();
  } catch (error) {
    if ((error as { code?: string }).code !== DENIED) throw error;
    await byPath();
  }
}

/** Returns a handle whose owner and mode are set by its path where the permission model asks for that. */
function ownable(handle: NodeHandle, path: string, { chown, chmod }: Modules['fs']['promises']): Ownable {
  return {
    chown: (uid, gid) =>
      either(
        () => handle.chown(uid, gid),
        () => chown(path, uid, gid),
      ),
    chmod: (mode) =>
      either(
        () => handle.chmod(mode),
        () => chmod(path, mode),
      ),
  };
}

type Ownable = Pick<NodeHandle, 'chown' | 'chmod'>;

async function setAccess(handle: Ownable, { mode, uid, gid }: Access): Promise<void> {
  // Only the administrator can give files away; other users can give one to a group of theirs.
  const group = (await allowed(() => handle.chown(uid, gid))) || (await allowed(() => handle.chown(-1, gid)));
  // A new group gets no permission of the old one beyond those that everybody has.
  const kept = group ? mode & 0o7777 : (mode & 0o707) | ((mode & 0o007) << 3);
  await allowed(() => handle.chmod(kept));
}

/** Resolves a path. */
async function findPlace({ fs, path: names }: Pick<Modules, 'fs' | 'path'>, given: string): Promise<Place> {
  const { lstat, readlink, realpath, access } = fs.promises;
  let path = given;
  for (let links = 0; links <= MOST_LINKS; links++) {
    if (path === '') throw coded('ENOENT', 'an empty path');
    const folder = await realpath(names.dirname(path));
    const name = names.basename(path);
    const slash = path.endsWith('/') || path.endsWith(names.sep);
    path = names.join(folder, name);
    const place = { path, folder, name };
    const found = await lstat(path).catch((error: { code: string }) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const descriptor = DESCRIPTORS.test(folder) && /^\d+$/.test(name) ? Number(name) : undefined;
    if (found && descriptor !== undefined) return { ...place, holds: 'descriptor', descriptor, writable: true };
    if (found?.isSymbolicLink()) {
      const to = await readlink(path);
      path = names.isAbsolute(to) ? to : `${folder}${names.sep}${to}`;
      if (slash && !to.endsWith('/')) path += '/';
      continue;
    }
    // A path that ends in a slash can only be a folder.
    if (slash && !found?.isDirectory()) return { ...place, holds: 'folder', writable: false };
    if (!found) return { ...place, holds: 'nothing', writable: true };
    const { mode, uid, gid } = found;
    // Deno asks the user for permission before it tells who the user is, and this question depends on that.
    const writable = deno
      ? (mode & 0o222) !== 0
      : await access(path, fs.constants.W_OK).then(
          () => true,
          () => false,
        );
    if (found.isFile()) return { ...place, holds: 'file', access: { mode: mode & 0o7777, uid, gid }, writable };
    const others = found.isFIFO() ? 'pipe' : found.isSocket() ? 'socket' : 'device';
    return { ...place, holds: found.isDirectory() ? 'folder' : others, writable };
  }
  throw coded('ELOOP', `too many symbolic links, '${given}'`);
}

let files: Promise<Files> | undefined;

/** Returns Node's file system. @throws StateError where there is none, as in browsers. */
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
  const [fs, os, path, { fileURLToPath }] = await Promise.all([
    builtin('fs'),
    builtin('os'),
    builtin('path'),
    builtin('url'),
  ]);
  const { promises } = fs;
  const { basename, dirname, resolve } = path;
  const process = globals.process as NodeProcess;
  return {
    async open(path, purpose): Promise<FileHandle> {
      const mode = purpose === 'private' ? 0o600 : 0o666;
      const handle = await promises.open(path, purpose === 'read' ? 'r' : 'wx+', mode);
      return {
        write: (bytes, position) => fs.writeSync(handle.fd, bytes, 0, bytes.length, position),
        read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
        size: async () => (await handle.stat()).size,
        sync: () => synced(handle),
        setAccess: (access) => setAccess(ownable(handle, path, promises), access),
        close: () => handle.close(),
      };
    },
    link: (path, as) => promises.link(path, as),
    copy: (path, to) => promises.copyFile(path, to, fs.constants.COPYFILE_EXCL),
    async rename(path, to) {
      // A file that loses its name while it is open is freed when it is closed, without a wait: some milliseconds for 10 MB.
      // Windows does not rename over open files.
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
        await synced(handle);
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
      get host() {
        return machineName(os);
      },
      alive(id) {
        try {
          process.kill(id, 0);
          return true;
        } catch (error) {
          return (error as { code: string }).code === 'EPERM';
        }
      },
    },
    place: (given) => findPlace({ fs, path }, typeof given === 'string' ? given : fileURLToPath(given)),
    split(given) {
      const path = resolve(typeof given === 'string' ? given : fileURLToPath(given));
      return { path, folder: dirname(path), name: basename(path) };
    },
  };
}
