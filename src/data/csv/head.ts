import { textDecoder } from '../../realms.js';
import { LF } from './byte-codes.js';
import { beginsWith, Cutter, ESCAPED, PART, PLAIN, ROW } from './cutter.js';

/** Rows from the beginning of a file, as texts. */
export interface Sample {
  readonly rows: readonly string[][];
  /** The lines in which they begin. */
  readonly lines: readonly number[];
  /** Says whether a field is wrongly quoted. */
  readonly flawed: boolean;
  /** Says whether a field in quotes holds a separator. */
  readonly protects: boolean;
  /** Says whether a field in quotes holds a line break. */
  readonly breaks: boolean;
}

export interface HowCut {
  readonly separator: string;
  readonly quote: boolean;
}

/** The beginning of a file: whole lines of it. */
export class Head {
  readonly #bytes: Uint8Array;
  readonly #text: string | undefined;
  readonly #decoder = textDecoder('utf-8', { ignoreBOM: true });

  constructor(
    bytes: Uint8Array,
    /** Says whether it is all there is. */
    readonly whole: boolean,
    /** The number of its first line. */
    readonly line: number,
    /** The bytes with which lines to leave out begin. */
    readonly comment: Uint8Array | undefined,
  ) {
    const open = whole && bytes.length > 0 && bytes.at(-1) !== LF;
    this.#bytes = open ? new Uint8Array(bytes.length + 1) : bytes;
    if (open) {
      this.#bytes.set(bytes);
      this.#bytes[bytes.length] = LF;
    }
    // Where bytes are characters, fields are slices of one text.
    const text = this.#decoder.decode(this.#bytes);
    this.#text = text.length === this.#bytes.length ? text : undefined;
  }

  #textOf(bytes: Uint8Array, start: number, stop: number): string {
    if (bytes === this.#bytes && this.#text !== undefined) return this.#text.slice(start, stop);
    return start === stop ? '' : this.#decoder.decode(bytes.subarray(start, stop));
  }

  /** Lines as they are, up to `limit` of them; `filled`: without those that are blank. */
  lines(limit: number, filled = false): string[] {
    const lines: string[] = [];
    for (let at = 0; at < this.#bytes.length && lines.length < limit; ) {
      const end = this.#bytes.indexOf(LF, at);
      const stop = end < 0 ? this.#bytes.length : end;
      const text = this.#textOf(this.#bytes, at, stop);
      if (!filled || text.trim() !== '') lines.push(filled ? text.trim() : text);
      at = stop + 1;
    }
    return lines;
  }

  /** Returns the head without its first `count` lines. */
  after(count: number): Head {
    let at = 0;
    for (let left = count; left > 0 && at < this.#bytes.length; left--) at = this.#bytes.indexOf(LF, at) + 1;
    return count === 0 ? this : new Head(this.#bytes.subarray(at), this.whole, this.line + count, this.comment);
  }

  has(byte: number): boolean {
    return this.#bytes.includes(byte);
  }

  /** Rows that are not blank, up to `limit` of them. */
  sample({ separator, quote }: HowCut, limit: number): Sample {
    const bytes = this.#bytes;
    const sign = separator.charCodeAt(0);
    let usual = new Cutter(sign, quote);
    const plain = new Cutter(sign, false);
    const rows: string[][] = [];
    const lines: number[] = [];
    let { line } = this;
    let [flawed, protects, breaks] = [false, false, false];
    for (let at = 0; at < bytes.length && rows.length < limit; ) {
      if (this.comment && beginsWith(bytes, at, this.comment)) {
        at = bytes.indexOf(LF, at) + 1;
        line++;
        continue;
      }
      let cutter = usual;
      const outcome = usual.cut(bytes, at, bytes.length);
      if (outcome === PART && !this.whole) break;
      if (outcome !== ROW) {
        // The reader will report the fault.
        flawed = true;
        cutter = plain;
        if (outcome === PART) usual = plain;
        if (plain.cut(bytes, at, bytes.length) !== ROW) break;
      }
      at = cutter.end;
      const began = line;
      line += 1 + cutter.breaks;
      if (cutter.blank) continue;
      if (cutter.breaks > 0) breaks = true;
      const row: string[] = [];
      for (let c = 0; c < cutter.count; c++) {
        const mark = cutter.marks[c];
        let text: string;
        if (mark === ESCAPED) {
          const meant = cutter.meant(bytes, c);
          text = this.#textOf(meant, 0, meant.length);
        } else text = this.#textOf(bytes, cutter.starts[c]!, cutter.stops[c]!);
        if (mark !== PLAIN && text.includes(separator)) protects = true;
        row.push(text);
      }
      rows.push(row);
      lines.push(began);
    }
    return { rows, lines, flawed, protects, breaks };
  }
}
