export { type AutoOptions, auto } from './backends/detect.js';
export { typescript } from './backends/typescript.js';
export { type CompiledModule, hasRelaxedSimd, type ThreadOptions, type WasmOptions, wasm } from './backends/wasm.js';
export {
  BackendError,
  HeapSizeError,
  MyelinError,
  NonFiniteError,
  ShapeError,
  StateError,
  UnknownNameError,
  ValueError,
} from './errors.js';
export type { BackendFactory } from './kernels/contract.js';
export * from './kernels/optimizers.js';
export { type Matrix, type MatrixLike, matrix, type NumericArray } from './matrix.js';
export type { ActivationName } from './model/activations.js';
export type { GraphSpec } from './model/graph.js';
export type { InitializerName } from './model/initializers.js';
export * from './model/layers/index.js';
export type { LossName } from './model/losses.js';
export * from './model/metrics/index.js';
export { l2, type Regularizer } from './model/regularizers.js';
export type { CallProfile, Profile, ProfileOptions } from './program/profile.js';
export type { Data, FitOptions } from './train/batches.js';
export type { Callback, Logs } from './train/callbacks.js';
export type { History } from './train/fit.js';
export { modelFromSpec } from './train/from-spec.js';
export {
  type CompileOptions,
  type FunctionalOptions,
  type Gradients,
  type Model,
  type ModelOptions,
  model,
  type NodeValue,
  type SequentialOptions,
  sequential,
  type Weights,
} from './train/model.js';
export type { PredictOptions } from './train/predict.js';
export type { LayerSummary, Summary } from './train/summary.js';
