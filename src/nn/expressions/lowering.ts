import type { KernelName } from '../../kernels/contract.js';
import { stream } from '../../kernels/lib/philox.js';
import * as k from '../../kernels/signatures/index.js';
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

/** Dropouts of a layer draw from streams of the layer's number, this far apart. */
const STREAMS = 2 ** 16;

/** Emits the kernel calls of expressions. Nothing is overwritten: the plan reuses memory. */
export class Lowering {
  #count = 0;
  #dropouts = 0;

  constructor(
    readonly emit: Emitter,
    readonly label: string,
    /** The number of the layer, by which it draws. */
    readonly index = 0,
  ) {}

  /** Returns the number of rows of a shape. */
  rows({ rows }: Shape): number {
    return rows === 'batch' ? this.emit.rows : rows;
  }

  elements(shape: Shape): number {
    return this.rows(shape) * shape.columns;
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
    this.emit.call(k.flat, { operands: operands.map(({ tensor }) => tensor), y: y.tensor }, kernel);
    return y;
  }

  /** Returns the strides of rows and columns of an operand, for a result of this shape. */
  #steps({ shape, tensor }: Value, result: Shape): readonly [row: number, column: number] {
    // A column is stored as a row: its elements are contiguous.
    if (result.columns === 1) return [0, shape.rows === 'batch' ? 1 : 0];
    return [shape.rows === 'batch' ? tensor.stride : 0, shape.columns === 1 ? 0 : 1];
  }

  #extent({ shape, tensor }: Value): { readonly stride: number; readonly rows: number; readonly columns: number } {
    const rows = this.rows(shape);
    if (shape.columns === 1) return { stride: rows, rows: 1, columns: rows };
    return { stride: tensor.stride, rows, columns: shape.columns };
  }

  broadcast(kernel: BroadcastKernel, a: Value, b: Value, shape: Shape): Value {
    const y = this.make(shape, kernel);
    const [aRow, aColumn] = this.#steps(a, shape);
    const [bRow, bColumn] = this.#steps(b, shape);
    const { stride: yRow, ...extent } = this.#extent(y);
    const [first, second] = [
      { a: a.tensor, aRow, aColumn },
      { b: b.tensor, bRow, bColumn },
    ];
    this.emit.call(k.broadcast, { ...first, ...second, y: y.tensor, yRow, ...extent }, kernel);
    return y;
  }

  /** Returns zeros. */
  zeros(shape: Shape): Value {
    return this.expand({ tensor: this.emit.zeros, shape: SCALAR }, shape, 1);
  }

  /** Emits x / divisor, once for each element of a larger shape. */
  expand(x: Value, shape: Shape, divisor: number): Value {
    const y = this.make(shape, 'expand');
    const [xRow, xColumn] = this.#steps(x, shape);
    const { stride: yRow, ...extent } = this.#extent(y);
    this.emit.call(k.expand, { x: x.tensor, xRow, xColumn, y: y.tensor, yRow, ...extent, divisor });
    return y;
  }

  /** Returns the sum of all elements over the divisor. */
  sumAll(x: Value, divisor: number, out = this.make(SCALAR, 'sum').tensor): Value {
    this.emit.call(k.sumAll, { x: x.tensor, out, ...this.#extent(x), divisor });
    return { tensor: out, shape: SCALAR };
  }

  /** Returns the sum of each row over the divisor. */
  sumRows(x: Value, divisor: number): Value {
    if (x.shape.rows !== 'batch') return this.sumAll(x, divisor);
    const y = this.make({ rows: 'batch', columns: 1 }, 'sum');
    const rows = this.rows(x.shape);
    this.emit.call(k.sumRows, { x: x.tensor, y: y.tensor, rows, columns: x.shape.columns, divisor });
    return y;
  }

  /** Returns the sum of each column over the divisor. */
  sumColumns(x: Value, divisor: number): Value {
    if (x.shape.rows !== 'batch') return x;
    if (x.shape.columns === 1) return this.sumAll(x, divisor);
    const y = this.make({ rows: 1, columns: x.shape.columns }, 'sum');
    const sizes = { rows: this.rows(x.shape), columns: x.shape.columns, divisor };
    this.emit.call(k.sumColumns, { x: x.tensor, y: y.tensor, ...sizes });
    return y;
  }

  /** Copies so many columns from column `from` of x to column `to` of y. */
  copy(x: Value, y: Value, columns: number, from: number, to: number): void {
    const strides = { xStride: x.tensor.stride, yStride: y.tensor.stride };
    this.emit.call(k.copyColumns, {
      x: x.tensor,
      y: y.tensor,
      rows: this.rows(y.shape),
      columns,
      ...strides,
      from,
      to,
    });
  }

  /** Returns the softmax of each row of at least two columns. */
  softmax(x: Value): Value {
    const y = this.make(x.shape, 'softmax');
    const sizes = { rows: this.rows(x.shape), columns: x.shape.columns, stride: x.tensor.stride };
    this.emit.call(k.activationRowsForward, { x: x.tensor, y: y.tensor, ...sizes }, 'softmaxForward');
    return y;
  }

  softmaxGradient(y: Value, dy: Value): Value {
    const dx = this.make(y.shape, 'softmaxGradient');
    const sizes = { rows: this.rows(y.shape), columns: y.shape.columns, stride: y.tensor.stride };
    const operands = { saved: y.tensor, dy: dy.tensor, dx: dx.tensor };
    this.emit.call(k.activationRowsBackward, { ...operands, ...sizes }, 'softmaxBackward');
    return dx;
  }

  /** Drops elements at random; returns the mask too. */
  dropout(x: Value, rate: number): { readonly y: Value; readonly mask: Value } {
    const { emit } = this;
    const [y, mask] = [this.make(x.shape, 'dropout'), this.make(x.shape, 'mask')];
    const draws = stream('dropout', this.index + STREAMS * this.#dropouts++);
    const tensors = { x: x.tensor, y: y.tensor, mask: mask.tensor };
    emit.call(k.dropoutForward, { ...tensors, state: emit.slots.random, stream: draws, rate });
    return { y, mask };
  }

  dropoutGradient(mask: Value, dy: Value): Value {
    const dx = this.make(dy.shape, 'dropoutGradient');
    this.emit.call(k.dropoutBackward, { mask: mask.tensor, dy: dy.tensor, dx: dx.tensor });
    return dx;
  }

  /** Adds up a gradient over what shared an operand of this shape. */
  reduce(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sameShape(shape, SCALAR)) return this.sumAll(x, 1);
    if (shape.columns === 1) return this.sumRows(x, 1);
    const y = this.make(shape, 'sum');
    const sizes = { rows: this.rows(x.shape), units: shape.columns };
    this.emit.call(k.denseBiasGradient, { dy: x.tensor, db: y.tensor, ...sizes });
    return y;
  }

  /** Returns a tensor of the program as an operand. */
  pack(tensor: Tensor, shape: Shape): Value {
    if (shape.columns > 1) return { tensor, shape };
    const packed = this.make(shape, 'packed');
    this.emit.call(k.copyColumns, { x: tensor, y: packed.tensor, rows: this.rows(shape), columns: 1, yStride: 1 });
    return packed;
  }

  /** Turns an operand back into a tensor of the program. */
  unpack({ tensor, shape }: Value): Tensor {
    if (shape.columns > 1 || shape.rows !== 'batch') return tensor;
    const y = this.emit.matrix(`${this.label}.unpacked${this.#count++}`, 1);
    this.emit.call(k.copyColumns, { x: tensor, y, rows: this.rows(shape), columns: 1, xStride: 1 });
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
    const [rows, inputs, units] = [this.rows(x.shape), x.shape.columns, shape.columns];
    const from = this.unpack(x);
    const y = this.#product(x.shape.rows, units);
    const scratch = emit.scratch(`${this.label}.tiles${this.#count++}`, denseScratch.forward(rows, inputs));
    emit.call(k.denseForward, { x: from, w, b: bias, y, scratch, rows, inputs, units });
    return this.#packProduct(y, { rows: x.shape.rows, columns: units });
  }

  /** Emits x^T dy to `dw`, in panels; returns its operands as the product takes them. */
  kernelGradient(x: Value, dy: Value, dw: Tensor): { readonly x: Tensor; readonly dy: Tensor } {
    const { emit } = this;
    const [rows, inputs, units] = [this.rows(x.shape), x.shape.columns, dy.shape.columns];
    const operands = { x: this.unpack(x), dy: this.unpack(dy) };
    const scratch = emit.scratch(`${this.label}.panel${this.#count++}`, denseScratch.kernelGradient(rows, inputs));
    emit.call(k.denseKernelGradient, { ...operands, dw, scratch, rows, inputs, units });
    return operands;
  }

  /** Emits dy w^T, where w is stored in panels. */
  matmulGradient(dy: Value, { tensor: w, shape }: Value): Value {
    const { emit } = this;
    const [rows, inputs, units] = [this.rows(dy.shape), shape.rows as number, shape.columns];
    const from = this.unpack(dy);
    const dx = this.#product(dy.shape.rows, inputs);
    const room = denseScratch.inputGradient(rows, units);
    const scratch = emit.scratch(`${this.label}.panel${this.#count++}`, room);
    const sizes = { rows, inputs, units, wPanel: inputs * 8 };
    emit.call(k.denseInputGradient, { dy: from, w, dx, scratch, ...sizes });
    return this.#packProduct(dx, { rows: dy.shape.rows, columns: inputs });
  }
}
