/** A `WebAssembly.Module`, by a name that programs without the DOM's types know. */
type CompiledModule = object;

/** The source of the kernels, where the embedded ones are not wanted: one of the files `myelin/kernels.wasm`. */
export type KernelSource =
  | URL
  | Response
  | Promise<Response>
  | ArrayBuffer
  | ArrayBufferView<ArrayBuffer>
  | CompiledModule;
