// What files of this family export by name, their loops in TypeScript left out.
export * from '../twins/activations.js';
export * from '../twins/gates.js';
export * from '../twins/leaky.js';
