// The first bundle holds these: the kernels of a network of dense layers. All else in index.ts is the extras, a module of
// its own over the same memory (assembly/pack/split.js).
export {
  reluBackward,
  reluForward,
  sigmoidBackward,
  sigmoidForward,
  tanhBackward,
  tanhForward,
} from './kernels/activations';
export { adam } from './kernels/adam';
export * from './kernels/elementwise';
export * from './kernels/linalg';
export { categoricalCrossentropy, sparseCategoricalCrossentropy } from './kernels/losses';
export { binaryCrossentropy } from './kernels/losses-binary';
export { meanSquaredError } from './kernels/losses-regression';
export {
  batchNormalizationBackward,
  batchNormalizationForward,
  batchNormalizationMoments,
  batchNormalizationUpdate,
} from './kernels/normalization';
export { decayWeights, sgd, sgdMomentum } from './kernels/optimizers';
export { dropoutBackward, dropoutForward, randomUniform, uniformWeights } from './kernels/random';
export * from './kernels/reductions';
export { softmaxBackward, softmaxForward } from './kernels/softmax';
export * from './kernels/step';
