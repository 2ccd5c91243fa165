import { planFast } from '../backends/fused.js';
import type { KernelSource } from '../backends/sources.js';
import { checkNumber, checkOptions, lookUp, ValueError } from '../errors.js';
import { type Kernels, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { KernelHeap } from './heap.js';
import type { Store } from './store.js';
import { typescriptNames, typescriptStore } from './typescript-store.js';
import { wasmStore } from './wasm-store.js';

/** Options of `openKernels`. */
export interface OpenKernelsOptions {
  /** 'wasm' (the default) for the kernels in WebAssembly SIMD, 'typescript' for their twins, which compute the same bits. */
  readonly backend?: 'wasm' | 'typescript';
  /**
   * The number of float32 numbers that the heap holds at first; default 16,384, a WebAssembly page. It grows where it
   * has to.
   */
  readonly elements?: number;
  /**
   * The arithmetic of 'wasm': 'exact' (the default) has the bits of the twins on every engine, 'fast' fuses
   * multiplications and additions where the engine does, so that its bits depend on the machine. `reason` says what was
   * taken.
   */
  readonly math?: 'exact' | 'fast';
  /**
   * The kernels of 'wasm': the file `myelin/kernels.wasm` (or `kernels.fast.wasm`, for 'fast') as its URL, what `fetch`
   * returns, its bytes or its compiled module; default the embedded ones. A response of type application/wasm is
   * compiled while it arrives.
   */
  readonly source?: KernelSource;
}

/** Kernels over a heap of their own. */
export interface KernelSet {
  /** Says which backend it is. */
  readonly backend: 'wasm' | 'typescript';
  /** 'exact', or 'fast' where that was asked for and the engine fuses. */
  readonly math: 'exact' | 'fast';
  /** With `math: 'fast'`: what was chosen for this engine, and why; else undefined. */
  readonly reason: string | undefined;
  /** The memory, which hands out tensors. */
  readonly heap: KernelHeap;
  /**
   * Every kernel by its name, as the library calls it: offsets in elements of the heap and plain numbers, in the order of
   * their types; nothing is checked. They stay valid when the heap grows.
   */
  readonly kernels: Kernels;
}

/**
 * Opens the compute kernels of Myelin over a heap of your own. Each call opens another heap.
 * @throws ValueError, UnknownNameError for options out of range or unknown; HeapSizeError above 4 GiB; BackendError where the engine
 * has no WebAssembly SIMD (for 'fast', no relaxed SIMD), or no room, or the source cannot be loaded; FileError for a file
 * that cannot be read.
 */
export async function openKernels(options: OpenKernelsOptions = {}): Promise<KernelSet> {
  checkOptions(options, ['backend', 'elements', 'math', 'source'], 'openKernels');
  const { backend: givenBackend = 'wasm', elements = 16_384, math: givenMath = 'exact', source } = options;
  const backend = lookUp({ wasm: 'wasm', typescript: 'typescript' } as const, givenBackend, 'openKernels.backend');
  const asked = lookUp({ exact: 'exact', fast: 'fast' } as const, givenMath, 'openKernels.math');
  checkNumber(elements, 'openKernels.elements', { min: RESERVED_ELEMENTS, max: 2 ** 30, integer: true });
  const set = (store: Store, math: 'exact' | 'fast', reason?: string): KernelSet => ({
    backend,
    math,
    reason,
    heap: new KernelHeap(store),
    kernels: store.kernels,
  });
  if (backend === 'typescript') {
    for (const [name, given] of Object.entries({ math: asked === 'fast' ? asked : undefined, source })) {
      if (given === undefined) continue;
      throw new ValueError({
        argument: `openKernels.${name}`,
        given: `${name} with backend: 'typescript'`,
        expected: "it with backend: 'wasm' only",
      });
    }
    return set(typescriptStore(elements), 'exact');
  }
  const plan = asked === 'fast' ? planFast() : { math: 'exact' as const, tall: true, reason: undefined };
  const store = await wasmStore({ elements, math: plan.math, tall: plan.tall, source, names: typescriptNames() });
  return set(store, plan.math, plan.reason);
}
