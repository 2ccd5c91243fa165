import type { CompiledModule } from './wasm.js';

/**
 * The modules `myelin/kernels.wasm` and `myelin/kernels.fast.wasm` where files of WebAssembly can be imported: a
 * compiled module (workerd) or bytes, for `wasm({ source })`.
 */
declare const kernels: CompiledModule;
export default kernels;
