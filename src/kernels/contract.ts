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

/** A call whose offsets are not numbers yet. */
export interface CallOperands {
  /** Names the kernel. */
  readonly kernel: KernelName;
  /** Holds a number where the kernel takes a plain one, else something else. */
  readonly args: readonly unknown[];
}

/** Calls, and the same with operands of which offsets can be told. */
export interface PlacedCalls {
  /** Lists calls as kernels take them over a heap that begins with its memory. */
  readonly calls: readonly Call[];
  /** Lists calls of the same kernels, each at least once. */
  readonly symbolic: readonly CallOperands[];
}

/** A heap and the kernels that work on it. */
export interface Backend {
  /** The memory of one model, as float32 numbers. */
  readonly heap: Heap;
  /** The kernels by name, bound to the memory that the heap lies in. */
  readonly kernels: Kernels;
  /**
   * The element of that memory at which the heap begins, to be added to every offset that a kernel is called with; default
   * 0. Above it only where `open` was allowed to share.
   */
  readonly base?: number;
  /** That memory, a `WebAssembly.Memory`, a name that programs without its types do not know. */
  readonly memory?: object;
  /** The calls with `base` added to their offsets, which are the arguments that are no numbers in `symbolic`; absent without. */
  place?(program: PlacedCalls): readonly Call[];
  /** Floating point operations of a product that take it about 5 ms on a fair machine; longer calls are cut. */
  readonly longestCall: number;
  /**
   * Cuts a program among threads, `updates` of whose kernels are optimizers' loops, and returns what runs it, where
   * that is worth it; absent without threads.
   */
  linkShared?(calls: readonly Call[], updates: Pick<ReadonlySet<string>, 'has'>): readonly (() => void)[] | undefined;
  /** Gives back what does not go by itself. */
  dispose?(): void;
}

/** Opens heaps; what `wasm()` and `typescript()` return. One model takes one heap. */
export interface BackendFactory {
  /** Tells which backend it is. */
  readonly name: 'wasm' | 'typescript';
  /**
   * Opens a heap of this many float32 numbers. With `mayShare` it may be a range of a memory that others have ranges of, and
   * `base` says where that begins. @throws HeapSizeError, BackendError where it is not available.
   */
  open(elements: number, mayShare?: boolean): Backend;
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
   * this engine, and why; with threads, whether fewer were faster when a program was last timed.
   */
  readonly reason?: string | undefined;
}

/** WebAssembly memories consist of pages of 64 KiB. */
export const PAGE_ELEMENTS = 65536 / 4;

/** The largest heap that shares a memory with others: 1 MiB. */
export const SMALL_ELEMENTS = 2 ** 18;

/** Heaps that share a memory begin and end on 4 KiB. */
export const GRAIN_ELEMENTS = 1024;

/** The elements of a heap for so many: the same on every backend, so that a model is the same size on each. */
export function heapElements(elements: number): number {
  const unit = elements > SMALL_ELEMENTS ? PAGE_ELEMENTS : GRAIN_ELEMENTS;
  return Math.ceil(elements / unit) * unit;
}

/** Elements at the start of the heap that belong to the WebAssembly module's static data. */
export const RESERVED_ELEMENTS = 512;
