import type { Matrix, MatrixLike } from '../matrix.js';
import type {
  GradientOptions,
  Gradients,
  OutputGradientOptions,
  OutputGradients,
  UpdateLogs,
} from '../passes/gradient-options.js';
import type { Data, Targets } from '../rows/arrays.js';

/** The members of a model that let gradients out, and in. */
export interface GradientMethods {
  /**
   * Loss, metrics and the gradient of every trainable parameter on one batch, penalties included, as training would compute
   * them; changes nothing. Layers are in training mode unless `training: false`: dropout draws the masks of the next step,
   * batch normalization takes the batch's moments and leaves the moving ones. With `inputs: true` also the gradients of the inputs,
   * with `perRow: true` those of each row by itself, with `nodes: true` the output of every layer, and of every input, with
   * the gradient of the loss by it.
   * @throws ShapeError, ValueError for data that does not fit, and for `perRow` with batch normalization in training mode;
   * StateError before `compile`.
   */
  gradients(x: Data, y: Targets, options?: GradientOptions): Gradients;
  /**
   * Begins from `outputGradient`, the gradient of anything by the outputs, in place of a loss, as PyTorch's
   * `y.backward(gradient)`: penalties are no part of it. Returns the outputs as well. A model that is not compiled has such
   * gradients, too.
   * @throws ShapeError, ValueError for an `x` or `outputGradient` that does not fit, and for `perRow` as above.
   */
  gradients(x: Data, options: OutputGradientOptions): OutputGradients;

  /**
   * Takes one step of the compiled optimizer by these gradients, as `gradients` returns them: with clipping, weight decay,
   * the schedule, constraints and averaging of `compile`, and `gradientAccumulationSteps` its share of one. `trainOnBatch(x, y)`
   * is `applyGradients(gradients(x, y).gradients)` to the bit, but for moving moments, which stay as they are. Adds no
   * penalties, which `gradients` has added. Parameters without a gradient stay as they are, with their optimizer state;
   * so do rows of an embedding whose gradients are all 0. Returns `gradientNorm` and `skippedBatches` as `trainOnBatch` does.
   * @throws UnknownNameError, ShapeError; ValueError for gradients of frozen layers or of moving moments, and, with
   * `gradientAccumulationSteps`, for parameters without one; NonFiniteError unless `onNonFinite: 'skip'`; StateError before
   * `compile`, and for `lbfgs`.
   */
  applyGradients(gradients: Readonly<Record<string, MatrixLike>>): UpdateLogs;

  /**
   * Outputs of layers for any number of rows, rows x units, by their names (`name`, or `layers.N`), with layers in inference mode,
   * as `predict`; `gradients(x, y, { nodes: true })` has those of training. `names` is one, or several; default all. A layer
   * with an activation has its output after it.
   * @throws UnknownNameError for a name that no layer has; ShapeError, ValueError for data that does not fit.
   */
  layerOutputs(x: Data, names?: string | readonly string[]): Record<string, Matrix>;
}
