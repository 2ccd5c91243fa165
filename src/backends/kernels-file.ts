import type { CompiledModule } from './sources.js';

/**
 * What `myelin/kernels.wasm`, `myelin/kernels.fast.wasm` and their parts (`kernels.core.wasm`, `kernels.extras.wasm`) are where files of WebAssembly can be imported: a compiled module
 * (workerd) or bytes, for `wasm({ source })`.
 */
declare const kernels: CompiledModule;
export default kernels;
