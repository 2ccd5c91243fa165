import type { instantiate } from '#kernels';

/** Every compute kernel, with the signatures that the AssemblyScript compiler declares. Offsets count heap elements. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

export type KernelName = keyof Kernels;

/** One kernel call as plain data. */
export type Call = { [K in KernelName]: readonly [K, ...Parameters<Kernels[K]>] }[KernelName];

/** Numbers in float32, or in float64 for gradient checks. */
export type Heap = Float32Array | Float64Array;

/** The TypeScript kernels: the same signatures, after the heap to work on. */
export type Twins = { [K in KernelName]: (heap: Heap, ...args: Parameters<Kernels[K]>) => void };

/** The calls that each thread makes before all meet again. */
export type Phase = readonly (readonly Call[])[];

/** A heap and the kernels that work on it. */
export interface Backend {
  /** The memory of one model, as float32 numbers. */
  readonly heap: Heap;
  /** The kernels by name, bound to the heap. */
  readonly kernels: Kernels;
  /** Floating point operations of a product that take it about 5 ms on a fair machine; longer calls are cut. */
  readonly longestCall: number;
  /**
   * Cuts a program among threads, `updates` of whose kernels are optimizers' loops, and returns what runs it, where
   * that is worth it; absent without threads.
   */
  linkShared?(calls: readonly Call[], updates: ReadonlySet<string>): readonly (() => void)[] | undefined;
  /** Gives back what does not go by itself. */
  dispose?(): void;
}

/** Opens heaps; what `wasm()` and `typescript()` return. One model takes one heap. */
export interface BackendFactory {
  /** Tells which backend it is. */
  readonly name: 'wasm' | 'typescript';
  /** Opens a heap of this many float32 numbers. @throws HeapSizeError, BackendError where it is not available. */
  open(elements: number): Backend;
  /**
   * Compiles without blocking the kernels that a model needs beyond the core's; `kernels` returns the names of all that it
   * needs. Undefined where there is nothing to wait for. A program that is run without it compiles them at once.
   */
  prepare?(kernels: () => readonly string[]): Promise<void> | undefined;
  /** The number of threads that compute together; 1 but for `wasm({ threads })`. */
  readonly threads: number;
  /** Ends the threads, and with them every model on this backend. */
  dispose?(): void;
  /** Fused multiply-add or not; 'exact' gives the same bits everywhere. */
  readonly math: 'exact' | 'fast';
  /**
   * Says why `auto()`, or `threads: 'auto'`, could not have what was asked for; with `math: 'fast'` what was chosen for
   * this engine, and why.
   */
  readonly reason?: string;
}

/** The heap grows in WebAssembly pages; both backends round to them, so that a model is the same size on either. */
export const PAGE_ELEMENTS = 65536 / 4;

/** Elements at the start of the heap that belong to the WebAssembly module's static data. */
export const RESERVED_ELEMENTS = 512;
