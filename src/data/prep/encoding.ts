import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import type { CategoryColumn, Column, NumberColumn } from '../column.js';
import { shorten } from '../data-error.js';
import { countCategories } from './missing.js';
import { define, numbersOf, type StepSpec } from './preprocessing-step.js';

/** Says what becomes of a category that fitting did not see: all zeros, an error, or a column of its own. */
export type Unknown = 'ignore' | 'error' | 'own';

interface Common {
  /** Categories of fewer rows than this share one place; default 1: none do. */
  readonly minRows?: number;
}

/** Options of `oneHot`. */
export interface OneHotOptions extends Common {
  /**
   * The treatment of a category that was not there when fitting: `'ignore'` (default) makes all columns 0, `'error'` throws
   * an error that names it, `'own'` gives it a column, which it shares with the rare ones.
   */
  readonly unknown?: Unknown;
  /** A category less: of two categories one column, of more all but the first. Default false. */
  readonly dropFirst?: boolean;
}

/** Makes a column of 0 and 1 for each category; missing values have one, too, if there are any when fitting. */
export function oneHot(options: OneHotOptions = {}): StepSpec {
  return { step: 'oneHot', options: { ...options } };
}

/** Options of `ordinal`. */
export interface OrdinalOptions {
  /** The categories in their order; default that of their texts. */
  readonly order?: readonly string[];
  /** `'error'` (default), `'ignore'`: missing, or `'own'`: the number after the last. */
  readonly unknown?: Unknown;
}

/** Encodes a category by its number in an order, from 0. Missing values stay missing. */
export function ordinal(options: OrdinalOptions = {}): StepSpec {
  return { step: 'ordinal', options: { ...options } };
}

/** Encodes a category by the share of rows that it had when fitting; 0 for one that was not there. */
export function frequency(): StepSpec {
  return { step: 'frequency', options: {} };
}

/** Options of `embeddingIds`. */
export interface EmbeddingIdsOptions extends Common {
  /** Ids at most, those of rare categories and 0 included; default none. */
  readonly maxIds?: number;
}

/**
 * Ids for an `embedding` layer, the most frequent category first. 0 is what is rare, missing or was not there when fitting;
 * `inputDim` is one more than the largest id, and stands in the fitted state.
 */
export function embeddingIds(options: EmbeddingIdsOptions = {}): StepSpec {
  return { step: 'embeddingIds', options: { ...options } };
}

const UNKNOWN: Readonly<Record<Unknown, Unknown>> = { ignore: 'ignore', error: 'error', own: 'own' };

/** Returns a column's categories as texts: numbers and booleans too, as they would be written. */
export function textsOf(column: Column): CategoryColumn {
  if (column.kind === 'category') return column;
  const { name, kind, values } = column;
  const words = column.words ?? ['false', 'true'];
  const write = (value: number) => (kind === 'boolean' ? words[value === 1 ? 1 : 0]! : String(value));
  const known = new Map<string, number>();
  const codes = Int32Array.from(values, (value) => {
    if (Number.isNaN(value)) return -1;
    const text = write(value);
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  });
  return { name, kind: 'category', codes, categories: [...known.keys()] };
}

/** Places of a column's codes among `categories`; `unknown` says what the others get. */
function placesOf(
  column: CategoryColumn,
  categories: readonly string[],
  unknown: (text: string) => number,
): Int32Array {
  const places = new Map(categories.map((text, i) => [text, i]));
  return Int32Array.from(column.categories, (text) => places.get(text) ?? unknown(text));
}

function refuse(column: CategoryColumn, text: string, categories: readonly string[]): never {
  const code = column.categories.indexOf(text);
  const shown = categories.slice(0, 12).map((known) => `'${shorten(known)}'`);
  throw new ValueError({
    argument: `column '${column.name}', row ${column.codes.indexOf(code)}`,
    given: `'${shorten(text)}'`,
    expected: `a category it was fitted with: ${shown.join(', ')}${categories.length > 12 ? ', ...' : ''}`,
  });
}

/** Codes of a column's rows looked up in `places`. */
function lookUpCodes(column: CategoryColumn, places: Int32Array, missing: number): Float64Array {
  return Float64Array.from(column.codes, (code) => {
    const place = code < 0 ? missing : places[code]!;
    return place < 0 ? Number.NaN : place;
  });
}

/** Categories that no row has may linger in a dictionary; they are none. */
function present(column: CategoryColumn) {
  const { counts, missing } = countCategories(column);
  return {
    texts: column.categories.map((text, i) => ({ text, count: counts[i]! })).filter(({ count }) => count > 0),
    missing,
  };
}

const byText = (a: { text: string }, b: { text: string }) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);

interface OneHot {
  readonly categories: readonly string[];
  /** Says whether rare and unknown categories have a column. */
  readonly other: boolean;
  readonly missing: boolean;
  /** Rare ones, which are no unknown ones. */
  readonly rare: readonly string[];
}

interface OneHotPlan {
  readonly unknown: Unknown;
  readonly minRows: number;
  readonly dropFirst: boolean;
}

function oneHotNames(name: string, { categories, other, missing }: OneHot, { dropFirst }: OneHotPlan): string[] {
  const labels = [...categories, ...(other ? ['(other)'] : []), ...(missing ? ['(missing)'] : [])];
  return labels.slice(dropFirst ? 1 : 0).map((label) => `${name}=${label}`);
}

export const encodingSteps = {
  oneHot: define<OneHotPlan, OneHot>({
    takes: 'categories',
    state: { categories: 'texts', other: 'boolean', missing: 'boolean', rare: 'texts' },
    plan: (options) => {
      checkOptions(options, ['unknown', 'minRows', 'dropFirst'], 'oneHot');
      const { unknown = 'ignore', minRows = 1, dropFirst = false } = options as OneHotOptions;
      checkNumber(minRows, 'minRows', { min: 1, integer: true });
      if (typeof dropFirst !== 'boolean') {
        throw new ValueError({ argument: 'dropFirst', given: show(dropFirst), expected: 'true or false' });
      }
      return { unknown: lookUp(UNKNOWN, unknown, 'unknown'), minRows, dropFirst };
    },
    fit: (column, { unknown, minRows }) => {
      const { texts, missing } = present(textsOf(column));
      const sorted = [...texts].sort(byText);
      const rare = sorted.filter(({ count }) => count < minRows).map(({ text }) => text);
      return {
        categories: sorted.filter(({ count }) => count >= minRows).map(({ text }) => text),
        other: rare.length > 0 || unknown === 'own',
        missing: missing > 0,
        rare,
      };
    },
    names: oneHotNames,
    transform: (column, state, plan) => {
      const texts = textsOf(column);
      const { categories, other, missing, rare } = state;
      const own = other ? categories.length : -1;
      const gone = missing ? categories.length + (other ? 1 : 0) : plan.unknown === 'own' ? own : -1;
      const isRare = new Set(rare);
      const used = present(texts).texts;
      const places = placesOf(texts, categories, (text) => {
        if (isRare.has(text)) return own;
        if (plan.unknown === 'error' && used.some((item) => item.text === text)) refuse(texts, text, categories);
        return plan.unknown === 'own' ? own : -1;
      });
      const first = plan.dropFirst ? 1 : 0;
      const names = oneHotNames(column.name, state, plan);
      const columns = names.map((): Float64Array => new Float64Array(texts.codes.length));
      texts.codes.forEach((code, row) => {
        const place = (code < 0 ? gone : places[code]!) - first;
        if (place >= 0) columns[place]![row] = 1;
      });
      return columns.map((values, i): NumberColumn => ({ name: names[i]!, kind: 'number', values }));
    },
    inverse: (columns, { categories, other, missing }, { dropFirst }) => {
      const values = columns.map((column) => numbersOf(column).values);
      const first = dropFirst ? 1 : 0;
      const labels = other ? [...categories, '(other)'] : categories;
      const codes = Int32Array.from({ length: values[0]?.length ?? 0 }, (_, row) => {
        let best = dropFirst ? 0 : -1;
        let most = dropFirst ? 0.5 : 0;
        for (let c = 0; c < values.length; c++) {
          if (values[c]![row]! <= most) continue;
          most = values[c]![row]!;
          best = c + first;
        }
        return missing && best === labels.length ? -1 : best;
      });
      return { name: '', kind: 'category', codes, categories: labels };
    },
  }),

  ordinal: define<{ order: readonly string[] | undefined; unknown: Unknown }, { categories: readonly string[] }>({
    takes: 'categories',
    state: { categories: 'texts' },
    plan: (options) => {
      checkOptions(options, ['order', 'unknown'], 'ordinal');
      const { order, unknown = 'error' } = options as OrdinalOptions;
      if (order !== undefined && !(Array.isArray(order) && order.every((text) => typeof text === 'string'))) {
        throw new ValueError({ argument: 'order', given: show(order), expected: 'an array of texts' });
      }
      return { order, unknown: lookUp(UNKNOWN, unknown, 'unknown') };
    },
    fit: (column, { order, unknown }) => {
      const texts = textsOf(column);
      const found = [...present(texts).texts].sort(byText).map(({ text }) => text);
      const known = new Set(order);
      const stranger = order && unknown === 'error' ? found.find((text) => !known.has(text)) : undefined;
      if (stranger !== undefined) refuse(texts, stranger, order!);
      return { categories: order ?? found };
    },
    names: (name) => [name],
    transform: (column, { categories }, { unknown }) => {
      const texts = textsOf(column);
      const used = new Set(present(texts).texts.map(({ text }) => text));
      const places = placesOf(texts, categories, (text) => {
        if (unknown === 'error' && used.has(text)) refuse(texts, text, categories);
        return unknown === 'own' ? categories.length : -1;
      });
      return [{ name: column.name, kind: 'number', values: lookUpCodes(texts, places, -1) }];
    },
    inverse: ([column], { categories }) => {
      const { values } = numbersOf(column!);
      const last = categories.length - 1;
      const codes = Int32Array.from(values, (value) => {
        const code = Math.round(value);
        return Number.isNaN(value) || code > last ? -1 : Math.max(0, code);
      });
      return { name: '', kind: 'category', codes, categories };
    },
  }),

  frequency: define<void, { categories: readonly string[]; shares: readonly number[]; missing: number }>({
    takes: 'categories',
    state: { categories: 'texts', shares: 'numbers', missing: 'number' },
    plan: (options) => checkOptions(options, [], 'frequency'),
    fit: (column) => {
      const texts = textsOf(column);
      const { texts: found, missing } = present(texts);
      const sorted = [...found].sort(byText);
      const rows = Math.max(1, texts.codes.length);
      return {
        categories: sorted.map(({ text }) => text),
        shares: sorted.map(({ count }) => count / rows),
        missing: missing / rows,
      };
    },
    names: (name) => [name],
    transform: (column, { categories, shares, missing }) => {
      const texts = textsOf(column);
      const places = placesOf(texts, categories, () => -1);
      const values = Float64Array.from(texts.codes, (code) => (code < 0 ? missing : (shares[places[code]!] ?? 0)));
      return [{ name: column.name, kind: 'number', values }];
    },
  }),

  embeddingIds: define<{ minRows: number; maxIds: number }, { categories: readonly string[]; inputDim: number }>({
    takes: 'categories',
    state: { categories: 'texts', inputDim: 'number' },
    plan: (options) => {
      checkOptions(options, ['minRows', 'maxIds'], 'embeddingIds');
      const { minRows = 1, maxIds = 2 ** 24 } = options as EmbeddingIdsOptions;
      return {
        minRows: checkNumber(minRows, 'minRows', { min: 1, integer: true }),
        maxIds: checkNumber(maxIds, 'maxIds', { min: 2, max: 2 ** 24, integer: true }),
      };
    },
    fit: (column, { minRows, maxIds }) => {
      const { texts } = present(textsOf(column));
      const categories = texts
        .filter(({ count }) => count >= minRows)
        .sort((a, b) => b.count - a.count || byText(a, b))
        .slice(0, maxIds - 1)
        .map(({ text }) => text);
      return { categories, inputDim: categories.length + 1 };
    },
    names: (name) => [name],
    transform: (column, { categories }) => {
      const texts = textsOf(column);
      const places = placesOf(texts, categories, () => -1);
      const values = Float64Array.from(texts.codes, (code) => (code < 0 ? 0 : places[code]! + 1));
      return [{ name: column.name, kind: 'number', values }];
    },
    inverse: ([column], { categories }) => {
      const codes = Int32Array.from(numbersOf(column!).values, (value) => Math.round(value) - 1);
      return { name: '', kind: 'category', codes, categories };
    },
  }),
};
