// This file exports the family's definitions by name, without their loops in TypeScript.
export * from '../twins/activations.js';
export * from '../twins/gates.js';
export * from '../twins/leaky.js';
