export { matrix } from '../library.js';
export * from '../train/stream.js';
