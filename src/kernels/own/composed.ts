import type { Backend, Call } from '../contract.js';
import { type Axis, along } from '../cut.js';
import { CODE, CORE, FACTOR, INSTRUCTION, type Instruction, OPERATORS, TENSORS } from './instruction.js';
import { compileModule } from './module.js';

// The update of an optimizer of the user's own is a list of instructions in the numbers of its step. Over WebAssembly they
// become a loop of its own, and elsewhere calls of kernels over parts of the elements that a cache holds: to the same bits.

/** The names by which programs call it, and what looks whether it would leave anything that is not finite. */
export const CUSTOM_UPDATE = 'customUpdate';
export const CUSTOM_CHECK = 'customCheck';

export const customSignature = '* w g states* scratch n=w.size #room @block @factor';

/** Elements that go through all instructions before the next. */
const PART = 1024;

/** The backend of a composed kernel, as far as it needs one. */
export type Ground = Pick<Backend, 'heap' | 'kernels' | 'base' | 'memory'>;

type Loop = (...args: number[]) => void;

/** A kernel made of others: what a call of it does on a backend. */
export type Composed = (ground: Ground) => Loop;

/** Computes instructions by calls of kernels. While `checking`, results go to values of their own, and are looked at. */
function byKernels({ heap, kernels, base = 0 }: Ground, checking: boolean): Loop {
  const loops = OPERATORS.map(([name]) => kernels[name] as Loop);
  return (w, g, s0, s1, s2, s3, scratch, n, room, block, factor) => {
    const part = Math.min(PART, n!);
    const start = block! - base + CODE;
    const end = start + INSTRUCTION * heap[start - CODE + (checking ? CORE : 0)]!;
    for (let first = 0; first < n!; first += part) {
      const size = Math.min(part, n! - first);
      const places = [w!, g!, s0!, s1!, s2!, s3!].map((tensor) => tensor + first);
      const place = (operand: number) => {
        if (operand >= TENSORS) return scratch! + (operand - TENSORS) * part;
        if (operand >= 0) return places[operand]!;
        return operand === FACTOR ? factor! : block! - operand;
      };
      const written: number[] = [];
      for (let i = start; i < end; i += INSTRUCTION) {
        const operator = heap[i]! | 0;
        const result = heap[i + 1]! | 0;
        const p = heap[i + 2]! | 0;
        const q = heap[i + 3]! | 0;
        const [from, other] = [place(p), place(q)];
        if (checking && result < TENSORS) {
          places[result] = scratch! + room! - (result + 1) * part;
          written.push(places[result]!);
        }
        const y = place(result);
        const loop = loops[operator]!;
        switch (OPERATORS[operator]![1]) {
          case 'vectors':
            loop(from, other, y, size);
            break;
          case 'scale':
            loop(from, y, size, heap[other - base]!);
            break;
          case 'spread':
            loop(from, 0, p < 0 ? 0 : 1, other, 0, q < 0 ? 0 : 1, y, 0, 1, size);
            break;
          default:
            loop(from, y, size);
        }
      }
      for (const y of written) {
        for (let i = y - base; i < y - base + size; i++) {
          if (!Number.isFinite(heap[i]!)) heap[factor! - base] = Number.NaN;
        }
      }
    }
  };
}

/** The room that values need, those of a look included. */
export const roomFor = (values: number, n: number): number => (values + TENSORS) * Math.min(PART, n);

function read({ heap, base = 0 }: Ground, block: number, count: number): readonly Instruction[] {
  return Array.from({ length: count }, (_, i) => {
    const at = block - base + CODE + INSTRUCTION * i;
    const [operator, y, a, b] = Array.from({ length: INSTRUCTION }, (_, k) => heap[at + k]! | 0) as Four;
    return { operator: OPERATORS[operator]![0], y, a, b };
  });
}

type Four = [number, number, number, number];

const composed =
  (checking: boolean): Composed =>
  (ground) => {
    const { heap, base = 0, memory } = ground;
    const calls = byKernels(ground, checking);
    /** By the number of instructions, which differs in steps that settle states. */
    const loops = new Map<number, Loop>();
    return (...args) => {
      const [block, factor] = args.slice(-2) as [number, number];
      if (Number.isNaN(heap[factor - base]!)) return;
      const count = heap[block - base + (checking ? CORE : 0)]!;
      let loop = loops.get(count);
      if (!loop) {
        loop = (memory && compileModule(read(ground, block, count), memory as WebAssembly.Memory, checking)) ?? calls;
        loops.set(count, loop);
      }
      loop(...args);
    };
  };

/** The kernels that no backend has by itself, by the names under which programs call them. */
export const composedKernels: Readonly<Record<string, Composed>> = {
  [CUSTOM_UPDATE]: composed(false),
  [CUSTOM_CHECK]: composed(true),
};

/** Nanoseconds per element. */
const COST = 2;

/** Says how threads share it: each has room for its own values between instructions. */
export const customAxis: (call: Call) => Axis = along<string>(customSignature, ({ n, room }) => {
  return { over: 'n', by: { w: 1, g: 1, states: 1 }, work: n! * COST, room: room! };
});
