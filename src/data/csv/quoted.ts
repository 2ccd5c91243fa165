import { Papa } from './papaparse.js';

interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly code: string; readonly row?: number; readonly index?: number }[];
  readonly meta: { readonly cursor: number };
}

export interface ParsedRows {
  readonly rows: string[][];
  /** Where the first row that is not whole begins. */
  readonly end: number;
  /** The first field that is wrongly quoted. */
  readonly flaw: { readonly code: 'MissingQuotes' | 'InvalidQuotes'; readonly index: number } | undefined;
}

/** Rows of a text in which fields may be quoted and lines end in \n; those that are whole unless it is the `last` text. */
export function parseRows(text: string, separator: string, last: boolean, limit = 0): ParsedRows {
  const parser = new Papa.Parser({ delimiter: separator, newline: '\n', fastMode: false, preview: limit });
  const { data, errors, meta } = parser.parse(text, 0, !last) as Parsed;
  const flaw = errors.find(({ row }) => last || row! < data.length);
  return {
    rows: separator === ' ' ? data.map(withoutEmpty) : data,
    end: meta.cursor,
    flaw: flaw && { code: flaw.code as 'MissingQuotes' | 'InvalidQuotes', index: flaw.index ?? 0 },
  };
}

/** Several spaces in a row separate as one does. */
function withoutEmpty(row: string[]): string[] {
  const fields = row.filter((field) => field !== '');
  return fields.length > 0 ? fields : [''];
}

/** The first rows of a text, whatever flaws they have. */
export function splitRows(text: string, separator: string, limit: number): string[][] {
  return parseRows(text, separator, true, limit).rows;
}

/** Where row `row` begins. */
export function startOf(text: string, separator: string, row: number): number {
  return row === 0 ? 0 : parseRows(text, separator, true, row).end;
}

/** Where field `field` of the row at `start` begins, or where the row ends. */
export function fieldAt(text: string, separator: string, start: number, field: number): number {
  let quoted = false;
  let at = start;
  for (let left = field; left > 0 && at < text.length; at++) {
    if (text[at] === '\n' && !quoted) return at;
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === separator && !quoted) left--;
  }
  return at;
}
