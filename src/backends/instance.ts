import { instantiateSync } from '@assemblyscript/loader';
import { BackendError } from '../errors.js';
import { type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';

/** See `Backend.longestCall`. */
export const LONGEST_CALL = 2e8;

/** A memory of at least this many elements. */
export function allocate(elements: number, shared = false): WebAssembly.Memory {
  const initial = Math.ceil(elements / PAGE_ELEMENTS);
  try {
    return new WebAssembly.Memory(shared ? { initial, maximum: 65536, shared } : { initial });
  } catch (cause) {
    throw new BackendError(
      `The engine has no room for a heap of ${initial} pages of 64 KiB. Models that are no longer referenced give theirs back.`,
      { cause },
    );
  }
}

/** The kernels over a memory. The loader's own exports are wrapped; hot calls are linked to the instance's. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return instantiateSync(module, { env: { memory } }).instance.exports as unknown as Kernels;
}
