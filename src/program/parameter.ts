import type { Heap } from '../kernels/contract.js';
import type { ConstraintName } from '../kernels/tables.js';
import type { Matrix } from '../matrix.js';
import type { Tensor } from './plan.js';

/** Describes how a parameter is initialized, as plain data: a name and options, which only the initializer reads. */
export interface Initializer {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** Strengths of l1 sum |w| + l2 sum w^2, 0 for none. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
  /** A penalty of the user's own in place of both, an `OwnPenalty`. */
  readonly own?: object;
}

/** Holds a parameter in bounds after each update: names a kernel and its number. */
export interface Constraint {
  readonly kernel: ConstraintName;
  readonly value: number;
}

/**
 * A learned or running array of a layer. `layout` says how it lies in the heap. A table lies apart from the flat parameters,
 * row by row without padding: it has gradients for the rows of a batch only, see `RowGradients`.
 */
export interface Parameter {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly layout: 'panels' | 'vector' | 'table';
  /** Learned by gradients, unlike what is counted along the way, such as moving moments. */
  readonly learnable: boolean;
  /** Learnable and not frozen. A layer leaves out the gradients of parameters that are not. */
  trainable: boolean;
  /** The parameter learns at this multiple of the optimizer's rate. */
  learningRateMultiplier: number;
  readonly initializer: Initializer;
  readonly penalty: Penalty;
  readonly constraint?: Constraint | undefined;
  readonly value: Tensor;
  /** Its gradient, at the same place of the flat gradients; planned when the model is compiled. That of a table has no place. */
  readonly gradient: Tensor;
}

/** The gradients of those rows of a table that occur in a batch; those of all other rows are 0. */
export interface RowGradients {
  readonly table: Parameter;
  /** Numbers of the rows, each once, then -1. */
  readonly distinct: Tensor;
  /** The rows' gradients one after the other, without padding, then zeros; whole vectors of 4. */
  readonly gradients: Tensor;
  /** Returns the gradient of the whole table, zeros included. */
  read(heap: Heap): Matrix;
}

/** Numbers that never change, put on the heap where the model is made or compiled. */
export interface Constant {
  readonly value: Tensor;
  readonly data: readonly number[];
}

/** The numbers of a step at one learning rate. */
export interface Pace {
  /** The factor of the learning rate. */
  readonly multiplier: number;
  /** The numbers of the step to come, written by the optimizer's `fill`. */
  readonly block: Tensor;
  /** By how much kernels change for themselves in the step to come. */
  readonly decay: Tensor;
}

/** Parameters that are updated alike: neighbours among the flat parameters, and what lies parallel to them. */
export interface UpdateGroup extends Pace {
  readonly parameters: Tensor;
  /** The first of them, those that decay. */
  readonly kernels: Tensor;
  readonly gradients: Tensor;
  readonly states: readonly Tensor[];
}
