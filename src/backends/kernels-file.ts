import type { CompiledModule } from './wasm.js';

/**
 * What `myelin/kernels.wasm` and `myelin/kernels.fast.wasm` are where files of WebAssembly can be imported: a compiled module
 * (workerd) or bytes, for `wasm({ source })`.
 */
declare const kernels: CompiledModule;
export default kernels;
