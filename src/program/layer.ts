import type { Emitter } from './emitter.js';
import type { Constant, Parameter, Penalty } from './parameter.js';
import type { Tensor } from './plan.js';

/** Holds what a layer saves for its backward pass. */
export interface Step {
  readonly y: Tensor;
  /**
   * Emits the gradients of the parameters and of those inputs that are `wanted`, and returns the latter. May overwrite
   * `dy` and return it for one input.
   */
  backward(dy: Tensor, wanted: readonly boolean[]): readonly (Tensor | undefined)[];
}

/** Forward and backward of a layer, side by side, as emitters of kernel calls. */
export interface Layer {
  readonly name: string;
  readonly units: number;
  readonly parameters: readonly Parameter[];
  readonly constants?: readonly Constant[];
  /** The activation that ends the layer, so that a loss can be fused with the last one. */
  readonly activation?: string;
  /** Its input comes straight from an input of the model and holds whole numbers from 0, less than this. */
  readonly ids?: number;
  /** On the output, per row. */
  readonly activityPenalty?: Penalty | undefined;
  /** Fewer rows than this in a training batch are refused. */
  readonly minimumBatch?: number;
  forward(emit: Emitter, x: Tensor, ...others: readonly Tensor[]): Step;
}
