import { textDecoder } from '../../realms.js';
import { DataError } from '../data-error.js';

export const LF = 10;
export const CR = 13;
export const TAB = 9;
export const SPACE = 32;
export const QUOTE = 34;

export interface Place {
  readonly line: number;
  readonly column: number;
}

const utf8 = () => textDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Returns the place of a byte or character after those of `before`, lines counted from `line` on. */
export function placeOf(before: Uint8Array | string, line: number): Place {
  let start = 0;
  const newline = typeof before === 'string' ? '\n' : LF;
  for (let i = 0; i < before.length; i++) {
    if (before[i] !== newline) continue;
    line++;
    start = i + 1;
  }
  return { line, column: before.length - start + 1 };
}

/** Decodes UTF-8, or says where it is none. */
export function decode(bytes: Uint8Array, source: string, line: number): string {
  try {
    return utf8().decode(bytes);
  } catch {
    // A streaming decoder accepts the valid bytes before it throws: halving finds the first bad one.
    let good = 0;
    let bad = bytes.length;
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      try {
        utf8().decode(bytes.subarray(0, middle), { stream: true });
        good = middle;
      } catch {
        bad = middle;
      }
    }
    throw encodingError(source, placeOf(bytes.subarray(0, leadOf(bytes, bad - 1)), line));
  }
}

/** Returns the index at which the character begins that byte `at` interrupts. */
function leadOf(bytes: Uint8Array, at: number): number {
  if (bytes[at]! >= 0xc0) return at;
  let lead = at - 1;
  while (lead > at - 3 && (bytes[lead]! & 0xc0) === 0x80) lead--;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  return lead + length > at ? lead : at;
}

export function encodingError(source: string, place: Place, field?: string): DataError {
  return new DataError({
    code: 'encoding',
    source,
    ...place,
    ...(field === undefined ? {} : { field }),
    problem: 'this is not UTF-8',
    hint: "Say what it is, such as encoding: 'windows-1252'.",
  });
}

/** Refuses bytes that no text has. @throws DataError for bytes that are not text. */
export function checkText(bytes: Uint8Array, source: string, line: number): void {
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  const problem = 'there is a NUL, which no text has';
  const zip = line === 1 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  const hint = 'It is a zip archive, as spreadsheets (.xlsx) are: save it as CSV.';
  const place = placeOf(bytes.subarray(0, nul), line);
  const utf16 = line === 1 && nul < 2 && bytes.length > 3 && bytes[nul + 2] === 0;
  const encoding = `If it is UTF-16, say encoding: 'utf-16${nul === 0 ? 'be' : 'le'}'.`;
  const advice = zip ? hint : utf16 ? encoding : undefined;
  throw new DataError({ code: 'binary', source, ...place, problem, ...(advice && { hint: advice }) });
}

/** Returns whether a carriage return stands within a line, not at its end. */
export function hasLoneReturn(bytes: Uint8Array, line: number): boolean {
  const end = bytes.indexOf(LF, line);
  const at = bytes.indexOf(CR, line);
  return at >= 0 && at < end - 1;
}
