export * from '../twins/adam.js';
export * from '../twins/optimizers.js';
