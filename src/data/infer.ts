import { shorten } from './errors.js';
import { parseBoolean, parseDate, parseNumber } from './scalars.js';
import type { ColumnKind } from './table.js';

/** The kind that samples of a column are of, and what says so. */
export interface Evidence {
  readonly kind: ColumnKind;
  readonly why: string;
  /** Values among the samples that are not missing. */
  readonly values: number;
}

const encoder = /* @__PURE__ */ new TextEncoder();

interface Texts {
  readonly missing: ReadonlySet<string>;
  readonly decimalComma?: boolean;
}

export function inferKind(samples: readonly string[], { missing, decimalComma = false }: Texts): Evidence {
  const texts = samples.map((text) => text.trim()).filter((text) => !missing.has(text));
  const values = texts.length;
  if (values === 0) return { kind: 'number', values, why: 'the first rows have no value' };
  const isNumber = (text: string) => {
    const bytes = encoder.encode(text);
    return !Number.isNaN(parseNumber(bytes, 0, bytes.length, decimalComma));
  };
  const all = values === 1 ? 'the first value is' : `the first ${values} values are`;
  const other = texts.find((text) => !isNumber(text));
  if (other === undefined) return { kind: 'number', values, why: `${all} ${values === 1 ? 'a number' : 'numbers'}` };
  if (texts.every((text) => !Number.isNaN(parseDate(text)))) {
    return { kind: 'date', values, why: `${all} ${values === 1 ? 'a date' : 'dates'}` };
  }
  const words = new Set(texts.map((text) => text.toLowerCase()));
  if (words.size <= 2 && texts.every((text) => !Number.isNaN(parseBoolean(text)))) {
    return { kind: 'boolean', values, why: `${all} ${[...words].sort().join(' or ')}` };
  }
  const reason = /^[+-]?0\d+$/.test(other) ? 'begins with 0 as a code does' : 'is not a number';
  return { kind: 'category', values, why: `'${shorten(other)}' ${reason}` };
}
