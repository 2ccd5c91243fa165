export * from './activation.js';
export * from './batch-normalization.js';
export * from './dense.js';
export * from './dropout.js';
export type { InputShape, LayerOptions, LayerSpec, TrainableLayerOptions } from './kind.js';
export * from './merge.js';
export { type InputOptions, input, SymbolicTensor } from './symbolic.js';
