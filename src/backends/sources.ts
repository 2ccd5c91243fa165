/** A `WebAssembly.Module`, by a name that programs without the DOM's types know. */
export type CompiledModule = object;

/** A `Response`, or a promise of one, by a name that programs without the DOM's types know. */
export type FetchedModule = object;

/**
 * A module of the compute kernels: its URL, which as a text may be relative to the page; what `fetch` returns; its bytes;
 * or compiled. A response of type application/wasm is compiled while it arrives.
 */
export type KernelSource = string | URL | FetchedModule | ArrayBuffer | ArrayBufferView<ArrayBuffer> | CompiledModule;

/** The compute kernels in modules over one memory, for `wasm({ source })`. */
export interface KernelParts {
  /** `myelin/kernels.core.wasm`. */
  readonly core: KernelSource;
  /** `myelin/kernels.extras.wasm`; without it a model that needs one of the extra kernels throws a StateError. */
  readonly extras?: KernelSource | undefined;
  /** `myelin/kernels.special.wasm`, for sparse inputs; without it a model that needs it throws a StateError. */
  readonly special?: KernelSource | undefined;
}

/** The source of the kernels' bytes. */
export interface KernelBytes {
  readonly core: () => Promise<Uint8Array>;
  /** Those of the module that has a kernel beyond the core, available synchronously; in place of them why there are none. */
  readonly extras: string | (() => Promise<(kernel: string) => Uint8Array>);
}
