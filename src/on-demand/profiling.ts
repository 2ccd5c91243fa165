export { matrix } from '../library.js';
export * from '../train/profiling.js';
