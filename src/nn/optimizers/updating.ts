import type { Heap } from '../../kernels/contract.js';
import type { LearningRate } from '../../kernels/lib/update.js';
import type { Emitter } from '../../program/emitter.js';
import type { Pace, UpdateGroup } from '../../program/parameter.js';
import type { Operand, Step } from '../expressions/expression.js';
import type { Registrable } from '../registrations.js';
import type { Solver } from './solver.js';

/** The way in which an optimizer updates. */
export interface Updating {
  /** Names of the states it needs, each as long as the parameters, and what they hold at first. */
  readonly states: readonly { readonly name: string; readonly initial: number }[];
  /** Makes the solver of optimizers that see all rows at once and evaluate more than once a step, instead of a loop. */
  readonly solver?: Solver;
  /** Numbers of a step, that of weight decay the last; default BLOCK_SIZE. */
  readonly blockSize?: number;
  /** Emits a look at what `emit` would make of finite numbers: one at what is not finite stops the step. */
  readonly check?: Updating['emit'];
  emit(emit: Emitter, group: UpdateGroup): void;
  /** Writes what step number `t` (from 1) needs. */
  fill(heap: Heap, pace: Pace, learningRate: number, t: number): void;
}

/** An optimizer of the user's own as plain data. */
export interface CustomOptimizer extends Registrable {
  /** A number >= 0, a schedule, or a function of the step from 0 on. */
  readonly learningRate: LearningRate;
  /** Strength of the decoupled decay w -= learningRate weightDecay w before each update, of kernels only. */
  readonly weightDecay: number;
  /** The states, each with the number that it begins with. */
  readonly states: Readonly<Record<string, number>>;
  /** The numbers that the update names. */
  readonly numbers: Readonly<Record<string, number>>;
  /** The operations in order. */
  readonly steps: readonly Step[];
  /** The results, by 'weight' and the names of states: an operand each. */
  readonly results: Readonly<Record<string, Operand>>;
}
