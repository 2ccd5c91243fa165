// What files of this family export by name, their loops in TypeScript left out.
export * from '../activations.js';
export * from '../gates.js';
export * from '../leaky.js';
