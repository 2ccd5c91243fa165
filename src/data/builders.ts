import { Dictionary, grown } from './dictionary.js';
import type { ColumnReport } from './report.js';
import { asciiOf, parseBoolean, parseDate, parseNumber } from './scalars.js';
import type { Column, ColumnKind } from './table.js';

/** How texts become values; the same for all columns of a file. */
export interface Reading {
  readonly missing: ReadonlySet<string>;
  readonly decimalComma: boolean;
}

/** What became of a text: 0 a value, 1 none of this kind, 2 bytes that are not UTF-8. */
export const TAKEN = 0;
export const STRAY = 1;
export const INVALID = 2;
export type Outcome = typeof TAKEN | typeof STRAY | typeof INVALID;

/** Collects a column. Texts come as bytes of UTF-8 without spaces around them. */
export interface Builder {
  readonly kind: ColumnKind;
  readonly rows: number;
  /** A text. Nothing is added where it is of another kind. */
  add(bytes: Uint8Array, from: number, to: number): Outcome;
  addMissing(): void;
  /** The column so far, and an empty one from here on. */
  finish(name: string): Column;
  describe(): Omit<ColumnReport, 'name' | 'why' | 'kind'>;
}

const decoder = /* @__PURE__ */ new TextDecoder();

abstract class Numbers implements Builder {
  abstract readonly kind: 'number' | 'boolean' | 'date';
  rows = 0;
  #values = new Float64Array(1024);
  #missing = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(protected readonly reading: Reading) {}

  /** NaN where bytes are no value. */
  protected abstract parse(bytes: Uint8Array, from: number, to: number): number;

  add(bytes: Uint8Array, from: number, to: number): Outcome {
    const value = from === to ? Number.NaN : this.parse(bytes, from, to);
    if (Number.isNaN(value)) {
      if (!this.isMissing(bytes, from, to)) return STRAY;
      this.addMissing();
      return TAKEN;
    }
    this.push(value);
    return TAKEN;
  }

  push(value: number): void {
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#store(value);
  }

  addMissing(): void {
    this.#missing++;
    this.#store(Number.NaN);
  }

  #store(value: number): void {
    if (this.rows === this.#values.length) this.#values = grown(this.#values, this.rows + 1, Float64Array);
    this.#values[this.rows++] = value;
  }

  protected isMissing(bytes: Uint8Array, from: number, to: number): boolean {
    return this.reading.missing.has(from === to ? '' : decoder.decode(bytes.subarray(from, to)));
  }

  finish(name: string): Column {
    const values = this.#values.slice(0, this.rows);
    this.rows = 0;
    return { name, kind: this.kind, values };
  }

  describe() {
    const seen = this.#min <= this.#max;
    const text = (value: number) => (this.kind === 'date' ? new Date(value).toISOString() : value);
    return { missing: this.#missing, ...(seen ? { min: text(this.#min), max: text(this.#max) } : {}) };
  }
}

class NumberBuilder extends Numbers {
  readonly kind = 'number';
  protected parse(bytes: Uint8Array, from: number, to: number): number {
    return parseNumber(bytes, from, to, this.reading.decimalComma);
  }
}

class DateBuilder extends Numbers {
  readonly kind = 'date';
  protected parse(bytes: Uint8Array, from: number, to: number): number {
    return to - from > 40 ? Number.NaN : parseDate(asciiOf(bytes, from, to));
  }
}

class BooleanBuilder extends Numbers {
  readonly kind = 'boolean';
  readonly #words = ['false', 'true'];
  readonly #seen = [false, false];
  protected parse(bytes: Uint8Array, from: number, to: number): number {
    if (to - from > 5) return Number.NaN;
    const text = asciiOf(bytes, from, to);
    const value = text === '0' ? 0 : text === '1' ? 1 : parseBoolean(text);
    if (!Number.isNaN(value) && !this.#seen[value]) {
      this.#seen[value] = true;
      this.#words[value] = text;
    }
    return value;
  }
  override finish(name: string): Column {
    return { ...super.finish(name), words: [...this.#words] } as unknown as Column;
  }
}

class CategoryBuilder implements Builder {
  readonly kind = 'category';
  rows = 0;
  #codes = new Int32Array(1024);
  #missing = 0;
  #dictionary = new Dictionary();
  /** Codes of the column by codes of the dictionary, which knows the texts of missing values too; -1 for those. */
  #known = new Int32Array(64);
  #categories: string[] = [];

  constructor(private readonly reading: Reading) {}

  add(bytes: Uint8Array, from: number, to: number): Outcome {
    const entries = this.#dictionary.texts.length;
    const entry = this.#dictionary.code(bytes, from, to);
    if (entry < 0) return INVALID;
    if (entry === entries) this.#meet(entry);
    const code = this.#known[entry]!;
    if (code < 0) this.#missing++;
    this.#store(code);
    return TAKEN;
  }

  #meet(entry: number): void {
    if (entry === this.#known.length) this.#known = grown(this.#known, entry + 1, Int32Array);
    const text = this.#dictionary.texts[entry]!;
    if (this.reading.missing.has(text)) this.#known[entry] = -1;
    else this.#known[entry] = this.#categories.push(text) - 1;
  }

  addMissing(): void {
    this.#missing++;
    this.#store(-1);
  }

  #store(code: number): void {
    if (this.rows === this.#codes.length) this.#codes = grown(this.#codes, this.rows + 1, Int32Array);
    this.#codes[this.rows++] = code;
  }

  finish(name: string): Column {
    const column = {
      name,
      kind: this.kind,
      codes: this.#codes.slice(0, this.rows),
      categories: this.#categories,
    } as const;
    this.rows = 0;
    this.#dictionary = new Dictionary();
    this.#categories = [];
    return column;
  }

  describe() {
    return { missing: this.#missing, distinct: this.#categories.length };
  }
}

export function makeBuilder(kind: ColumnKind, reading: Reading): Builder {
  if (kind === 'number') return new NumberBuilder(reading);
  if (kind === 'date') return new DateBuilder(reading);
  return kind === 'boolean' ? new BooleanBuilder(reading) : new CategoryBuilder(reading);
}

const isSpace = (unit: number) => unit === 32 || unit === 9 || unit === 13;

/** The text without spaces around it. Not by a pattern, which looks at each space within for the end of the text. */
function withoutSpaces(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return to - from === text.length ? text : text.slice(from, to);
}

/** Adds texts that are strings. */
export class TextFeed {
  #bytes = new Uint8Array(256);
  readonly #encoder = new TextEncoder();

  /** Bytes of the text without spaces around it: from 0 to the length that it returns. */
  encode(text: string): number {
    const trimmed = withoutSpaces(text);
    const { length } = trimmed;
    if (length * 3 > this.#bytes.length) this.#bytes = new Uint8Array(length * 6);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = trimmed.charCodeAt(i);
      if (unit > 127) return this.#encoder.encodeInto(trimmed, bytes).written;
      bytes[i] = unit;
    }
    return length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}
