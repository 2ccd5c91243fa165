import type { Kernels } from '../kernels/contract.js';

/** A memory that can grow, and the kernels over it. */
export interface Store {
  /** The memory as it is now; growing detaches it. */
  readonly heap: Float32Array;
  /** The kernels by name; they follow the memory when it grows. */
  readonly kernels: Kernels;
  /** Makes room for at least this many elements, and keeps what is there. @throws BackendError */
  grow(elements: number): void;
}
