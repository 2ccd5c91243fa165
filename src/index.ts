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
export * from './kernels/adam.js';
export * from './kernels/constraints.js';
export type { BackendFactory } from './kernels/contract.js';
export * from './kernels/gates.js';
export type { CommonLossOptions } from './kernels/loss.js';
export * from './kernels/losses.js';
export * from './kernels/losses-binary.js';
export * from './kernels/losses-regression.js';
export * from './kernels/losses-rows.js';
export * from './kernels/optimizers.js';
export type {
  ActivationSpec,
  ConstraintName,
  ConstraintSpec,
  LossSpec,
  UpdateSpec,
} from './kernels/tables.js';
export type { CommonOptions, Schedule } from './kernels/update.js';
export { type Matrix, type MatrixLike, matrix, type NumericArray } from './matrix.js';
export * from './model/averaging.js';
export { averagingFromSpec, lossFromSpec, metricFromSpec, optimizerFromSpec } from './model/every.js';
export {
  type ActivationFunction,
  type CustomActivation,
  type CustomLoss,
  type CustomLossOptions,
  customActivation,
  customLoss,
  type LossFunction,
} from './model/expressions/custom.js';
export type {
  Constant as ExpressionConstant,
  Expression,
  Operations,
  Step as ExpressionStep,
  Term,
} from './model/expressions/expression.js';
export type { GraphSpec } from './model/graph.js';
export * from './model/initializers.js';
export * from './model/layers/index.js';
export { type LbfgsOptions, lbfgs } from './model/lbfgs.js';
export type { Loss, LossOption, LossWeights } from './model/losses.js';
export * from './model/metrics/index.js';
export type {
  ActivationName,
  InitializerName,
  LossName,
  OptimizerName,
  RegularizerName,
} from './model/names.js';
export type { OptimizerSpec } from './model/optimizers.js';
export * from './model/regularizers.js';
export * from './model/schedules.js';
export type { CallProfile, Profile, ProfileOptions } from './program/profile.js';
export type { Data, FitOptions } from './train/batches.js';
export type { Callback, Logs } from './train/callbacks.js';
export type { History } from './train/fit.js';
export { modelFromSpec } from './train/from-spec.js';
export { type LsuvLayer, type LsuvOptions, layerSequentialUnitVariance } from './train/lsuv.js';
export {
  type CompileOptions,
  type FunctionalOptions,
  type Gradients,
  type Model,
  type ModelOptions,
  model,
  type NamedLayer,
  type NodeValue,
  type SequentialOptions,
  sequential,
  type Weights,
} from './train/model.js';
export type { PredictOptions } from './train/predict.js';
export type { LayerSummary, Summary } from './train/summary.js';
export type { UpdateOptions } from './train/update-options.js';
export type { ClassWeights, WeightOptions } from './train/weights.js';
