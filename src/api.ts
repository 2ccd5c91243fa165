// This file exports all of the package but the backends, which bundles keep apart: see on-demand/.

declare global {
  // Signatures name these types; the declarations are for programs whose TypeScript knows neither the DOM nor Node, and add
  // nothing elsewhere.
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

export type { BackupAndRestoreOptions } from './callbacks/backup-and-restore.js';
export type { ProgressOptions } from './callbacks/bar.js';
export {
  type EarlyStopping,
  type EarlyStoppingOptions,
  earlyStopping,
} from './callbacks/early-stopping.js';
export type { History, HistoryLists, Validating } from './callbacks/history.js';
export type {
  Callback,
  EvaluateBatchesOptions,
  FitOptions,
  FitParams,
  Model,
  OneOutputModel,
  PartialFitOptions,
  StreamFitOptions,
} from './callbacks/interfaces.js';
export { lambda } from './callbacks/lambda.js';
export {
  learningRateScheduler,
  type ReduceLROnPlateauOptions,
  reduceLROnPlateau,
} from './callbacks/learning-rate.js';
export {
  type CsvLoggerOptions,
  csvLogger,
  type JsonLinesLoggerOptions,
  jsonLinesLogger,
} from './callbacks/loggers.js';
export type { ModelCheckpoint, ModelCheckpointOptions, SaveFrequency } from './callbacks/model-checkpoint.js';
export type { MonitorOptions } from './callbacks/monitor.js';
export { progress } from './callbacks/progress.js';
export type { Json, RunState } from './callbacks/run-state.js';
export type { Sink } from './callbacks/sink.js';
export { terminateOnNaN } from './callbacks/terminate-on-nan.js';
export { type TrainingControl, trainingControl } from './callbacks/training-control.js';
export type { CompileOptions } from './engine/compile-plan.js';
export type { NodeValue } from './engine/rare/fused-outputs.js';
export type { LayerSummary, Summary } from './engine/rare/summary.js';
export type { NamedLayer } from './engine/rare/trainable.js';
export type { OnNonFinite, UpdateOptions } from './engine/update-options.js';
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
export type { Task } from './insight/checks.js';
export type { Finding, LintCode } from './insight/finding.js';
export { type LintOptions, lint } from './insight/lint.js';
export { backupAndRestore, modelCheckpoint } from './io/checkpoint-callbacks.js';
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
export type { Backend, BackendFactory } from './kernels/contract.js';
export * from './kernels/families/activations.js';
export * from './kernels/families/constraints.js';
export * from './kernels/families/losses.js';
export * from './kernels/families/optimizers.js';
export type { ActivationDefinition, NamedActivation } from './kernels/lib/curve.js';
export type { CommonLossOptions, LossDefinition, NamedLoss } from './kernels/lib/loss.js';
export type {
  CommonOptions,
  LearningRate,
  OptimizerDefinition,
  RateFunction,
  Schedule,
  Spec as OptimizerSpecOf,
} from './kernels/lib/update.js';
export type {
  ActivationSpec,
  ConstraintName,
  ConstraintSpec,
  LossSpec,
  UpdateSpec,
} from './kernels/tables.js';
export { type Matrix, type MatrixLike, type MatrixNumbers, matrix, type Numbers, type NumericArray } from './matrix.js';
export { modelFromSpec } from './model/from-spec.js';
export {
  type ForAllMembers,
  type Lockstep,
  type LockstepBatchOptions,
  type LockstepFitOptions,
  type LockstepMemberOptions,
  lockstep,
  type PerMember,
} from './model/lockstep.js';
export { type LsuvLayer, type LsuvOptions, layerSequentialUnitVariance } from './model/lsuv.js';
export { model, sequential } from './model/model.js';
export type { FunctionalOptions, ModelOptions, OneOutputOptions, SequentialOptions } from './model/options.js';
export type { ClassName, ClassNames, Labels } from './nn/class-names.js';
export {
  type ActivationFunction,
  type CustomActivation,
  type CustomLoss,
  type CustomLossOptions,
  customActivation,
  customLoss,
  type LossFunction,
} from './nn/expressions/custom.js';
export { customRegularizer, type RegularizerFunction } from './nn/expressions/custom-regularizer.js';
export type {
  Constant as ExpressionConstant,
  Expression,
  Operand as ExpressionOperand,
  Operations,
  Step as ExpressionStep,
  Term,
} from './nn/expressions/expression.js';
export type { BuildableSpec, GraphSpec } from './nn/graph.js';
export * from './nn/initializers/initializers.js';
export {
  type CustomInitializer,
  customInitializer,
  type InitializerFunction,
  type InitializerRandom,
} from './nn/initializers/own-initializer.js';
export type { InitializerSpec } from './nn/initializers/spec.js';
export {
  type CustomLayer,
  type CustomLayerData,
  type CustomLayerOptions,
  customLayer,
  type LayerDefinition,
  type LayerParameter,
} from './nn/layers/custom-layer.js';
export * from './nn/layers/index.js';
export type { Loss, LossOption, LossWeights } from './nn/losses.js';
export * from './nn/metrics/index.js';
export type {
  ActivationName,
  InitializerName,
  LossName,
  OptimizerName,
  RegularizerName,
} from './nn/names.js';
export * from './nn/optimizers/averaging.js';
export { type LbfgsOptions, lbfgs } from './nn/optimizers/lbfgs.js';
export type { OptimizerSpec } from './nn/optimizers/optimizers.js';
export type { CustomSchedule, ScheduleDefinition } from './nn/optimizers/rate.js';
export * from './nn/optimizers/schedules.js';
export type { Solver } from './nn/optimizers/solver.js';
export type { CustomOptimizer } from './nn/optimizers/updating.js';
export {
  type CustomOptimizerOptions,
  customOptimizer,
  type UpdateFunction,
} from './nn/own-optimizer/own-optimizer.js';
export { customSchedule } from './nn/own-optimizer/own-schedule.js';
export type { Weights } from './nn/parameters.js';
export * from './nn/registered.js';
export { type FamilyName, type Registrable, register } from './nn/registrations.js';
export * from './nn/regularizers.js';
export { compileOptionsFromSpec } from './nn/specs.js';
export type {
  Backward,
  BackwardOptions,
  GradientOptions,
  Gradients,
  OutputGradientOptions,
  OutputGradients,
  UpdateLogs,
} from './passes/gradient-options.js';
export type { Logs, Occasional } from './passes/logs.js';
export type { BatchSizeOption, PredictOptions } from './passes/predict.js';
export type { PredictClassesOptions, PredictedClass } from './passes/rare/predict-classes.js';
export type { CallProfile, Profile, ProfileOptions } from './program/profile.js';
export type { Data, Targets } from './rows/arrays.js';
export type { Batch, Batches } from './rows/batches.js';
export type { ClassWeightOption, ClassWeights } from './rows/class-weights.js';
export type { EvaluateOptions, SampleWeight, WeightOptions } from './rows/sample-weights.js';
export {
  type SparseEntries,
  type SparseMatrix,
  type SparseParts,
  type SparseRowsOptions,
  sparse,
} from './sparse-matrix.js';
