import { type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';
import { noRoom } from './no-room.js';

/** A memory of at least this many elements. */
function allocate(elements: number, shared = false): WebAssembly.Memory {
  const initial = Math.ceil(elements / PAGE_ELEMENTS);
  try {
    return new WebAssembly.Memory(shared ? { initial, maximum: 65536, shared } : { initial });
  } catch (cause) {
    throw noRoom(elements, cause);
  }
}

/** The kernels over a memory, as they are: numbers in, nothing out. For `tall` see `FastPlan`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, tall = true): Kernels {
  return new WebAssembly.Instance(module, { env: { memory }, engine: { TALL: Number(tall) } })
    .exports as unknown as Kernels;
}

/**
 * Passes threads what they take from here: handed over, where importing it on demand would make another file of it in
 * bundles.
 */
export const instances = {
  allocate,
  instantiate,
  /** See `Backend.longestCall`. */
  longestCall: 2e8,
};
