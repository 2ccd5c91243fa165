import { checkNumber, checkOptions } from '../errors.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import { DataError } from './data-error.js';
import { open, readAll, type Source } from './opened.js';

/** The typed arrays that an IDX file can hold, one for each of its six types. */
export type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** An array of any number of dimensions, as the files of MNIST hold them. */
export interface IdxArray {
  /** The size of each dimension. */
  readonly shape: readonly number[];
  /** The last dimension runs fastest. */
  readonly values: IdxValues;
  /** Returns one row for each entry of the first dimension, times `scale` (default 1; 1 / 255 brings pixels to 0..1). */
  matrix(scale?: number): Matrix;
}

interface Type {
  readonly bytes: number;
  make(length: number): IdxValues;
  read(view: DataView, at: number): number;
}

const TYPES: Readonly<Record<number, Type>> = {
  8: { bytes: 1, make: (n) => new Uint8Array(n), read: (view, at) => view.getUint8(at) },
  9: { bytes: 1, make: (n) => new Int8Array(n), read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, make: (n) => new Int16Array(n), read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, make: (n) => new Int32Array(n), read: (view, at) => view.getInt32(at) },
  13: { bytes: 4, make: (n) => new Float32Array(n), read: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, make: (n) => new Float64Array(n), read: (view, at) => view.getFloat64(at) },
};

/**
 * Reads idx, the format of MNIST's files, with gzip or without.
 * `maxBytes` is what may come at most after gzip, default 2^30.
 * @throws DataError with the byte at which something is wrong.
 */
export async function readIdx(source: Source, options: { readonly maxBytes?: number } = {}): Promise<IdxArray> {
  checkOptions(options, ['maxBytes'], 'options');
  const opened = open(source);
  const bytes = await readAll(opened, checkNumber(options.maxBytes ?? 2 ** 30, 'maxBytes', { min: 1 }));
  const fail = (code: 'binary' | 'truncated' | 'empty' | 'limit', offset: number, problem: string) =>
    new DataError({ code, source: opened.name, offset, problem });
  if (bytes.length === 0) throw fail('empty', 0, 'the file is empty');
  if (bytes.length < 4) throw fail('truncated', bytes.length, 'the file ends within its first four bytes');
  if (bytes[0] !== 0 || bytes[1] !== 0) throw fail('binary', 0, 'an idx file begins with two zero bytes');
  const type = TYPES[bytes[2]!];
  if (!type) throw fail('binary', 2, `${bytes[2]} is no type of idx`);
  const dimensions = bytes[3]!;
  if (dimensions === 0) throw fail('binary', 3, 'the array has no dimension');
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) throw fail('truncated', bytes.length, 'the file ends within its shape');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const zero = shape.indexOf(0);
  if (zero >= 0) throw fail('empty', 4 + 4 * zero, `dimension ${zero + 1} is 0`);
  const length = shape.reduce((product, n) => product * n, 1);
  const expected = length * type.bytes;
  if (expected !== bytes.length - start) {
    const problem = `the shape ${shape.join(' x ')} takes ${expected} bytes, and there are ${bytes.length - start}`;
    throw fail(
      expected > bytes.length - start ? 'truncated' : 'binary',
      Math.min(bytes.length, start + expected),
      problem,
    );
  }
  const values = type.make(length);
  if (values instanceof Uint8Array) values.set(bytes.subarray(start));
  else for (let i = 0; i < length; i++) values[i] = type.read(view, start + i * type.bytes);
  const matrix = (scale = 1) => {
    checkNumber(scale, 'scale');
    return makeMatrix(
      Float32Array.from(values, (value) => value * scale),
      shape[0]!,
      length / shape[0]!,
    );
  };
  return { shape, values, matrix };
}
