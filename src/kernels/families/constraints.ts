export * from '../twins/constraints.js';
