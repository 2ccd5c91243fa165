/** Texts that stand for a missing value. */
import { looseNumber, type Thousands } from './numerals.js';

/** In every column, unless other ones are given. */
export const MISSING: readonly string[] = ['', '?', 'NA', 'N/A', '#N/A', 'NaN', 'nan', 'null', 'NULL'];

/** In columns whose other cells are numbers, dates or booleans; in lower case. */
const COMMON: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...MISSING.map((text) => text.toLowerCase()),
  ...['n/a', 'n.a.', 'n.a', 'n.d.', '<na>', '#na', '#n/a n/a', 'none', 'nil', 'nat', '-nan', '+nan', 'not available'],
  ...['null', '(null)', '<null>', '[null]', '\\n', 'empty', '(empty)', '(blank)', '(none)', 'missing', '(missing)'],
  ...['-', '--', '---', '\u2013', '\u2014', '\u2212', '.', '..', '...', '\u2026', ':', '*', '**', '??', '???', '_'],
  // These are a no-break space, a zero-width one and an ideographic one.
  ...['\u00a0', '\u200b', '\u3000'],
  ...['#value!', '#div/0!', '#ref!', '#name?', '#num!', '#null!', '#error!', '#spill!', '#calc!', '#getting_data'],
  ...['#nv', '#n/d', '#n/b', '#i/t', '#\u043d/\u0434'],
  ...['1.#ind', '-1.#ind', '1.#qnan', '-1.#qnan', '0000-00-00', '0000-00-00 00:00:00'],
]);

/** Errors of spreadsheets in other languages: #WERT!, #NOMBRE?, #¡VALOR! */
const SHEET_ERROR = /^#[\u00a1\u00bf]?\p{L}[\p{L}\d/]+[!?]$/u;

const LONGEST = 20;

/** The characters that they begin with: most texts are told by that. */
const BEGIN: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set(
  [...COMMON].flatMap((text) => [text[0], text[0]?.toUpperCase()]),
);

/** Returns whether people write this for a value that is missing. */
export function isCommonMarker(text: string): boolean {
  if (text.length > LONGEST || !BEGIN.has(text[0])) return false;
  return COMMON.has(text.toLowerCase()) || SHEET_ERROR.test(text);
}

interface NumberMarks {
  readonly missingNumbers: ReadonlySet<number> | undefined;
  readonly decimalComma: boolean;
  readonly thousands?: Thousands | undefined;
}

/** Returns whether a text is one of the numbers that stand for a missing value, however it is written. */
export function isMissingNumber(text: string, { missingNumbers, decimalComma, thousands }: NumberMarks): boolean {
  return missingNumbers?.has(looseNumber(text, { decimal: decimalComma ? ',' : '.', thousands })) ?? false;
}
