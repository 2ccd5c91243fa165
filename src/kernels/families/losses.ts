export * from '../twins/losses.js';
export * from '../twins/losses-binary.js';
export * from '../twins/losses-regression.js';
export * from '../twins/losses-rows.js';
