export * from './activations';
export * from './gates';
export * from './linalg';
export * from './losses';
export * from './normalization';
export * from './optimizers';
export * from './random';
export * from './reductions';
