import { ShapeError, show, ValueError } from '../errors.js';
import type { KernelName } from '../kernels/contract.js';
import { type Allocation, checkLife, type Room, roomOf, Tensor, type TensorLayout } from './tensor.js';

/**
 * A kernel with named operands: checks them, finds strides and scratch memory, and runs it. `prepare` does all but the last,
 * and returns what runs it: for loops that call it again and again.
 */
export interface Operation<Operands> {
  (operands: Operands): void;
  /** Checks the operands once. What it returns runs the kernel on them, and throws StateError once the heap has been reset. */
  prepare(operands: Operands): () => void;
}

/** A kernel's name and its arguments, offsets as tensors. */
export type SymbolicCall = readonly [name: KernelName, ...args: (number | Allocation)[]];

type AnyKernel = (...args: number[]) => void;

/** Runs calls one after the other, `check` before them. */
export function bind(room: Room, calls: readonly SymbolicCall[], check?: () => void): () => void {
  const { life } = room;
  const bound = calls.map(([name, ...args]) => {
    const kernel = room.store.kernels[name] as AnyKernel;
    const numbers = args.map((arg) => (typeof arg === 'number' ? arg : arg.offset));
    return () => kernel(...numbers);
  });
  const only = bound.length === 1 && !check ? bound[0] : undefined;
  if (only) {
    return () => {
      if (room.life !== life) checkLife(room, life);
      only();
    };
  }
  return () => {
    checkLife(room, life);
    check?.();
    for (const run of bound) run();
  };
}

/** Makes an operation of a function that checks operands and returns what runs it. */
export function operation<Operands>(prepare: (operands: Operands) => () => void): Operation<Operands> {
  return Object.assign((operands: Operands) => prepare(operands)(), { prepare });
}

const sizes = ({ layout, rows, columns }: Tensor) =>
  layout === 'vector' ? `a vector of ${columns}` : `a ${layout} of ${rows} x ${columns}`;

/** Says what an operand must be; sizes that are not given may be any. */
interface Expected {
  readonly layout: TensorLayout | readonly TensorLayout[];
  readonly rows?: number;
  readonly columns?: number;
}

/** Checks the operands of one operation, which must all lie in one heap. */
export class Operands {
  #room: Room | undefined;

  constructor(readonly name: string) {}

  /** The heap of those that have been checked. */
  get room(): Room {
    return this.#room as Room;
  }

  /** @throws ValueError for what is no tensor or lies in another heap, ShapeError, StateError after a reset. */
  take(tensor: unknown, operand: string, { layout, rows, columns }: Expected): Tensor {
    const argument = `${this.name}.${operand}`;
    if (!(tensor instanceof Tensor)) {
      throw new ValueError({
        argument,
        given: show(tensor),
        expected: 'a tensor of a heap, as heap.matrix(rows, columns) returns',
      });
    }
    const room = roomOf(tensor);
    this.#room ??= room;
    if (this.#room !== room) {
      throw new ValueError({ argument, given: 'a tensor of another heap', expected: 'one of the heap of the others' });
    }
    const layouts: readonly TensorLayout[] = typeof layout === 'string' ? [layout] : layout;
    const fits =
      layouts.includes(tensor.layout) &&
      (rows === undefined || tensor.rows === rows) &&
      (columns === undefined || tensor.columns === columns);
    if (fits) return tensor;
    const size = layouts[0] === 'vector' ? `${columns ?? 'any'}` : `${rows ?? 'any'} x ${columns ?? 'any'}`;
    throw new ShapeError({ argument, given: sizes(tensor), expected: `a ${layouts.join(' or ')} of ${size}` });
  }

  /** Returns a tensor of the same layout and sizes as another. */
  like(tensor: unknown, operand: string, { layout, rows, columns }: Tensor): Tensor {
    return this.take(tensor, operand, { layout, rows, columns });
  }

  /** Refuses outputs that would be written while what they overwrite is still read. @throws ValueError */
  apart(output: Tensor, operand: string, ...inputs: readonly Tensor[]): void {
    if (!inputs.includes(output)) return;
    throw new ValueError({
      argument: `${this.name}.${operand}`,
      given: 'a tensor that is also an input',
      expected: 'one of its own',
    });
  }
}
