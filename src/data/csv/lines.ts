import { type Builder, INVALID, STRAY, TAKEN, TextFeed } from '../builders.js';
import { grown } from '../dictionary.js';
import { DataError, shorten } from '../errors.js';
import { hintFor } from '../infer.js';
import { fieldAt, parseRows, startOf } from './quoted.js';

const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text among values of another kind. */
export interface Stray extends Place {
  readonly text: string;
}

/** A column that is being read. */
export interface Field {
  readonly name: string;
  /** undefined where the column is left out. */
  readonly builder: Builder | undefined;
  /** Whether a text of another kind is an error. */
  readonly strict: boolean;
  stray: Stray | undefined;
}

interface LineLimits {
  readonly maxLineLength: number;
  readonly maxFieldLength: number;
}

const utf8 = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const isSpace = (byte: number) => byte === SPACE || byte === TAB || byte === CR;

/** The place of a byte or character behind those of `before`, lines counted from `line` on. */
function placeOf(before: Uint8Array | string, line: number): Place {
  let start = 0;
  const newline = typeof before === 'string' ? '\n' : LF;
  for (let i = 0; i < before.length; i++) {
    if (before[i] !== newline) continue;
    line++;
    start = i + 1;
  }
  return { line, column: before.length - start + 1 };
}

/** Decodes UTF-8, or says where it is none. */
export function decode(bytes: Uint8Array, source: string, line: number): string {
  try {
    return utf8().decode(bytes);
  } catch {
    // A decoder that streams takes what is valid before it refuses: halve until the first bad byte is found.
    let good = 0;
    let bad = bytes.length;
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      try {
        utf8().decode(bytes.subarray(0, middle), { stream: true });
        good = middle;
      } catch {
        bad = middle;
      }
    }
    throw encodingError(source, placeOf(bytes.subarray(0, leadOf(bytes, bad - 1)), line));
  }
}

/** Where the character begins that byte `at` breaks off. */
function leadOf(bytes: Uint8Array, at: number): number {
  if (bytes[at]! >= 0xc0) return at;
  let lead = at - 1;
  while (lead > at - 3 && (bytes[lead]! & 0xc0) === 0x80) lead--;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  return lead + length > at ? lead : at;
}

function encodingError(source: string, place: Place, field?: string): DataError {
  return new DataError({
    code: 'encoding',
    source,
    ...place,
    ...(field === undefined ? {} : { field }),
    problem: 'this is not UTF-8',
    hint: "Say what it is, such as encoding: 'windows-1252'.",
  });
}

/** Refuses bytes that no text has. */
export function checkText(bytes: Uint8Array, source: string, line: number): void {
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  const problem = 'there is a NUL, which no text has';
  const zip = line === 1 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  const hint = 'It is a zip archive, as spreadsheets (.xlsx) are: save it as CSV.';
  const place = placeOf(bytes.subarray(0, nul), line);
  throw new DataError({ code: 'binary', source, ...place, problem, ...(zip && { hint }) });
}

/**
 * Cuts blocks into lines and fields, and feeds them to the builders of columns. Blocks without a quote are cut here, since
 * separators are all there is to them; the others go through the parser.
 */
export class LineReader {
  rows = 0;
  #line = 1;
  /** The lines of rows that were not taken yet. */
  #lines = new Uint32Array(1024);
  #untaken = 0;
  /** What the last block has behind its last whole row. */
  #rest: Uint8Array = new Uint8Array(0);
  readonly #separator: number;
  readonly #feed = new TextFeed();

  constructor(
    private readonly source: string,
    private readonly separator: string,
    private readonly fields: readonly Field[],
    private readonly limits: LineLimits,
    /** The first line that is not blank holds names. */
    private header: boolean,
  ) {
    this.#separator = separator.charCodeAt(0);
  }

  push(block: Uint8Array, last = false): void {
    checkText(block, this.source, this.#line);
    let unit = block;
    const rest = this.#rest.length;
    const open = last && rest + block.length > 0 && (block.length > 0 ? block : this.#rest).at(-1) !== LF;
    if (rest > 0 || open) {
      unit = new Uint8Array(rest + block.length + (open ? 1 : 0));
      unit.set(this.#rest);
      unit.set(block, rest);
      if (open) unit[unit.length - 1] = LF;
    }
    const end = unit.lastIndexOf(LF) + 1;
    const quoted = unit.indexOf(QUOTE);
    const at = quoted >= 0 && quoted < end ? this.#quoted(unit, end, last) : this.#plain(unit, end);
    this.#rest = at instanceof Uint8Array ? at : unit.slice(at);
    if (this.#rest.length <= this.limits.maxLineLength) return;
    const problem = `the line is longer than ${this.limits.maxLineLength}, the limit maxLineLength`;
    const hint = this.#rest.includes(QUOTE) ? 'Is a quote not closed?' : undefined;
    throw new DataError({
      code: 'limit',
      source: this.source,
      line: this.#line,
      column: 1,
      problem,
      ...(hint && { hint }),
    });
  }

  #plain(unit: Uint8Array, end: number): number {
    const { fields } = this;
    const separator = this.#separator;
    const count = fields.length;
    const { maxFieldLength, maxLineLength } = this.limits;
    let at = 0;
    while (at < end) {
      const line = at;
      for (let c = 0; ; c++, at++) {
        let start = at;
        let byte = unit[at]!;
        while (byte !== separator && byte !== LF) byte = unit[++at]!;
        let stop = at;
        if (stop - start > maxFieldLength) throw this.#tooLong(c, { line: this.#line, column: start - line + 1 });
        while (start < stop && isSpace(unit[start]!)) start++;
        while (stop > start && isSpace(unit[stop - 1]!)) stop--;
        const ends = byte === LF;
        if (separator === SPACE && start === stop && !ends) {
          // Several spaces in a row separate as one does.
          c--;
          continue;
        }
        if (ends && start === stop) {
          if (c === 0) break;
          // Separators that are spaces may trail behind the last field.
          if (c === count && separator <= SPACE) {
            this.#ended(this.#line);
            break;
          }
        }
        if (this.header) {
          if (ends) this.header = false;
          if (ends) break;
          continue;
        }
        if (c >= count)
          throw this.#ragged(this.#countPlain(unit, line), { line: this.#line, column: start - line + 1 });
        const field = fields[c]!;
        if (field.builder) {
          const outcome = field.builder.add(unit, start, stop);
          if (outcome !== TAKEN)
            this.#odd(outcome, field, unit, start, stop, { line: this.#line, column: start - line + 1 });
        }
        if (!ends) continue;
        if (c + 1 < count) throw this.#ragged(c + 1, { line: this.#line, column: at - line + 1 });
        this.#ended(this.#line);
        break;
      }
      if (at - line > maxLineLength) {
        const problem = `the line is longer than ${maxLineLength}, the limit maxLineLength`;
        throw new DataError({ code: 'limit', source: this.source, line: this.#line, column: 1, problem });
      }
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
    this.rows++;
  }

  /** The lines in which rows begin since the last call. */
  takeLines(): Uint32Array {
    const lines = this.#lines.slice(0, this.#untaken);
    this.#untaken = 0;
    return lines;
  }

  /** Reads the whole rows of bytes up to `end`, and returns the rest. */
  #quoted(unit: Uint8Array, end: number, last: boolean): Uint8Array {
    const bytes = unit.subarray(0, end);
    let text = decode(bytes, this.source, this.#line);
    if (text.includes('\r')) text = text.replaceAll('\r\n', '\n');
    const { rows, end: cursor, flaw } = parseRows(text, this.separator, last);
    if (flaw) {
      const place = placeOf(text.slice(0, flaw.index), this.#line);
      const unclosed = flaw.code === 'MissingQuotes';
      const problem = unclosed
        ? 'a quote is opened here and never closed'
        : 'a quoted field goes on behind its closing quote';
      const hint = unclosed ? undefined : 'Inside quotes a quote is written twice.';
      // The parser tells the first character inside the quotes.
      const column = Math.max(1, place.column - 1);
      throw new DataError({ code: 'quote', source: this.source, ...place, column, problem, ...(hint && { hint }) });
    }
    let line = this.#line;
    rows.forEach((row, r) => {
      const began = line++;
      for (const field of row) for (let i = field.indexOf('\n'); i >= 0; i = field.indexOf('\n', i + 1)) line++;
      this.#row(row, began, (c) => {
        const start = startOf(text, this.separator, r);
        return placeOf(text.slice(0, fieldAt(text, this.separator, start, c)), this.#line);
      });
    });
    for (let i = text.indexOf('\n'); i >= 0 && i < cursor; i = text.indexOf('\n', i + 1)) this.#line++;
    const left = new TextEncoder().encode(text.slice(cursor));
    const rest = new Uint8Array(left.length + unit.length - end);
    rest.set(left);
    rest.set(unit.subarray(end), left.length);
    return rest;
  }

  #row(row: readonly string[], line: number, placeOfField: (field: number) => Place): void {
    const { fields } = this;
    if (row.length === 1 && row[0]!.trim() === '') return;
    if (this.header) {
      this.header = false;
      return;
    }
    const count = fields.length;
    const trailing = row.length === count + 1 && this.#separator <= SPACE && row[count]!.trim() === '';
    if (row.length !== count && !trailing) throw this.#ragged(row.length, placeOfField(Math.min(row.length, count)));
    for (let c = 0; c < count; c++) {
      const field = fields[c]!;
      const text = row[c]!;
      if (text.length > this.limits.maxFieldLength) throw this.#tooLong(c, placeOfField(c));
      if (!field.builder) continue;
      const length = this.#feed.encode(text);
      const outcome = field.builder.add(this.#feed.bytes, 0, length);
      if (outcome === TAKEN) continue;
      // Places cost a look at the whole block: only those that are told are asked for.
      const told = outcome === INVALID || field.strict || !field.stray;
      if (told) this.#odd(outcome, field, this.#feed.bytes, 0, length, placeOfField(c));
      else field.builder.addMissing();
    }
    this.#ended(line);
  }

  #odd(outcome: number, field: Field, bytes: Uint8Array, from: number, to: number, place: Place): void {
    const { name, builder, strict } = field;
    if (outcome === INVALID) throw encodingError(this.source, place, name);
    if (outcome !== STRAY || !builder) return;
    const text = new TextDecoder().decode(bytes.subarray(from, Math.min(to, from + 200)));
    if (strict) throw strayError(this.source, field, { ...place, text });
    field.stray ??= { ...place, text };
    builder.addMissing();
  }

  #ragged(found: number, place: Place): DataError {
    const expected = this.fields.length;
    const problem = `the row has ${found} fields where the first has ${expected}`;
    const hint = found > expected ? 'A field that holds the separator stands in quotes.' : undefined;
    return new DataError({ code: 'fields', source: this.source, ...place, problem, ...(hint && { hint }) });
  }

  #tooLong(c: number, place: Place): DataError {
    const field = this.fields[c]?.name;
    const problem = `the field is longer than ${this.limits.maxFieldLength}, the limit maxFieldLength`;
    return new DataError({ code: 'limit', source: this.source, ...place, ...(field && { field }), problem });
  }
}

export function strayError(source: string, { name, builder }: Field, { text, ...place }: Stray): DataError {
  const advice = hintFor(text, builder?.kind);
  return new DataError({
    code: 'value',
    source,
    ...place,
    field: name,
    problem: `'${shorten(text)}' is not a ${builder?.kind}`,
    hint: `${advice ? `${advice} ` : ''}For texts say columns: { '${shorten(name)}': 'category' }; name texts that mean a missing value in \`missing\`.`,
  });
}
