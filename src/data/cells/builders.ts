import { textDecoder, textEncoder } from '../../realms.js';
import type { CategoryColumn, Column, ColumnKind } from '../column.js';
import type { ColumnReport } from '../report.js';
import { type CellPlan, saysDates, settingsOf } from './cell-options.js';
import { dateReader } from './date-formats.js';
import { Dictionary, grown } from './dictionary.js';
import { Findings } from './findings.js';
import { type Decision, unitOf } from './infer.js';
import { isCommonMarker, isMissingNumber } from './markers.js';
import { isBeyondExact, isRounded, type NumberStyle, numberIn, numeralOf } from './numerals.js';
import { asciiOf, booleanWord, parseDate, parseNumber, withoutSpaces } from './scalars.js';
import { type DateReader, inEitherOrder } from './spelled-dates.js';

/** Turns the texts of a column into values. */
export interface Reading
  extends Pick<CellPlan, 'missing' | 'missingNumbers' | 'common' | 'decimalComma'>,
    Partial<Pick<NumberStyle, 'thousands'>> {
  readonly dateFormat?: string | undefined;
  /**
   * The unit of the first rows of a stream, which were not declared to be numbers: what comes later has it, too.
   */
  readonly unit?: string | undefined;
  /** Says whether the kind is known, so that every spelling of it counts. */
  readonly known: boolean;
}

/** Decides how the texts of a column are read; `found` is the spelling that its first rows suggest. */
export function readingOf(
  plan: CellPlan,
  name: string,
  known: boolean,
  found?: Pick<Decision, 'thousands' | 'dateFormat' | 'unit'>,
  inferred = false,
): Reading {
  const { thousands = found?.thousands, dateFormat: said } = settingsOf(plan, name);
  // A format that was given for all columns need not be that of this one.
  const dateFormat = saysDates(plan, name) ? said : (found?.dateFormat ?? said);
  const { missing, missingNumbers, common, decimalComma } = plan;
  const unit = inferred ? found?.unit : undefined;
  return { missing, missingNumbers, common, decimalComma, thousands, dateFormat, known, unit };
}

/** Codes for the fate of a text: 0 it became a value, 1 it is not of this kind, 2 its bytes are not UTF-8. */
export const TAKEN = 0;
export const STRAY = 1;
export const INVALID = 2;
export type Outcome = typeof TAKEN | typeof STRAY | typeof INVALID;

/** Collects a column. Texts come as bytes of UTF-8 without spaces around them. */
export interface Builder {
  readonly kind: ColumnKind;
  readonly rows: number;
  /** Collects remarks about the column's cells. */
  readonly findings: Findings;
  /** A number as it is, where the kind is number. */
  push?(value: number): void;
  /** Adds a text. Nothing is added where it is of another kind. */
  add(bytes: Uint8Array, from: number, to: number): Outcome;
  addMissing(): void;
  /** Returns the column so far, and an empty one of which nothing was found from here on. */
  finish(name: string): Column;
  describe(): Omit<ColumnReport, 'name' | 'why' | 'kind'>;
}

let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  decoder ??= textDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(bytes);
}

abstract class Numbers implements Builder {
  abstract readonly kind: 'number' | 'boolean' | 'date';
  rows = 0;
  findings = new Findings();
  #values = new Float64Array(1024);
  #missing = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(
    protected readonly reading: Reading,
    /** Values that stand for missing ones. */
    private readonly marks: ReadonlySet<number> | undefined,
  ) {}

  /** NaN where bytes are no value in the spelling that most have. */
  protected abstract parse(bytes: Uint8Array, from: number, to: number): number;

  /** Returns the value of any other spelling; NaN where there is none. */
  protected other(_text: string): number {
    return Number.NaN;
  }

  add(bytes: Uint8Array, from: number, to: number): Outcome {
    const value = from === to ? Number.NaN : this.parse(bytes, from, to);
    if (Number.isNaN(value)) return this.#unusual(bytes, from, to);
    this.push(value);
    return TAKEN;
  }

  #unusual(bytes: Uint8Array, from: number, to: number): Outcome {
    const text = from === to ? '' : decode(bytes.subarray(from, to));
    if (this.reading.missing.has(text) || isMissingNumber(text, this.reading)) this.addMissing();
    else if (this.reading.common && isCommonMarker(text)) {
      this.findings.mark(text, this.rows);
      this.addMissing();
    } else {
      const value = this.other(text);
      if (Number.isNaN(value)) return STRAY;
      this.push(value);
    }
    return TAKEN;
  }

  push(value: number): void {
    if (this.marks?.has(value)) {
      this.addMissing();
      return;
    }
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

  finish(name: string): Column {
    const values = this.#values.slice(0, this.rows);
    this.rows = 0;
    this.#missing = 0;
    [this.#min, this.#max] = [Infinity, -Infinity];
    this.findings = new Findings();
    return { name, kind: this.kind, values };
  }

  describe() {
    const seen = this.#min <= this.#max;
    const text = (value: number) => (this.kind === 'date' ? new Date(value).toISOString() : value);
    return { missing: this.#missing, ...(seen ? { min: text(this.#min), max: text(this.#max) } : {}) };
  }
}

/** Fewer bytes never hold a whole number beyond 2^53. */
const EXACT_BYTES = 15;

class NumberBuilder extends Numbers {
  readonly kind = 'number';
  readonly #comma: boolean;
  readonly #style: NumberStyle;
  #unit: string | undefined;

  constructor(reading: Reading) {
    super(reading, reading.missingNumbers);
    this.#unit = reading.unit;
    this.#comma = reading.decimalComma;
    this.#style = { decimal: reading.decimalComma ? ',' : '.', thousands: reading.thousands };
  }

  protected parse(bytes: Uint8Array, from: number, to: number): number {
    const value = parseNumber(bytes, from, to, this.#comma);
    if (to - from > EXACT_BYTES && Math.abs(value) > Number.MAX_SAFE_INTEGER) return Number.NaN;
    return this.#unit === '%' && value !== 0 ? Number.NaN : value;
  }

  protected override other(text: string): number {
    const numeral = numeralOf(text);
    if (!numeral) return Number.NaN;
    const value = numberIn(numeral, this.#style);
    if (this.#unit !== undefined && !this.#fits(unitOf(numeral), value)) return Number.NaN;
    const beyond = isBeyondExact(numeral, this.#style);
    // Long decimals beyond 2^53 come here as well: they are as plain as others.
    if (!this.reading.known && (beyond || Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return Number.NaN;
    if (isRounded(numeral, this.#style)) this.findings.rounded(text, value, this.rows);
    else if (this.reading.known) this.findings.written(text, value, this.rows);
    return value;
  }

  /** Returns whether a unit is that of the column: percent stands on all, a currency may be left out. */
  #fits(unit: string, value: number): boolean {
    if (unit === '%' || this.#unit === '%') return unit === this.#unit || (unit === '' && value === 0);
    if (unit === '' || unit === this.#unit) return true;
    if (this.#unit !== '') return false;
    this.#unit = unit;
    return true;
  }
}

class DateBuilder extends Numbers {
  readonly kind = 'date';
  readonly #read: DateReader | undefined;

  constructor(reading: Reading) {
    const { known, dateFormat, missing } = reading;
    const read = dateFormat === undefined ? inEitherOrder : dateReader(dateFormat);
    const marks = [...missing].map(read).filter((time) => !Number.isNaN(time));
    super(reading, marks.length > 0 ? new Set(marks) : undefined);
    this.#read = known ? read : undefined;
  }

  protected parse(bytes: Uint8Array, from: number, to: number): number {
    return to - from > 40 ? Number.NaN : parseDate(asciiOf(bytes, from, to));
  }

  protected override other(text: string): number {
    const time = this.#read?.(text) ?? Number.NaN;
    if (!Number.isNaN(time)) this.findings.written(text, time, this.rows);
    return time;
  }
}

class BooleanBuilder extends Numbers {
  readonly kind = 'boolean';
  readonly #words = ['false', 'true'];
  readonly #seen = [false, false];
  #pair: number | undefined;
  /** Caches the values of spellings that came before. */
  readonly #values = new Map<string, number>();
  /** Says whether a word stands for a missing value. */
  readonly #marked: boolean;

  constructor(reading: Reading) {
    super(reading, undefined);
    this.#marked = [...reading.missing].some((text) => booleanWord(text) || text === '0' || text === '1');
  }

  protected parse(bytes: Uint8Array, from: number, to: number): number {
    if (to - from > 5) return Number.NaN;
    const text = asciiOf(bytes, from, to);
    return this.#values.get(text) ?? this.#meet(text);
  }

  #meet(text: string): number {
    if (this.#marked && this.reading.missing.has(text)) return Number.NaN;
    const digit = this.reading.known && (text === '0' || text === '1');
    const word = booleanWord(text);
    if (!digit && (!word || (this.#pair !== undefined && word.pair !== this.#pair))) return Number.NaN;
    if (word) this.#pair = word.pair;
    const value = word?.value ?? Number(text);
    if (!this.#seen[value]) {
      this.#seen[value] = true;
      this.#words[value] = text;
    }
    this.#values.set(text, value);
    return value;
  }

  override finish(name: string): Column {
    return { ...super.finish(name), words: [...this.#words] } as unknown as Column;
  }
}

class CategoryBuilder implements Builder {
  readonly kind = 'category';
  rows = 0;
  readonly findings = new Findings();
  #codes = new Int32Array(1024);
  #missing = 0;
  #dictionary = new Dictionary();
  /** Codes of the column by codes of the dictionary, which knows the texts of missing values too; -1 for those. */
  #known = new Int32Array(64);
  #categories: string[] = [];

  constructor(private readonly missing: ReadonlySet<string>) {}

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
    if (this.missing.has(text)) this.#known[entry] = -1;
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

  finish(name: string): CategoryColumn {
    const column = {
      name,
      kind: this.kind,
      codes: this.#codes.slice(0, this.rows),
      categories: this.#categories,
    } as const;
    this.rows = 0;
    this.#missing = 0;
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
  return kind === 'boolean' ? new BooleanBuilder(reading) : new CategoryBuilder(reading.missing);
}

/** Collects a column, maybe none, and beside it its cells as they are written. */
export class KeepingBuilder implements Builder {
  readonly kind: ColumnKind;
  readonly #written = new CategoryBuilder(new Set());

  constructor(private readonly builder: Builder | undefined) {
    this.kind = builder?.kind ?? 'category';
  }

  get findings(): Findings {
    return (this.builder ?? this.#written).findings;
  }

  get rows(): number {
    return this.#written.rows;
  }

  add(bytes: Uint8Array, from: number, to: number): Outcome {
    const outcome = this.builder?.add(bytes, from, to) ?? TAKEN;
    return outcome === TAKEN ? this.#written.add(bytes, from, to) : outcome;
  }

  addMissing(): void {
    this.builder?.addMissing();
    this.#written.addMissing();
  }

  finish(name: string): Column {
    return (this.builder ?? this.#written).finish(name);
  }

  /** Returns the cells as they are written, and none from here on. */
  finishWritten(name: string): CategoryColumn {
    return this.#written.finish(name);
  }

  describe() {
    return (this.builder ?? this.#written).describe();
  }
}

/** Adds texts that are strings. */
export class TextFeed {
  #bytes = new Uint8Array(256);
  readonly #encoder = textEncoder();

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
