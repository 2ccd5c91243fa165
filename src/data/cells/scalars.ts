/** Reads the texts of single values: numbers, booleans and dates. */

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const DIGIT = 48;
const DOT = 46;
const COMMA = 44;

/** Bytes of ASCII as a string. */
export function asciiOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

const INFINITE = /^[+-]?inf(inity)?$/i;

/**
 * Returns the decimal number that bytes spell, correctly rounded, or NaN where they spell none: a leading zero (007) makes a
 * code, not a number. Up to 15 digits and powers of ten up to 22 are exact in float64, so one division rounds once.
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number, decimalComma = false): number {
  const point = decimalComma ? COMMA : DOT;
  let at = from;
  const first = bytes[at]!;
  const negative = first === 45;
  if (negative || first === 43) at++;
  const start = at;
  let mantissa = 0;
  let digits = 0;
  let byte = 0;
  for (; at < to; at++) {
    byte = bytes[at]! - DIGIT;
    if (byte < 0 || byte > 9) break;
    mantissa = mantissa * 10 + byte;
    digits++;
  }
  if (digits > 1 && bytes[start] === DIGIT) return Number.NaN;
  let scale = 0;
  if (at < to && bytes[at] === point) {
    at++;
    const whole = at;
    for (; at < to; at++) {
      byte = bytes[at]! - DIGIT;
      if (byte < 0 || byte > 9) break;
      mantissa = mantissa * 10 + byte;
    }
    scale = at - whole;
    digits += scale;
  }
  if (digits === 0) {
    return to - from < 10 && INFINITE.test(asciiOf(bytes, from, to)) ? (negative ? -Infinity : Infinity) : Number.NaN;
  }
  if (at < to) {
    if ((bytes[at]! | 32) !== 101) return Number.NaN;
    at++;
    const sign = bytes[at];
    const below = sign === 45;
    if (below || sign === 43) at++;
    const begin = at;
    let exponent = 0;
    for (; at < to; at++) {
      byte = bytes[at]! - DIGIT;
      if (byte < 0 || byte > 9) return Number.NaN;
      if (exponent < 10_000) exponent = exponent * 10 + byte;
    }
    if (at === begin) return Number.NaN;
    scale += below ? exponent : -exponent;
  }
  if (digits > 15 || scale > 22 || scale < -22) {
    const text = asciiOf(bytes, from, to);
    return Number(decimalComma ? text.replace(',', '.') : text);
  }
  const value = scale > 0 ? mantissa / POWERS[scale]! : scale < 0 ? mantissa * POWERS[-scale]! : mantissa;
  return negative ? -value : value;
}

const DATE =
  /^(\d{4})([-/])(\d\d)\2(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d\d):?(\d\d))?)?$/;
const DOTTED = /^(\d\d?)\.(\d\d?)\.(\d{4})$/;

/** Milliseconds since 1970 of midnight in UTC; NaN for a day that does not exist. */
export function utc(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const same = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same ? date.getTime() : Number.NaN;
}

/**
 * Milliseconds since 1970 of 2024-05-31, 2024/05/31 (each maybe with a time, 13:45 or 13:45:10.5, and Z or an offset) or
 * 31.5.2024; UTC where there is no offset. NaN for anything else, and for days that do not exist.
 */
export function parseDate(text: string): number {
  const dotted = DOTTED.exec(text);
  if (dotted) return utc(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]));
  const match = DATE.exec(text);
  if (!match) return Number.NaN;
  const [
    ,
    year,
    ,
    month,
    day,
    hour = 0,
    minute = 0,
    second = 0,
    fraction = '0',
    ,
    sign,
    offsetHour = 0,
    offsetMinute = 0,
  ] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return Number.NaN;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60_000 : 60_000);
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  return utc(Number(year), Number(month), Number(day)) + time + Math.floor(Number(`0.${fraction}`) * 1000) - offset;
}

/** The words of booleans, in lower case: a column has one pair of them. */
const PAIRS: readonly (readonly [no: string, yes: string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['f', 't'],
  ['n', 'y'],
];

/** 0 for the first word of a pair, 1 for the second. */
export interface BooleanWord {
  readonly pair: number;
  readonly value: 0 | 1;
}

const WORDS = /* @__PURE__ */ new Map<string, BooleanWord>(
  PAIRS.flatMap((words, pair) => words.map((word, value) => [word, { pair, value: value as 0 | 1 }] as const)),
);

/** Returns the meaning of a boolean word in any case; undefined for other texts. */
export function booleanWord(text: string): BooleanWord | undefined {
  return text.length > 5 ? undefined : WORDS.get(text.toLowerCase());
}

const isSpace = (unit: number) => unit === 32 || unit === 9 || unit === 13;

/**
 * Returns the text without spaces around it, as cells are read. Not by a pattern, which looks at each space within for the
 * end of the text.
 */
export function withoutSpaces(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return to - from === text.length ? text : text.slice(from, to);
}
