export { matrix } from '../library.js';
export { stratified } from '../train/stratify.js';
