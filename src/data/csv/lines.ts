import { textDecoder } from '../../realms.js';
import { type Builder, INVALID, STRAY, TAKEN } from '../cells/builders.js';
import { grown } from '../cells/dictionary.js';
import { DataError } from '../data-error.js';
import { checkText, encodingError, hasLoneReturn, LF, type Place, QUOTE, SPACE } from './byte-codes.js';
import { beginsWith, Cutter, ESCAPED, FLAW, isSpace, PART } from './cutter.js';
import { type Stray, strayError } from './stray.js';

/** A column that is being read. */
export interface Field {
  readonly name: string;
  /** undefined where the column is left out. */
  readonly builder: Builder | undefined;
  /** Says whether a text of another kind is an error. */
  readonly strict: boolean;
  stray: Stray | undefined;
}

interface LineOptions {
  readonly maxLineLength: number;
  readonly maxFieldLength: number;
  readonly maxRows: number;
  /** The bytes with which lines to leave out begin. */
  readonly comment: Uint8Array | undefined;
}

/** Describes how lines are cut into fields. */
interface Cutting {
  readonly separator: string;
  readonly quote: boolean;
  /** The first line that is not blank holds names. */
  readonly header: boolean;
  /** Lines above the table. */
  readonly skip: number;
  /** Says whether a separator may end a line. */
  readonly trailing: boolean;
  /** Says whether it is an assumption that quotes enclose fields, and tabs cut lines, in which quotes seldom do. */
  readonly bare: boolean;
}

/** A quote in a line that has as many fields as the others if quotes are characters like others. */
export class BareQuoteError extends DataError {}

let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  decoder ??= textDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(bytes);
}

/**
 * Cuts blocks into lines and fields, and feeds them to the builders of columns. Blocks without a quote are cut here, since
 * separators are all there is to them; the others row by row.
 */
export class LineReader {
  rows = 0;
  #line: number;
  /** The lines of rows that were not taken yet. */
  #lines = new Uint32Array(1024);
  #untaken = 0;
  /** The pieces that came after the last whole row. */
  #rest: Uint8Array[] = [];
  #length = 0;
  /** Bytes to wait for before a row in quotes that was not whole is tried again, so that it is read twice at most. */
  #enough = 0;
  #skip: number;
  #header: boolean;
  readonly #separator: number;
  readonly #quote: boolean;
  readonly #trailing: boolean;
  readonly #bare: boolean;
  readonly #cutter: Cutter;

  constructor(
    private readonly source: string,
    private readonly fields: readonly Field[],
    private readonly limits: LineOptions,
    { separator, quote, header, skip, trailing, bare }: Cutting,
    line: number,
  ) {
    this.#separator = separator.charCodeAt(0);
    this.#quote = quote;
    this.#header = header;
    this.#skip = skip;
    this.#trailing = trailing || this.#separator <= SPACE;
    this.#cutter = new Cutter(this.#separator, quote);
    this.#line = line;
    this.#bare = bare;
  }

  push(block: Uint8Array, last = false): void {
    checkText(block, this.source, this.#line);
    const more = this.#finishLine(block);
    if (more.length > 0) this.#rest.push(more);
    this.#length += more.length;
    if (!last && (this.#length < this.#enough || (this.#rest.length > 1 && more.indexOf(LF) < 0))) {
      this.#checkLength(this.#length);
      return;
    }
    const unit = this.#joined(last);
    const at = this.#take(unit, last);
    const rest = unit.slice(at);
    this.#rest = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#enough = rest.includes(LF) ? 2 * rest.length : 0;
    this.#checkLength(rest.length);
  }

  /** Reads the line that was begun, if it has no quotes, without a copy of the block. Returns what comes after it. */
  #finishLine(block: Uint8Array): Uint8Array {
    const end = block.indexOf(LF) + 1;
    if (this.#rest.length === 0 || this.#enough > 0 || end === 0) return block;
    const line = block.subarray(0, end);
    if (this.#quote && [...this.#rest, line].some((piece) => piece.includes(QUOTE))) return block;
    this.#rest.push(line);
    this.#length += end;
    this.#take(this.#joined(false), false);
    this.#rest = [];
    this.#length = 0;
    return block.subarray(end);
  }

  /** Reads the whole rows of bytes; returns where the first begins that is not whole. */
  #take(unit: Uint8Array, last: boolean): number {
    const end = unit.lastIndexOf(LF) + 1;
    let at = 0;
    for (; this.#skip > 0 && at < end; this.#skip--) {
      at = unit.indexOf(LF, at) + 1;
      this.#line++;
    }
    const quoted = this.#quote ? unit.indexOf(QUOTE, at) : -1;
    return quoted >= 0 && quoted < end ? this.#rows(unit, at, end, last) : this.#plain(unit, at, end);
  }

  /** Returns all that came since the last whole row; ends in a line break if nothing comes after it. */
  #joined(last: boolean): Uint8Array {
    const open = last && this.#length > 0 && this.#rest.at(-1)!.at(-1) !== LF;
    if (!open && this.#rest.length === 1) return this.#rest[0]!;
    const unit = new Uint8Array(this.#length + (open ? 1 : 0));
    let at = 0;
    for (const piece of this.#rest) {
      unit.set(piece, at);
      at += piece.length;
    }
    if (open) unit[at] = LF;
    return unit;
  }

  #checkLength(length: number): void {
    if (length <= this.limits.maxLineLength) return;
    const open = this.#quote && this.#rest.some((piece) => piece.includes(QUOTE));
    throw this.#tooLongLine(open ? 'Is a quote not closed? quote: false takes quotes for characters.' : undefined);
  }

  #tooLongLine(hint?: string): DataError {
    const problem = `the line is longer than ${this.limits.maxLineLength}, the limit maxLineLength`;
    return new DataError({
      code: 'limit',
      source: this.source,
      line: this.#line,
      column: 1,
      problem,
      ...(hint && { hint }),
    });
  }

  #plain(unit: Uint8Array, from: number, end: number): number {
    const { fields } = this;
    const separator = this.#separator;
    const count = fields.length;
    const { maxFieldLength, maxLineLength, comment } = this.limits;
    const trailing = this.#trailing;
    let at = from;
    while (at < end) {
      const line = at;
      if (comment && beginsWith(unit, at, comment)) {
        at = unit.indexOf(LF, at) + 1;
        this.#line++;
        continue;
      }
      for (let c = 0; ; c++, at++) {
        let start = at;
        let byte = unit[at]!;
        while (byte !== separator && byte !== LF) byte = unit[++at]!;
        let stop = at;
        if (stop - start > maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, line, start));
        while (start < stop && isSpace(unit[start]!)) start++;
        while (stop > start && isSpace(unit[stop - 1]!)) stop--;
        const ends = byte === LF;
        if (separator === SPACE && start === stop && !ends) {
          // Several spaces in a row separate fields as one does.
          c--;
          continue;
        }
        if (ends && start === stop) {
          if (c === 0) break;
          // Separators may trail after the last field.
          if (c === count && trailing && !this.#header) {
            this.#ended(this.#line);
            break;
          }
        }
        if (this.#header) {
          if (ends) this.#header = false;
          if (ends) break;
          continue;
        }
        if (c >= count) throw this.#ragged(unit, line, this.#countPlain(unit, line), start);
        const field = fields[c]!;
        if (field.builder) {
          const outcome = field.builder.add(unit, start, stop);
          if (outcome !== TAKEN) this.#odd(outcome, field, unit, start, stop, line, start);
        }
        if (!ends) continue;
        if (c + 1 < count) throw this.#ragged(unit, line, c + 1, at);
        this.#ended(this.#line);
        break;
      }
      if (at - line > maxLineLength) throw this.#tooLongLine();
      at++;
      this.#line++;
    }
    return end;
  }

  #countPlain(unit: Uint8Array, at: number): number {
    let count = 1;
    for (; unit[at] !== LF; at++) if (unit[at] === this.#separator) count++;
    return count;
  }

  #ended(line: number): void {
    if (this.#untaken === this.#lines.length) this.#lines = grown(this.#lines, this.#untaken + 1, Uint32Array);
    this.#lines[this.#untaken++] = line;
    if (++this.rows <= this.limits.maxRows) return;
    const problem = `there are more than ${this.limits.maxRows} rows, the limit maxRows`;
    throw new DataError({ code: 'limit', source: this.source, line, column: 1, problem, hint: STREAM });
  }

  /** Returns the lines in which rows begin since the last call. */
  takeLines(): Uint32Array {
    const lines = this.#lines.slice(0, this.#untaken);
    this.#untaken = 0;
    return lines;
  }

  /** Reads the whole rows up to `end`, where fields may be quoted. Returns where the first that is not whole begins. */
  #rows(unit: Uint8Array, from: number, end: number, last: boolean): number {
    const { maxLineLength, comment } = this.limits;
    const cutter = this.#cutter;
    let at = from;
    while (at < end) {
      if (comment && beginsWith(unit, at, comment)) {
        at = unit.indexOf(LF, at) + 1;
        this.#line++;
        continue;
      }
      const outcome = cutter.cut(unit, at, end);
      if (outcome === PART && !last) return at;
      if (outcome === PART || outcome === FLAW) throw this.#flaw(unit, at, outcome === PART);
      if (this.#bare && cutter.breaks > 0 && this.#areWhole(unit, at, cutter.end)) throw this.#swallows(unit, at);
      if (cutter.end - at > maxLineLength) throw this.#tooLongLine();
      if (!cutter.blank) this.#row(unit, at);
      at = cutter.end;
      this.#line += 1 + cutter.breaks;
    }
    return end;
  }

  #flaw(unit: Uint8Array, row: number, unclosed: boolean): DataError {
    const problem = unclosed
      ? 'a quote is opened here and never closed'
      : 'a quoted field continues after its closing quote';
    const bare = 'If quotes are characters like others, say quote: false.';
    const hint = unclosed ? bare : `Inside quotes a quote is written twice. ${bare}`;
    const place = this.#placeOf(unit, row, this.#cutter.open);
    const flaw = { code: 'quote', source: this.source, ...place, problem, hint } as const;
    const isBare = this.#bare && this.#areWhole(unit, row, unit.indexOf(LF, row) + 1);
    return isBare ? new BareQuoteError(flaw) : new DataError(flaw);
  }

  /** Returns whether each line is a row if quotes are characters, and quotes do not enclose what most rows have. */
  #areWhole(unit: Uint8Array, from: number, end: number): boolean {
    if (2 * this.#cutter.quoted > this.rows + 1) return false;
    for (let at = from; at < end; at = unit.indexOf(LF, at) + 1) {
      if (this.#countPlain(unit, at) !== this.fields.length) return false;
    }
    return true;
  }

  /** Returns the error for a field whose quotes enclose line breaks between which each line is a row of its own. */
  #swallows(unit: Uint8Array, row: number): DataError {
    const place = this.#placeOf(unit, row, this.#cutter.broken);
    const last = this.#line + this.#cutter.breaks;
    const problem = `a quote is opened here and closed in line ${last}, though each of the lines has ${this.fields.length} fields by itself`;
    const hint = 'If quotes are characters like others, say quote: false; if they enclose line breaks, quote: true.';
    return new BareQuoteError({ code: 'quote', source: this.source, ...place, problem, hint });
  }

  #row(unit: Uint8Array, row: number): void {
    const { fields } = this;
    const cutter = this.#cutter;
    if (this.#header) {
      this.#header = false;
      return;
    }
    const count = fields.length;
    const found = cutter.count;
    if (found !== count) {
      const trails = found === count + 1 && this.#trailing && cutter.starts[count] === cutter.stops[count];
      if (!trails) throw this.#ragged(unit, row, found, found > count ? cutter.froms[count]! : cutter.end - 1);
    }
    const { maxFieldLength } = this.limits;
    for (let c = 0; c < count; c++) {
      const field = fields[c]!;
      let bytes = unit;
      let start = cutter.starts[c]!;
      let stop = cutter.stops[c]!;
      if (stop - start > maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, row, cutter.froms[c]!));
      if (!field.builder) continue;
      if (cutter.marks[c] === ESCAPED) {
        bytes = cutter.meant(unit, c);
        start = 0;
        stop = bytes.length;
      }
      const outcome = field.builder.add(bytes, start, stop);
      if (outcome === TAKEN) continue;
      if (outcome === STRAY && field.stray && !field.strict) field.builder.addMissing();
      else this.#odd(outcome, field, bytes, start, stop, row, cutter.froms[c]!, unit);
    }
    this.#ended(this.#line);
  }

  /** Deals with bytes that are no value; the place of the field in its row is only looked for where it is told. */
  #odd(
    outcome: number,
    field: Field,
    bytes: Uint8Array,
    from: number,
    to: number,
    row: number,
    at: number,
    unit = bytes,
  ): void {
    const { name, builder, strict } = field;
    if (outcome === INVALID) throw encodingError(this.source, this.#placeOf(unit, row, at), name);
    if (outcome !== STRAY || !builder) return;
    if (strict || !field.stray) {
      const place = this.#placeOf(unit, row, at);
      const text = decode(bytes.subarray(from, Math.min(to, from + 200)));
      if (strict) throw strayError(this.source, field, { ...place, text });
      field.stray = { ...place, text };
    }
    builder.addMissing();
  }

  /** Returns the line and column of a byte of the row that begins at `row`. */
  #placeOf(unit: Uint8Array, row: number, at: number): Place {
    let line = this.#line;
    let start = row;
    for (let i = unit.indexOf(LF, row); i >= 0 && i < at; i = unit.indexOf(LF, i + 1)) {
      line++;
      start = i + 1;
    }
    return { line, column: decode(unit.subarray(start, at)).length + 1 };
  }

  #ragged(unit: Uint8Array, row: number, found: number, at: number): DataError {
    const expected = this.fields.length;
    const problem = `the row has ${found} field${found === 1 ? '' : 's'} where the first has ${expected}`;
    const hint =
      unit[row] === 35
        ? "If lines that begin with # are comments, say comment: '#'."
        : hasLoneReturn(unit, row)
          ? 'It contains a lone carriage return: end all lines alike.'
          : found > expected
            ? 'A field that contains the separator must be quoted.'
            : found === 1
              ? noteHint(decode(unit.subarray(row, Math.min(at, row + 400))).trim())
              : undefined;
    const place = this.#placeOf(unit, row, at);
    return new DataError({ code: 'fields', source: this.source, ...place, problem, ...(hint && { hint }) });
  }

  #tooLong(c: number, place: Place): DataError {
    const field = this.fields[c]?.name;
    const problem = `the field is longer than ${this.limits.maxFieldLength}, the limit maxFieldLength`;
    return new DataError({ code: 'limit', source: this.source, ...place, ...(field && { field }), problem });
  }
}

/** Returns the advice for a line of one field, such as a note below a table. A short text may also be the start of a row. */
function noteHint(text: string): string {
  const way = /^[^'"]{8,60}$/.test(text) ? `comment: '${text}' leaves out lines that begin so` : 'delete it';
  return `If the line is no row but a note, ${way}.`;
}

export const STREAM = 'Read it a block at a time with streamCsv, or raise the limit.';
