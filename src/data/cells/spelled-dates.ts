import { parseDate, utc } from './scalars.js';

/** The order of a date of three numbers: 31/1/2024 is DMY. With points and four digits of the year it is always DMY. */
export type DateOrder = 'DMY' | 'MDY' | 'YMD';

export const ORDERS: readonly DateOrder[] = ['DMY', 'MDY', 'YMD'];

/** Milliseconds since 1970 of a text; NaN where it is no date. */
export type DateReader = (text: string) => number;

/** The longest text that may be a date. */
const LONGEST = 64;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const FULL = 'january|february|march|april|may|june|july|august|september|october|november|december';
const MONTH = `${FULL}|${MONTHS.join('|')}|sept`;
const WEEKDAY = '(?:(?:mon|tues?|wed|wednes|thu|thurs?|fri|sat|satur|sun)(?:day)?\\.?,?\\s)?';
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';

/** Returns the month, 1 to 12, or NaN. */
export function monthOf(text: string): number {
  const at = MONTHS.indexOf(text.slice(0, 3).toLowerCase());
  return at < 0 ? Number.NaN : at + 1;
}

/** Years of two digits are those from 1969 to 2068, as POSIX has it. */
export function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year < 69 ? 2000 : 1900);
}

const pattern = (source: string) => new RegExp(`^${source}(?!\\d)`, 'i');

const YEAR_FIRST = /^([12]\d{3})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/;
const THREE = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?!\d)/;
const BASIC = /^(\d{4})(\d\d)(\d\d)(?=T\d)/;
const YEAR_MONTH = /^([12]\d{3})[-/](\d\d)$/;
const MONTH_YEAR = /^(\d\d)[-/]([12]\d{3})$/;
const DAY_NAMED = /* @__PURE__ */ pattern(
  `${WEEKDAY}${DAY}(?:[-/]|\\.?\\s)?(${MONTH})(?:[-/]|[.,]{0,2}\\s)?(\\d{4}|\\d\\d)`,
);
const NAMED_DAY = /* @__PURE__ */ pattern(`${WEEKDAY}(${MONTH})\\.?[\\s-]?${DAY}(?:,?\\s|,|-)(\\d{4})`);
const YEAR_NAMED = /* @__PURE__ */ pattern(`([12]\\d{3})[-/\\s](${MONTH})[-/\\s](\\d{1,2})`);
const NAMED_YEAR = /* @__PURE__ */ new RegExp(`^(${MONTH})\\.?,?[-/\\s]([12]\\d{3})$`, 'i');
const TIME =
  /^(?:T|\s|,\s?|\sat\s|:)(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s?([ap]\.?m\.?)?\s?(?:(z)|(?:utc|gmt)?([-+\u2212])(\d\d):?(\d\d)?|(?:utc|gmt)([-+\u2212])(\d)(?::(\d\d))?|utc|gmt)?(?:\s?\([^()]*\))?$/i;

/** Returns the milliseconds of the time after a date; NaN where it is none. */
function timeOf(rest: string): number {
  const match = TIME.exec(rest);
  if (!match) return Number.NaN;
  const [, hour, minute, second = '0', fraction = '0', half, , ...zone] = match;
  // The zone is +02:00, or GMT+2 with one digit.
  const [sign, offsetHour = '0', offsetMinute = '0'] = zone[0] === undefined ? zone.slice(3) : zone;
  let h = Number(hour);
  if (half !== undefined) {
    if (h < 1 || h > 12) return Number.NaN;
    h = (h % 12) + (/p/i.test(half) ? 12 : 0);
  }
  if (h > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return Number.NaN;
  const offset =
    (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === undefined || sign === '+' ? 60_000 : -60_000);
  return ((h * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000) - offset;
}

/** Year, month and day, and where they end. */
type Day = readonly [year: number, month: number, day: number, end: number];

function dayOf(text: string, order: DateOrder): Day | undefined {
  let match = YEAR_FIRST.exec(text);
  if (match) return [Number(match[1]), Number(match[3]), Number(match[4]), match[0].length];
  match = BASIC.exec(text);
  if (match) return [Number(match[1]), Number(match[2]), Number(match[3]), match[0].length];
  match = THREE.exec(text);
  if (match) {
    const [whole, a, mark, b, c] = match as unknown as [string, string, string, string, string];
    if (mark === '.' && c.length > 2) return [Number(c), Number(b), Number(a), whole.length];
    if (order === 'YMD') return c.length > 2 ? undefined : [fullYear(a), Number(b), Number(c), whole.length];
    const [day, month] = order === 'DMY' ? [a, b] : [b, a];
    return [fullYear(c), Number(month), Number(day), whole.length];
  }
  match = YEAR_MONTH.exec(text);
  if (match) return [Number(match[1]), Number(match[2]), 1, text.length];
  match = MONTH_YEAR.exec(text);
  if (match) return [Number(match[2]), Number(match[1]), 1, text.length];
  match = DAY_NAMED.exec(text);
  if (match) return [fullYear(match[3]!), monthOf(match[2]!), Number(match[1]), match[0].length];
  match = NAMED_DAY.exec(text);
  if (match) return [Number(match[3]), monthOf(match[1]!), Number(match[2]), match[0].length];
  match = YEAR_NAMED.exec(text);
  if (match) return [Number(match[1]), monthOf(match[2]!), Number(match[3]), match[0].length];
  match = NAMED_YEAR.exec(text);
  return match ? [Number(match[2]), monthOf(match[1]!), 1, text.length] : undefined;
}

/** Matches the beginning of most spelled-out dates; ids that begin with a digit match too. */
const MAYBE = /* @__PURE__ */ new RegExp(
  `^(?:\\d{1,4}[-/.\\s]|\\d{8}T|\\d{1,2}(?:st|nd|rd|th|${MONTHS.join('|')})|${MONTHS.join('|')}|mon|tue|wed|thu|fri|sat|sun)`,
  'i',
);
/** `Wed Jan 31 10:00:00 2024`, as ctime writes it, with the year before the time. */
const CTIME = /^([a-z]{3} [a-z]{3} +\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$/i;

/**
 * Returns a date as it is written in the wild: by numbers in the order given, with a name of the month, a month alone (its
 * first day), maybe with a time, AM or PM, Z, UTC or an offset. UTC where there is no offset.
 */
export function spelledDate(text: string, order: DateOrder): number {
  if (text.length > LONGEST || !MAYBE.test(text)) return Number.NaN;
  const plain = parseDate(text);
  if (!Number.isNaN(plain)) return plain;
  const written = text.replace(CTIME, '$1 $3 $2').replace(/ {2,}/g, ' ');
  const day = dayOf(written, order);
  if (!day) return Number.NaN;
  const [year, month, date, end] = day;
  const rest = written.slice(end);
  return utc(year, month, date) + (rest === '' ? 0 : timeOf(rest));
}

/** Returns whether a text is a date in some order. */
export function isDateLike(text: string): boolean {
  if (!MAYBE.test(text)) return false;
  if (!Number.isNaN(spelledDate(text, 'DMY'))) return true;
  return THREE.test(text) && !Number.isNaN(spelledDate(text, 'MDY'));
}

/** Reads dates that mean the same day whether day or month comes first. */
export const inEitherOrder: DateReader = (text) => {
  const time = spelledDate(text, 'DMY');
  return time === spelledDate(text, 'MDY') ? time : Number.NaN;
};
