export * from '../backends/threads/pool.js';
export { matrix } from '../library.js';
