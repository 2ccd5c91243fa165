import type { KernelName } from '../contract.js';

// Instructions of updates as they lie among the numbers of a step.

/** The states that an optimizer may have; in a call with fewer the weights stand in their places. */
export const MOST_STATES = 4;

/** Operands from here on are values between instructions; those below are weights, gradient and states. */
export const TENSORS = 2 + MOST_STATES;

/** Operands below 0 are numbers: -1 is the factor of the gradient, -k number k of the block. */
export const FACTOR = -1;

/** The place of the first instruction in the block, whose first number says how many there are; see BLOCK_SIZE. */
export const CODE = 16;

/** The place of the number of instructions without those that settle states. */
export const CORE = 1;

/** Numbers of an instruction: operator, result, two operands. */
export const INSTRUCTION = 4;

type Kind = 'vectors' | 'scale' | 'spread' | 'flat';

/** The operators, by the kernel that each calls; their places in the list are what programs hold. */
export const OPERATORS = [
  ['add', 'vectors'],
  ['subtract', 'vectors'],
  ['multiply', 'vectors'],
  ['scale', 'scale'],
  ['broadcastAdd', 'spread'],
  ['broadcastSubtract', 'spread'],
  ['broadcastMultiply', 'spread'],
  ['broadcastDivide', 'spread'],
  ['broadcastMaximum', 'spread'],
  ['broadcastMinimum', 'spread'],
  ['broadcastGreaterEqual', 'spread'],
  ['broadcastGreater', 'spread'],
  ['broadcastEqual', 'spread'],
  ['broadcastKeep', 'spread'],
  ['broadcastDrop', 'spread'],
  ['absForward', 'flat'],
  ['sqrtForward', 'flat'],
  ['exponentialForward', 'flat'],
  ['logForward', 'flat'],
  ['tanhForward', 'flat'],
  ['sigmoidForward', 'flat'],
] as const satisfies readonly (readonly [KernelName, Kind])[];

export type Operator = (typeof OPERATORS)[number][0];

/** An instruction as the block holds it. */
export interface Instruction {
  readonly operator: Operator;
  readonly y: number;
  readonly a: number;
  readonly b: number;
}
