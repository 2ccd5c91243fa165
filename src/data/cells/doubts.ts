import type { CategoryColumn } from '../column.js';
import { shorten } from '../data-error.js';
import { mostlyAlike } from './around.js';
import { planCells, type Settings, settingsOf } from './cell-options.js';
import { type Decision, decide, isMark, isNumberLike, type Suspicion } from './infer.js';
import { MISSING } from './markers.js';
import { isPadded, numeralOf } from './numerals.js';
import { booleanWord } from './scalars.js';
import { isDateLike } from './spelled-dates.js';

/** A text of a column, how many cells have it, and the first of them. */
export interface Cell {
  /** The text as the file has it. */
  readonly text: string;
  /** The number of cells of the column that hold this text. */
  readonly count: number;
  /** The row of the first of them, from 0 on. */
  readonly row: number;
  /** The line of the file on which it first occurs. */
  readonly line?: number;
}

/** Describes cells that are not of the same kind as the other numbers, dates or booleans of a column. */
export interface Odd {
  /** Cells that are of another kind, and how many there are that are not missing. */
  readonly count: number;
  /** The number of cells of the column that are not missing. */
  readonly of: number;
  /** The first of them, and how many cells have the same text. */
  readonly text: string;
  /** The number of cells with the same text as the first. */
  readonly cells: number;
  /** The row of the first, from 0 on. */
  readonly row: number;
  /** The line of the file on which the first of them occurs. */
  readonly line?: number;
  /** The kind of the other cells, in words; default: numbers. */
  readonly are?: string;
}

/** Describes what may be of another kind in a column that was inferred to hold texts. */
export interface Doubts extends Omit<Suspicion, 'padded' | 'beyond'> {
  /** The texts among numbers, dates or booleans. */
  readonly odd?: Odd;
  /** The first number that begins with 0, as codes do. */
  readonly padded?: Cell;
  /** The first whole number beyond 2^53. */
  readonly beyond?: Cell;
  /** Texts by which people often mean a missing value. */
  readonly marks?: readonly Cell[];
}

/** Returns the doubts about a column of which no more is known than its texts. */
export function doubtsAbout(column: CategoryColumn, lines?: ArrayLike<number>): Doubts {
  const settings = settingsOf(planCells({}), column.name);
  // After rows were taken out of a table, some of its categories may not occur.
  const { counts } = new Tally(column);
  const present = column.categories.filter((_, code) => counts[code]! > 0);
  const codes = new Map(present.map((text, code) => [text, code]));
  const own = {
    ...column,
    categories: present,
    codes: column.codes.map((code) => (code < 0 ? code : codes.get(column.categories[code]!)!)),
  };
  return doubtsOf(own, decide(present, settings), settings, (row) => lines?.[row]);
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
}

/**
 * Texts of another kind than numbers that are told at any share of these; of more, one in a hundred cells is a number.
 */
const FEW_TEXTS = 20;
const SHARE = 0.01;

/** Marks of one column that are told. */
const MARKS = 3;

const MARK = 1;
const NUMBER = 2;
const DATE = 4;
/** And those of further pairs of words in further bits. */
const FIRST_PAIR = 8;
const PAIRS = 4;
/** Marks texts such as `5 kg`, whose kind no column has. */
const ALIKE = FIRST_PAIR << PAIRS;

/** Classifies a text by itself, as bits. */
function bitsOf(text: string): number {
  let bits = 0;
  if (isNumberLike(text)) {
    const numeral = numeralOf(text);
    if (!numeral || !isPadded(numeral)) bits |= NUMBER;
  }
  if (isDateLike(text)) bits |= DATE;
  const word = booleanWord(text);
  return word ? bits | (FIRST_PAIR << word.pair) : bits;
}

/** Returns the kinds that some of the texts are of, and their bits. */
function kindsAmong(
  texts: readonly string[],
  bits: Uint8Array,
  any: number,
): readonly (readonly [bit: number, are: string])[] {
  const kinds: [number, string][] = [];
  if (any & NUMBER) kinds.push([NUMBER, 'numbers']);
  if (any & DATE) kinds.push([DATE, 'dates']);
  for (let pair = 0; pair < PAIRS; pair++) {
    const bit = FIRST_PAIR << pair;
    if (!(any & bit)) continue;
    const words = texts.filter((_, i) => bits[i]! & bit);
    const both = new Set(words.map((text) => booleanWord(text)!.value)).size === 2;
    if (both)
      kinds.push([
        bit,
        [...new Set(words)]
          .slice(0, 2)
          .map((text) => shorten(text))
          .join(' or '),
      ]);
  }
  return kinds;
}

/** Returns the doubts about a column of texts; `lineOf` is where a row is. */
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
  const isMarked = categories.map((text) => isMark(text, settings));
  const marks = categories.filter((text, code) => isMarked[code] && !MISSING.includes(text));
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
  const odd = oddOf(categories, isMarked, tally, lineOf);
  return { ...(odd && { odd }), ...told };
}

function oddOf(
  categories: readonly string[],
  isMarked: readonly boolean[],
  tally: () => Tally,
  lineOf: (row: number) => number | undefined,
): Odd | undefined {
  const bits = new Uint8Array(categories.length);
  let any = 0;
  for (let code = 0; code < categories.length; code++) {
    bits[code] = isMarked[code] ? MARK : bitsOf(categories[code]!);
    any |= bits[code]!;
  }
  const { counts, rows } = tally();
  let best: { are: string; count: number; of: number; texts: number; first: number } | undefined;
  const consider = ([bit, are]: readonly [bit: number, are: string]) => {
    let [count, of, texts, first] = [0, 0, 0, -1];
    for (let code = 0; code < bits.length; code++) {
      const cells = counts[code]!;
      if (bits[code]! & MARK || cells === 0) continue;
      of += cells;
      if (bits[code]! & bit) continue;
      count += cells;
      texts++;
      if (first < 0 || rows[code]! < rows[first]!) first = code;
    }
    if (first >= 0 && (!best || count < best.count)) best = { are, count, of, texts, first };
  };
  kindsAmong(categories, bits, any).forEach(consider);
  const alike = !best || 2 * best.count > best.of ? mostlyAlike(categories, counts) : undefined;
  if (alike) {
    for (let code = 0; code < bits.length; code++) if (alike.is(categories[code]!)) bits[code]! |= ALIKE;
    consider([ALIKE, alike.are]);
  }
  if (!best || best.count === best.of) return undefined;
  const { are, count, of, texts, first } = best;
  if (texts > FEW_TEXTS && of - count < SHARE * of) return undefined;
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
