import { FileError, StateError, show, ValueError } from '../errors.js';
import { isPlace, textEncoder } from '../realms.js';

/** A place for text: a file's path (in Node), a function, or a WritableStream of strings. */
export type Sink = string | URL | ((text: string) => void | Promise<void>) | WritableStream<string>;

/** Says where a logger writes. Files are opened for each write, so nothing is lost and nothing need be closed. */
export interface Writer {
  /** Empties a file that is there, or says that it has text in it. */
  begin(append: boolean): Promise<boolean>;
  write(text: string): void | Promise<void>;
  /** Bytes of a file so far. */
  readonly length: number | undefined;
  /** Cuts a file back to what it held when the run was saved. */
  cut(length: number | undefined): void;
}

/** @throws ValueError for anything but a path, a function or a WritableStream. */
export function makeWriter(sink: Sink, argument: string): Writer {
  const rest = { begin: async () => false, length: undefined, cut() {} };
  if (typeof sink === 'function') return { ...rest, write: sink };
  if (isPlace(sink)) return new FileWriter(sink);
  if (typeof (sink as Partial<WritableStream> | null)?.getWriter === 'function') {
    const write = async (text: string) => {
      const writer = sink.getWriter();
      try {
        await writer.ready;
        await writer.write(text);
      } finally {
        writer.releaseLock();
      }
    };
    return { ...rest, write };
  }
  throw new ValueError({ argument, given: show(sink), expected: 'a path, a function or a WritableStream' });
}

interface NodeFiles {
  stat(path: string | URL): Promise<{ readonly size: number; isFile(): boolean }>;
  writeFile(path: string | URL, text: string): Promise<void>;
  appendFile(path: string | URL, text: string): Promise<void>;
  truncate(path: string | URL, length: number): Promise<void>;
}

/** Node's files, under a name that bundlers for browsers do not look up. @throws StateError where there is no Node. */
async function nodeFiles(): Promise<NodeFiles> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) {
    throw new StateError('There are no paths outside Node: give the logger a function or a WritableStream.');
  }
  const specifier = ['node', 'fs/promises'].join(':');
  return import(/* webpackIgnore: true */ /* @vite-ignore */ specifier);
}

/** Open streams, whose files hold what others have written. */
const STREAMS = /^\/dev\/(?:stdout|stderr|fd\/\d+)$/;

class FileWriter implements Writer {
  length = 0;
  #cut: number | undefined;

  constructor(private readonly path: string | URL) {}

  async begin(append: boolean): Promise<boolean> {
    const { stat, writeFile, appendFile } = await nodeFiles();
    this.#cut = undefined;
    this.length = 0;
    const found = await stat(this.path).catch(() => undefined);
    // Appending nothing shows before training whether the file can be written to.
    const keeps = append || found?.isFile() === false || STREAMS.test(String(this.path));
    await this.#refusing(() => (keeps ? appendFile : writeFile)(this.path, ''));
    if (append) this.length = found?.size ?? 0;
    return this.length > 0;
  }

  async write(text: string): Promise<void> {
    const { appendFile, truncate } = await nodeFiles();
    if (this.#cut !== undefined && this.#cut < this.length) {
      const to = this.#cut;
      await this.#refusing(() => truncate(this.path, to));
      this.length = to;
    }
    this.#cut = undefined;
    await this.#refusing(() => appendFile(this.path, text));
    this.length += textEncoder().encode(text).length;
  }

  cut(length: number | undefined): void {
    this.#cut = length;
  }

  async #refusing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw new FileError('Cannot write to', String(this.path), cause);
    }
  }
}
