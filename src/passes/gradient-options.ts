import type { NodeValue } from '../engine/rare/fused-outputs.js';
import type { Matrix } from '../matrix.js';
import type { Weights } from '../nn/parameters.js';
import type { Data } from '../rows/arrays.js';
import type { WeightOptions } from '../rows/sample-weights.js';
import type { Logs } from './logs.js';

/** Says what `gradients` returns besides the gradients of the weights, and how layers compute. */
export interface BackwardOptions {
  /** Also returns values and gradients of layers and inputs; default false. */
  readonly nodes?: boolean;
  /** Also returns the gradients of the inputs; default false. Ids of an embedding have none. */
  readonly inputs?: boolean;
  /**
   * Also returns the gradients that each row has as a batch of its own, to the bit; default false. Takes 4 bytes for each row and
   * weight, of a frozen layer none. Dropout draws for each row what it draws for the first of a batch. Batch normalization,
   * which has no moments of one row, needs `training: false`.
   */
  readonly perRow?: boolean;
  /**
   * Has layers compute as in training: dropout and noise draw, batch normalization takes the moments of the batch. False: as
   * in `predict`. Default true.
   */
  readonly training?: boolean;
}

/** Options of `gradients` from a loss. */
export interface GradientOptions extends WeightOptions, BackwardOptions {}

/** Options of `gradients` from given gradients of the outputs. */
export interface OutputGradientOptions extends BackwardOptions {
  /**
   * The gradient by the output: a number for each row and unit, as `predict` returns them. Of several outputs one for each in
   * order, or by name; an output that is left out counts nothing.
   */
  readonly outputGradient: Data;
}

/** Gradients without a loss. */
export interface Backward {
  /** By parameter, in the shapes of `getWeights`; without those of frozen layers. */
  readonly gradients: Weights;
  /** By input, in the shape of its data; empty unless asked for. */
  readonly inputs: Weights;
  /**
   * By parameter, rows x numbers of the parameter, row-major as in `gradients`: what each row has as a batch of its own. Empty
   * unless asked for.
   */
  readonly perRow: Weights;
  /** By layer or input; empty unless asked for. */
  readonly nodes: Readonly<Record<string, NodeValue>>;
}

/** The result of `gradients` from a loss. */
export interface Gradients extends Backward {
  /** Loss and metrics of the batch. */
  readonly logs: Logs;
}

/** The result of `gradients` from given gradients of the outputs. */
export interface OutputGradients extends Backward {
  /** By output, what the forward pass computed, rows x units. */
  readonly outputs: Readonly<Record<string, Matrix>>;
}

/** Tells of an update by given gradients; numbers that logs have where options ask for them. */
export type UpdateLogs = Readonly<Partial<Record<'gradientNorm' | 'skippedBatches', number>>>;
