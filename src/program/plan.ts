import { HeapSizeError } from '../errors.js';

/** An input of a program by its non-zeros. */
export interface NonZeros {
  /** Holds where those of each row begin, and at last where they end. */
  readonly starts: Tensor;
  readonly indices: Tensor;
  /** Emits y = x w + b, by the kernel that takes the place of a dense product. */
  forward(w: Tensor, b: Tensor, y: Tensor, product: string): void;
  /** Emits dw = x^T dy. */
  kernelGradient(dy: Tensor, dw: Tensor): void;
}

/** A range of heap elements with a name; a matrix is `rows` rows, `stride` elements apart, of `columns` live ones. */
export interface Tensor {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  /** Elements taken, padding included. */
  readonly size: number;
  /** In heap elements; -1 until planned. */
  offset: number;
  /** Present where the elements are the values of an input's non-zeros. */
  readonly nonZeros?: NonZeros;
}

/** An integer, so that V8 keeps offsets as integers: kernels called with numbers in float64 take twice as long. */
const UNPLANNED = -1;

/** Tensors start on 64 bytes. */
const ALIGNMENT = 16;

/** A WebAssembly memory ends here. */
const HEAP_LIMIT_BYTES = 2 ** 32;

export function align(elements: number): number {
  return Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
}

/** Rounds columns up to whole panels of 8. */
export function panelColumns(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}

/** Rounds rows up to whole register tiles of 4. */
export function wholeTiles(rows: number): number {
  return Math.ceil(rows / 4) * 4;
}

/** Elements of scratch that dense products pack their operands into. */
export const denseScratch = {
  forward: (rows: number, inputs: number) => wholeTiles(rows) * inputs,
  inputGradient: (rows: number, units: number) => panelColumns(units) * 16 + wholeTiles(rows) * units,
  kernelGradient: (rows: number, inputs: number) => rows * (8 + wholeTiles(inputs)),
};

/** Row strides that are multiples of 2 KB make rows compete for the same cache sets; those get another 64 bytes. */
export function rowStride(columns: number): number {
  const stride = panelColumns(columns);
  return stride % 512 === 0 ? stride + ALIGNMENT : stride;
}

export function matrixTensor(name: string, rows: number, columns: number): Tensor {
  const stride = rowStride(columns);
  return { name, rows, columns, stride, size: rows * stride, offset: UNPLANNED };
}

export function vectorTensor(name: string, elements: number): Tensor {
  return { name, rows: 1, columns: elements, stride: elements, size: elements, offset: UNPLANNED };
}

/** Makes a tensor over elements of the heap that have their place, from `offset` up to `end`. */
export function rangeTensor(name: string, offset: number, end: number): Tensor {
  return { ...vectorTensor(name, end - offset), offset };
}

/** Hands out the heap from one end to the other. */
export class Arena {
  constructor(public end: number) {}

  take<T extends Tensor>(tensor: T): T {
    tensor.offset = align(this.end);
    this.end = align(tensor.offset + tensor.size);
    return tensor;
  }
}

/**
 * Refuses a heap that no WebAssembly memory could hold, before anything is allocated.
 * @throws HeapSizeError for more bytes than a heap may have.
 */
export function checkHeapSize(elements: number): void {
  if (elements * 4 <= HEAP_LIMIT_BYTES) return;
  throw new HeapSizeError(elements * 4, HEAP_LIMIT_BYTES, 'Use fewer units or a smaller batch.');
}
