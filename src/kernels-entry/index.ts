// The compute kernels by themselves, for benchmarks and for training loops of one's own.

declare global {
  // What signatures name, for programs whose TypeScript knows neither the DOM nor Node; elsewhere this adds nothing.
  interface Response {}
  interface URL {}
}

export {
  BackendError,
  FileError,
  HeapSizeError,
  MyelinError,
  ShapeError,
  StateError,
  UnknownNameError,
  ValueError,
} from '../errors.js';
export type { Kernels } from '../kernels/contract.js';
export { denseScratch as scratchSizes } from '../program/plan.js';
export {
  type ActivationBackwardOperands,
  type ActivationForwardOperands,
  activationBackward,
  activationForward,
  type KernelActivation,
} from './activation-operations.js';
export {
  type DenseBiasGradientOperands,
  type DenseForwardOperands,
  type DenseInputGradientOperands,
  type DenseKernelGradientOperands,
  denseBiasGradient,
  denseForward,
  denseInputGradient,
  denseKernelGradient,
} from './dense-operations.js';
export type { KernelHeap } from './heap.js';
export type { KernelSource } from './kernel-source.js';
export { type LossOperands, lossAndGradient } from './loss-operations.js';
export {
  type BatchNormalizationBackwardOperands,
  type BatchNormalizationForwardOperands,
  type BatchNormalizationMomentsOperands,
  batchNormalizationBackward,
  batchNormalizationForward,
  batchNormalizationMoments,
} from './normalization-operations.js';
export { type KernelSet, type OpenKernelsOptions, openKernels } from './open.js';
export type { Operation } from './operation.js';
export type { Allocation, Tensor, TensorLayout } from './tensor.js';
export {
  type ClipFactorOperands,
  clipFactor,
  type GradientNormOperands,
  gradientNorm,
  type KernelOptimizer,
  type KernelOptimizerOptions,
  kernelOptimizer,
} from './update-operations.js';
