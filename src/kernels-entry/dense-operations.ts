import { lookUp } from '../errors.js';
import { denseScratch } from '../program/plan.js';
import { bind, Operands, type Operation, operation } from './operation.js';
import type { Tensor } from './tensor.js';

/** Operands of `denseForward`. */
export interface DenseForwardOperands {
  /** The input, a matrix of rows x inputs. */
  readonly x: Tensor;
  /** The weights, a kernel of inputs x units. */
  readonly kernel: Tensor;
  /** A vector with a number per unit; default zeros. */
  readonly bias?: Tensor;
  /** Receives the output, a matrix of rows x units. */
  readonly y: Tensor;
  /** 'relu' replaces what is below 0 by 0 while storing; default 'linear'. */
  readonly activation?: 'linear' | 'relu';
}

/** y = x kernel + bias. @throws ShapeError, ValueError, UnknownNameError, StateError */
export const denseForward: Operation<DenseForwardOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('denseForward');
  const kernel = operands.take(given.kernel, 'kernel', { layout: 'kernel' });
  const { rows: inputs, columns: units } = kernel;
  const x = operands.take(given.x, 'x', { layout: 'matrix', columns: inputs });
  const y = operands.take(given.y, 'y', { layout: 'matrix', rows: x.rows, columns: units });
  operands.apart(y, 'y', x);
  const { room } = operands;
  const bias = given.bias && operands.take(given.bias, 'bias', { layout: 'vector', columns: units });
  const zeros = bias ? bias.offset : room.zeros(kernel.size / inputs);
  const names = { linear: 'denseForward', relu: 'denseForwardRelu' } as const;
  const name = lookUp(names, given.activation ?? 'linear', 'denseForward.activation');
  const scratch = room.scratch(denseScratch.forward(x.rows, inputs));
  return bind(room, [[name, x, kernel, zeros, y, scratch, x.rows, inputs, units, x.stride, y.stride]]);
});

/** Operands of `denseInputGradient`. */
export interface DenseInputGradientOperands {
  /** The gradient of the loss by the output, a matrix of rows x units. */
  readonly dy: Tensor;
  /** The weights, a kernel of inputs x units. */
  readonly kernel: Tensor;
  /** Receives the gradient by the input, a matrix of rows x inputs. */
  readonly dx: Tensor;
}

/** dx = dy kernel^T. @throws ShapeError, ValueError, StateError */
export const denseInputGradient: Operation<DenseInputGradientOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('denseInputGradient');
  const kernel = operands.take(given.kernel, 'kernel', { layout: 'kernel' });
  const { rows: inputs, columns: units } = kernel;
  const dy = operands.take(given.dy, 'dy', { layout: 'matrix', columns: units });
  const dx = operands.take(given.dx, 'dx', { layout: 'matrix', rows: dy.rows, columns: inputs });
  operands.apart(dx, 'dx', dy);
  const { room } = operands;
  const scratch = room.scratch(denseScratch.inputGradient(dy.rows, units));
  const shape = [dy.rows, inputs, units, dy.stride, dx.stride, inputs * 8];
  return bind(room, [['denseInputGradient', dy, kernel, dx, scratch, ...shape]]);
});

/** Operands of `denseKernelGradient`. */
export interface DenseKernelGradientOperands {
  /** The input of the layer, a matrix of rows x inputs. */
  readonly x: Tensor;
  /** The gradient of the loss by the output, a matrix of rows x units. */
  readonly dy: Tensor;
  /** Receives the gradient by the weights, a kernel of inputs x units. */
  readonly dkernel: Tensor;
}

/** dkernel = x^T dy, summed over rows. @throws ShapeError, ValueError, StateError */
export const denseKernelGradient: Operation<DenseKernelGradientOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('denseKernelGradient');
  const dkernel = operands.take(given.dkernel, 'dkernel', { layout: 'kernel' });
  const { rows: inputs, columns: units } = dkernel;
  const x = operands.take(given.x, 'x', { layout: 'matrix', columns: inputs });
  const dy = operands.take(given.dy, 'dy', { layout: 'matrix', rows: x.rows, columns: units });
  const { room } = operands;
  const scratch = room.scratch(denseScratch.kernelGradient(x.rows, inputs));
  return bind(room, [['denseKernelGradient', x, dy, dkernel, scratch, x.rows, inputs, units, x.stride, dy.stride]]);
});

/** Operands of `denseBiasGradient`. */
export interface DenseBiasGradientOperands {
  /** The gradient of the loss by the output, a matrix of rows x units. */
  readonly dy: Tensor;
  /** Receives the gradient by the bias, a vector with a number per unit. */
  readonly dbias: Tensor;
}

/** dbias = the sums of the columns of dy. @throws ShapeError, ValueError, StateError */
export const denseBiasGradient: Operation<DenseBiasGradientOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('denseBiasGradient');
  const dy = operands.take(given.dy, 'dy', { layout: 'matrix' });
  const dbias = operands.take(given.dbias, 'dbias', { layout: 'vector', columns: dy.columns });
  return bind(operands.room, [['denseBiasGradient', dy, dbias, dy.rows, dy.columns, dy.stride]]);
});
