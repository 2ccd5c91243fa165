// All of the package but backends, which bundles keep apart: see on-demand/.

declare global {
  // What signatures name, for programs whose TypeScript knows neither the DOM nor Node; elsewhere this adds nothing.
  interface AbortSignal {}
  interface Blob {}
  // biome-ignore lint/suspicious/noExplicitAny: declarations of one interface must agree
  interface ReadableStream<R = any> {}
  interface Request {}
  interface Response {}
  interface URL {}
  // biome-ignore lint/suspicious/noExplicitAny: declarations of one interface must agree
  interface WritableStream<W = any> {}
}

export {
  BackendError,
  FileError,
  FileFormatError,
  HeapSizeError,
  MyelinError,
  NonFiniteError,
  type NonFiniteFacts,
  ShapeError,
  StateError,
  StreamError,
  UnknownNameError,
  ValueError,
} from './errors.js';
export type { Finding, LintCode, Task } from './insight/checks.js';
export { type LintOptions, lint } from './insight/lint.js';
export { backupAndRestore, modelCheckpoint } from './io/callbacks.js';
export { type LoadWeightsOptions, loadWeights, type WeightMap, type WeightSource } from './io/load-weights.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  type NewTensor,
  type SafeTensor,
  type SafeTensors,
  type TensorData,
} from './io/safetensors.js';
export {
  deserialize,
  type LoadOptions,
  type LoadSource,
  load,
  restore,
  type SaveOptions,
  type SaveTarget,
  type SerializeOptions,
  save,
  serialize,
} from './io/save.js';
export * from './kernels/activations.js';
export * from './kernels/adam.js';
export * from './kernels/constraints.js';
export type { Backend, BackendFactory } from './kernels/contract.js';
export type { ActivationDefinition } from './kernels/curve.js';
export * from './kernels/gates.js';
export * from './kernels/leaky.js';
export type { CommonLossOptions, LossDefinition, NamedLoss } from './kernels/loss.js';
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
export type { CommonOptions, OptimizerDefinition, Schedule, Spec as OptimizerSpecOf } from './kernels/update.js';
export { type Matrix, type MatrixLike, matrix, type Numbers, type NumericArray } from './matrix.js';
export * from './model/averaging.js';
export { compileOptionsFromSpec } from './model/every.js';
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
  Operand as ExpressionOperand,
  Operations,
  Step as ExpressionStep,
  Term,
} from './model/expressions/expression.js';
export type { BuildableSpec, GraphSpec } from './model/graph.js';
export * from './model/initializers.js';
export * from './model/layers/index.js';
export { type LbfgsOptions, lbfgs, type Solver } from './model/lbfgs.js';
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
export type { Data } from './train/batches.js';
export type { BackupAndRestoreOptions } from './train/callbacks/backup-and-restore.js';
export {
  type EarlyStopping,
  type EarlyStoppingOptions,
  earlyStopping,
} from './train/callbacks/early-stopping.js';
export { lambda } from './train/callbacks/lambda.js';
export {
  learningRateScheduler,
  type ReduceLROnPlateauOptions,
  reduceLROnPlateau,
} from './train/callbacks/learning-rate.js';
export {
  type CsvLoggerOptions,
  csvLogger,
  type JsonLinesLoggerOptions,
  jsonLinesLogger,
} from './train/callbacks/loggers.js';
export type { ModelCheckpoint, ModelCheckpointOptions, SaveFrequency } from './train/callbacks/model-checkpoint.js';
export type { MonitorOptions } from './train/callbacks/monitor.js';
export { type ProgressOptions, progress } from './train/callbacks/progress.js';
export type { Sink } from './train/callbacks/sink.js';
export { terminateOnNaN } from './train/callbacks/terminate-on-nan.js';
export type { Callback, FitParams, Logs } from './train/callbacks.js';
export type { ClassWeights } from './train/class-weights.js';
export { type TrainingControl, trainingControl } from './train/control.js';
export type { FitOptions, StreamFitOptions } from './train/fit-options.js';
export { modelFromSpec } from './train/from-spec.js';
export type { History } from './train/history.js';
export { type LsuvLayer, type LsuvOptions, layerSequentialUnitVariance } from './train/lsuv.js';
export { type Model, model, sequential } from './train/model.js';
export type {
  CompileOptions,
  FunctionalOptions,
  Gradients,
  ModelOptions,
  NamedLayer,
  NodeValue,
  PartialFitOptions,
  SequentialOptions,
  Weights,
} from './train/model-types.js';
export type { PredictOptions } from './train/predict.js';
export type { Json, RunState } from './train/run-state.js';
export type { Batch, Batches } from './train/source.js';
export type { EvaluateBatchesOptions } from './train/stream.js';
export type { LayerSummary, Summary } from './train/summary.js';
export type { OnNonFinite, UpdateOptions } from './train/update-options.js';
export type { SampleWeight, WeightOptions } from './train/weights.js';
