/**
 * Dates and times that are told of, and not read: with months in another language than English, without a day, by
 * weeks.
 */

const YEAR = '(?:[12]\\d{3}|\\d\\d)';
const WORD = "\\p{L}[\\p{L}\\p{M}'\\u2019]{2,}\\.?";
/** `de`, `del` and the like, as in 31 de enero de 2024. */
const OF = '(?:(?:del?|di|van|of)\\s)?';
const DAY = '\\d{1,2}(?:\\.|er|\\u00ba|\\u00aa|-?[eo])?';
const WEEKDAY = "(?:\\p{L}[\\p{L}\\p{M}'\\u2019-]+\\.?,?\\s)?";
const GAP = '[-/\\s.,]{0,2}';
const TIME = '(?:[,\\sT]{1,2}(?:\\p{L}{1,3}\\s)?\\d{1,2}[:.h]\\d\\d.{0,20})?';

const PATTERNS = [
  `${WEEKDAY}${DAY}${GAP}${OF}(${WORD})${GAP}${OF}${YEAR}${TIME}`,
  `${WEEKDAY}(${WORD})[-\\s]${DAY}[,\\s-]{1,2}${YEAR}${TIME}`,
  `[12]\\d{3}[-/\\s](${WORD})[-/\\s]\\d{1,2}${TIME}`,
  `(${WORD})[-/\\s]${OF}[12]\\d{3}`,
  `[12]\\d{3}\\s?([\\u5e74\\ub144])\\s?\\d{1,2}\\s?[\\u6708\\uc6d4](?:\\s?\\d{1,2}\\s?[\\u65e5\\uc77c])?${TIME}`,
];

let patterns: readonly RegExp[] | undefined;

const LONGEST = 64;
/** Twelve months, abbreviated and in full, with and without a point. */
const MOST_WORDS = 36;

/** Returns the word that would be a month; undefined where a text does not look like a date. */
function monthIn(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  patterns ??= PATTERNS.map((source) => new RegExp(`^${source}$`, 'u'));
  for (const pattern of patterns) {
    const word = pattern.exec(text)?.[1];
    if (word !== undefined) return word;
  }
  return undefined;
}

/** Returns whether a text looks like a date whose month has a name. */
export const hasMonthName = (text: string): boolean => monthIn(text) !== undefined;

/** Returns whether all texts look like dates whose months have names, as few as there are. */
export function haveMonthNames(texts: readonly string[]): boolean {
  const words = new Set<string>();
  for (const text of texts) {
    const word = monthIn(text);
    if (word === undefined || words.add(word.toLowerCase()).size > MOST_WORDS) return false;
  }
  return true;
}

const CLOCK = '\\d{1,2}[:h]\\d\\d(?:[:m]\\d\\d(?:[.,]\\d+)?)?s?\\s?(?:[ap]\\.?m\\.?)?';
const MONTHS = '(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\\.?';

/** Dates, times and spans of time that are read as none: weeks, quarters, zones by name, a clock alone. */
const TIMES = [
  '[12]\\d{3}[-/.]\\d{1,2}(?:[-/.]\\d{1,2}(?:[T\\s].{1,40}|Z|[+-]\\d\\d.{0,5})?)?',
  '\\d{1,2}[-/.]\\d{1,2}[-/.](?:[12]\\d{3}|\\d\\d)(?:[T\\s,].{1,40})?',
  '\\d{1,2}[-/][12]\\d{3}',
  '[12]\\d{3}[-\\s]?(?:W\\d\\d(?:-?\\d)?|[QHTS][1-4]|M\\d\\d)',
  '[12]\\d{3}-\\d{3}',
  '[QHTSW]\\d{1,2}[-/\\s]?[12]\\d{3}',
  `${MONTHS}[-/\\s'\\u2019]{1,2}\\d\\d`,
  `\\d{1,2}[-/\\s]${MONTHS}`,
  CLOCK,
  `-?\\d+ days?,? ${CLOCK}`,
  'P(?=.)(?:\\d+[YMWD])*(?:T(?:\\d+(?:\\.\\d+)?[HMS])+)?',
  '/Date\\(-?\\d+(?:[+-]\\d{4})?\\)/',
];

let times: RegExp | undefined;

/** Returns whether a text looks like a date or a time, be it read as one or not. */
export function looksLikeTime(text: string): boolean {
  times ??= new RegExp(`^(?:${TIMES.join('|')})$`, 'i');
  return text.length <= LONGEST && times.test(text);
}
