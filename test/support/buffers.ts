import { hasRelaxedSimd } from '../../src/backends/detect.js';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import { type Backend, type BackendFactory, RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { Generator } from '../../src/kernels/lib/philox.js';

export const wasmFactory: BackendFactory = await wasm();
/** The backends that agree to the bit. */
export const factories = { wasm: wasmFactory, typescript: typescript() };
/** Those and, where the engine has it, the one whose bits are its own. */
export const allFactories: Record<string, BackendFactory> = hasRelaxedSimd()
  ? { ...factories, fast: await wasm({ math: 'fast' }) }
  : factories;

/** Random test material from a seed of its own. */
export class Random extends Generator {
  constructor(seed: number) {
    super(seed, 0x7e57);
  }

  between(low: number, high: number): number {
    return low + this.integer(high - low + 1);
  }

  /** Mostly ordinary numbers, with the zeros, the tiny and the large that kernels meet. */
  number(): number {
    const kind = this.integer(24);
    const x = 4 * this.uniform() - 2;
    if (kind === 0) return 0;
    if (kind === 1) return -0;
    if (kind === 2) return x * 1e-18;
    if (kind === 3) return x * 40;
    return x;
  }

  positive(): number {
    return this.uniform() * 2 + 1e-3;
  }
}

/** A range of the heap that a kernel call reads or writes. */
export interface Buffer {
  readonly data: Float32Array;
  /** Columns of a row that carry meaning; the rest is padding that kernels may overwrite. */
  readonly columns: number;
  readonly stride: number;
  readonly output: boolean;
}

function make(rows: number, columns: number, stride: number, output: boolean, draw: () => number): Buffer {
  const data = Float32Array.from({ length: rows * stride }, draw);
  return { data, columns, stride, output };
}

const padded = (columns: number) => Math.ceil(columns / 8) * 8;

/** Makers of buffers with random content. Strides exceed the columns now and then, as padded tensors' do. */
export function makers(random: Random) {
  const draw = () => random.number();
  return {
    matrix: (rows: number, columns: number, output = false, values = draw) =>
      make(rows, columns, padded(columns) + 8 * random.integer(2), output, values),
    vector: (n: number, output = false, values = draw) => make(1, n, n, output, values),
    /** One value per column, up to the next multiple of 8. */
    perColumn: (columns: number, output = false, values = draw) => make(1, columns, padded(columns), output, values),
    panels: (inputs: number, units: number, output = false): Buffer => {
      const data = new Float32Array(inputs * padded(units));
      for (let c = 0; c < units; c++) {
        for (let k = 0; k < inputs; k++) data[((c >> 3) * inputs + k) * 8 + (c & 7)] = draw();
      }
      return { data, columns: data.length, stride: data.length, output };
    },
    /** Anything may come back here. */
    scratch: (n: number): Buffer => ({ data: new Float32Array(n), columns: 0, stride: Math.max(n, 1), output: true }),
    scalar: (value = Number.NaN, output = Number.isNaN(value)): Buffer => ({
      data: Float32Array.of(value),
      columns: 1,
      stride: 1,
      output,
    }),
    labels: (rows: number, classes: number) => make(1, rows, rows, false, () => random.integer(classes)),
    /** Seed and step of the generator, 16 bits an element. */
    randomState: () => make(1, 8, 8, false, () => random.integer(65536)),
  };
}

export const SENTINEL = 7.625;

export interface Placed {
  readonly backend: Backend;
  readonly offsets: Map<Buffer, number>;
}

/** Puts buffers into a fresh heap, unaligned and with sentinels on every side. */
export function place(factory: BackendFactory, buffers: readonly Buffer[], random: Random): Placed {
  const offsets = new Map<Buffer, number>();
  let end = RESERVED_ELEMENTS;
  for (const buffer of buffers) {
    end += 9 + random.integer(8);
    offsets.set(buffer, end);
    end += buffer.data.length;
  }
  const backend = factory.open(end + 32);
  backend.heap.fill(SENTINEL, RESERVED_ELEMENTS);
  for (const [buffer, offset] of offsets) backend.heap.set(buffer.data, offset);
  return { backend, offsets };
}

/** Complaints about anything that a call changed and had no business to. */
export function strayWrites({ backend, offsets }: Placed): string[] {
  const owner = new Map<number, Buffer>();
  for (const [buffer, offset] of offsets) {
    for (let i = 0; i < buffer.data.length; i++) owner.set(offset + i, buffer);
  }
  const found: string[] = [];
  for (let i = RESERVED_ELEMENTS; i < backend.heap.length; i++) {
    const buffer = owner.get(i);
    const expected = buffer ? buffer.data[i - (offsets.get(buffer) as number)] : SENTINEL;
    if (buffer?.output) continue;
    if (!Object.is(backend.heap[i], expected)) found.push(`element ${i}: ${expected} became ${backend.heap[i]}`);
  }
  return found;
}

/** The meaningful content of a buffer after a call, as bits. */
export function liveBits({ backend, offsets }: Placed, buffer: Buffer): Uint32Array {
  const offset = offsets.get(buffer) as number;
  const values: number[] = [];
  for (let i = 0; i < buffer.data.length; i++) {
    if (i % buffer.stride >= buffer.columns) continue;
    const value = backend.heap[offset + i] as number;
    values.push(Number.isNaN(value) ? Number.NaN : value);
  }
  return new Uint32Array(Float32Array.from(values).buffer);
}
