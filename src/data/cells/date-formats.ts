import { show, ValueError } from '../../errors.js';
import { utc } from './scalars.js';
import { type DateOrder, type DateReader, fullYear, monthOf, ORDERS, spelledDate } from './spelled-dates.js';

/** Describes a letter of a date format: the pattern it matches, and the part of a date it gives. */
type Token = readonly [pattern: string, part: string];

const TOKENS: Readonly<Record<string, Token>> = {
  YYYY: ['(\\d{4})', 'year'],
  YY: ['(\\d\\d)', 'year'],
  MMMM: ['([a-z]{3,9})', 'name'],
  MMM: ['([a-z]{3,9})', 'name'],
  MM: ['(\\d{1,2})', 'month'],
  M: ['(\\d{1,2})', 'month'],
  DD: ['(\\d{1,2})', 'day'],
  D: ['(\\d{1,2})', 'day'],
  HH: ['(\\d{1,2})', 'hour'],
  H: ['(\\d{1,2})', 'hour'],
  hh: ['(\\d{1,2})', 'hour'],
  h: ['(\\d{1,2})', 'hour'],
  mm: ['(\\d\\d)', 'minute'],
  ss: ['(\\d\\d)', 'second'],
  S: ['(\\d{1,9})', 'fraction'],
  A: ['([ap]\\.?m\\.?)', 'half'],
  Z: ['(z|utc|gmt|[-+]\\d\\d(?::?\\d\\d)?)', 'zone'],
  dddd: ['[a-z]+', ''],
};

/** The same in Java's letters and in those of strptime. */
const ALIASES: Readonly<Record<string, string>> = {
  yyyy: 'YYYY',
  yy: 'YY',
  dd: 'DD',
  d: 'D',
  a: 'A',
  ddd: 'dddd',
  SS: 'S',
  SSS: 'S',
  SSSSSS: 'S',
  ZZ: 'Z',
  '%Y': 'YYYY',
  '%y': 'YY',
  '%m': 'MM',
  '%b': 'MMM',
  '%B': 'MMMM',
  '%d': 'DD',
  '%e': 'DD',
  '%H': 'HH',
  '%I': 'hh',
  '%M': 'mm',
  '%S': 'ss',
  '%f': 'S',
  '%p': 'A',
  '%z': 'Z',
  '%a': 'dddd',
  '%A': 'dddd',
};

const SPLIT = /%[a-z]|\[[^\][]*\]|([a-z])\1*|\s+|[^a-z]/gi;

const compact = (piece: string) => piece.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function refused(format: unknown, argument: string): ValueError {
  return new ValueError({
    argument,
    given: show(format),
    expected: `${ORDERS.map((order) => `'${order}'`).join(', ')} or a format such as 'DD/MM/YYYY', 'D MMM YY h:mm A' or '%d.%m.%Y %H:%M'`,
  });
}

/** Returns the reader of dates in one format. Digits that stand for themselves are as many as the format's letters. */
function compile(format: string, argument: string): DateReader {
  const parts: string[] = [];
  const pieces = format.match(SPLIT) ?? [];
  const source = pieces.map((piece, i) => {
    const name = ALIASES[piece] ?? piece;
    const token = Object.hasOwn(TOKENS, name) ? TOKENS[name]! : undefined;
    if (!token) {
      if (piece.startsWith('[')) return compact(piece.slice(1, -1));
      if (/^[a-z%]/i.test(piece) && piece !== 'T') throw refused(format, argument);
      return /^\s/.test(piece) ? '\\s+' : compact(piece);
    }
    const [pattern, part] = token;
    if (part !== '') parts.push(part);
    // Between digits, only the number of digits shows where a part ends.
    const tight = /^[a-z%]/i.test(pieces[i + 1] ?? '') || /^[a-z%]/i.test(pieces[i - 1] ?? '');
    return tight && pieces[i + 1] !== 'T' && name.length === 2 ? pattern.replace('{1,2}', '{2}') : pattern;
  });
  for (const part of ['year', 'month']) {
    if (!parts.includes(part) && !(part === 'month' && parts.includes('name'))) throw refused(format, argument);
  }
  const whole = new RegExp(`^${source.join('')}$`, 'i');
  return (text) => {
    const match = whole.exec(text);
    return match ? timeFrom(Object.fromEntries(parts.map((part, i) => [part, match[i + 1]!]))) : Number.NaN;
  };
}

function timeFrom({
  year,
  month,
  name,
  day = '1',
  hour = '0',
  minute = '0',
  second = '0',
  ...more
}: Record<string, string>) {
  const { fraction = '0', half, zone = 'Z' } = more;
  let h = Number(hour);
  if (half !== undefined) {
    if (h < 1 || h > 12) return Number.NaN;
    h = (h % 12) + (/^p/i.test(half) ? 12 : 0);
  }
  if (h > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  const [, sign, hours = '0', minutes = '0'] = /^([-+])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const time = ((h * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
  return utc(fullYear(year!), name === undefined ? Number(month) : monthOf(name), Number(day)) + time - offset;
}

/**
 * Returns the reader of dates that `dateFormat` means: an order, 'DMY', 'MDY' or 'YMD', for dates of three numbers, or a
 * format in the letters of Day.js (DD/MM/YYYY HH:mm) or of strptime (%d/%m/%Y %H:%M). ISO 8601 is read as well.
 * @throws ValueError for a format that names no year or month.
 */
export function dateReader(format: string, argument = 'dateFormat'): DateReader {
  if ((ORDERS as readonly string[]).includes(format)) return (text) => spelledDate(text, format as DateOrder);
  if (typeof format !== 'string') throw refused(format, argument);
  const read = compile(format, argument);
  return (text) => {
    const time = read(text);
    return Number.isNaN(time) && /^\d{4}-/.test(text) ? spelledDate(text, 'DMY') : time;
  };
}
