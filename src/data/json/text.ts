import type { Complain } from '../cells/values.js';
import { DataError, type DataErrorCode } from '../data-error.js';
import { JsonFlaw, parseJson } from './syntax.js';

/** JSON that nests deeper is no row. */
export const DEPTH = 32;

export interface Spot {
  readonly line: number;
  readonly column: number;
}

export const START: Spot = { line: 1, column: 1 };

/** Records the position of each row in the text. */
export class Spots {
  readonly #spots: number[] = [];
  add({ line, column }: Spot): void {
    this.#spots.push(line, column);
  }
  clear(): void {
    this.#spots.length = 0;
  }
  get lines(): readonly number[] {
    return this.#spots.filter((_, i) => i % 2 === 0);
  }
  complain(source: string): Complain {
    return ({ row, field, problem, hint, limit, isValue }) => {
      const [line = 1, column = 1] = this.#spots.slice(2 * row, 2 * row + 2);
      return failure(limit ? 'limit' : isValue ? 'value' : 'structure', source, { line, column }, problem, {
        ...(field !== undefined && { field }),
        ...(hint && { hint }),
      });
    };
  }
}

export function failure(
  code: DataErrorCode,
  source: string,
  spot: Spot,
  problem: string,
  more: { field?: string; hint?: string } = {},
): DataError {
  return new DataError({ code, source, line: spot.line, column: spot.column, problem, ...more });
}

/** Returns the line and column of index `at` in a text that begins at `spot`. */
export function spotOf(text: string, at: number, { line, column }: Spot): Spot {
  let start = -1;
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i;
  }
  return { line, column: start < 0 ? column + at : at - start };
}

export function parse(text: string, source: string, spot: Spot): unknown {
  try {
    return parseJson(text, DEPTH);
  } catch (error) {
    if (!(error instanceof JsonFlaw)) throw error;
    const { at, hint } = error;
    const ends = at >= text.length;
    const problem = ends ? 'the JSON ends too early' : `the JSON is wrong at '${text[at]}'`;
    throw failure(ends ? 'truncated' : 'syntax', source, spotOf(text, at, spot), problem, { ...(hint && { hint }) });
  }
}

/** Returns the elements of the array that a text is, each parsed, and where it begins. */
export function* elements(text: string, source: string): Generator<{ value: unknown; spot: Spot }> {
  let depth = 0;
  let start = -1;
  let line = 1;
  let lineStart = 0;
  let spot: Spot = START;
  let separated = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\n') {
      line++;
      lineStart = i + 1;
      continue;
    }
    if (c === ' ' || c === '\t' || c === '\r') continue;
    const here = () => ({ line, column: i - lineStart + 1 });
    if (depth === 0) {
      if (c !== '[' || start !== -1) throw failure('syntax', source, here(), `'${c}' follows the end of the array`);
      start = -2;
      depth = 1;
      continue;
    }
    const closes = c === ']' || c === '}';
    if (depth === 1 && (c === ',' || closes)) {
      if (c === '}' || (start < 0 && (c === ',' || !separated))) {
        const hint = c === ']' ? { hint: 'A comma before it is one too many.' } : {};
        throw failure('syntax', source, here(), `the JSON is wrong at '${c}'`, hint);
      }
      if (start >= 0) yield { value: parse(text.slice(start, i), source, spot), spot };
      start = -2;
      separated = closes;
      if (closes) depth = 0;
      continue;
    }
    if (start < 0) {
      start = i;
      spot = here();
    }
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (c === '[' || c === '{') {
      if (++depth > DEPTH) throw failure('structure', source, here(), `the JSON nests deeper than ${DEPTH} levels`);
    } else if (closes) depth--;
  }
  if (depth > 0) {
    if (start >= 0) parse(text.slice(start), source, spot);
    throw failure('truncated', source, spotOf(text, text.length, START), 'the array is not closed');
  }
}
