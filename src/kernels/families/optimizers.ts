export * from '../adam.js';
export * from '../optimizers.js';
