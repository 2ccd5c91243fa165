import { lookUp } from '../errors.js';
import type { CsvOptions } from './csv/dialect.js';
import { readCsv, streamCsv } from './csv/read.js';
import { readJson, readJsonLines, streamJsonLines } from './json/read.js';
import { open, type Source } from './source.js';
import type { Table } from './table.js';

export type Format = 'csv' | 'json' | 'jsonLines';

const FORMATS: Readonly<Record<Format, Format>> = { csv: 'csv', json: 'json', jsonLines: 'jsonLines' };

export interface TableOptions extends CsvOptions {
  /** Default: what the source's name says, .json, .jsonl or .ndjson, maybe with .gz behind; else CSV. */
  readonly format?: Format;
}

function formatOf(source: Source, format: Format | undefined): Format {
  if (format !== undefined) return lookUp(FORMATS, format, 'format');
  const { name } = open(source);
  const [, extension] = /\.(json|jsonl|ndjson)(?:\.gz)?(?:[?#].*)?$/i.exec(name) ?? [];
  if (extension === undefined) return 'csv';
  return extension.toLowerCase() === 'json' ? 'json' : 'jsonLines';
}

/** Reads CSV, JSON or JSON Lines into a table; see `readCsv`, `readJson` and `readJsonLines` for options and errors. */
export async function readTable(source: Source, { format, ...options }: TableOptions = {}): Promise<Table> {
  const read = { csv: readCsv, json: readJson, jsonLines: readJsonLines }[formatOf(source, format)];
  return read(source, options);
}

/** The same a block at a time: tables of some thousand rows. JSON, which is one value, comes as one table. */
export async function* streamTable(source: Source, { format, ...options }: TableOptions = {}): AsyncGenerator<Table> {
  const kind = formatOf(source, format);
  if (kind === 'json') yield await readJson(source, options);
  else yield* kind === 'csv' ? streamCsv(source, options) : streamJsonLines(source, options);
}
