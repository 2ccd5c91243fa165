export * from '../constraints.js';
