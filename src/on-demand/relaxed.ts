export { planFast } from '../backends/fused.js';
export { matrix } from '../library.js';
