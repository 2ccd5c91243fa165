import { createWriteStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { Table, type Value } from '../data/index.js';
import { FileError, MyelinError } from '../errors.js';
import { replaceFile, writeAll } from '../io/atomic.js';
import { nodeFiles } from '../io/node-files.js';

type Put = (text: string) => Promise<void>;

const refused = (path: string, cause: unknown) => new FileError('--out: cannot write', path, cause);

/** Hands texts to a stream as fast as it takes them. */
async function streaming(
  stream: NodeJS.WritableStream,
  path: string,
  work: (put: Put) => Promise<void>,
): Promise<void> {
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure = error;
  };
  stream.on('error', fail);
  await work(async (text) => {
    if (failure) throw refused(path, failure);
    if (stream.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off('drain', go).off('error', go);
        resolve();
      };
      stream.on('drain', go).on('error', go);
    });
  });
  if (stream !== process.stdout) {
    stream.end();
    await finished(stream).catch(fail);
  }
  if (failure) throw refused(path, failure);
}

/**
 * Writes what `work` puts to a file, or to standard output. A file keeps what it held until all of it is there: if `work`
 * fails, nothing has happened.
 */
export async function writing(path: string | undefined, work: (put: Put) => Promise<void>): Promise<void> {
  if (path === undefined || path === '-') return streaming(process.stdout, 'standard output', work);
  const there = await stat(path).catch(() => undefined);
  // Pipes and devices are written to, not replaced.
  if (there && !there.isFile()) return streaming(createWriteStream(path), path, work);
  const target = there ? await realpath(path) : path;
  try {
    const encoder = new TextEncoder();
    const files = await nodeFiles();
    let at = 0;
    const fill: Parameters<typeof replaceFile>[2] = (handle) =>
      work(async (text) => {
        const bytes = encoder.encode(text);
        writeAll(handle, bytes, at);
        at += bytes.length;
      });
    await replaceFile(files, target, fill, false);
  } catch (error) {
    if (error instanceof MyelinError || typeof (error as { code?: unknown }).code !== 'string') throw error;
    throw refused(path, error);
  }
}

/** A cell of CSV; numbers that were computed have no more digits than they hold. */
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
      // A text is quoted once, not in each row.
      if (column.kind !== 'category')
        return (row: number) => cell(table.value(row, column.name), c < given.length ? undefined : this.digits);
      const texts = column.categories.map((text) => cell(text));
      return (row: number) => texts[column.codes[row]!] ?? '';
    });
    for (let row = 0; row < table.rows; row++) lines.push(cells.map((cellOf) => cellOf(row)).join());
    if (lines.length > 0) await this.put(`${lines.join('\n')}\n`);
  }
}
