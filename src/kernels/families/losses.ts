export * from '../losses.js';
export * from '../losses-binary.js';
export * from '../losses-regression.js';
export * from '../losses-rows.js';
