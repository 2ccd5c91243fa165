import { checkOptions, show, UnknownNameError, ValueError } from '../errors.js';
import { isA } from '../realms.js';
import {
  byteLength,
  type Declaration,
  DTYPES,
  type Dtype,
  type Entry,
  headerLength,
  PREFIX,
  readLayout,
  writeHeader,
} from './layout.js';

/** Elements of a tensor. F16 and BF16 become float32; 64-bit integers are BigInts, F8 bytes. */
export type TensorData =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor of a safetensors file; elements lie row by row. */
export interface SafeTensor {
  /** The type of an element in the file. */
  readonly dtype: Dtype;
  /** The size of each dimension; [] for a single number. */
  readonly shape: readonly number[];
  /** The elements, row by row. */
  readonly data: TensorData;
}

/** Holds the content of a safetensors file. */
export interface SafeTensors {
  /** The tensors by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** The texts of `__metadata__` by name. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Converts IEEE half precision to float32. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const VIEWS = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  U16: Uint16Array,
  I16: Int16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
} as const;

/** Returns the elements of a tensor: a view of the bytes where they are aligned, else a copy. */
export function elements({ dtype, start, end }: Entry, data: Uint8Array): TensorData {
  const View = VIEWS[dtype];
  const aligned = (data.byteOffset + start) % DTYPES[dtype] === 0;
  const bytes = aligned ? data.subarray(start, end) : data.slice(start, end);
  const raw = new View(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / DTYPES[dtype]);
  if (dtype === 'F16') return Float32Array.from(raw as Uint16Array, fromHalf);
  if (dtype !== 'BF16') return raw;
  const wide = Uint32Array.from(raw as Uint16Array, (bits) => bits << 16);
  return new Float32Array(wide.buffer);
}

/**
 * Reads a file of the safetensors format, from whatever tool. Data are views of `bytes` where they are aligned.
 * @throws FileFormatError for anything that contradicts the format, before anything is copied.
 * @throws ValueError for anything but a Uint8Array.
 */
export function decodeSafetensors(bytes: Uint8Array): SafeTensors {
  if (!isA<Uint8Array>(bytes, 'Uint8Array')) {
    throw new ValueError({ argument: 'bytes', given: show(bytes), expected: 'a Uint8Array' });
  }
  const end = PREFIX + headerLength(bytes.subarray(0, PREFIX), bytes.length);
  const { entries, metadata } = readLayout(bytes.subarray(PREFIX, end), bytes.length - end);
  const data = bytes.subarray(end);
  const tensors = entries.map((entry): [string, SafeTensor] => {
    const { name, dtype, shape } = entry;
    return [name, { dtype, shape, data: elements(entry, data) }];
  });
  return { tensors: new Map(tensors), metadata };
}

/** A tensor to write. */
export interface NewTensor {
  /** The size of each dimension; default [length of data]. */
  readonly shape?: readonly number[];
  /** The elements, row by row. */
  readonly data: TensorData;
}

/** Returns the dtype that an array is written as. */
function dtypeOf(data: unknown, argument: string): Dtype {
  const found = Object.entries(VIEWS).find(([name, View]) => !/^(BOOL|F8|F16|BF16)/.test(name) && data instanceof View);
  if (found) return found[0] as Dtype;
  throw new ValueError({ argument, given: show(data), expected: 'a typed array, such as Float32Array' });
}

/**
 * Writes tensors in the safetensors format, largest elements first so that all are aligned.
 * @throws ValueError for shapes that do not fit, and names that the format keeps for itself.
 * @throws UnknownNameError for a name that the format reserves.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NewTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && key !== '__proto__') continue;
    throw new ValueError({ argument: `metadata.${key}`, given: show(value), expected: 'a string' });
  }
  const parts = Object.entries(tensors).map(([name, tensor]): Declaration & { data: TensorData } => {
    const argument = `tensors['${name}']`;
    if (name === '__metadata__' || name === '__proto__') {
      throw new UnknownNameError({ argument, given: `the name '${name}'`, expected: 'another name' });
    }
    checkOptions(tensor, ['shape', 'data', 'dtype'], argument);
    const { data, shape = [data.length] } = tensor;
    const dtype = dtypeOf(data, `${argument}.data`);
    if (byteLength({ dtype, shape }) !== data.byteLength) {
      const expected = `one of ${data.length} elements`;
      throw new ValueError({ argument: `${argument}.shape`, given: `[${shape.join(', ')}]`, expected });
    }
    return { name, dtype, shape, data };
  });
  parts.sort((a, b) => DTYPES[b.dtype] - DTYPES[a.dtype]);
  const header = writeHeader(parts, metadata);
  const bytes = new Uint8Array(header.length + parts.reduce((sum, { data }) => sum + data.byteLength, 0));
  bytes.set(header);
  let at = header.length;
  for (const { data } of parts) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
