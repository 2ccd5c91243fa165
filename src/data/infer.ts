import { shorten } from './errors.js';
import { parseBoolean, parseDate, parseNumber } from './scalars.js';
import type { Column, ColumnKind } from './table.js';

/** The kind that samples of a column are of, and what says so. */
export interface Evidence {
  readonly kind: ColumnKind;
  readonly why: string;
  /** Values among the samples that are not missing. */
  readonly values: number;
  /** The first sample that is no number, where they are taken for categories. */
  readonly odd?: number;
}

const encoder = /* @__PURE__ */ new TextEncoder();

function isNumber(text: string, decimalComma: boolean): boolean {
  const bytes = encoder.encode(text);
  return !Number.isNaN(parseNumber(bytes, 0, bytes.length, decimalComma));
}

interface Texts {
  readonly missing: ReadonlySet<string>;
  readonly decimalComma?: boolean;
}

export function inferKind(samples: readonly string[], { missing, decimalComma = false }: Texts): Evidence {
  const texts = samples.map((text) => text.trim()).filter((text) => !missing.has(text));
  const values = texts.length;
  if (values === 0) return { kind: 'number', values, why: 'the first rows have no value' };
  const all = values === 1 ? 'the first value is' : `the first ${values} values are`;
  const other = texts.find((text) => !isNumber(text, decimalComma));
  if (other === undefined) return { kind: 'number', values, why: `${all} ${values === 1 ? 'a number' : 'numbers'}` };
  if (texts.every((text) => !Number.isNaN(parseDate(text)))) {
    return { kind: 'date', values, why: `${all} ${values === 1 ? 'a date' : 'dates'}` };
  }
  const words = new Set(texts.map((text) => text.toLowerCase()));
  if (words.size <= 2 && texts.every((text) => !Number.isNaN(parseBoolean(text)))) {
    return { kind: 'boolean', values, why: `${all} ${[...words].sort().join(' or ')}` };
  }
  const reason = /^[+-]?0\d+$/.test(other) ? 'begins with 0 as a code does' : 'is not a number';
  const odd = samples.findIndex((text) => text.trim() === other);
  return { kind: 'category', values, why: `'${shorten(other)}' ${reason}`, odd };
}

export type Decimal = '.' | ',';

/** What a number that is not taken for one says about decimals. */
export function decimalHint(text: string): string | undefined {
  const [, sign] = /^[-+]?\d*([.,])\d+$/.exec(text.trim()) ?? [];
  return sign && `If it is a number, say decimal: '${sign}'.`;
}

/** What would stand before decimals if a column of texts held numbers, all of them, with some. */
function otherDecimalOf(column: Column, decimalComma: boolean): Decimal | undefined {
  if (column.kind !== 'category') return undefined;
  const other = decimalComma ? '.' : ',';
  const { categories } = column;
  const all = () => categories.every((text) => /^[-+.,\d]/.test(text) && isNumber(text, !decimalComma));
  return categories.some((text) => text.includes(other)) && all() ? other : undefined;
}

/** The remark on it; `option` is how to say so. */
export function decimalRemarkOf(name: string, option: string): string {
  return `'${shorten(name)}' is read as texts, though all would be numbers with ${option}`;
}

/** A column of categories, nearly all of which are numbers. */
export interface Odd {
  /** Cells that are no numbers, and how many there are that are not missing. */
  readonly count: number;
  readonly of: number;
  /** The first of them. */
  readonly text: string;
  readonly row: number;
  /** Where it stands in a file. */
  readonly line?: number;
}

const NEARLY_ALL = 0.9;

/** What stands among numbers, if nine in ten cells are numbers and the others do not look like codes. */
export function oddOf(column: Column, decimalComma: boolean): Odd | undefined {
  if (column.kind !== 'category') return undefined;
  // Most texts are told by their first character.
  const numeric = column.categories.map((text) => /^[-+.,\di]/i.test(text) && isNumber(text, decimalComma));
  if (!numeric.includes(true)) return undefined;
  let [count, of, row] = [0, 0, -1];
  const { codes } = column;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code < 0) continue;
    of++;
    if (numeric[code]) continue;
    count++;
    if (row < 0) row = at;
  }
  if (row < 0 || of - count < NEARLY_ALL * of) return undefined;
  const text = column.categories[column.codes[row]!]!;
  return /^[+-]?0\d+$/.test(text) ? undefined : { count, of, text, row };
}

/** The remark on it. */
export function remarkOf(name: string, { count, of, text, row, line }: Odd): string {
  const place = line === undefined ? `row ${row}` : `line ${line}`;
  return `'${shorten(name)}' is read as texts, though ${of - count} of ${of} are numbers: the first other is '${shorten(text)}' in ${place}`;
}

/** What may be numbers in a column that was inferred to hold texts. */
export interface Doubts {
  /** Of categories that are nearly all numbers: those that are none. */
  readonly odd?: Odd;
  /** Of categories that would all be numbers with it before decimals. */
  readonly decimal?: Decimal;
}

/** The doubts about a column, and remarks on them; `lineOf` is where its first odd value stands. */
export function doubtsOf(
  column: Column,
  decimalComma: boolean,
  lineOf: () => number | undefined = () => undefined,
): { readonly doubts: Doubts; readonly remarks: readonly string[] } {
  const { name } = column;
  const found = oddOf(column, decimalComma);
  const line = found && lineOf();
  const odd = found && { ...found, ...(line !== undefined && { line }) };
  const decimal = otherDecimalOf(column, decimalComma);
  return {
    doubts: { ...(odd && { odd }), ...(decimal && { decimal }) },
    remarks: [
      ...(odd ? [remarkOf(name, odd)] : []),
      ...(decimal ? [decimalRemarkOf(name, `decimal: '${decimal}'`)] : []),
    ],
  };
}
