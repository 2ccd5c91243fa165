import { ShapeError, StateError, show } from '../errors.js';
import { panelColumns } from '../program/plan.js';
import type { Store } from './store.js';

/**
 * Says how the numbers of a tensor lie in the heap. 'matrix': row after row, `stride` elements apart. 'vector': one
 * after the other. 'kernel': weights of a dense layer in panels of 8 columns, as the dense products read them.
 */
export type TensorLayout = 'matrix' | 'vector' | 'kernel';

/** The layout and the sizes of a tensor. */
export interface TensorShape {
  readonly layout: TensorLayout;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  readonly size: number;
}

/** A heap as its tensors see it. */
export interface Room {
  readonly store: Store;
  /** The number of times that it has been reset. */
  readonly life: number;
  /** Returns where this many elements are that any operation may use while it runs. */
  scratch(elements: number): number;
  /** Returns where at least this many zeros are that no operation writes to. */
  zeros(elements: number): number;
  /** Makes a vector of this many zeros. */
  tensor(length: number): Tensor;
  /** Zeros in the layout and sizes of another. */
  like(tensor: Tensor): Tensor;
}

/** Records where tensors lie, and in which of the lives of that heap: `reset` ends one. */
const homes = new WeakMap<Allocation, { readonly room: Room; readonly life: number }>();

/** Returns the heap of a tensor. @throws StateError where it has been reset since. */
export function roomOf(tensor: Allocation): Room {
  const { room, life } = homes.get(tensor) as { room: Room; life: number };
  checkLife(room, life);
  return room;
}

/** Refuses what a `reset` has given back. @throws StateError for what was made before the heap was reset. */
export function checkLife(room: Room, life: number): void {
  if (room.life === life) return;
  throw new StateError(
    'The heap has been reset since this was made: allocate its tensors and prepare its operations again.',
  );
}

/** A range of a heap. */
export class Allocation {
  /** The place where it begins, in elements of the heap: what the raw kernels take. A multiple of 16. */
  readonly offset: number;
  /** The number of elements that it takes, padding included. */
  readonly size: number;

  /** Made by a heap. @internal */
  constructor(room: Room, offset: number, size: number) {
    homes.set(this, { room, life: room.life });
    this.offset = offset;
    this.size = size;
  }

  /**
   * The elements themselves, padding included. When the heap grows, views of before have length 0: ask for `data` again.
   * @throws StateError where the heap has been reset since.
   */
  get data(): Float32Array {
    return roomOf(this).store.heap.subarray(this.offset, this.offset + this.size);
  }
}

/** A matrix, a vector or the weights of a dense layer, on a heap. */
export class Tensor extends Allocation {
  /** Says how its numbers lie. */
  readonly layout: TensorLayout;
  /** Rows; of weights the inputs, of a vector 1. */
  readonly rows: number;
  /** Columns without padding; of weights the units, of a vector its length. */
  readonly columns: number;
  /** Elements from a row to the next; 8 in a kernel, within a panel. */
  readonly stride: number;

  /** Made by a heap. @internal */
  constructor(room: Room, offset: number, { layout, rows, columns, stride, size }: TensorShape) {
    super(room, offset, size);
    this.layout = layout;
    this.rows = rows;
    this.columns = columns;
    this.stride = stride;
  }

  /** Returns where a number lies, counted from the first of the tensor. */
  #place(row: number, column: number): number {
    if (this.layout === 'kernel') return ((column >> 3) * this.rows + row) * 8 + (column & 7);
    return row * this.stride + column;
  }

  /**
   * Copies numbers into it, row by row without padding, which becomes 0.
   * @throws ShapeError for another count of numbers than rows times columns.
   */
  set(values: ArrayLike<number>): this {
    const expected = this.rows * this.columns;
    if (values?.length !== expected) {
      throw new ShapeError({
        argument: 'Tensor.set.values',
        given: typeof values?.length === 'number' ? `${values.length} numbers` : show(values),
        expected: `${expected}, ${this.rows} x ${this.columns} row by row`,
      });
    }
    const data = this.data.fill(0);
    for (let r = 0, i = 0; r < this.rows; r++) {
      for (let c = 0; c < this.columns; c++, i++) data[this.#place(r, c)] = values[i] as number;
    }
    return this;
  }

  /** Returns a copy of its numbers, row by row without padding. */
  get(): Float32Array {
    const { data } = this;
    const values = new Float32Array(this.rows * this.columns);
    for (let r = 0, i = 0; r < this.rows; r++) {
      for (let c = 0; c < this.columns; c++, i++) values[i] = data[this.#place(r, c)] as number;
    }
    return values;
  }
}

/** Returns the number of elements that weights of a dense layer take. */
export const kernelSize = (inputs: number, units: number) => panelColumns(units) * inputs;
