import { toBase64 } from '../callbacks/run-state.js';
import { FileFormatError, show } from '../errors.js';
import type { Json } from './json.js';
import { type Declaration, type Dtype, type Entry, label } from './layout.js';
import type { TensorData } from './safetensors.js';

// Plain data go into the header of a file, which has a limit, except for their numbers: long lists, tables of equal rows and
// packed arrays become tensors, and an object that names the tensor takes their place.

/** Numbers of plain data as a tensor of a file. */
export interface Block extends Declaration {
  readonly data: Extract<TensorData, Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array>;
}

/** Numbers that stay where they are: a tensor takes about a hundred bytes of the header itself. */
const FEW = 256;

/**
 * The keys that stand for a list or a table of numbers, for an array that `pack` made text of, and around keys of these
 * names.
 */
const NUMBERS = '$numbers';
const FLOATS = '$floats';
const PLAIN = '$plain';
const MARKS: readonly string[] = [NUMBERS, FLOATS, PLAIN];
const PACKED = '$float32';

const nameOf = (index: number) => `metadata.${index}`;

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number' && Number.isFinite(item));

/** Returns the rows and columns of a list or a table of numbers that is long enough to be a tensor. */
function shapeOf(value: readonly unknown[]): readonly number[] | undefined {
  if (isNumbers(value)) return value.length >= FEW ? [value.length] : undefined;
  const columns = Array.isArray(value[0]) ? value[0].length : 0;
  if (value.length * columns < FEW) return undefined;
  const table = value.every((row) => isNumbers(row) && row.length === columns);
  return table ? [value.length, columns] : undefined;
}

/** Returns the smallest type that holds all of the numbers as they are. */
function typed(rows: readonly (readonly number[])[], size: number): Pick<Block, 'dtype' | 'data'> {
  let [least, most] = [Infinity, -Infinity];
  let [whole, single] = [true, true];
  for (const row of rows) {
    for (const value of row) {
      if (value < least) least = value;
      if (value > most) most = value;
      whole &&= Number.isInteger(value) && !Object.is(value, -0);
      single &&= Math.fround(value) === value;
    }
  }
  const fill = <A extends Block['data']>(data: A): A => {
    let at = 0;
    for (const row of rows) {
      data.set(row, at);
      at += row.length;
    }
    return data;
  };
  if (whole && least >= 0 && most < 2 ** 8) return { dtype: 'U8', data: fill(new Uint8Array(size)) };
  if (whole && least >= 0 && most < 2 ** 16) return { dtype: 'U16', data: fill(new Uint16Array(size)) };
  if (whole && least >= -(2 ** 31) && most < 2 ** 31) return { dtype: 'I32', data: fill(new Int32Array(size)) };
  if (single) return { dtype: 'F32', data: fill(new Float32Array(size)) };
  return { dtype: 'F64', data: fill(new Float64Array(size)) };
}

/** Returns the array that `pack` made this text of; undefined for any other text, which must stay as it is. */
function floatsOf(text: string): Float32Array | undefined {
  if (text.length < FEW) return undefined;
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const { length } = binary;
  const same =
    text.length === 4 * Math.ceil(length / 3) &&
    btoa(binary.slice(3 * Math.floor((length - 1) / 3))) === text.slice(-4);
  if (!same || length % 4 !== 0) return undefined;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

/** Plain data without their long lists of numbers, which are added to `blocks`. */
export function lift(given: unknown, blocks: Block[]): unknown {
  const json = (given as { toJSON?: unknown } | null | undefined)?.toJSON;
  const value: unknown = typeof json === 'function' ? json.call(given) : given;
  if (typeof value !== 'object' || value === null) return value;
  const add = (block: Omit<Block, 'name'>): string => {
    const name = nameOf(blocks.length);
    blocks.push({ name, ...block });
    return name;
  };
  if (Array.isArray(value)) {
    const shape = shapeOf(value);
    if (!shape) return value.map((item) => lift(item, blocks));
    const rows = (shape.length === 1 ? [value] : value) as readonly (readonly number[])[];
    return {
      [NUMBERS]: add({
        shape,
        ...typed(
          rows,
          shape.reduce((product, n) => product * n, 1),
        ),
      }),
    };
  }
  const entries = Object.entries(value);
  const [first] = entries;
  if (first && entries.length === 1) {
    const [key, item] = first;
    const data = key === PACKED && typeof item === 'string' ? floatsOf(item) : undefined;
    if (data) return { [FLOATS]: add({ dtype: 'F32', shape: [data.length], data }) };
    if (MARKS.includes(key)) return { [PLAIN]: { [key]: lift(item, blocks) } };
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, lift(item, blocks)]));
}

/** Tensors of a file that stand for numbers of its plain data; each may be taken once, so that few bytes do not become many. */
export class Blocks {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #taken = new Set<string>();

  constructor(
    entries: readonly Entry[],
    private readonly read: (entry: Entry) => TensorData,
  ) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Names of the tensors that were taken. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  /** Plain data as they were before `lift`. @throws FileFormatError */
  lower(value: Json, where: string): Json {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.lower(item as Json, where));
    const entries = Object.entries(value as Readonly<Record<string, Json>>);
    const [first] = entries;
    if (first && entries.length === 1) {
      const [key, item] = first;
      if (key === NUMBERS) return this.#numbers(item, where);
      if (key === FLOATS) return { [PACKED]: toBase64(this.#take(item, where, ['F32'], 1).data as Float32Array) };
      if (key === PLAIN) return this.#plain(item, where);
    }
    return Object.fromEntries(entries.map(([key, item]) => [key, this.lower(item, where)]));
  }

  #plain(value: Json, where: string): Json {
    const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    if (entries.length !== 1) throw new FileFormatError(where, `${PLAIN} without an object of one key`);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.lower(item as Json, where)]));
  }

  #take(
    name: Json,
    where: string,
    dtypes: readonly Dtype[],
    ranks: number,
  ): { shape: readonly number[]; data: TensorData } {
    const entry = typeof name === 'string' ? this.#entries.get(name) : undefined;
    if (!entry) throw new FileFormatError(where, `numbers in ${show(name)}, which is no tensor of the file`);
    const fail = (what: string): never => {
      throw new FileFormatError(label(entry.name), what);
    };
    if (this.#taken.has(entry.name)) fail(`numbers of two places in ${where}`);
    const { dtype, shape } = entry;
    if (!dtypes.includes(dtype)) fail(`${dtype} in place of ${dtypes.join(', ')}`);
    if (shape.length === 0 || shape.length > ranks || shape.includes(0))
      fail(`shape [${shape.join(', ')}] for plain data`);
    this.#taken.add(entry.name);
    return { shape, data: this.read(entry) };
  }

  #numbers(name: Json, where: string): Json {
    const { shape, data } = this.#take(name, where, ['U8', 'U16', 'I32', 'F32', 'F64'], 2);
    const values = data as Block['data'];
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new FileFormatError(label(name as string), `${values[bad]} at element ${bad}, where a number must be`);
    const [rows, columns] = shape as [number, number | undefined];
    if (columns === undefined) return Array.from(values);
    return Array.from({ length: rows }, (_, r) => Array.from(values.subarray(r * columns, (r + 1) * columns)));
  }
}
