export { matrix } from '../library.js';
export { fit } from '../train/fit.js';
