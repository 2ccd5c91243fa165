import { lookUp } from '../errors.js';
import { CSV_OPTIONS, type CsvOptions } from './csv/dialect.js';
import { readCsv, streamCsv } from './csv/read.js';
import { readJson, readJsonLines, streamJsonLines } from './json/read.js';
import { open, type Source } from './opened.js';
import { type TableStream, tableStream } from './streams/table-stream.js';
import type { Table } from './table.js';

/** The formats that `readTable` knows. */
export type Format = 'csv' | 'json' | 'jsonLines';

const FORMATS: Readonly<Record<Format, Format>> = { csv: 'csv', json: 'json', jsonLines: 'jsonLines' };

/** Options of `readTable` and `streamTable`. */
export interface TableOptions extends CsvOptions {
  /** The key of a JSON object, or a path of keys, under which the rows are. Default: the one that holds an array. */
  readonly key?: string;
  /**
   * The format of the source; default: what its name says, .json, .jsonl or .ndjson, maybe followed by .gz; else CSV.
   */
  readonly format?: Format;
}

/** Returns the format of a source, by what is said or by its name. */
export function formatOf(source: Source, format: Format | undefined): Format {
  if (format !== undefined) return lookUp(FORMATS, format, 'format');
  const { name } = open(source);
  const [, extension] = /\.(json|jsonl|ndjson)(?:\.gz)?(?:[?#].*)?$/i.exec(name) ?? [];
  if (extension === undefined) return 'csv';
  return extension.toLowerCase() === 'json' ? 'json' : 'jsonLines';
}

/** Options for a format, without those that only make sense of the other. */
function optionsOf(kind: Format, { format: _, ...options }: TableOptions): CsvOptions {
  const foreign: readonly string[] = kind === 'csv' ? ['key'] : CSV_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !foreign.includes(name)));
}

/** Reads CSV, JSON or JSON Lines into a table; see `readCsv`, `readJson` and `readJsonLines` for options and errors. */
export async function readTable(source: Source, options: TableOptions = {}): Promise<Table> {
  const kind = formatOf(source, options.format);
  const read = { csv: readCsv, json: readJson, jsonLines: readJsonLines }[kind];
  return read(source, optionsOf(kind, options));
}

/** Does the same a block at a time: tables of some thousand rows. JSON, which is one value, comes as one table. */
export function streamTable(source: Source, options: TableOptions = {}): TableStream {
  return tableStream({
    read: (kinds) => blocksOf(source, kinds ? { ...options, kinds: { ...kinds, ...options.kinds } } : options),
    about: () => open(source),
  });
}

async function* blocksOf(source: Source, options: TableOptions): AsyncGenerator<Table, void, undefined> {
  const kind = formatOf(source, options.format);
  const chosen = optionsOf(kind, options);
  if (kind === 'json') yield await readJson(source, chosen);
  else yield* kind === 'csv' ? streamCsv(source, chosen) : streamJsonLines(source, chosen);
}
