import type { Column } from '../column.js';
import { textsOf } from '../prep/encoding.js';

/** The pairs of words that people write for no and yes. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['f', 't'],
  ['n', 'y'],
];

/** The pair of 0 and 1, which mean no and yes beside any words. */
const DIGITS = PAIRS.length;

/** Returns the pair that a word belongs to, in any case, and whether it means no (0) or yes (1). */
function wordOf(text: string): { readonly pair: number; readonly means: number } | undefined {
  const word = text.trim().toLowerCase();
  for (const [pair, words] of PAIRS.entries()) {
    const means = words.indexOf(word);
    if (means >= 0) return { pair, means };
  }
  const number = numberOf(text);
  return number === 0 || number === 1 ? { pair: DIGITS, means: number } : undefined;
}

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

/**
 * Finds the classes that texts mean: those of the same text; yes and no in other words, if all such texts are of one pair, or
 * as 1 and 0; numbers of the same value. -1 for a class that is not known.
 */
export function classFinder(classes: readonly string[], texts: readonly string[]): (text: string) => number {
  const exact = new Map(classes.map((name, i) => [name, i]));
  const words = classes.map(wordOf);
  const isPair = classes.length === 2 && words[0] && words[1] && words[0].means !== words[1].means;
  if (isPair) {
    const own = words[0]!.pair === words[1]!.pair ? words[0]!.pair : -1;
    const pairs = new Set(texts.map((text) => wordOf(text)?.pair ?? DIGITS));
    pairs.delete(DIGITS);
    return (text) => {
      const word = wordOf(text);
      const same = word && (word.pair === DIGITS || word.pair === own || pairs.size === 1);
      return exact.get(text) ?? (same ? words.findIndex((other) => other!.means === word.means) : -1);
    };
  }
  const numbers = new Map(classes.map((name, i) => [numberOf(name), i]));
  const isNumeric = numbers.size === classes.length && ![...numbers.keys()].some(Number.isNaN);
  return (text) => exact.get(text) ?? (isNumeric ? (numbers.get(numberOf(text)) ?? -1) : -1);
}

/** The class of each row by number, and the texts of those that are not known, whose rows have -1. */
export interface ClassNumbers {
  readonly numbers: Float32Array;
  readonly unknown: readonly string[];
}

export function classNumbers(column: Column, classes: readonly string[]): ClassNumbers {
  const { codes, categories } = textsOf(column);
  const seen = new Uint8Array(categories.length);
  for (const code of codes) if (code >= 0) seen[code] = 1;
  const find = classFinder(
    classes,
    categories.filter((_, i) => seen[i]),
  );
  const places = categories.map(find);
  return {
    numbers: Float32Array.from(codes, (code) => places[code] ?? -1),
    unknown: categories.filter((_, i) => seen[i] && places[i]! < 0),
  };
}
