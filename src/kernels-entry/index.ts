/**
 * The compute kernels by themselves, for benchmarks and for custom training loops.
 * @module myelin/kernels
 */

declare global {
  // Signatures name these types; the declarations are for programs whose TypeScript knows neither the DOM nor Node, and add
  // nothing elsewhere.
  interface Response {}
  interface URL {}
}

export type { KernelSource } from '../backends/sources.js';
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
