import type { Heap } from '../kernels/contract.js';
import type { Network } from '../program/network.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import type { Slots } from '../program/slots.js';
import type { Compiled } from './training-plan.js';

/** A model's heap and what lies where on it, as far as steps need to know. */
export interface ModelMemory {
  /** Another one after the model has grown. */
  readonly heap: Heap;
  readonly network: Network;
  readonly slots: Slots;
  /** All trainable parameters. */
  readonly flatParameters: Tensor;
  /** The model was compiled. */
  readonly compiled: boolean;
  /** @throws StateError before `compile`. */
  readonly training: Compiled;
  /** Tells kernels that draw random numbers which step it is. */
  writeRandomState(step: number): void;
  /** Runs what comes after the gradients of a program that has just run and left all else as it was. */
  runUpdate(program: LinkedProgram): void;
}
