import type { Heap } from '../../kernels/contract.js';
import type { Parameter } from '../../program/parameter.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';

export type Vector = Float64Array<ArrayBuffer>;

/**
 * The view of a model that a solver works on: weights and the gradient of the last evaluation, as copies in float64.
 */
export interface Objective {
  weights(): Vector;
  setWeights(x: Vector): void;
  gradient(): Vector;
}

/**
 * An optimizer that evaluates more than once a step. `step` yields wherever it wants loss and gradient at the present
 * weights, and is sent the loss.
 */
export interface Solver {
  /** Refuses options of `compile`, and parameters, that a line search cannot do with. @throws ValueError */
  check(options: object, parameters: readonly Parameter[]): void;
  /** Makes one step: yields wherever the loss and its gradient are needed, and is sent the loss. */
  step(objective: Objective, learningRate: number): Generator<void, void, number>;
  /** Returns a step of a model: yields wherever the program is to run. */
  solve(model: Solvable, program: LinkedProgram, learningRate: number, report: SolvableReport): Generator<void, void>;
  /** Returns what it remembers from step to step. */
  state(): SolverState;
  /** Returns the names of the vectors that go with such numbers; undefined for numbers that no state has. */
  vectorNames(numbers: readonly number[]): readonly string[] | undefined;
  /** Takes what `state` returned. */
  restore(state: SolverState): void;
}

export interface SolverState {
  readonly numbers: readonly number[];
  /** By name, each as long as the weights. */
  readonly vectors: Readonly<Record<string, Vector>>;
}

/** A compiled model, as far as solvers know it. */
export interface Solvable {
  readonly heap: Heap;
  readonly training: { readonly flatParameters: Tensor; readonly gradients: Tensor };
}

/** Tells of the program that has just run. */
export interface SolvableReport {
  /** The tensors on the heap that a step reports by. */
  readonly slots: readonly Tensor[];
  readonly loss: () => number;
  /** Looks for NaN and infinity in what the program computed; returns whether it found any. */
  readonly findsNonFinite: () => boolean;
}
