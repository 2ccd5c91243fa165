import { shorten } from './errors.js';
import { type Decision, decide, isMark, isNumberLike, type Settings, type Suspicion } from './infer.js';
import { MISSING } from './markers.js';
import { isPadded, numeralOf } from './numerals.js';
import { planCells, settingsOf } from './plan.js';
import { booleanWord } from './scalars.js';
import { spelledDate } from './spelled-dates.js';
import type { CategoryColumn } from './table.js';

/** A text of a column, how many cells have it, and the first of them. */
export interface Cell {
  readonly text: string;
  readonly count: number;
  readonly row: number;
  /** Where it stands in a file. */
  readonly line?: number;
}

/** What stands among numbers, dates or booleans. */
export interface Odd {
  /** Cells that are of another kind, and how many there are that are not missing. */
  readonly count: number;
  readonly of: number;
  /** The first of them, and how many cells have the same text. */
  readonly text: string;
  readonly cells: number;
  readonly row: number;
  /** Where it stands in a file. */
  readonly line?: number;
  /** What the others are; default: numbers. */
  readonly are?: string;
}

/** What may be another kind in a column that was inferred to hold texts. */
export interface Doubts extends Omit<Suspicion, 'padded' | 'beyond'> {
  /** Of texts of which some are numbers, dates or booleans: those that are none. */
  readonly odd?: Odd;
  /** Of numbers: the first that begins with 0, as codes do. */
  readonly padded?: Cell;
  /** Of numbers: the first that is a whole number beyond 2^53. */
  readonly beyond?: Cell;
  /** Texts by which people often mean a missing value. */
  readonly marks?: readonly Cell[];
}

/** The doubts about a column of which no more is known than its texts. */
export function doubtsAbout(column: CategoryColumn): Doubts {
  const settings = settingsOf(planCells({}), column.name);
  return doubtsOf(column, decide(column.categories, settings), settings);
}

/** Cells by code of a category. */
class Tally {
  readonly counts: Int32Array;
  readonly rows: Int32Array;

  constructor({ codes, categories }: CategoryColumn) {
    this.counts = new Int32Array(categories.length);
    this.rows = new Int32Array(categories.length);
    for (let row = codes.length - 1; row >= 0; row--) {
      const code = codes[row]!;
      if (code < 0) continue;
      this.counts[code]!++;
      this.rows[code] = row;
    }
  }

  sum(codes: readonly number[]): number {
    return codes.reduce((sum, code) => sum + this.counts[code]!, 0);
  }
}

/** Texts of another kind than numbers that are told at any share of these; of more, one in a hundred cells is a number. */
const FEW_TEXTS = 20;
const SHARE = 0.01;

/** Marks of one column that are told. */
const MARKS = 3;

/** Whether a text is a number, a date or one of two words, as a column of them would have it. */
function kindsOf(texts: readonly string[]): { readonly are: string; readonly is: readonly boolean[] }[] {
  const words = texts.map(booleanWord);
  const pairs = [0, 1, 2, 3].map((pair) => words.map((word) => word?.pair === pair));
  const whole = pairs.filter((_, pair) =>
    [0, 1].every((value) => words.some((w) => w?.pair === pair && w.value === value)),
  );
  return [
    { are: 'numbers', is: texts.map((text) => isNumberLike(text) && !(numeralOf(text) && isPadded(numeralOf(text)!))) },
    {
      are: 'dates',
      is: texts.map((text) => !Number.isNaN(spelledDate(text, 'DMY')) || !Number.isNaN(spelledDate(text, 'MDY'))),
    },
    ...whole.map((is) => ({
      are: texts
        .filter((_, i) => is[i])
        .slice(0, 2)
        .map((text) => shorten(text))
        .join(' or '),
      is,
    })),
  ];
}

/** The doubts about a column of texts; `lineOf` is where a row stands. */
export function doubtsOf(
  column: CategoryColumn,
  decision: Pick<Decision, 'suspicion'>,
  settings: Settings,
  lineOf: (row: number) => number | undefined = () => undefined,
): Doubts {
  const { categories } = column;
  let tallied: Tally | undefined;
  const tally = () => {
    tallied ??= new Tally(column);
    return tallied;
  };
  const cellOf = (text: string): Cell => {
    const code = categories.indexOf(text);
    const row = tally().rows[code]!;
    const line = lineOf(row);
    return { text, count: tally().counts[code]!, row, ...(line !== undefined && { line }) };
  };
  const marks = categories.filter((text) => isMark(text, settings) && !MISSING.includes(text));
  const told = marks.length > 0 ? { marks: marks.slice(0, MARKS).map(cellOf) } : {};
  const { suspicion } = decision;
  if (suspicion) {
    const { padded, beyond, ...others } = suspicion;
    return {
      ...others,
      ...(padded !== undefined && { padded: cellOf(padded) }),
      ...(beyond !== undefined && { beyond: cellOf(beyond) }),
      ...told,
    };
  }
  const odd = oddOf(categories, settings, tally, lineOf);
  return { ...(odd && { odd }), ...told };
}

function oddOf(
  categories: readonly string[],
  settings: Settings,
  tally: () => Tally,
  lineOf: (row: number) => number | undefined,
): Odd | undefined {
  const codes = categories.map((_, code) => code).filter((code) => !isMark(categories[code]!, settings));
  const candidates = kindsOf(categories).flatMap(({ are, is }) => {
    const alike = codes.filter((code) => is[code]);
    const others = codes.filter((code) => !is[code] && tally().counts[code]! > 0);
    if (alike.length === 0 || others.length === 0) return [];
    return [{ are, count: tally().sum(others), of: tally().sum(codes), others }];
  });
  const [best] = candidates.sort((a, b) => a.count - b.count);
  if (!best) return undefined;
  const { are, count, of, others } = best;
  if (count === of || (others.length > FEW_TEXTS && of - count < SHARE * of)) return undefined;
  const { counts, rows } = tally();
  const first = others.reduce((a, b) => (rows[b]! < rows[a]! ? b : a));
  const line = lineOf(rows[first]!);
  return {
    count,
    of,
    text: categories[first]!,
    cells: counts[first]!,
    row: rows[first]!,
    ...(line !== undefined && { line }),
    ...(are !== 'numbers' && { are }),
  };
}
