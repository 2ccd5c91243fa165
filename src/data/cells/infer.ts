import type { ColumnKind } from '../column.js';
import { shorten } from '../data-error.js';
import { unitAround } from './around.js';
import type { Settings } from './cell-options.js';
import { dateReader } from './date-formats.js';
import { isCommonMarker, isMissingNumber } from './markers.js';
import {
  type Decimal,
  digitsOf,
  isBeyondExact,
  isPadded,
  type NumberStyle,
  type Numeral,
  numberIn,
  numeralOf,
  THOUSANDS,
  type Thousands,
} from './numerals.js';
import { booleanWord, parseDate, withoutSpaces } from './scalars.js';
import { type DateOrder, isDateLike, spelledDate } from './spelled-dates.js';
import { hasMonthName, haveMonthNames, looksLikeTime } from './unread-dates.js';

/** Why texts that nearly are of a kind are none. */
export interface Suspicion {
  /** All would be numbers with these. */
  readonly decimal?: Decimal;
  /** The sign between groups of three digits with which all would be numbers. */
  readonly thousands?: Thousands;
  /** All are dates by any of these. */
  readonly dateFormats?: readonly string[];
  /** All are dates, but of these one has the day first and one the month. */
  readonly orders?: readonly [string, string];
  /** All would be numbers, but this begins with 0 as codes do. */
  readonly padded?: string;
  /** All would be numbers, but float64 does not hold this. */
  readonly beyond?: string;
  /** All would be numbers, but these are of two units. */
  readonly units?: readonly [string, string];
  /** All are numbers, but of these one has a comma before its decimals and one a point. */
  readonly decimals?: readonly [string, string];
  /** All look like dates, but this is none of those with an English name of its month. */
  readonly months?: string;
  /** All look like dates or times, such as this, and none is read as one. */
  readonly times?: string;
  /** All are numbers with this before or after them. */
  readonly unit?: string;
  /** The only word of a column, which may be that of a boolean. */
  readonly word?: string;
}

/** Describes what the distinct texts of a column are, with markers of missing values left out. */
export interface Decision {
  readonly kind: ColumnKind;
  /** Says whether the readers of plain numbers, ISO dates and booleans take all of them. */
  readonly plain: boolean;
  readonly thousands?: Thousands;
  readonly dateFormat?: string;
  /** The unit of numbers that are not plain: '%', a currency, or '' where there is none. */
  readonly unit?: string;
  /** Reads a text as a number or date; for columns of those alone. */
  readonly read?: (text: string) => number;
  /** The first text that is not a number, in a column of categories. */
  readonly odd?: string;
  readonly suspicion?: Suspicion;
}

const PLAIN = /^[-+]?(?:(?:0|[1-9]\d*)(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?$/i;
const INFINITE = /^[-+]?inf(?:inity)?$/i;

/** Returns whether a text is a number as programs write it; a leading zero makes a code. */
export function isPlain(text: string, comma: boolean): boolean {
  return (PLAIN.test(text) && !text.includes(comma ? '.' : ',')) || INFINITE.test(text);
}

/** Returns whether a digit stands where one may stand after a currency: second to fifth. */
function hasEarlyDigit(text: string): boolean {
  for (let i = 1; i < 5; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 48 && unit <= 57) return true;
  }
  return false;
}

/** Returns whether a text is a number in any of the spellings. */
export function isNumberLike(text: string): boolean {
  // Texts that begin with a letter are words, except for infinity and a currency before a digit.
  const first = text.charCodeAt(0) | 32;
  if (first >= 97 && first <= 122 && first !== 105 && !hasEarlyDigit(text)) return false;
  if (PLAIN.test(text) || INFINITE.test(text)) return true;
  if (!/^[-+(.,\d\u2212\u2013]|^[^a-z]|^.{1,4}\d/i.test(text)) return false;
  const numeral = numeralOf(text);
  return numeral !== undefined && DECIMALS.some((decimal) => styleOf([numeral], decimal, undefined) !== undefined);
}

const DECIMALS: readonly Decimal[] = ['.', ','];

/** Returns whether this style reads all numerals. */
function readable(numerals: readonly Numeral[], style: NumberStyle): boolean {
  return numerals.every(({ core }) => digitsOf(core, style) !== '');
}

/** Returns the style that fits all numerals, without thousands if that does. */
function styleOf(
  numerals: readonly Numeral[],
  decimal: Decimal,
  given: Thousands | undefined,
): NumberStyle | undefined {
  const some = given === undefined ? [undefined, ...THOUSANDS] : [given];
  const thousands = some.find((by) => by !== decimal && readable(numerals, { decimal, thousands: by }));
  if (thousands === undefined && (given !== undefined || !readable(numerals, { decimal }))) return undefined;
  return { decimal, ...(thousands && { thousands }) };
}

/** Returns whether the thousands separator could be a decimal separator, and nothing rules that out. */
function isDoubtful(numerals: readonly Numeral[], style: NumberStyle, settings: Settings): boolean {
  const { decimal, thousands } = style;
  if (thousands === undefined || thousands === ' ' || thousands === "'") return false;
  if (settings.thousands !== undefined || settings.decimalGiven) return false;
  if (!styleOf(numerals, decimal === '.' ? ',' : '.', undefined)) return false;
  if (settings.pointElsewhere?.()) return false;
  // Decimals are written with equally many digits, so a number without the sign shows that it separates thousands.
  return settings.separator === ';' || numerals.every(({ core }) => core.includes(thousands));
}

export const unitOf = ({ percent, currency }: Numeral) => (percent ? '%' : currency);

function decideNumbers(
  texts: readonly string[],
  numerals: readonly Numeral[],
  settings: Settings,
): Decision | undefined {
  const decimal = settings.decimalComma ? ',' : '.';
  const category = (suspicion: Suspicion): Decision => ({ kind: 'category', plain: false, odd: texts[0]!, suspicion });
  const style = styleOf(numerals, decimal, settings.thousands);
  if (!style) {
    const other = styleOf(numerals, decimal === '.' ? ',' : '.', undefined);
    if (!other) return undefined;
    const { thousands } = other;
    return category({ decimal: other.decimal, ...(thousands && { thousands }) });
  }
  const withUnit = numerals.findIndex((numeral) => unitOf(numeral) !== '');
  if (withUnit >= 0) {
    const unit = unitOf(numerals[withUnit]!);
    const other = numerals.findIndex((numeral) => {
      const mine = unitOf(numeral);
      return mine !== unit && (mine !== '' || (unit === '%' && !/^[0.,]*$/.test(numeral.core)));
    });
    if (other >= 0) return category({ units: [texts[withUnit]!, texts[other]!] });
  }
  const padded = numerals.findIndex(isPadded);
  if (padded >= 0) return { ...category({ padded: texts[padded]! }), odd: texts[padded]! };
  const beyond = numerals.findIndex((numeral) => isBeyondExact(numeral, style));
  const whole = () => numerals.every(({ core, exponent }) => exponent === '' && !digitsOf(core, style).includes('.'));
  if (beyond >= 0 && whole()) return { ...category({ beyond: texts[beyond]! }), odd: texts[beyond]! };
  if (isDoubtful(numerals, style, settings)) return category({ thousands: style.thousands! });
  return {
    kind: 'number',
    plain: false,
    ...(style.thousands && { thousands: style.thousands }),
    unit: withUnit < 0 ? '' : unitOf(numerals[withUnit]!),
    read: (text) => numberOf(text, style),
  };
}

/** Finds two numbers that suggest opposite decimal separators, where no style reads all numbers. */
function decimalsOf(texts: readonly string[]): Pick<Decision, 'suspicion'> {
  const only = (decimal: Decimal, other: Decimal) =>
    texts.find((text) => {
      const numeral = [numeralOf(text)!];
      return styleOf(numeral, decimal, undefined) !== undefined && !styleOf(numeral, other, undefined);
    });
  const [comma, point] = [only(',', '.'), only('.', ',')];
  return comma === undefined || point === undefined ? {} : { suspicion: { decimals: [comma, point] } };
}

/** Returns a number in any spelling of a style. */
export function numberOf(text: string, style: NumberStyle): number {
  const numeral = numeralOf(text);
  if (numeral) return numberIn(numeral, style);
  return INFINITE.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number.NaN;
}

const TWO_DIGITS = /^(\d\d)([-/.])\d{1,2}\2(\d\d)(?!\d)/;

/**
 * Returns whether the first of three numbers changes less than the last, as years beside days do: 24/01/05, 24/02/17.
 */
function mayBeginWithYear(texts: readonly string[]): boolean {
  const parts = texts.map((text) => TWO_DIGITS.exec(text));
  const distinct = (part: number) => new Set(parts.map((match) => match?.[part])).size;
  return parts.every((match) => match !== null) && distinct(1) < distinct(3);
}

function decideDates(texts: readonly string[], { dateFormat }: Settings): Decision | undefined {
  if (dateFormat !== undefined) {
    const read = dateReader(dateFormat);
    if (texts.every((text) => !Number.isNaN(read(text)))) return { kind: 'date', plain: false, dateFormat, read };
  }
  const by = (order: DateOrder) => texts.every((text) => !Number.isNaN(spelledDate(text, order)));
  const [day, month] = [by('DMY'), by('MDY')];
  const date = (order: DateOrder): Decision => {
    return { kind: 'date', plain: false, dateFormat: order, read: (text) => spelledDate(text, order) };
  };
  const category = (suspicion: Suspicion): Decision => ({ kind: 'category', plain: false, odd: texts[0]!, suspicion });
  if (!day && !month) {
    if (!texts.every(isDateLike)) {
      if (!haveMonthNames(texts)) {
        const times = texts.every(looksLikeTime) && !texts.some(isDateLike) ? texts[0]! : undefined;
        return times === undefined ? undefined : category({ times });
      }
      const months = texts.find((text) => !isDateLike(text))!;
      return { ...category({ months }), odd: months };
    }
    const first = (order: DateOrder) => texts.find((text) => Number.isNaN(spelledDate(text, order)))!;
    return category({ orders: [first('MDY'), first('DMY')] });
  }
  const orders = ([day && 'DMY', month && 'MDY'] as const).filter((order) => order !== false);
  const yearFirst = dateFormat === undefined && mayBeginWithYear(texts) && by('YMD');
  if (!day || !month) return yearFirst ? category({ dateFormats: [...orders, 'YMD'] }) : date(orders[0]!);
  if (texts.every((text) => spelledDate(text, 'DMY') === spelledDate(text, 'MDY'))) {
    const { dateFormat: _, ...either } = date('DMY');
    // If this format were suggested, it would apply to this column as well, which is written differently.
    return dateFormat === undefined ? either : date('DMY');
  }
  return category({ dateFormats: yearFirst ? [...orders, 'YMD'] : orders });
}

/** Words that alone do not tell whether they are one of two: F may stand beside T or beside M. */
const LETTER = /^[a-z]$/i;

function decideBooleans(texts: readonly string[]): Decision | undefined {
  let pair: number | undefined;
  for (const text of texts) {
    const word = booleanWord(text);
    if (!word || (pair !== undefined && word.pair !== pair)) return undefined;
    pair = word.pair;
  }
  const words = new Set(texts.map((text) => text.toLowerCase()));
  if (words.size === 1 && LETTER.test(texts[0]!)) {
    return { kind: 'category', plain: false, odd: texts[0]!, suspicion: { word: texts[0]! } };
  }
  return { kind: 'boolean', plain: true };
}

/** Returns whether a text is missing if its column holds numbers, dates or booleans. */
export function isMark(text: string, settings: Settings): boolean {
  return (settings.common && isCommonMarker(text)) || isMissingNumber(text, settings);
}

/**
 * Returns the kind of distinct texts, none of which is missing. One that reads as another kind makes all of them categories.
 */
export function decide(texts: readonly string[], settings: Settings): Decision {
  const comma = settings.decimalComma;
  const present = texts.filter((text) => !isMark(text, settings));
  if (present.length === 0) {
    const number = texts.every((text) => isMissingNumber(text, settings));
    return { kind: number ? 'number' : 'category', plain: number };
  }
  const exact = (text: string) =>
    text.length < 16 || Math.abs(Number(text.replace(',', '.'))) <= Number.MAX_SAFE_INTEGER;
  if (settings.dateFormat === undefined && present.every((text) => isPlain(text, comma) && exact(text))) {
    const style: NumberStyle = { decimal: comma ? ',' : '.' };
    return { kind: 'number', plain: true, read: (text) => numberOf(text, style) };
  }
  // Numerals with very many digits are not parsed.
  const isNumeral = (text: string) => isNumberLike(text) && (INFINITE.test(text) || numeralOf(text) !== undefined);
  const other = present.find((text) => !isNumeral(text));
  if (other === undefined) {
    const finite = present.filter((text) => !INFINITE.test(text));
    const numbers = decideNumbers(
      finite,
      finite.map((text) => numeralOf(text)!),
      settings,
    );
    if (numbers?.kind === 'number' && settings.dateFormat === undefined) return numbers;
    const dates = decideDates(present, settings);
    return (
      (dates?.kind === 'date' ? dates : undefined) ??
      numbers ??
      dates ?? { kind: 'category', plain: false, odd: present[0]!, ...decimalsOf(finite) }
    );
  }
  if (present.every((text) => !Number.isNaN(parseDate(text))) && settings.dateFormat === undefined) {
    return { kind: 'date', plain: true, read: parseDate };
  }
  const odd = present.find((text) => !isPlain(text, comma)) ?? other;
  const decided = decideDates(present, settings) ?? decideBooleans(present);
  if (decided) return decided;
  const unit = unitAround(present);
  return { kind: 'category', plain: false, odd, ...(unit !== undefined && { suspicion: { unit } }) };
}

/** The kind that samples of a column are of, and what says so. */
export interface Evidence extends Decision {
  readonly why: string;
  /** Values among the samples that are not missing. */
  readonly values: number;
}

const NAMES: Readonly<Record<'number' | 'date', string>> = { number: 'number', date: 'date' };

/** Infers the kind of a column from its first rows. */
export function inferKind(samples: readonly string[], settings: Settings): Evidence {
  const texts = samples.map(withoutSpaces).filter((text) => !settings.missing.has(text));
  const values = texts.filter((text) => !isMark(text, settings)).length;
  const decision = decide([...new Set(texts)], settings);
  if (texts.length === 0) return { ...decision, values, why: 'the first rows have no value' };
  const all = values === 1 ? 'the first value is' : `the first ${values} values are`;
  return { ...decision, values, why: whyOf(decision, texts, all, values === 1) };
}

/** Why texts are of a kind; `all` begins the sentence. */
export function whyOf(decision: Decision, texts: readonly string[], all: string, single: boolean): string {
  const { kind, odd, suspicion } = decision;
  if (kind === 'number' || kind === 'date') return `${all} ${single ? `a ${NAMES[kind]}` : `${NAMES[kind]}s`}`;
  if (kind === 'boolean') return `${all} ${[...new Set(texts.map((text) => text.toLowerCase()))].sort().join(' or ')}`;
  const shown = `'${shorten(odd ?? texts[0] ?? '')}'`;
  if (suspicion?.padded !== undefined) return `${shown} begins with 0 as a code does`;
  if (suspicion?.beyond !== undefined) return `${shown} is beyond 2^53, where numbers are rounded`;
  if (suspicion?.dateFormats) return `${shown} is a date in which day and month may be either`;
  if (suspicion?.months !== undefined) return `${shown} looks like a date, but not with a month's name in English`;
  if (suspicion?.word !== undefined) return `${shown} is the only word`;
  return `${shown} is not a number`;
}

/** Returns the same, and what to say where the text is none at all. */
export function adviceFor(text: string, kind: ColumnKind | undefined, name: string): string {
  const hint = hintFor(text, kind);
  return `${hint ? `${hint} ` : ''}For texts say columns: { '${shorten(name)}': 'category' }; name texts that mean a missing value in \`missing\`.`;
}

const ENGLISH = 'Names of months are read in English: write the month as a number, such as 2024-05-31.';

/** Returns the advice for an error about a text that is not of its column's kind; undefined where there is none. */
export function hintFor(text: string, kind: ColumnKind | undefined): string | undefined {
  const numeral = kind === 'number' ? numeralOf(text.trim()) : undefined;
  if (numeral) {
    const { core } = numeral;
    const options = (['.', ','] as const).flatMap((decimal) => {
      if (digitsOf(core, { decimal }) !== '') return core.includes(decimal) ? [`decimal: '${decimal}'`] : [];
      const by = THOUSANDS.find((thousands) => digitsOf(core, { decimal, thousands }) !== '');
      if (by === undefined) return [];
      return [`thousands: ${by === "'" ? '"\'"' : `'${by}'`}${decimal === ',' ? " and decimal: ','" : ''}`];
    });
    return options.length > 0 ? `If it is a number, say ${options.slice(0, 2).join(' or ')}.` : undefined;
  }
  if (kind !== 'date') return undefined;
  if (!isDateLike(text) && hasMonthName(text)) return ENGLISH;
  const orders = (['DMY', 'MDY', 'YMD'] as const).filter((order) => !Number.isNaN(spelledDate(text, order)));
  return `If it is a date, say how it is written, such as dateFormat: '${orders.join("' or '") || 'DD/MM/YYYY'}'.`;
}
