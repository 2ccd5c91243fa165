import type { Emitter } from './emitter.js';
import type { Tensor } from './plan.js';

/** A learned or running array of a layer. `layout` says how it lies in the heap. */
export interface Parameter {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly layout: 'panels' | 'vector';
  readonly trainable: boolean;
  /** The name of an initializer, or the value that all elements begin with. */
  readonly initializer: string | number;
  /** Strength of the l2 penalty, 0 for none. */
  readonly l2: number;
  readonly value: Tensor;
  /** The same place in the gradient slab; planned when the model is compiled. */
  readonly gradient: Tensor;
}

/** What a layer leaves behind for its backward pass. */
export interface Step {
  readonly y: Tensor;
  /** Emits the gradients of the parameters and, where wanted, of the input. May overwrite `dy`. */
  backward(dy: Tensor, inputWanted: boolean): Tensor | undefined;
}

/** Forward and backward of a layer, side by side, as emitters of kernel calls. */
export interface Layer {
  readonly name: string;
  readonly units: number;
  readonly parameters: readonly Parameter[];
  /** What ends the layer, so that a loss can be fused with the last one. */
  readonly activation?: string;
  /** Fewer rows than this in a training batch are refused. */
  readonly minimumBatch?: number;
  forward(emit: Emitter, x: Tensor): Step;
}
