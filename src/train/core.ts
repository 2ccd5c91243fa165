// What every program with a model holds. Modules that are imported on demand take errors from here, and so reach all of
// it: bundlers that split by who reaches a file then keep it in one, which compresses better than a dozen.
export {
  checkNumber,
  checkOptions,
  NonFiniteError,
  prefixed,
  StateError,
  StreamError,
  show,
  ValueError,
} from '../errors.js';
export { Model } from './model.js';
