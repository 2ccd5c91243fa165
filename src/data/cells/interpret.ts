import type { CategoryColumn, Column, NumberColumn } from '../column.js';
import type { ColumnReport } from '../report.js';
import type { Settings } from './cell-options.js';
import { Findings } from './findings.js';
import { type Decision, decide, isMark, isPlain } from './infer.js';
import { isCommonMarker } from './markers.js';
import { isRounded, type NumberStyle, numeralOf } from './numerals.js';
import { booleanWord, parseDate } from './scalars.js';
import { inEitherOrder } from './spelled-dates.js';

/** A column of texts, as what all of them are. */
export interface Interpreted {
  readonly column: Column;
  readonly decision: Decision;
  readonly findings: Findings;
  /** Describes the column where its kind is not text. */
  readonly described?: Omit<ColumnReport, 'name' | 'why' | 'kind'>;
}

/** Makes numbers, dates or booleans of a column of texts if all of them are that, whatever their spelling. */
export function interpret(column: CategoryColumn, settings: Settings): Interpreted {
  const { name, codes, categories } = column;
  const decision = decide(categories, settings);
  const findings = new Findings();
  if (decision.kind === 'category') return { column, decision, findings };
  const counts = new Int32Array(categories.length);
  const rows = new Int32Array(categories.length);
  for (let row = codes.length - 1; row >= 0; row--) {
    if (codes[row]! < 0) continue;
    counts[codes[row]!]!++;
    rows[codes[row]!] = row;
  }
  const words = ['false', 'true'] as [string, string];
  const seen = [false, false];
  const marked = markedTimes(decision, settings);
  const values = Float64Array.from(categories, (text, code) => {
    if (isMark(text, settings)) {
      if (isCommonMarker(text)) findings.mark(text, rows[code]!, counts[code]!);
      return Number.NaN;
    }
    if (decision.kind === 'boolean') {
      const { value } = booleanWord(text)!;
      if (!seen[value]) words[value] = text;
      seen[value] = true;
      return value;
    }
    const value = decision.read!(text);
    const { kind } = decision;
    if (marked.has(value) || (kind === 'number' && settings.missingNumbers?.has(value))) return Number.NaN;
    const note = [text, value, rows[code]!, counts[code]!] as const;
    if (kind === 'date' ? Number.isNaN(parseDate(text)) : !isPlain(text, settings.decimalComma))
      findings.written(...note);
    const numeral = kind === 'number' ? numeralOf(text) : undefined;
    if (numeral && isRounded(numeral, styleOf(decision, settings))) findings.rounded(...note);
    return value;
  });
  const numbers = Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : values[code]!));
  const kind = decision.kind as NumberColumn['kind'];
  const made = { name, kind, values: numbers, ...(kind === 'boolean' && { words }) } as NumberColumn;
  return { column: made, decision, findings, described: describe(made) };
}

const styleOf = ({ thousands }: Decision, { decimalComma }: Settings): NumberStyle => ({
  decimal: decimalComma ? ',' : '.',
  thousands,
});

/** Dates that stand for a missing value, in whatever spelling. */
function markedTimes({ kind, dateFormat, read }: Decision, { missing }: Settings): ReadonlySet<number> {
  if (kind !== 'date') return new Set();
  return new Set(
    [...missing].map(dateFormat === undefined ? inEitherOrder : read!).filter((time) => !Number.isNaN(time)),
  );
}

function describe({ kind, values }: NumberColumn): Omit<ColumnReport, 'name' | 'why' | 'kind'> {
  let [missing, min, max] = [0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) missing++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const text = (value: number) => (kind === 'date' ? new Date(value).toISOString() : value);
  return { missing, ...(min <= max && { min: text(min), max: text(max) }) };
}
