export * from '../backends/own-kernels.js';
export { matrix } from '../library.js';
