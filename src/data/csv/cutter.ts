import { grown } from '../cells/dictionary.js';
import { CR, LF, QUOTE, SPACE, TAB } from './byte-codes.js';

/** Codes for what `cut` found: a whole row, the beginning of one, or a field with wrong quotes. */
export const ROW = 0;
export const PART = 1;
export const FLAW = 2;
export type Outcome = typeof ROW | typeof PART | typeof FLAW;

/** Codes for how a field is written: plain, in quotes, or in quotes with escapes in it. */
export const PLAIN = 0;
export const QUOTED = 1;
export const ESCAPED = 2;

export const isSpace = (byte: number) => byte === SPACE || byte === TAB || byte === CR;

/** Cuts rows into fields, one row at a time, and looks at each byte a fixed number of times. */
export class Cutter {
  /** Fields of the row. */
  count = 0;
  /** The index at which the next row begins. */
  end = 0;
  /** Line breaks in quotes. */
  breaks = 0;
  /** The quote that opens a field which is flawed or not closed; -1 where there is none. */
  open = -1;
  /** The quote that opens the last field which holds a line break. */
  broken = -1;
  /** Fields in quotes of all rows so far. */
  quoted = 0;
  /** The start of each field, with its quotes, and the bounds of its content, without surrounding spaces. */
  froms = new Int32Array(64);
  starts = new Int32Array(64);
  stops = new Int32Array(64);
  marks = new Uint8Array(64);
  #scratch = new Uint8Array(256);

  constructor(
    readonly separator: number,
    /** Says whether quotes are more than characters. */
    readonly quotes: boolean,
  ) {}

  /** Cuts the row at `at` of bytes up to `limit`. */
  cut(unit: Uint8Array, at: number, limit: number): Outcome {
    const { separator, quotes } = this;
    const merges = separator === SPACE;
    this.count = 0;
    this.breaks = 0;
    this.open = -1;
    for (let i = at; ; i++) {
      while (i < limit && isSpace(unit[i]!) && (merges || unit[i] !== separator)) i++;
      if (i >= limit) return PART;
      const from = i;
      let start = i;
      let stop: number;
      let mark = PLAIN;
      if (quotes && unit[i] === QUOTE) {
        mark = QUOTED;
        this.open = from;
        for (i++; ; i++) {
          if (i >= limit) return PART;
          const byte = unit[i]!;
          if (byte === LF) {
            this.breaks++;
            this.broken = from;
          } else if (byte === CR) mark = ESCAPED;
          else if (byte === QUOTE) {
            if (i + 1 >= limit || unit[i + 1] !== QUOTE) break;
            mark = ESCAPED;
            i++;
          }
        }
        start++;
        stop = i++;
        while (i < limit && isSpace(unit[i]!) && unit[i] !== separator) i++;
        if (i >= limit) return PART;
        if (unit[i] !== separator && unit[i] !== LF) return FLAW;
        this.open = -1;
        this.quoted++;
        while (start < stop && isSpace(unit[start]!)) start++;
      } else {
        while (i < limit && unit[i] !== separator && unit[i] !== LF) i++;
        if (i >= limit) return PART;
        stop = i;
      }
      while (stop > start && isSpace(unit[stop - 1]!)) stop--;
      const ends = unit[i] === LF;
      // Spaces that separate fields may trail.
      if (!(merges && ends && mark === PLAIN && start === stop && this.count > 0)) this.#push(from, start, stop, mark);
      if (!ends) continue;
      this.end = i + 1;
      return ROW;
    }
  }

  #push(from: number, start: number, stop: number, mark: number): void {
    const c = this.count++;
    if (c === this.starts.length) {
      this.froms = grown(this.froms, c + 1, Int32Array);
      this.starts = grown(this.starts, c + 1, Int32Array);
      this.stops = grown(this.stops, c + 1, Int32Array);
      this.marks = grown(this.marks, c + 1, Uint8Array);
    }
    this.froms[c] = from;
    this.starts[c] = start;
    this.stops[c] = stop;
    this.marks[c] = mark;
  }

  /** Returns whether the row is a blank line. */
  get blank(): boolean {
    return this.count === 1 && this.marks[0] === PLAIN && this.starts[0] === this.stops[0];
  }

  /** Bytes of an escaped field as they are meant: quotes once, line breaks as \n. Valid until the next call. */
  meant(unit: Uint8Array, field: number): Uint8Array {
    const [start, stop] = [this.starts[field]!, this.stops[field]!];
    if (this.#scratch.length < stop - start) this.#scratch = new Uint8Array(2 * (stop - start));
    let to = 0;
    for (let i = start; i < stop; i++) {
      const byte = unit[i]!;
      if (byte === CR && unit[i + 1] === LF) continue;
      if (byte === QUOTE) i++;
      this.#scratch[to++] = byte;
    }
    return this.#scratch.subarray(0, to);
  }
}

/** Returns whether bytes at `at` begin with a prefix. */
export function beginsWith(unit: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (unit[at + i] !== prefix[i]) return false;
  return true;
}
