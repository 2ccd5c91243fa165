import { FileFormatError, show } from '../errors.js';
import { textDecoder, textEncoder } from '../realms.js';
import { isObject, type Json, parseJson } from './json.js';

/** Element types of safetensors, and the bytes of an element. */
export const DTYPES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof DTYPES;

/** The range of a tensor within the data, in bytes. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** Holds what the header of a file says. */
export interface Layout {
  /** In the order in which they lie. */
  readonly entries: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes of all tensors. */
  readonly dataBytes: number;
}

/** Bytes in front of the header: its length. */
export const PREFIX = 8;

/** As in the reference implementation. */
export const LONGEST_HEADER = 100_000_000;

/**
 * Returns the length of the header, from the first 8 bytes of a file; `size` is that of the file, if it is known.
 * @throws FileFormatError for a length that the file or the format does not allow.
 */
export function headerLength(prefix: Uint8Array, size = Infinity): number {
  const where = 'header length';
  if (prefix.length < PREFIX) throw new FileFormatError(where, `the file ends after ${prefix.length} of its 8 bytes`);
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > LONGEST_HEADER) throw new FileFormatError(where, `${length} bytes, more than ${LONGEST_HEADER}`);
  if (length > size - PREFIX) {
    throw new FileFormatError(where, `${length} bytes, but only ${size - PREFIX} follow it in the file`);
  }
  return length;
}

/** Returns a tensor in messages. */
export const label = (name: string) => `tensor ${name.length > 80 ? `${name.slice(0, 80)}...` : name}`;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(name: string, info: unknown): Entry {
  const where = label(name);
  const fail = (what: string): never => {
    throw new FileFormatError(where, what);
  };
  if (!isObject(info)) return fail(`${show(info)} in place of dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets, ...rest } = info;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return fail(`the unknown key ${show(unknown)}`);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) return fail(`the unknown dtype ${show(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail('a shape that is no array of whole numbers');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail('data_offsets that are no two whole numbers');
  }
  const [start, end] = offsets as [number, number];
  const elements = shape.includes(0) ? 0 : shape.reduce((product: number, n: number) => product * n, 1);
  const bytes = elements * DTYPES[dtype as Dtype];
  if (!(bytes <= Number.MAX_SAFE_INTEGER)) return fail(`a shape of more than 2^53 bytes, ${shape.join(' x ')}`);
  if (end - start !== bytes) {
    return fail(`data_offsets of ${end - start} bytes for ${bytes} bytes of ${dtype}, shape [${shape.join(', ')}]`);
  }
  return { name, dtype: dtype as Dtype, shape, start, end };
}

function readMetadata(given: Json): ReadonlyMap<string, string> {
  if (!isObject(given)) throw new FileFormatError('__metadata__', `${show(given)} in place of an object of strings`);
  const entries = Object.entries(given).map(([key, value]): [string, string] => {
    if (typeof value === 'string') return [key, value];
    throw new FileFormatError(`__metadata__.${key.slice(0, 80)}`, `${show(value)} in place of a string`);
  });
  return new Map(entries);
}

/**
 * Reads a header and checks it against itself: tensors lie one after the other without gaps. `dataBytes` is how much
 * follows it in the file, if that is known. @throws FileFormatError
 */
export function readLayout(header: Uint8Array, dataBytes?: number): Layout {
  let text: string;
  try {
    text = textDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw new FileFormatError('header', 'no UTF-8', { cause });
  }
  if (text[0] !== '{') throw new FileFormatError('header', 'no JSON object');
  const { __metadata__: given = {}, ...tensors } = parseJson(text, 'header') as Readonly<Record<string, Json>>;
  const metadata = readMetadata(given);
  const entries = Object.entries(tensors)
    .map(([name, info]) => readEntry(name, info))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const entry of entries) {
    if (entry.start !== end) {
      const what =
        entry.start > end ? `a gap of ${entry.start - end} bytes before it` : 'an overlap with another tensor';
      throw new FileFormatError(label(entry.name), what);
    }
    end = entry.end;
  }
  if (dataBytes !== undefined && end !== dataBytes) {
    const what =
      end > dataBytes
        ? `the file ends ${end - dataBytes} bytes before its last tensor does`
        : `${dataBytes - end} bytes after the last tensor`;
    throw new FileFormatError('data', what);
  }
  return { entries, metadata, dataBytes: end };
}

/** Holds what a header says of a tensor; offsets follow from the order. */
export interface Declaration {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export function byteLength({ dtype, shape }: Pick<Declaration, 'dtype' | 'shape'>): number {
  return shape.reduce((product, n) => product * n, DTYPES[dtype]);
}

/**
 * Returns the prefix and header of a file with these tensors in this order; padded so that the data begin on a multiple of
 * 16.
 */
export function writeHeader(tensors: readonly Declaration[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const start = end;
    end += byteLength({ dtype, shape });
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const json = textEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(Math.ceil((PREFIX + json.length) / 16) * 16).fill(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - PREFIX, true);
  view.setUint32(4, 0, true);
  bytes.set(json, PREFIX);
  return bytes;
}
