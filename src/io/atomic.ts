import type { FileHandle, Files, Place } from './files.js';

/** Returns the file before the present one. */
export const previousOf = (path: string) => `${path}.previous`;

/** File systems without links, or links across what they allow. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES', 'EXDEV'];

/** A temporary file may be older than its process by what clocks and file systems round. */
const ROUNDING_MS = 2000;

const codeOf = (error: unknown) => (error as { code?: string } | null)?.code;

/** Names of temporary files: `.<name>.<host>.<process>-<number>.tmp`. */
function temporary(name: string, { host, id }: Files['process'], number: number): string {
  return `.${name}.${host}.${id}-${number}.tmp`;
}

/**
 * The number of temporary files that this thread has named; other threads of the process may have taken the same names.
 */
let named = 0;
/** Temporary files of this thread that are in use, and those that could not be removed. */
const inUse = new Set<string>();
const abandoned = new Set<string>();

const failure = (code: string, message: string) => Object.assign(new Error(`${code}: ${message}`), { code });

/** Words for what is at a place where a file should be. */
const NO_FILE: Readonly<Partial<Record<Place['holds'], string>>> = {
  folder: 'it is a folder',
  device: 'it is a device, which a file cannot take the place of',
  pipe: 'it is a pipe, which a file cannot take the place of',
  socket: 'it is a socket, which a file cannot take the place of',
  descriptor: 'it is an open stream, which a file cannot take the place of',
};

/** Returns where a file is to be made or replaced: the end of all symbolic links. Rejects for what is no file. */
export async function placeOfFile(files: Files, target: string | URL): Promise<Place> {
  const place = await files.place(target);
  const what = NO_FILE[place.holds];
  if (what !== undefined) throw failure(place.holds === 'folder' ? 'EISDIR' : 'EINVAL', what);
  return place;
}

/** Removes the temporary files of saves of the same file that did not end. It is no reason to fail if that does not work. */
async function sweep(files: Files, folder: string, name: string): Promise<void> {
  const { host, id: self, started, alive } = files.process;
  const prefix = `.${name}.${host}.`;
  let found: readonly string[];
  try {
    found = await files.list(folder);
  } catch {
    return;
  }
  for (const item of found) {
    const id = item.startsWith(prefix) && /^(\d+)-\d+\.tmp$/.exec(item.slice(prefix.length))?.[1];
    if (!id) continue;
    const path = `${folder}/${item}`;
    if (inUse.has(path)) continue;
    try {
      const own = Number(id) === self;
      // In containers, every run may have the same process id.
      const earlier = own && (abandoned.has(path) || (await files.modified(path)) < started - ROUNDING_MS);
      if (!earlier && (own || alive(Number(id)))) continue;
      await files.remove(path);
      abandoned.delete(path);
    } catch {}
  }
}

/** Does what makes a temporary file, under a name that is free, and takes it away again if `use` fails. */
async function withTemporary(
  files: Files,
  { folder, name }: { readonly folder: string; readonly name: string },
  make: (path: string) => Promise<FileHandle | undefined>,
  use: (path: string, handle: FileHandle | undefined) => Promise<void>,
): Promise<void> {
  for (;;) {
    const path = `${folder}/${temporary(name, files.process, named++)}`;
    inUse.add(path);
    let made = false;
    try {
      const handle = await make(path);
      made = true;
      await use(path, handle);
      return;
    } catch (error) {
      // The name is taken by another thread, or by an earlier process.
      if (!made && codeOf(error) === 'EEXIST') continue;
      try {
        await files.remove(path);
      } catch (failure) {
        if (codeOf(failure) !== 'ENOENT') abandoned.add(path);
      }
      throw error;
    } finally {
      inUse.delete(path);
    }
  }
}

/** Gives a file a second name, whatever file had it before. */
async function keep(files: Files, { path, folder, name }: Place, previous: Place): Promise<void> {
  const second = async (as: string) => {
    try {
      await files.link(path, as);
    } catch (error) {
      if (!NO_LINKS.includes(codeOf(error) as string)) throw error;
      await files.copy(path, as);
    }
    return undefined;
  };
  try {
    // Where both are in one folder, the next save of the file looks for what this one left.
    const place = previous.folder === folder ? { folder, name } : previous;
    await withTemporary(files, place, second, async (as) => {
      await files.rename(as, previous.path);
      // Renaming between two names of one file does nothing.
      await files.remove(as).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Writes all of the bytes, however few the system takes at a time. */
export function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const written = handle.write(bytes.subarray(done), position + done);
    if (!(written > 0)) throw Object.assign(new Error('the system wrote nothing'), { code: 'EIO' });
    done += written;
  }
}

/** Bytes after which the disk is told to begin, while the rest is still being made. */
const AHEAD = 4_194_304;

/**
 * Writes pieces from `position` on, then what `first` returns at the start. All of it without waiting, so that the file
 * holds one moment; only then resolves, once the disk has what it was told of.
 */
export async function writePieces(
  handle: FileHandle,
  pieces: Iterable<Uint8Array>,
  position: number,
  first: () => Uint8Array,
): Promise<void> {
  const begun: Promise<void>[] = [];
  let at = position;
  let told = position;
  try {
    for (const piece of pieces) {
      writeAll(handle, piece, at);
      at += piece.length;
      if (at - told < AHEAD) continue;
      told = at;
      begun.push(handle.sync());
    }
    writeAll(handle, first(), 0);
  } finally {
    // The system reports a disk error once, perhaps to one of these.
    const failed = (await Promise.allSettled(begun)).find((result) => result.status === 'rejected');
    if (failed) await Promise.reject(failed.reason);
  }
}

/**
 * Puts a new file in place of an old one so that at any moment, whatever fails, the path holds one of the two, whole, on
 * the disk: writes a temporary file next to it, syncs it, gives the old one its second name, renames and syncs the folder.
 * Symbolic links stay and lead to the new file, which has the owner and the permissions of the old one.
 */
export async function replaceFile(
  files: Files,
  target: string | URL,
  fill: (handle: FileHandle) => Promise<void>,
  keepPrevious: boolean,
): Promise<void> {
  const place = await placeOfFile(files, target);
  const { path, folder, name, access } = place;
  if (!place.writable) throw failure('EACCES', 'permission denied, the file is not to be written to');
  const previous = keepPrevious && access ? await placeOfFile(files, previousOf(path)) : undefined;
  await sweep(files, folder, name);
  if (previous && previous.folder !== folder) await sweep(files, previous.folder, previous.name);
  await withTemporary(
    files,
    place,
    // A temporary file must not be readable by users who may not read the file itself.
    (temporary) => files.open(temporary, access ? 'private' : 'create'),
    async (temporary, handle) => {
      const open = handle as FileHandle;
      try {
        await fill(open);
        if (access) await open.setAccess(access);
        await open.sync();
      } finally {
        await open.close();
      }
      if (previous) await keep(files, place, previous);
      await files.rename(temporary, path);
    },
  );
  await files.syncFolder(folder);
  if (previous && previous.folder !== folder) await files.syncFolder(previous.folder);
}
