export { checkRelaxedSimd } from '../backends/relaxed.js';
export { matrix } from '../library.js';
