import { asError, BackendError, MyelinError, StateError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';

/** Names of the special kernels begin so. */
const SPECIAL = /^(sparse|int8)/;

/** Returns the module beyond the core that has a kernel: 0 for the extras, 1 for the special kernels. */
export const partOf = (kernel: string): number => Number(SPECIAL.test(kernel));

/** The kernels that are not of the core: bytes of modules, until a model needs a kernel of them. */
export class Extras {
  /** Those that are compiled, by `partOf`. */
  readonly modules: (WebAssembly.Module | undefined)[] = [];

  /** `bytes` returns the module that has a kernel, and throws a StateError where it is not there. */
  constructor(readonly bytes: (kernel: string) => BufferSource) {}

  /**
   * Compiles the module of this kernel now, if it is not yet.
   * @throws StateError where there is none, BackendError where that is refused
   */
  need(kernel: string): WebAssembly.Module {
    const { modules } = this;
    const part = partOf(kernel);
    try {
      modules[part] ??= new WebAssembly.Module(this.bytes(kernel));
      return modules[part];
    } catch (thrown) {
      throw refused(kernel, thrown);
    }
  }

  /** Compiles the modules of these kernels without blocking, if they are not yet. @throws as `need` does */
  async prepare(kernels: readonly string[]): Promise<void> {
    const { modules } = this;
    for (const kernel of kernels) {
      try {
        modules[partOf(kernel)] ??= await WebAssembly.compile(this.bytes(kernel));
      } catch (thrown) {
        throw refused(kernel, thrown);
      }
    }
  }
}

/**
 * In place of extras: why there are none, and what to do.
 * @throws StateError, by the result, for a model that needs an extra kernel.
 */
export function withoutExtras(why: string): Extras {
  return new Extras((kernel) => {
    throw new StateError(`The model needs ${kernel}, one of the extra kernels, ${why}.`);
  });
}

/** Prepares a backend before a model runs; does nothing where its kernels are there. */
export function preparing(core: WebAssembly.Module, extras: Extras): NonNullable<BackendFactory['prepare']> {
  return (kernels) => {
    const { modules } = extras;
    if (modules[0] && modules[1]) return undefined;
    const there = new Set(WebAssembly.Module.exports(core).map(({ name }) => name));
    const lacking = kernels().filter((kernel) => !there.has(kernel) && !modules[partOf(kernel)]);
    return lacking[0] ? extras.prepare(lacking) : undefined;
  };
}

function refused(kernel: string, thrown: unknown): MyelinError {
  if (thrown instanceof MyelinError) return thrown;
  const cause = asError(thrown);
  return new BackendError(
    `The extra kernels, of which the model needs ${kernel}, cannot be compiled at once here: ${cause.message}. fit and load ` +
      'compile them without blocking: call one first, or open wasm({ source }) with all of myelin/kernels.wasm.',
    { cause },
  );
}
