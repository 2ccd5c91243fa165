import { asError, BackendError, MyelinError, StateError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';

/** The kernels that are not of the core: bytes, until a model needs one of them. */
export class Extras {
  /** Once they are compiled. */
  module: WebAssembly.Module | undefined;
  readonly #bytes: (kernel: string) => BufferSource;

  /** `bytes` throws a StateError where there are no extras. */
  constructor(bytes: (kernel: string) => BufferSource) {
    this.#bytes = bytes;
  }

  /** Compiles them now, if they are not yet. @throws StateError where there are none, BackendError where that is refused */
  need(kernel: string): WebAssembly.Module {
    try {
      this.module ??= new WebAssembly.Module(this.#bytes(kernel));
      return this.module;
    } catch (thrown) {
      throw refused(kernel, thrown);
    }
  }

  /** Compiles them without blocking, if they are not yet. @throws as `need` does */
  async prepare(kernel: string): Promise<void> {
    try {
      this.module ??= await WebAssembly.compile(this.#bytes(kernel));
    } catch (thrown) {
      throw refused(kernel, thrown);
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
    if (extras.module) return undefined;
    const there = new Set(WebAssembly.Module.exports(core).map(({ name }) => name));
    const lacking = kernels().find((kernel) => !there.has(kernel));
    return lacking === undefined ? undefined : extras.prepare(lacking);
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
