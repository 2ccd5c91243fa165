import { openTwins } from '../backends/twins.js';
import type { Kernels } from '../kernels/contract.js';
import type { Store } from './store.js';

type AnyKernel = (...args: number[]) => void;

/** Returns the twins over an array that is replaced when it grows. */
export function typescriptStore(elements: number): Store {
  const factory = openTwins();
  let backend = factory.open(elements);
  const rebinds: (() => void)[] = [];
  /** Returns a function that stays the same, whichever array the twin is bound to. */
  const following = (name: keyof Kernels): AnyKernel => {
    let bound = backend.kernels[name] as AnyKernel;
    rebinds.push(() => {
      bound = backend.kernels[name] as AnyKernel;
    });
    return (...args) => bound(...args);
  };
  const names = Object.keys(backend.kernels) as (keyof Kernels)[];
  const kernels = Object.fromEntries(names.map((name) => [name, following(name)])) as unknown as Kernels;
  return {
    get heap() {
      return backend.heap as Float32Array;
    },
    kernels,
    grow(needed) {
      const old = backend.heap as Float32Array<ArrayBuffer>;
      const larger = factory.open(needed);
      larger.heap.set(old);
      backend = larger;
      for (const rebind of rebinds) rebind();
      // The old array is detached as that of a WebAssembly memory is, since a write to it would be lost.
      structuredClone(old.buffer, { transfer: [old.buffer] });
    },
  };
}

let names: readonly string[] | undefined;

/** Returns the names of all kernels. */
export function typescriptNames(): readonly string[] {
  names ??= Object.keys(openTwins().open(1).kernels);
  return names;
}
