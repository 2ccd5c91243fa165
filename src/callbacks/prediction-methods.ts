import type { Matrix, MatrixNumbers } from '../matrix.js';
import type { BatchSizeOption, PredictOptions } from '../passes/predict.js';
import type { PredictClassesOptions, PredictedClass } from '../passes/rare/predict-classes.js';
import type { Data } from '../rows/arrays.js';

/** The methods of a model that predict rows in memory. */
export interface PredictionMethods {
  /**
   * Outputs for any number of rows, rows x units, with layers in inference mode. A row's output does not depend on the rows
   * around it, to the bit. With `output`, one float32 input (a Matrix, or a Float32Array for a model of one column) and
   * WebAssembly, a call allocates nothing once the number of rows has been seen; without `output` the result is new.
   * @throws ShapeError, ValueError for an `x` or `output` that does not fit; `output` is untouched then. StateError for a
   * model with several outputs, which `predictOutputs` is for.
   */
  predict<Output extends MatrixNumbers | Float32Array>(x: Data, options: PredictOptions<Output>): Output;
  predict(x: Data, options?: BatchSizeOption): Matrix;

  /** Returns the same as `predict(x)`. */
  predictOnBatch(x: Data): Matrix;

  /** Predicts like `predict`, for models with any number of outputs, by their names. */
  predictOutputs(x: Data, options?: BatchSizeOption): Record<string, Matrix>;

  /**
   * Predicts the class of each row: the column of the greatest output; of one column, or of a loss for it such as hinge, yes or no
   * by `threshold`; of several columns of sigmoid an array of all that are a yes. Classes are names where the model has
   * `classNames`, else their indices. Of a model with several outputs by the outputs' names, which the type does not know:
   * `predictClasses<Record<string, string[]>>(x)`.
   * @throws StateError where outputs are no classes; NonFiniteError for a row whose outputs are NaN; ShapeError, ValueError for
   * an `x` that does not fit, and for a threshold where there is none.
   */
  predictClasses<Classes = readonly PredictedClass[]>(x: Data, options?: PredictClassesOptions): Classes;
}
