import { checkNumber } from '../errors.js';
import { bind, Operands, type Operation, operation } from './operation.js';
import type { Tensor } from './tensor.js';

/** The epsilon of the layer `batchNormalization`. */
const EPSILON = 1e-5;

/** Operands of `batchNormalizationMoments`. */
export interface BatchNormalizationMomentsOperands {
  /** A matrix of rows x columns. */
  readonly x: Tensor;
  /** Receives the mean of each column: a vector. */
  readonly mean: Tensor;
  /** Receives the biased variance of each column: a vector. */
  readonly variance: Tensor;
}

/** The moments of the columns of a batch. @throws ShapeError, ValueError, StateError */
export const batchNormalizationMoments: Operation<BatchNormalizationMomentsOperands> = /* @__PURE__ */ operation(
  (given) => {
    const operands = new Operands('batchNormalizationMoments');
    const x = operands.take(given.x, 'x', { layout: 'matrix' });
    const column = { layout: 'vector', columns: x.columns } as const;
    const mean = operands.take(given.mean, 'mean', column);
    const variance = operands.take(given.variance, 'variance', column);
    const shape = [x.rows, x.columns, x.stride];
    return bind(operands.room, [['batchNormalizationMoments', x, mean, variance, ...shape]]);
  },
);

/** Operands of `batchNormalizationForward`. */
export interface BatchNormalizationForwardOperands extends BatchNormalizationMomentsOperands {
  /** The mean of each column, which is read. */
  readonly mean: Tensor;
  /** The variance of each column, which is read. */
  readonly variance: Tensor;
  /** A factor for each column: a vector. */
  readonly gamma: Tensor;
  /** The vector that is added to each row, a number per column. */
  readonly beta: Tensor;
  /** Receives the output, a matrix of the sizes of x. */
  readonly y: Tensor;
  /** The number that is added to the variance, above 0; default 1e-5. */
  readonly epsilon?: number;
}

/** y = (x - mean) / sqrt(variance + epsilon) gamma + beta. @throws ShapeError, ValueError, StateError */
export const batchNormalizationForward: Operation<BatchNormalizationForwardOperands> = /* @__PURE__ */ operation(
  (given) => {
    const operands = new Operands('batchNormalizationForward');
    const x = operands.take(given.x, 'x', { layout: 'matrix' });
    const column = { layout: 'vector', columns: x.columns } as const;
    const vectors = (['mean', 'variance', 'gamma', 'beta'] as const).map((name) =>
      operands.take(given[name], name, column),
    );
    const y = operands.like(given.y, 'y', x);
    const epsilon = checkNumber(given.epsilon ?? EPSILON, 'batchNormalizationForward.epsilon', { above: 0 });
    const shape = [x.rows, x.columns, x.stride, epsilon];
    return bind(operands.room, [['batchNormalizationForward', x, ...vectors, y, ...shape]]);
  },
);

/** Operands of `batchNormalizationBackward`. */
export interface BatchNormalizationBackwardOperands {
  /** The input of the forward pass, a matrix. */
  readonly x: Tensor;
  /** The mean of each column of x: a vector. */
  readonly mean: Tensor;
  /** The variance of each column of x: a vector. */
  readonly variance: Tensor;
  /** The factor of each column: a vector. */
  readonly gamma: Tensor;
  /** The gradient of the loss by the output, a matrix of the sizes of x. */
  readonly dy: Tensor;
  /** Receives the gradient by the input, which takes into account that x moves its own moments. */
  readonly dx: Tensor;
  /** Receives the gradient by gamma: a vector. */
  readonly dgamma: Tensor;
  /** Receives the gradient by beta: a vector. */
  readonly dbeta: Tensor;
  /** The same as in the forward pass; default 1e-5. */
  readonly epsilon?: number;
}

/** The gradients of batch normalization. @throws ShapeError, ValueError, StateError */
export const batchNormalizationBackward: Operation<BatchNormalizationBackwardOperands> = /* @__PURE__ */ operation(
  (given) => {
    const operands = new Operands('batchNormalizationBackward');
    const x = operands.take(given.x, 'x', { layout: 'matrix' });
    const column = { layout: 'vector', columns: x.columns } as const;
    const vector = (name: 'mean' | 'variance' | 'gamma' | 'dgamma' | 'dbeta') =>
      operands.take(given[name], name, column);
    const inputs = [vector('mean'), vector('variance'), vector('gamma'), operands.like(given.dy, 'dy', x)];
    const outputs = [operands.like(given.dx, 'dx', x), vector('dgamma'), vector('dbeta')];
    const epsilon = checkNumber(given.epsilon ?? EPSILON, 'batchNormalizationBackward.epsilon', { above: 0 });
    const shape = [x.rows, x.columns, x.stride, epsilon];
    return bind(operands.room, [['batchNormalizationBackward', x, ...inputs, ...outputs, ...shape]]);
  },
);
