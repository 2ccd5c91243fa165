import { noRoom } from '../errors.js';
import { type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';
import { Extras, partOf, preparing, withoutExtras } from './extras.js';

/** The modules that the kernels come in: all over one memory. */
export interface Modules {
  readonly core: WebAssembly.Module;
  readonly extras: Pick<Extras, 'need'>;
}

/** Allocates a memory of at least this many elements. */
function allocate(elements: number, shared = false): WebAssembly.Memory {
  const initial = Math.ceil(elements / PAGE_ELEMENTS);
  try {
    return new WebAssembly.Memory(shared ? { initial, maximum: 65536, shared } : { initial });
  } catch (cause) {
    throw noRoom(elements, cause);
  }
}

/**
 * Returns the kernels over a memory, as they are: numbers in, nothing out. Asking for one that the core lacks instantiates
 * the module that has it. For `tall` see `FastPlan`.
 */
export function instantiate({ core, extras }: Modules, memory: WebAssembly.Memory, tall = true): Kernels {
  const make = (module: WebAssembly.Module) =>
    new WebAssembly.Instance(module, { env: { memory }, engine: { TALL: Number(tall) } }).exports as unknown as Kernels;
  const others: Kernels[] = [];
  return new Proxy(make(core), {
    get(kernels, name: keyof Kernels) {
      if (name in kernels) return kernels[name];
      const part = partOf(name);
      others[part] ??= make(extras.need(name));
      return others[part][name];
    },
  });
}

/**
 * Passes threads and users' own modules what they take from here: handed over, where importing it on demand would make
 * another file of it in bundles.
 */
export const instances = {
  allocate,
  instantiate,
  partOf,
  Extras,
  withoutExtras,
  preparing,
  /** See `Backend.longestCall`. */
  longestCall: 2e8,
};
