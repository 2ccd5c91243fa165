import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import { codedOf } from '../bytes-column.js';
import type { CategoryColumn, Column, NumberColumn } from '../column.js';
import { define, numbersOf, type StepSpec } from './preprocessing-step.js';
import { median, medianOfCounts, moments, sorted } from './statistics.js';

/** Options of `fillMissing`. */
export interface FillMissingOptions {
  /**
   * The way to choose what is filled in; default `'median'` of numbers and `'mostFrequent'` of categories, which have
   * no mean.
   */
  readonly strategy?: 'mean' | 'median' | 'mostFrequent' | 'constant';
  /** The value that `'constant'` fills in; default 0, and `'missing'` among categories. */
  readonly value?: number | string;
  /** Adds a column of 0 and 1 that says what was missing, if anything was when fitting; default false. */
  readonly indicator?: boolean;
}

/** Puts a value where one is missing. */
export function fillMissing(options: FillMissingOptions = {}): StepSpec {
  return { step: 'fillMissing', options: { ...options } };
}

type Strategy = NonNullable<FillMissingOptions['strategy']>;
const STRATEGIES: Readonly<Record<Strategy, Strategy>> = {
  mean: 'mean',
  median: 'median',
  mostFrequent: 'mostFrequent',
  constant: 'constant',
};

interface Plan {
  readonly strategy: Strategy | undefined;
  readonly value: number | string | undefined;
  readonly indicator: boolean;
}

interface Filled {
  readonly value: number | string;
  readonly indicator: boolean;
}

/** Returns the number that comes most often; of several the least. */
function mostFrequent(ordered: Float64Array): number {
  let best = 0;
  let most = 0;
  for (let i = 0; i < ordered.length; ) {
    let end = i;
    while (ordered[end] === ordered[i]) end++;
    if (end - i > most) {
      most = end - i;
      best = ordered[i]!;
    }
    i = end;
  }
  return best;
}

/** Counts the rows of each category of a column, in the order of its categories. */
export function countCategories({ codes, categories }: CategoryColumn): { counts: number[]; missing: number } {
  const counts = new Array<number>(categories.length).fill(0);
  let missing = 0;
  for (const code of codes) {
    if (code < 0) missing++;
    else counts[code]!++;
  }
  return { counts, missing };
}

function fitTexts(column: CategoryColumn, strategy: Strategy, value: number | string | undefined): string {
  if (strategy === 'constant') return String(value ?? 'missing');
  const { counts } = countCategories(column);
  const most = counts.reduce((best, count) => Math.max(best, count), 0);
  return column.categories.filter((_, i) => counts[i] === most).sort()[0] ?? 'missing';
}

function fitNumbers(column: NumberColumn, strategy: Strategy, value: number | string | undefined): number {
  const { name } = column;
  if (strategy === 'mean') return moments(column.values).mean;
  if (strategy === 'median') {
    const coded = codedOf(column);
    return coded ? medianOfCounts(coded.palette, coded.counts()) : median(column.values);
  }
  if (strategy === 'mostFrequent') return mostFrequent(sorted(column.values));
  if (typeof (value ?? 0) === 'number') return (value as number | undefined) ?? 0;
  throw new ValueError({ argument: `column '${name}'.value`, given: show(value), expected: 'a number' });
}

/** Returns the same column with `text` where a value is missing. */
function fillTexts(column: CategoryColumn, text: string): CategoryColumn {
  const known = column.categories.indexOf(text);
  const categories = known < 0 ? [...column.categories, text] : column.categories;
  const code = known < 0 ? categories.length - 1 : known;
  return { ...column, categories, codes: column.codes.map((c) => (c < 0 ? code : c)) };
}

const isMissing = (column: Column): Float64Array =>
  column.kind === 'category'
    ? Float64Array.from(column.codes, (code) => (code < 0 ? 1 : 0))
    : column.values.map((value) => (Number.isNaN(value) ? 1 : 0));

function hasMissing(column: Column): boolean {
  if (column.kind === 'category') return column.codes.some((code) => code < 0);
  // Bytes are counted whatever they mean, since they are hardly ever missing.
  const coded = codedOf(column);
  if (coded && !coded.palette.some(Number.isNaN)) return false;
  const { values } = column;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) return true;
  return false;
}

export const missingSteps = {
  fillMissing: define<Plan, Filled>({
    takes: 'any',
    state: { value: 'number|text', indicator: 'boolean' },
    plan: (options) => {
      checkOptions(options, ['strategy', 'value', 'indicator'], 'fillMissing');
      const { strategy, value, indicator = false } = options as FillMissingOptions;
      if (value !== undefined && typeof value !== 'string') checkNumber(value, 'value');
      if (typeof indicator !== 'boolean') {
        throw new ValueError({ argument: 'indicator', given: show(indicator), expected: 'true or false' });
      }
      const known = strategy === undefined ? undefined : lookUp(STRATEGIES, strategy, 'strategy');
      return { strategy: known ?? (value === undefined ? undefined : 'constant'), value, indicator };
    },
    fit: (column, { strategy, value, indicator }) => {
      const flagged = indicator && hasMissing(column);
      if (column.kind !== 'category') {
        return { value: fitNumbers(column, strategy ?? 'median', value), indicator: flagged };
      }
      if (strategy === 'mean' || strategy === 'median') {
        throw new ValueError({
          argument: `column '${column.name}'.strategy`,
          given: show(strategy),
          expected: "'mostFrequent' or 'constant' for categories",
        });
      }
      return { value: fitTexts(column, strategy ?? 'mostFrequent', value), indicator: flagged };
    },
    names: (name, { indicator }) => (indicator ? [name, `${name} missing`] : [name]),
    transform: (column, { value, indicator }) => {
      let filled = column;
      if (column.kind === 'category') filled = fillTexts(column, String(value));
      else if (hasMissing(column)) {
        const number = Number(value);
        filled = { ...column, values: column.values.map((v) => (Number.isNaN(v) ? number : v)) };
      }
      if (!indicator) return [filled];
      return [filled, { name: `${column.name} missing`, kind: 'number', values: isMissing(column) }];
    },
    inverse: ([column, flags], { indicator }) => {
      if (!indicator || !flags) return column!;
      const { values } = numbersOf(flags);
      if (column!.kind === 'category') {
        return { ...column!, codes: column!.codes.map((code, i) => (values[i]! > 0.5 ? -1 : code)) };
      }
      return { ...column!, values: column!.values.map((v, i) => (values[i]! > 0.5 ? Number.NaN : v)) };
    },
  }),
};
