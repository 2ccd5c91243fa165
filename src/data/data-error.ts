import { MyelinError } from '../errors.js';
import { UNSAFE } from '../printable.js';

/** The kind of problem in a file; `code` of a DataError. */
export type DataErrorCode =
  | 'empty'
  | 'encoding'
  | 'binary'
  | 'quote'
  | 'fields'
  | 'header'
  | 'limit'
  | 'value'
  | 'syntax'
  | 'structure'
  | 'gzip'
  | 'truncated';

export interface Flaw {
  readonly code: DataErrorCode;
  /** The name of what was read: a file's name, or a word for the kind of source. */
  readonly source: string;
  /** Counts from 1. */
  readonly line?: number;
  /** The place in the line, in characters (bytes where the text is not valid), from 1. */
  readonly column?: number;
  /** The place in a binary file, in bytes from 0. */
  readonly offset?: number;
  /** The name of the column of the table. */
  readonly field?: string;
  readonly problem: string;
  readonly hint?: string;
  /** The names of the columns of a table without rows. */
  readonly names?: readonly string[];
}

/** A file that cannot be read as what it should be. Says where: line and column of text, byte of binary files. */
export class DataError extends MyelinError {
  /** 'DataError', which tells it from other errors across realms. */
  override name = 'DataError';
  /** The kind of problem, for programs to branch on. */
  readonly code: DataErrorCode;
  /** The name of the file or address that was read. */
  readonly source: string;
  /** The line of a text, from 1 on; undefined where no line is to blame. */
  readonly line: number | undefined;
  /** The column within the line, from 1 on; undefined where no column is to blame. */
  readonly column: number | undefined;
  /** The byte of a binary file, from 0 on; undefined for texts. */
  readonly offset: number | undefined;
  /** The name of the column of the table; undefined where no column is to blame. */
  readonly field: string | undefined;
  /** Describes the problem in a sentence, without the place. */
  readonly problem: string;
  /** Says how to fix the problem; undefined where no fix is known. */
  readonly hint: string | undefined;
  /** The names of the columns of a table without rows. */
  readonly names: readonly string[] | undefined;

  constructor(flaw: Flaw) {
    const { code, source, line, column, offset, field, problem, hint, names } = flaw;
    const place = [
      source,
      ...(line === undefined ? [] : [`line ${line}`]),
      ...(column === undefined ? [] : [`column ${column}`]),
      ...(offset === undefined ? [] : [`byte ${offset}`]),
      ...(field === undefined ? [] : [`field '${shorten(field)}'`]),
    ];
    super(`${place.join(', ')}: ${problem}.${hint ? ` ${hint}` : ''}`);
    this.code = code;
    this.source = source;
    this.line = line;
    this.column = column;
    this.offset = offset;
    this.field = field;
    this.problem = problem;
    this.hint = hint;
    this.names = names;
  }
}

/** Shortens a text for a message: on one line, without control characters. */
export function shorten(text: string, length = 40): string {
  const plain = text.replace(UNSAFE, '\u00b7');
  return plain.length > length ? `${plain.slice(0, length)}...` : plain;
}
