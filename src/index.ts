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
export * from './kernels/activations.js';
export type { BackendFactory } from './kernels/contract.js';
export * from './kernels/gates.js';
export * from './kernels/optimizers.js';
export { type Matrix, type MatrixLike, matrix, type NumericArray } from './matrix.js';
export type { InitializerName } from './model/initializers.js';
export {
  type ActivationOptions,
  activation,
  type BatchNormalizationOptions,
  batchNormalization,
  type DenseOptions,
  type DropoutOptions,
  dense,
  dropout,
  type LayerSpec,
} from './model/layers.js';
export type { LossName } from './model/losses.js';
export { l2, type Regularizer } from './model/regularizers.js';
export type { CallProfile, Profile, ProfileOptions } from './program/profile.js';
export type { FitOptions } from './train/batches.js';
export type { Callback, Logs } from './train/callbacks.js';
export type { History } from './train/fit.js';
export {
  type CompileOptions,
  type Model,
  type SequentialOptions,
  sequential,
  type Weights,
} from './train/model.js';
export type { LayerSummary, Summary } from './train/summary.js';
