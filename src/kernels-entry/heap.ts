import { BackendError, checkNumber, HeapSizeError } from '../errors.js';
import { RESERVED_ELEMENTS } from '../kernels/contract.js';
import { align, panelColumns, rowStride } from '../program/plan.js';
import type { Store } from './store.js';
import { Allocation, kernelSize, type Room, Tensor, type TensorShape } from './tensor.js';

/** A WebAssembly memory ends here, and so does the array of the other backend. */
const LIMIT_ELEMENTS = 2 ** 30;

const count = (value: number, argument: string, min = 1) => checkNumber(value, argument, { min, integer: true });

/**
 * The memory that the kernels compute on: float32 numbers, of which parts are handed out from one end to the other. It
 * grows where it has to; parts are given back all at once, by `reset`.
 */
export class KernelHeap {
  #end = RESERVED_ELEMENTS;
  #life = 0;
  #scratch: Allocation | undefined;
  #zeros: Allocation | undefined;
  readonly #store: Store;
  readonly #room: Room;

  /** Made by `openKernels`. @internal */
  constructor(store: Store) {
    this.#store = store;
    const life = () => this.#life;
    this.#room = {
      store,
      get life() {
        return life();
      },
      scratch: (elements) => {
        if (!this.#scratch || this.#scratch.size < elements) {
          this.#scratch = this.allocate(Math.max(elements, 2 * (this.#scratch?.size ?? 0), 1));
        }
        return this.#scratch.offset;
      },
      zeros: (elements) => {
        if (!this.#zeros || this.#zeros.size < elements) this.#zeros = this.allocate(elements);
        return this.#zeros.offset;
      },
      tensor: (length) => this.vector(length),
      like: (tensor) => this.#tensor(tensor),
    };
  }

  /** All of it; the first 512 elements belong to the kernels. Growing replaces it, and the one of before has length 0. */
  get data(): Float32Array {
    return this.#store.heap;
  }

  /** The number of elements. */
  get elements(): number {
    return this.data.length;
  }

  /** The number of them that are taken. */
  get used(): number {
    return this.#end;
  }

  /**
   * So many elements, which are 0 and begin on 64 bytes.
   * @throws ValueError; HeapSizeError where the heap would exceed 4 GiB; BackendError where the engine has no room.
   */
  allocate(elements: number): Allocation {
    return new Allocation(this.#room, this.#take(count(elements, 'allocate.elements')), elements);
  }

  /** Allocates a matrix of zeros. @throws as `allocate` does. */
  matrix(rows: number, columns: number): Tensor {
    count(rows, 'matrix.rows');
    const stride = rowStride(count(columns, 'matrix.columns'));
    return this.#tensor({ layout: 'matrix', rows, columns, stride, size: rows * stride });
  }

  /**
   * Returns a vector of zeros, such as a bias, with a number per unit, or labels, with a number per row.
   * @throws as `allocate` does.
   */
  vector(length: number): Tensor {
    const size = panelColumns(count(length, 'vector.length'));
    return this.#tensor({ layout: 'vector', rows: 1, columns: length, stride: size, size });
  }

  /** Allocates one number, 0, to which losses and norms are written. @throws as `allocate` does. */
  scalar(): Tensor {
    return this.vector(1);
  }

  /** Returns the weights of a dense layer, or their gradient: inputs x units zeros. @throws as `allocate` does. */
  kernel(inputs: number, units: number): Tensor {
    const size = kernelSize(count(inputs, 'kernel.inputs'), count(units, 'kernel.units'));
    return this.#tensor({ layout: 'kernel', rows: inputs, columns: units, stride: 8, size });
  }

  /**
   * Frees everything. What was allocated before is refused from now on.
   */
  reset(): void {
    this.#end = RESERVED_ELEMENTS;
    this.#scratch = undefined;
    this.#zeros = undefined;
    this.#life++;
  }

  #tensor(shape: TensorShape): Tensor {
    return new Tensor(this.#room, this.#take(shape.size), shape);
  }

  #take(elements: number): number {
    const offset = align(this.#end);
    const end = offset + align(elements);
    if (end > LIMIT_ELEMENTS) {
      throw new HeapSizeError(end * 4, LIMIT_ELEMENTS * 4, 'Allocate less, or reset the heap before.');
    }
    const store = this.#store;
    if (end > store.heap.length) this.#grow(end);
    store.heap.fill(0, offset, end);
    this.#end = end;
    return offset;
  }

  /** At least twofold, where the engine has room for that, so that growing stays rare. */
  #grow(end: number): void {
    const doubled = Math.min(2 * this.elements, LIMIT_ELEMENTS);
    try {
      this.#store.grow(Math.max(end, doubled));
    } catch (error) {
      if (!(error instanceof BackendError) || doubled <= end) throw error;
      this.#store.grow(end);
    }
  }
}
