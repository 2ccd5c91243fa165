import { type CellPlan, settingsOf } from '../cells/cell-options.js';
import { type Evidence, inferKind } from '../cells/infer.js';
import { booleanWord } from '../cells/scalars.js';
import type { ColumnKind } from '../column.js';
import { shorten } from '../data-error.js';

/** Rows below the first that are looked at. */
const LOOK = 200;

export interface HeaderGuess {
  readonly header: boolean;
  readonly why: string;
  /** Says whether the first line differs from those below so that it is no row. */
  readonly sure: boolean;
}

interface Heading {
  readonly name: string;
  /** The kind that the text would have as a value; undefined for markers of missing values. */
  readonly kind: ColumnKind | undefined;
  /** The kind of the values below it; undefined where there are none. */
  readonly below: ColumnKind | undefined;
  readonly texts: readonly string[];
}

const isWord = (text: string) => booleanWord(text) !== undefined || /^[+-]?(?:inf|infinity|nan)$/i.test(text);

function headingsOf(rows: readonly (readonly string[])[], plan: CellPlan): Heading[] {
  const [first, ...rest] = rows as [readonly string[], ...string[][]];
  const settings = settingsOf(plan, '');
  return first.map((field, c): Heading => {
    const name = field.trim();
    const texts = rest.map((row) => (row[c] ?? '').trim());
    const evidence: Evidence = inferKind(texts, settings);
    const kind = name === '' ? undefined : isWord(name) ? 'boolean' : kindOf(name, plan);
    return { name, kind, below: evidence.values > 0 ? evidence.kind : undefined, texts };
  });
}

function kindOf(text: string, plan: CellPlan): ColumnKind | undefined {
  const { kind, values } = inferKind([text], settingsOf(plan, ''));
  return values === 0 ? undefined : kind;
}

const numberOf = (text: string, { decimalComma }: CellPlan) => Number(decimalComma ? text.replace(',', '.') : text);

/** Returns whether numbers go on in equal steps. */
function steps(numbers: readonly number[]): boolean {
  const step = numbers[1]! - numbers[0]!;
  const near = (a: number) => Math.abs(a - step) <= 1e-6 * Math.abs(step);
  return step !== 0 && numbers.every((value, i) => i === 0 || near(value - numbers[i - 1]!));
}

function grows(numbers: readonly number[]): boolean {
  const up = numbers[1]! > numbers[0]!;
  return numbers.every((value, i) => i === 0 || (up ? value > numbers[i - 1]! : value < numbers[i - 1]!));
}

const isYear = (value: number) => Number.isInteger(value) && value >= 1900 && value <= 2100;

/** Finds a text above a few categories that is not one of them, if no other text comes again below. */
function labelAmong(headings: readonly Heading[]): Heading | undefined {
  const labels = headings.filter(({ kind, below }) => kind === 'category' && below === 'category');
  if (labels.some(({ name, texts }) => texts.includes(name))) return undefined;
  return labels.find(({ texts }) => texts.length > 3 && new Set(texts).size * 2 <= texts.length);
}

/** Recognizes numbers that may be names above numbers: years, numbers of columns, a scale. */
function ladderOf(
  headings: readonly Heading[],
  all: readonly Heading[],
  named: Heading | undefined,
  plan: CellPlan,
): string | undefined {
  const numbers = headings.map(({ name }) => numberOf(name, plan));
  if (numbers.length < 2 || !numbers.every(Number.isFinite)) return undefined;
  const rows = Array.from({ length: Math.min(50, headings[0]!.texts.length) }, (_, r) =>
    headings.map(({ texts }) => numberOf(texts[r] || 'NaN', plan)),
  );
  const seldom = (test: (row: number[]) => boolean) => rows.filter(test).length < rows.length / 2;
  const even = steps(numbers);
  if (even && numbers.every(isYear) && seldom((row) => row.filter(isYear).length > row.length / 2)) {
    return `${numbers[0]} to ${numbers.at(-1)} are years, and the numbers below are not`;
  }
  if (even && (numbers[0] === 0 || numbers[0] === 1) && numbers[1] === numbers[0] + 1) {
    const [start] = numbers;
    const range = `${start} to ${numbers.at(-1)} number the columns`;
    const index = all[0]!;
    const counts =
      index.name === '' &&
      index.texts.every((text, row) => row === 0 || Number(text) === Number(index.texts[row - 1]) + 1);
    if (counts && index.texts[0] !== '') return `${range}, and the first column the rows`;
    if (named) return `${range}, and ${quoted(named.name)} is above ${named.below}s`;
    const label = numbers.length > 2 ? labelAmong(all) : undefined;
    if (label) return `${range}, and ${quoted(label.name)} does not come again below`;
    const decimals = headings.every(({ texts }) =>
      texts.some((text) => !Number.isInteger(numberOf(text || '0', plan))),
    );
    if (numbers.length > 2 && decimals) return `${range}, and there are decimals below`;
    if (numbers.length > (start === 0 ? 3 : 4) && seldom(steps)) return range;
    return undefined;
  }
  if (numbers.length > 4 && even && seldom(steps)) return `its numbers go on in equal steps, and those below do not`;
  if (numbers.length > 7 && grows(numbers) && seldom(grows)) return 'its numbers are in order, and those below are not';
  return undefined;
}

const quoted = (text: string) => `'${shorten(text)}'`;

/** Returns whether the first of these rows holds names, by all columns together, and why. */
export function guessHeader(rows: readonly (readonly string[])[], plan: CellPlan): HeaderGuess {
  if (rows.length < 2) return { header: false, why: 'there is no line below it', sure: false };
  if (rows[0]!.every((field) => field.trim() === '')) return { header: true, why: 'it is blank', sure: false };
  const headings = headingsOf(rows.slice(0, LOOK), plan);
  const isValue = ({ kind }: Heading) => kind === 'number' || kind === 'date';
  /** Something else than what is below, as names are. */
  const other = headings.filter(({ name, kind, below, texts }) => {
    if (below === undefined || below === 'category' || name === '') return false;
    if (kind === 'category') return true;
    if (kind === 'boolean') return below !== 'boolean' && !/^[+-]?\d/.test(name);
    const percent = kind === 'number' && name.endsWith('%') && !texts.some((text) => text.endsWith('%'));
    return percent || (kind === 'date' && below === 'number') || (kind === 'number' && below === 'date');
  });
  const like = headings.filter(
    (heading) => isValue(heading) && heading.below !== undefined && !other.includes(heading),
  );
  const named = other.find(({ name, kind }) => kind === 'category' || booleanWord(name));
  const numeric = like.filter(({ kind, below }) => kind === 'number' && below === 'number');
  const ladder = numeric.length === like.length ? ladderOf(numeric, headings, named, plan) : undefined;
  if (ladder !== undefined) return { header: true, why: ladder, sure: true };
  const [name] = other;
  const [value] = like;
  if (name && other.length > like.length) {
    const what =
      name.kind === 'category' || name.kind === 'boolean' ? quoted(name.name) : `the ${name.kind} ${quoted(name.name)}`;
    const but = value ? `, in more columns than such as ${quoted(value.name)}, which might be a value` : '';
    return { header: true, why: `${what} is above ${name.below}s${but}`, sure: like.length === 0 };
  }
  const label = other.find(({ kind, name }) => kind === 'category' && !UNKNOWN.test(name));
  if (label && value && mayName(like, label, headings)) {
    const why = `${quoted(label.name)} is above ${label.below}s, though ${quoted(value.name)} might be a value; header: false takes it for values`;
    return { header: true, why, sure: false };
  }
  if (value) {
    const but = name ? `, though ${quoted(name.name)} is above ${name.below}s; header: true takes it for names` : '';
    return { header: false, why: `${quoted(value.name)} in it is a value${but}`, sure: false };
  }
  return byTexts(headings);
}

/** Words that a cell of numbers may hold by mistake. */
const UNKNOWN = /^(?:unknown|undefined|unspecified|invalid|error|err)$/i;

/**
 * Returns whether numbers beside a name may be names as well, since a text above nothing but numbers would be odd in just
 * the first row. Names do not come twice, nor again below; of many numbers only those in an order are names, since one of
 * many columns of values may well begin with a text that is no value.
 */
function mayName(numbers: readonly Heading[], label: Heading, all: readonly Heading[]): boolean {
  const names = all.flatMap(({ name }) => (name === '' ? [] : [name]));
  if (new Set(names).size < names.length) return false;
  if (all.some(({ name, below, texts }) => below === 'category' && texts.includes(name))) return false;
  if (label.texts.filter((text) => text !== '').length < 2) return false;
  const values = numbers.map(({ name }) => Number(name));
  return values.length < 4 || (values.every(Number.isFinite) && grows(values));
}

/** Returns whether texts above texts are names: texts that come again below are not. */
function byTexts(headings: readonly Heading[]): HeaderGuess {
  const no = (why: string): HeaderGuess => ({ header: false, why, sure: false });
  if (headings.every(({ kind }) => kind === undefined)) return no('its values are missing');
  // A blank name above a column with blanks may be one of them.
  const empty = headings.findIndex(
    ({ name, texts }, c) => c > 0 && name === '' && texts.includes('') && texts.some(Boolean),
  );
  if (empty >= 0) return no(`its field ${empty + 1} is empty, as others below are`);
  const names = headings.flatMap(({ name }) => (name === '' ? [] : [name]));
  if (new Set(names).size < names.length) return no('a text comes twice in it');
  const again = headings.find(({ name, texts }) => name !== '' && texts.includes(name));
  if (again) return no(`${quoted(again.name)} comes again below`);
  return { header: true, why: 'none of its texts comes again below', sure: false };
}
