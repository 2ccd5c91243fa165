export { matrix } from '../library.js';
// Shared by tables and the progress bar: test/layering.test.ts says why it comes with this.
export { printable } from '../printable.js';
export { fit } from '../train/fit.js';
