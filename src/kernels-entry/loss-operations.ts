import { checkNumber, ValueError } from '../errors.js';
import { resolve } from '../kernels/definition.js';
import type { LossDefinition } from '../kernels/lib/loss.js';
import { type LossName, type LossSpec, lossTable } from '../kernels/tables.js';
import { bind, Operands, type Operation, operation } from './operation.js';
import type { Tensor } from './tensor.js';

/** Operands of `lossAndGradient`. */
export interface LossOperands {
  /**
   * One of the losses of docs/losses.md: a name, plain data with options, or what functions of 'myelin' such as
   * `huber()` return.
   */
  readonly loss: LossName | LossSpec;
  /**
   * The outputs, a matrix of rows x units. Crossentropies take them from before their softmax or sigmoid, which they compute
   * themselves.
   */
  readonly y: Tensor;
  /** A matrix of the same sizes; of losses by class index a vector with a whole number per row. */
  readonly targets: Tensor;
  /** A vector with a weight per row; default 1 for all. */
  readonly weights?: Tensor;
  /** Receives the gradient of the loss by y. */
  readonly dy: Tensor;
  /** Receives the loss: a scalar. */
  readonly result: Tensor;
  /** The factor of the gradient, such as the weight of this loss among several; default 1. */
  readonly scale?: number;
}

/** Refuses classes that there are not: their kernels would write outside of the row. */
function checkLabels(labels: Tensor, classes: number): void {
  const { data } = labels;
  for (let r = 0; r < labels.columns; r++) {
    const label = data[r] as number;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new ValueError({
      argument: 'lossAndGradient.targets',
      given: `${label} for row ${r}`,
      expected: `a whole number from 0 to ${classes - 1}`,
    });
  }
}

/**
 * A loss and its gradient: the mean over rows, or the sum, as the loss's `reduction` says.
 * @throws ShapeError, ValueError (for class indices each time it runs), UnknownNameError, StateError
 */
export const lossAndGradient: Operation<LossOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('lossAndGradient');
  const { spec, definition } = resolve<LossSpec, LossDefinition>(
    given.loss,
    lossTable,
    'lossAndGradient.loss',
    'meanSquaredError',
  );
  const y = operands.take(given.y, 'y', { layout: 'matrix' });
  const { rows, columns, stride } = y;
  const labels = definition.targets === 'label';
  const targets = labels
    ? operands.take(given.targets, 'targets', { layout: 'vector', columns: rows })
    : operands.like(given.targets, 'targets', y);
  const weights = given.weights && operands.take(given.weights, 'weights', { layout: 'vector', columns: rows });
  const dy = operands.like(given.dy, 'dy', y);
  operands.apart(dy, 'dy', y, targets);
  const result = operands.take(given.result, 'result', { layout: 'vector', columns: 1 });
  const weight = checkNumber(given.scale ?? 1, 'lossAndGradient.scale');
  const mean = spec.reduction === 'sum' ? 1 : 1 / rows;
  const shape = [rows, columns, stride, labels ? 1 : targets.stride];
  const numbers = [mean, mean * weight, ...definition.args(spec)];
  return bind(
    operands.room,
    [[spec.name, y, targets, weights ?? -1, dy, result, ...shape, ...numbers]],
    labels ? () => checkLabels(targets, columns) : undefined,
  );
});
