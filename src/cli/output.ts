import { constants, createWriteStream, fstatSync, openSync, type WriteStream } from 'node:fs';
import { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { Table, type Value } from '../data/index.js';
import { FileError, MyelinError } from '../errors.js';
import { replaceFile, writeAll } from '../io/atomic.js';
import type { Place } from '../io/files.js';
import { nodeFiles } from '../io/node-files.js';
import { printableLines } from '../printable.js';

type Put = (text: string) => Promise<void>;

const refused = (path: string, cause: unknown) => new FileError('--out: cannot write', path, cause);

/** Hands texts to a stream as fast as it takes them, until a signal comes. */
async function streaming(
  stream: NodeJS.WritableStream,
  path: string,
  work: (put: Put) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure = error;
  };
  stream.on('error', fail);
  // Programs read the data unchanged; a text shown to a person must not control the terminal.
  const shown = 'isTTY' in stream && stream.isTTY === true ? printableLines : (text: string) => text;
  const put: Put = async (text) => {
    if (failure) throw refused(path, failure);
    if (stream.write(shown(text))) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off('drain', go).off('error', go);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      stream.on('drain', go).on('error', go);
      signal?.addEventListener('abort', go);
    });
    signal?.throwIfAborted();
  };
  try {
    await work(put);
  } catch (error) {
    if (stream !== process.stdout) (stream as Socket | WriteStream).destroy();
    throw error;
  }
  if (stream !== process.stdout) {
    stream.end();
    await finished(stream).catch(fail);
  }
  if (failure) throw refused(path, failure);
}

/** Milliseconds between two looks for a reader. */
const POLL = 50;

/** Waits until a process reads a pipe: an open that waits itself cannot be given up. */
async function untilRead(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** Opens a destination that takes bytes as they come: an open stream of this process, a pipe that is read, a device. */
async function openStream({ holds, path, descriptor }: Place, signal: AbortSignal | undefined) {
  if (descriptor === process.stdout.fd) return process.stdout;
  if (descriptor === undefined && holds !== 'pipe') return createWriteStream(path);
  const fd = descriptor ?? (await untilRead(path, signal));
  // Unlike a file's stream, a socket can be abandoned while the pipe has no reader.
  if (fstatSync(fd).isFIFO()) return new Socket({ fd, readable: false, writable: true });
  return createWriteStream('', { fd, autoClose: false });
}

/**
 * Writes what `work` puts to a file, or to standard output. A file keeps what it held until all of it is there: if `work`
 * fails, nothing has happened. Pipes and devices are written to as they are.
 * @throws FileError that names the option and the path.
 */
export async function writing(
  path: string | undefined,
  work: (put: Put) => Promise<void>,
  { option = '--out', signal }: { readonly option?: string; readonly signal?: AbortSignal } = {},
): Promise<void> {
  if (path === undefined || path === '-') return streaming(process.stdout, 'standard output', work, signal);
  const files = await nodeFiles();
  try {
    const place = await files.place(path);
    if (place.holds !== 'nothing' && place.holds !== 'file') {
      return await streaming(await openStream(place, signal), path, work, signal);
    }
    const encoder = new TextEncoder();
    let at = 0;
    const fill: Parameters<typeof replaceFile>[2] = (handle) =>
      work(async (text) => {
        const bytes = encoder.encode(text);
        writeAll(handle, bytes, at);
        at += bytes.length;
      });
    await replaceFile(files, path, fill, false);
  } catch (error) {
    if (error instanceof MyelinError || typeof (error as { code?: unknown }).code !== 'string') throw error;
    throw new FileError(`${option}: cannot write`, path, error);
  }
}

/** Returns a cell of CSV; numbers that were computed have no more digits than they hold. */
function cell(value: Value, precision?: number): string {
  const digits = precision !== undefined && typeof value === 'number' ? Number(value.toPrecision(precision)) : value;
  const text = digits === null ? '' : String(digits);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Makes CSV of tables that come one after the other, the names once. */
export class CsvWriter {
  #began = false;

  constructor(
    private readonly put: Put,
    /** Significant digits of numbers that were computed. */
    private readonly digits = 9,
  ) {}

  /** Columns as they were given, then those that were computed. */
  async write(given: Table['columns'], computed: Table['columns']): Promise<void> {
    const table = new Table([...given, ...computed]);
    const lines = this.#began ? [] : [table.names.map((name) => cell(name)).join()];
    this.#began = true;
    const cells = table.columns.map((column, c) => {
      // Each text is quoted once, not once per row.
      if (column.kind !== 'category')
        return (row: number) => cell(table.value(row, column.name), c < given.length ? undefined : this.digits);
      const texts = column.categories.map((text) => cell(text));
      return (row: number) => texts[column.codes[row]!] ?? '';
    });
    for (let row = 0; row < table.rows; row++) lines.push(cells.map((cellOf) => cellOf(row)).join());
    if (lines.length > 0) await this.put(`${lines.join('\n')}\n`);
  }
}
