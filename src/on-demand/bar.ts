export { matrix } from '../library.js';
export { makeProgress } from '../train/callbacks/bar.js';
