import type { Backend, Call, KernelName } from '../contract.js';
import { type Axis, along } from '../cut.js';

// The update of an optimizer of the user's own is a list of instructions, each a call of a kernel over a part of the
// elements that a cache holds. It is the same code over the kernels of each backend, so that it has no kernel of its own.

/** The name by which programs call it; see signatures/. */
export const CUSTOM_UPDATE = 'customUpdate';

export const customUpdateSignature = 'customUpdate w g states* scratch n=w.size #room @block @factor';

/** The states that an optimizer may have; in a call with fewer the weights stand in their places. */
export const MOST_STATES = 4;

/** Operands from here on are values between instructions; those below are weights, gradient and states. */
export const TENSORS = 2 + MOST_STATES;

/** Operands below 0 are numbers: -1 is the factor of the gradient, -k number k of the block. */
export const FACTOR = -1;

/** Elements that go through all instructions before the next: a value takes 8 KB. */
export const PART = 1024;

/** The place of the first instruction in the block; see BLOCK_SIZE for what is in front of it. */
export const CODE = 16;

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

/** The backend of a composed kernel, as far as it needs one. */
export type Ground = Pick<Backend, 'heap' | 'kernels' | 'base'>;

/** A kernel made of others: what a call of it does on a backend. */
export type Composed = (ground: Ground) => (...args: number[]) => void;

type Loop = (...args: number[]) => void;

export const customUpdate: Composed = ({ heap, kernels, base = 0 }) => {
  const loops = OPERATORS.map(([name]) => kernels[name] as Loop);
  return (w, g, s0, s1, s2, s3, scratch, n, _room, block, factor) => {
    if (Number.isNaN(heap[factor! - base]!)) return;
    const tensors = [w, g, s0, s1, s2, s3] as number[];
    const part = Math.min(PART, n!);
    const start = block! - base + CODE;
    const end = start + INSTRUCTION * heap[start - CODE]!;
    for (let first = 0; first < n!; first += part) {
      const size = Math.min(part, n! - first);
      const place = (operand: number) => {
        if (operand >= TENSORS) return scratch! + (operand - TENSORS) * part;
        if (operand >= 0) return tensors[operand]! + first;
        return operand === FACTOR ? factor! : block! - operand;
      };
      for (let i = start; i < end; i += INSTRUCTION) {
        const operator = heap[i]! | 0;
        const y = place(heap[i + 1]! | 0);
        const p = heap[i + 2]! | 0;
        const q = heap[i + 3]! | 0;
        const loop = loops[operator]!;
        switch (OPERATORS[operator]![1]) {
          case 'vectors':
            loop(place(p), place(q), y, size);
            break;
          case 'scale':
            loop(place(p), y, size, heap[place(q) - base]!);
            break;
          case 'spread':
            loop(place(p), 0, p < 0 ? 0 : 1, place(q), 0, q < 0 ? 0 : 1, y, 0, 1, size);
            break;
          default:
            loop(place(p), y, size);
        }
      }
    }
  };
};

/** Nanoseconds per element: an instruction takes about 0.15, and an update has some 20 of them. */
const COST = 3;

/** Says how threads share it: each has room for its own values between instructions. */
export const customAxis: (call: Call) => Axis = along<string>(customUpdateSignature, ({ n, room }) => {
  return { over: 'n', by: { w: 1, g: 1, states: 1 }, work: n! * COST, room: room! };
});
