/** Numbers as people write them: thousands in groups, percent, currencies, parentheses for what is below 0. */

export type Decimal = '.' | ',';
/** A separator between thousands. The space includes no-break and narrow spaces, and `'` includes ’. */
export type Thousands = ',' | '.' | ' ' | "'";

export const THOUSANDS: readonly Thousands[] = [',', '.', ' ', "'"];

/** Describes how the numbers of a column are written. */
export interface NumberStyle {
  readonly decimal: Decimal;
  readonly thousands?: Thousands | undefined;
}

/** A number's digits and what surrounds them. */
export interface Numeral {
  /** Digits, decimals and what groups them; without sign and exponent. */
  readonly core: string;
  readonly exponent: string;
  readonly negative: boolean;
  readonly percent: boolean;
  /** Its symbol or code; '' where there is none. */
  readonly currency: string;
}

const CODES =
  'AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NGN|NOK|NZD|PHP|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR';
const CURRENCY = `(?:AU|CA|HK|NZ|US|[ACRS])?\\$|\\p{Sc}|${CODES}|kr\\.?|zł|Kč|Ft|Rs\\.?|Fr\\.?`;
const SPACE = '[ \\u00a0\\u2009\\u202f]';
const MINUS = '[-+\\u2212\\u2013\\ufe63\\uff0d]';

const NUMERAL = /* @__PURE__ */ new RegExp(
  `^(\\()?${SPACE}?(${MINUS})?${SPACE}?(${CURRENCY})?${SPACE}?(${MINUS})?` +
    `([.,]?\\d(?:[.,'\\u2019]?${SPACE}?\\d)*[.,]?)(e[-+]?\\d+)?${SPACE}?(${CURRENCY}|%)?${SPACE}?(\\))?$`,
  'iu',
);

/** The longest text that may be a number of these, but for plain digits. */
const LONGEST = 64;
const LONG = /^([-+])?(\d+(?:[.,]\d*)?|[.,]\d+)(e[-+]?\d+)?$/i;

/** Takes a number apart; undefined where the text is none. */
export function numeralOf(text: string): Numeral | undefined {
  if (text.length > LONGEST) {
    const [, sign, core, exponent = ''] = LONG.exec(text) ?? [];
    return core === undefined ? undefined : { core, exponent, negative: sign === '-', percent: false, currency: '' };
  }
  const match = NUMERAL.exec(text);
  if (!match) return undefined;
  const [, open, before, first = '', within, core = '', exponent = '', last = '', close] = match;
  const sign = before ?? within;
  const twice = (before && within) || (first && last && last !== '%');
  if (twice || (open === undefined) !== (close === undefined) || (open && sign)) return undefined;
  return {
    core,
    exponent,
    negative: open !== undefined || (sign !== undefined && sign !== '+'),
    percent: last === '%',
    currency: first || (last === '%' ? '' : last),
  };
}

const WHOLE = /^\d+$/;
const GROUPED = /^[1-9]\d{0,2}(?:_\d{3})+$/;
/** As in India: 12,34,567. */
const IN_LAKHS = /^[1-9]\d?(?:_\d\d)+_\d{3}$/;
const SPACES = /[ \u00a0\u2009\u202f]/g;

function grouped(whole: string, by: Thousands): boolean {
  const plain = by === ' ' ? whole.replace(SPACES, '_') : whole.replaceAll(by === "'" ? /['\u2019]/g : by, '_');
  return GROUPED.test(plain) || (by === ',' && IN_LAKHS.test(plain));
}

/** Returns the digits with '.' before decimals, if they are written so; '' if they are not. */
export function digitsOf(core: string, { decimal, thousands }: NumberStyle): string {
  const at = core.lastIndexOf(decimal);
  const whole = at < 0 ? core : core.slice(0, at);
  const decimals = at < 0 ? '' : core.slice(at + 1);
  if (decimals !== '' && !WHOLE.test(decimals)) return '';
  if (whole === '' ? decimals === '' : !WHOLE.test(whole)) {
    if (thousands === undefined || thousands === decimal || !grouped(whole, thousands)) return '';
  }
  const digits = whole.replace(/\D/g, '');
  return at < 0 ? digits : `${digits || '0'}.${decimals}`;
}

/** Returns the value, correctly rounded; NaN where the digits are written in another way. 12% is 0.12. */
export function numberIn(numeral: Numeral, style: NumberStyle): number {
  const digits = digitsOf(numeral.core, style);
  if (digits === '') return Number.NaN;
  const exponent = Number(numeral.exponent.slice(1)) - (numeral.percent ? 2 : 0);
  const value = Number(exponent === 0 ? digits : `${digits}e${exponent}`);
  return numeral.negative ? -value : value;
}

/** Returns the value of a text in which all of this is allowed, leading zeros too. */
export function looseNumber(text: string, style: NumberStyle): number {
  const numeral = numeralOf(text);
  return numeral ? numberIn(numeral, style) : Number.NaN;
}

/** Returns whether it begins with 0 as codes do: 007, 021.2. */
export function isPadded({ core }: Numeral): boolean {
  return /^0\d/.test(core);
}

/**
 * Returns whether it is a whole number beyond 2^53, or one with decimals of zeros (2.0) of which float64 loses digits.
 */
export function isRounded(numeral: Numeral, style: NumberStyle): boolean {
  if (isBeyondExact(numeral, style)) return true;
  const { core, exponent, percent } = numeral;
  if (exponent !== '' || percent || core.length < 16) return false;
  const [, whole] = /^(\d+)\.0*$/.exec(digitsOf(core, style)) ?? [];
  return whole !== undefined && whole.length < 309 && BigInt(whole) !== BigInt(Number(whole));
}

/**
 * Returns whether it is a whole number, with nothing else than groups, beyond 2^53: float64 does not hold all of these.
 */
export function isBeyondExact({ exponent, core }: Numeral, style: NumberStyle): boolean {
  if (exponent !== '' || core.length < 16) return false;
  const digits = digitsOf(core, style);
  return digits !== '' && !digits.includes('.') && Number(digits) > Number.MAX_SAFE_INTEGER;
}
