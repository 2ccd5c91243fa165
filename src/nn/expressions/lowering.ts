import type { KernelName } from '../../kernels/contract.js';
import type { BroadcastKernel } from '../../kernels/twins/expressions.js';
import type { Emitter } from '../../program/emitter.js';
import { denseScratch, panelColumns, type Tensor } from '../../program/plan.js';

/** Rows of the batch, or so many; a number is 1 x 1, a column 'batch' x 1, a row 1 x columns. */
export interface Shape {
  readonly rows: 'batch' | number;
  readonly columns: number;
}

export const SCALAR: Shape = { rows: 1, columns: 1 };

export function sameShape(a: Shape, b: Shape): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}

/**
 * A shape and where it lies: matrices as the rest of the program has them, a column's elements next to each other,
 * what has one row in whole vectors of 8.
 */
export interface Value {
  readonly tensor: Tensor;
  readonly shape: Shape;
}

/** Emits the kernel calls of expressions. Nothing is overwritten: the plan reuses memory. */
export class Lowering {
  #count = 0;

  constructor(
    readonly emit: Emitter,
    readonly label: string,
  ) {}

  #rows({ rows }: Shape): number {
    return rows === 'batch' ? this.emit.rows : rows;
  }

  elements(shape: Shape): number {
    return this.#rows(shape) * shape.columns;
  }

  make(shape: Shape, what: string): Value {
    const { emit } = this;
    const name = `${this.label}.${what}${this.#count++}`;
    if (shape.rows !== 'batch') return { shape, tensor: emit.vector(name, panelColumns(shape.columns)) };
    return { shape, tensor: shape.columns === 1 ? emit.column(name) : emit.matrix(name, shape.columns) };
  }

  /** Returns a kernel over all elements of operands of one shape, padding included. */
  flat(kernel: KernelName, ...operands: readonly Value[]): Value {
    const { shape } = operands[0] as Value;
    const y = this.make(shape, kernel);
    this.emit.callOf(kernel, [...operands.map(({ tensor }) => tensor), y.tensor, y.tensor.size]);
    return y;
  }

  /** Returns the strides of rows and columns of an operand, for a result of this shape. */
  #steps({ shape, tensor }: Value, result: Shape): readonly [Tensor, number, number] {
    // A column is stored as a row: its elements are contiguous.
    if (result.columns === 1) return [tensor, 0, shape.rows === 'batch' ? 1 : 0];
    return [tensor, shape.rows === 'batch' ? tensor.stride : 0, shape.columns === 1 ? 0 : 1];
  }

  #extent({ shape, tensor }: Value): readonly [Tensor, number, number, number] {
    const rows = this.#rows(shape);
    return shape.columns === 1 ? [tensor, rows, 1, rows] : [tensor, tensor.stride, rows, shape.columns];
  }

  broadcast(kernel: BroadcastKernel, a: Value, b: Value, shape: Shape): Value {
    const y = this.make(shape, kernel);
    this.emit.callOf(kernel, [...this.#steps(a, shape), ...this.#steps(b, shape), ...this.#extent(y)]);
    return y;
  }

  /** Emits x / divisor, once for each element of a larger shape. */
  expand(x: Value, shape: Shape, divisor: number): Value {
    const y = this.make(shape, 'expand');
    this.emit.callOf('expand', [...this.#steps(x, shape), ...this.#extent(y), divisor]);
    return y;
  }

  /** Returns the sum of all elements over the divisor. */
  sumAll(x: Value, divisor: number, out = this.make(SCALAR, 'sum').tensor): Value {
    const [tensor, stride, rows, columns] = this.#extent(x);
    this.emit.call('sumAll', tensor, out, rows, columns, stride, divisor);
    return { tensor: out, shape: SCALAR };
  }

  /** Returns the sum of each row over the divisor. */
  sumRows(x: Value, divisor: number): Value {
    if (x.shape.rows !== 'batch') return this.sumAll(x, divisor);
    const y = this.make({ rows: 'batch', columns: 1 }, 'sum');
    const { stride } = x.tensor;
    this.emit.call('sumRows', x.tensor, y.tensor, this.#rows(x.shape), x.shape.columns, stride, divisor);
    return y;
  }

  /** Adds up a gradient over what shared an operand of this shape. */
  reduce(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sameShape(shape, SCALAR)) return this.sumAll(x, 1);
    if (shape.columns === 1) return this.sumRows(x, 1);
    const y = this.make(shape, 'sum');
    const { tensor } = x;
    this.emit.call('denseBiasGradient', tensor, y.tensor, this.#rows(x.shape), shape.columns, tensor.stride);
    return y;
  }

  /** Returns a tensor of the program as an operand. */
  pack(tensor: Tensor, shape: Shape): Value {
    if (shape.columns > 1) return { tensor, shape };
    const packed = this.make(shape, 'packed');
    this.emit.call('copyColumns', tensor, packed.tensor, this.#rows(shape), 1, tensor.stride, 1, 0, 0);
    return packed;
  }

  /** Turns an operand back into a tensor of the program. */
  unpack({ tensor, shape }: Value): Tensor {
    if (shape.columns > 1 || shape.rows !== 'batch') return tensor;
    const y = this.emit.matrix(`${this.label}.unpacked${this.#count++}`, 1);
    this.emit.call('copyColumns', tensor, y, this.#rows(shape), 1, 1, y.stride, 0, 0);
    return y;
  }

  /** Allocates the result of a dense product, in whole panels. */
  #product(rows: Shape['rows'], columns: number): Tensor {
    const name = `${this.label}.product${this.#count++}`;
    return rows === 'batch' ? this.emit.matrix(name, columns) : this.emit.vector(name, panelColumns(columns));
  }

  #packProduct(tensor: Tensor, shape: Shape): Value {
    return shape.rows === 'batch' ? this.pack(tensor, shape) : { tensor, shape };
  }

  /** Emits x w, where w is stored in panels. */
  matmul(x: Value, { tensor: w, shape }: Value, bias: Tensor): Value {
    const { emit } = this;
    const [rows, inputs, units] = [this.#rows(x.shape), x.shape.columns, shape.columns];
    const from = this.unpack(x);
    const y = this.#product(x.shape.rows, units);
    const tiles = emit.scratch(`${this.label}.tiles${this.#count++}`, denseScratch.forward(rows, inputs));
    emit.call('denseForward', from, w, bias, y, tiles, rows, inputs, units, from.stride, y.stride);
    return this.#packProduct(y, { rows: x.shape.rows, columns: units });
  }

  /** Emits dy w^T, where w is stored in panels. */
  matmulGradient(dy: Value, { tensor: w, shape }: Value): Value {
    const { emit } = this;
    const [rows, inputs, units] = [this.#rows(dy.shape), shape.rows as number, shape.columns];
    const from = this.unpack(dy);
    const dx = this.#product(dy.shape.rows, inputs);
    const room = denseScratch.inputGradient(rows, units);
    const panel = emit.scratch(`${this.label}.panel${this.#count++}`, room);
    const { stride } = from;
    emit.call('denseInputGradient', from, w, dx, panel, rows, inputs, units, stride, dx.stride, inputs * 8);
    return this.#packProduct(dx, { rows: dy.shape.rows, columns: inputs });
  }
}
