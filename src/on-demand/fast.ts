export { default } from '../../build/kernels.fast.wasm.js';
export { matrix } from '../library.js';
