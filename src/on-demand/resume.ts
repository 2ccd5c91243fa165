export { matrix } from '../library.js';
export * from '../train/resume.js';
