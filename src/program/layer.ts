import type { MyelinError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Emitter } from './emitter.js';
import type { Constant, Pace, Parameter, Penalty, RowGradients, UpdateGroup } from './parameter.js';
import type { Arena, Tensor } from './plan.js';

/** Holds what a layer saves for its backward pass. */
export interface Step {
  readonly y: Tensor;
  /**
   * Emits the gradients of the parameters and of those inputs that are `wanted`, and returns the latter. May overwrite
   * `dy` and return it for one input.
   */
  backward(dy: Tensor, wanted: readonly boolean[]): readonly (Tensor | undefined)[];
}

/** Whole numbers from 0 that a layer takes as ids. */
export interface Ids {
  /** One more than the largest. */
  readonly below: number;
  /** The layer that takes them. */
  readonly layer: string;
  /** Refuses what is no id, naming the first one's place. @throws ValueError */
  check(x: Matrix, argument: string): void;
  /** Returns the error for a layer, described by `given`, that takes them from another layer. */
  misplaced(argument: string, given: string): MyelinError;
}

/** An optimizer, as far as tables know it. */
export interface Updates {
  readonly spec: { readonly name: string };
  /** Sees all rows at once, and so has no loop. */
  readonly solver?: object;
  readonly states: readonly { readonly name: string }[];
  readonly blockSize?: number;
  emit(emit: Emitter, group: UpdateGroup): void;
}

/** A table that learns. */
export interface TableUpdate {
  readonly table: Parameter;
  /** The optimizer's, parallel to the table. */
  readonly states: readonly Tensor[];
  readonly pace: Pace;
  /** Emits the update of the rows that have gradients. */
  emit(emit: Emitter, rows: RowGradients): void;
}

/** Says how the tables of a model learn. */
export interface TableLearning {
  /**
   * Refuses what works on the flat parameters alone, where tables lie outside.
   * @throws ValueError that names `layer`.
   */
  check(
    layer: string,
    options: { readonly gradientAccumulationSteps?: number; readonly averaging?: unknown },
    optimizer: Updates,
  ): void;
  /** Gives each table states of its own; `groups` of the same learning rate share their numbers with them. */
  plan(
    tables: readonly Parameter[],
    groups: readonly UpdateGroup[],
    optimizer: Updates,
    arena: Arena,
  ): readonly TableUpdate[];
}

/** A penalty that a layer emits itself. */
export interface OwnPenalty {
  /** Returns the layer with all penalties of this kind that it and its parameters have. */
  apply(layer: Layer): Layer;
}

/** Forward and backward of a layer, side by side, as emitters of kernel calls. */
export interface Layer {
  readonly name: string;
  readonly units: number;
  readonly parameters: readonly Parameter[];
  readonly constants?: readonly Constant[];
  /** The activation that ends the layer, so that a loss can be fused with the last one. */
  readonly activation?: string;
  /** Its input comes straight from an input of the model and holds such ids. */
  readonly ids?: Ids;
  /** Says how its table learns, where that is by rows. */
  readonly tables?: TableLearning | undefined;
  /** On the output, per row. */
  readonly activityPenalty?: Penalty | undefined;
  /** The places where programs with a loss report penalties that the layer emits itself. */
  readonly penaltySlots?: readonly Tensor[];
  /** Fewer rows than this in a training batch are refused. */
  readonly minimumBatch?: number;
  /** Takes an input of the model by its non-zeros as well: see `Tensor.nonZeros`. */
  readonly takesNonZeros?: boolean;
  forward(emit: Emitter, x: Tensor, ...others: readonly Tensor[]): Step;
}
