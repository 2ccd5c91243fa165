import type { CompiledModule } from './sources.js';

/**
 * The modules `myelin/kernels.wasm`, `myelin/kernels.fast.wasm` and their parts (`kernels.core.wasm`,
 * `kernels.extras.wasm`, `kernels.special.wasm`) where files of WebAssembly can be imported: a compiled module (workerd) or bytes, for
 * `wasm({ source })`.
 */
declare const kernels: CompiledModule;
export default kernels;
