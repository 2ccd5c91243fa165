export { matrix } from '../library.js';
export { explain } from '../train/explain.js';
