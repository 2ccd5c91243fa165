import { lookUp, show, ValueError } from '../errors.js';
import { isA } from '../realms.js';
import { isCommonMarker } from './cells/markers.js';
import type { Column } from './column.js';
import { shorten } from './data-error.js';

/** A value for each row: classes to stratify by, groups to keep together, times to order by. */
export type PerRow = ArrayLike<number | bigint | string | boolean | Date | null | undefined> | Column;

/** Says whether rows without a time are refused or count as later than all others. */
export type MissingTimes = 'refuse' | 'last';

/** A moment: a number, maybe with a share of it that has no room there. */
interface Moment {
  readonly time: number | bigint;
  readonly rest: number;
}

const ISO =
  /^(\d{4}|[+-]\d{6})(?:([-/]?)(\d\d)(?:\2(\d\d)(?:[Tt ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)? ?(?:[Zz]|UTC|GMT|([+-])(\d\d):?(\d\d)?)?)?)?)?$/;

/**
 * Returns the instant that an ISO 8601 text names, in seconds since 1970, UTC where there is no offset, and what is left of
 * a second; undefined for anything else, and for days and hours that do not exist.
 */
export function instantOf(text: string): Moment | undefined {
  const match = ISO.exec(text.trim());
  if (!match) return undefined;
  const [, year, separator, month = '01', day = '01', ...clock] = match;
  // Six digits in a row may be a year and a month, or a day, a month and a year.
  if (separator === '' && match[3] !== undefined && match[4] === undefined) return undefined;
  const [hour = 0, minute = 0, second = 0] = clock.slice(0, 3).map((part) => Number(part ?? 0));
  const [, , , fraction = '', sign, ahead = 0, minutesAhead = 0] = clock;
  const midnight = hour === 24 && minute === 0 && second === 0 && Number(fraction) === 0;
  if ((hour > 23 && !midnight) || minute > 59 || second > 59) return undefined;
  if (Number(ahead) > 23 || Number(minutesAhead) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const offset = (Number(ahead) * 60 + Number(minutesAhead)) * (sign === '-' ? -60 : 60);
  return {
    time: date.getTime() / 1000 + (hour * 60 + minute) * 60 + second - offset,
    rest: fraction === '' ? 0 : Number(`0.${fraction}`),
  };
}

const wrong = (row: number, given: string) =>
  new ValueError({
    argument: `times[${row}]`,
    given,
    expected: 'numbers, dates, or texts of ISO 8601 such as 2024-01-31 or 2024-01-31T23:00:00+01:00',
    hint: 'Other texts have an order of letters, not of time: read the column as dates, or pass numbers.',
  });

const isMissing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (typeof value === 'number' && Number.isNaN(value)) ||
  (isA<Date>(value, 'Date') && Number.isNaN(value.getTime())) ||
  (typeof value === 'string' && isCommonMarker(value.trim()));

/** Times as they are given, by row; of columns too. */
function valuesOf(times: PerRow): (row: number) => unknown {
  if (!('kind' in (times as object))) return (row) => (times as ArrayLike<unknown>)[row];
  const column = times as Column;
  if (column.kind === 'category') return (row) => column.categories[column.codes[row]!];
  if (column.kind === 'boolean') return (row) => (Number.isNaN(column.values[row]!) ? null : column.values[row] === 1);
  return (row) => column.values[row];
}

/**
 * Rows in the order of their times, those of the same time in the order they have.
 * @throws ValueError for times that are missing, unless they are to be last, and for values that have no order in time.
 */
export function rowsByTime(times: PerRow, rows: number, missing: unknown = 'refuse'): number[] {
  const last = lookUp({ refuse: false, last: true }, missing, 'missing');
  const valueAt = valuesOf(times);
  const known = new Map<string, Moment>();
  const moments = new Array<Moment | undefined>(rows).fill(undefined);
  const without: number[] = [];
  let [texts, numbers] = [-1, -1];
  for (let row = 0; row < rows; row++) {
    const value = valueAt(row);
    if (isMissing(value)) {
      without.push(row);
      continue;
    }
    if (typeof value === 'string') {
      const moment = known.get(value) ?? instantOf(value);
      if (!moment) throw wrong(row, `'${shorten(value)}'`);
      known.set(value, moment);
      moments[row] = moment;
      if (texts < 0) texts = row;
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      moments[row] = { time: value, rest: 0 };
      if (numbers < 0) numbers = row;
    } else if (isA<Date>(value, 'Date')) {
      const time = value.getTime();
      moments[row] = { time: Math.floor(time / 1000), rest: time / 1000 - Math.floor(time / 1000) };
      if (texts < 0) texts = row;
    } else throw wrong(row, show(value));
  }
  if (texts >= 0 && numbers >= 0) {
    const [early, late] = texts < numbers ? ['dates', 'a number'] : ['numbers', 'a date'];
    throw wrong(Math.max(texts, numbers), `${late} among ${early}`);
  }
  if (without.length > 0 && !last) {
    throw new ValueError({
      argument: 'times',
      given: `${without.length} of ${rows} rows without a time, the first of them row ${without[0]}`,
      expected: 'a time for each row',
      hint: "missing: 'last' takes rows without a time as the latest.",
    });
  }
  const order: number[] = [];
  for (let row = 0; row < rows; row++) if (moments[row]) order.push(row);
  order.sort((a, b) => {
    const [one, other] = [moments[a]!, moments[b]!];
    if (one.time !== other.time) return one.time < other.time ? -1 : 1;
    return one.rest - other.rest || a - b;
  });
  return [...order, ...without];
}
