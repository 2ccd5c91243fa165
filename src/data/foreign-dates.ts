/** Dates with a month that is named in another language than English: told of, and not read. */

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

/** The word that would be a month; undefined where a text does not look like a date. */
function monthIn(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  patterns ??= PATTERNS.map((source) => new RegExp(`^${source}$`, 'u'));
  for (const pattern of patterns) {
    const word = pattern.exec(text)?.[1];
    if (word !== undefined) return word;
  }
  return undefined;
}

/** Whether a text looks like a date whose month has a name. */
export const hasMonthName = (text: string): boolean => monthIn(text) !== undefined;

/** Whether all texts look like dates whose months have names, as few as there are. */
export function haveMonthNames(texts: readonly string[]): boolean {
  const words = new Set<string>();
  for (const text of texts) {
    const word = monthIn(text);
    if (word === undefined || words.add(word.toLowerCase()).size > MOST_WORDS) return false;
  }
  return true;
}
