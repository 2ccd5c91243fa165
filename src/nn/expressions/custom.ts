import { checkNumber, checkOptions, ShapeError, ValueError } from '../../errors.js';
import type { LossDefinition } from '../../kernels/lib/loss.js';
import * as k from '../../kernels/signatures/index.js';
import type { Layer, Step as LayerStep } from '../../program/layer.js';
import { vectorTensor } from '../../program/plan.js';
import type { BoundLoss } from '../bound-loss.js';
import { activationNames, lossNames } from '../names.js';
import { FAMILY, type Family, type Registrable } from '../registrations.js';
import { type BoundExpression, bindExpression, showShape } from './bind.js';
import { BUILD, type BuildsActivation, type BuildsLoss, isCustom } from './builds.js';
import { meanLoss } from './compute.js';
import { type Expression, type Operations, type Step, trace } from './expression.js';
import { Lowering, type Shape } from './lowering.js';
import { operationOf } from './operations.js';

/** A loss as plain data; each step computes one operation, and the last one the loss. */
export interface CustomLoss extends BuildsLoss, Registrable {
  /** The operations in order; the last one computes the loss. */
  readonly steps: readonly Step[];
  /** Columns of the targets, where they are not as many as the output's. */
  readonly targetColumns?: number;
}

/** An activation as plain data; each step computes one operation, and the last one the output. */
export interface CustomActivation extends BuildsActivation, Registrable {
  /** The operations in order; the last one computes the output. */
  readonly steps: readonly Step[];
}

/** Options of `customLoss`. */
export interface CustomLossOptions {
  /** Columns of the targets; default as many as the output has. */
  readonly targetColumns?: number;
}

/** Describes a loss of targets and predictions, both rows x columns; returns rows x columns, rows x 1 or one number. */
export type LossFunction = (yTrue: Expression, yPred: Expression, operations: Operations) => Expression;
/** Describes an activation: returns an expression of the same shape as `x`, rows x units. */
export type ActivationFunction = (x: Expression, operations: Operations) => Expression;

/**
 * A loss from an expression of targets and predictions, both rows x columns:
 *
 *     customLoss((yTrue, yPred, { mean, square, sub }) => mean(square(sub(yPred, yTrue))))
 *
 * The function runs once, here, on symbols. A result of more than one element stands for its mean. Predictions come
 * after the last layer's activation. The loss is plain data, and takes it from JSON in place of a function.
 * @throws ValueError, ShapeError for what is no expression; shapes are checked by `compile`.
 */
export function customLoss(define: LossFunction | CustomLoss, options: CustomLossOptions = {}): CustomLoss {
  if (isCustom(define)) return withLoss(define as CustomLoss);
  checkOptions(options, ['targetColumns'], 'customLoss');
  const { targetColumns } = options;
  if (targetColumns !== undefined) checkNumber(targetColumns, 'customLoss.targetColumns', { min: 1, integer: true });
  const steps = trace(define as LossFunction, ['yTrue', 'yPred'], 'customLoss');
  return withLoss({ name: 'custom', steps, ...(targetColumns === undefined ? {} : { targetColumns }) });
}

/**
 * An activation from an expression of x, rows x units, which must have that shape again, and in which no row may depend
 * on others:
 *
 *     customActivation((x, { mul, sigmoid }) => mul(x, sigmoid(x)))
 *
 * The function runs once, here, on symbols. The activation is plain data, and takes it from JSON in place of a function.
 * @throws ValueError, ShapeError for what is no expression; shapes are checked where the layer's model is made.
 */
export function customActivation(define: ActivationFunction | CustomActivation): CustomActivation {
  if (isCustom(define)) return withActivation(define as CustomActivation);
  return withActivation({ name: 'custom', steps: trace(define as ActivationFunction, ['x'], 'customActivation') });
}

/** Describes a custom loss where losses of the table are told apart. */
function definitionOf({ steps }: CustomLoss): LossDefinition {
  const needsPositive = steps.some(({ op }) => operationOf(op).needsPositive);
  return { options: {}, targets: 'numbers', domain: 'any', needsPositive, args: () => [] };
}

const LOSSES: Family = { family: 'loss', names: lossNames };
const ACTIVATIONS: Family = { family: 'activation', names: activationNames };

function withLoss(loss: CustomLoss): CustomLoss {
  return {
    ...loss,
    [FAMILY]: LOSSES,
    [BUILD]: (data, units, weight) => bindCustomLoss(data as CustomLoss, units, weight),
  };
}

function withActivation(activation: CustomActivation): CustomActivation {
  return {
    ...activation,
    [FAMILY]: ACTIVATIONS,
    [BUILD]: (data, name, units) => expressionLayer(name, data as CustomActivation, units),
  };
}

const COLUMN: Shape = { rows: 'batch', columns: 1 };

/**
 * The part of a loss that weights of rows can be applied to: its result or, where that is one number, what it is the
 * sum or mean of.
 */
interface Rows extends BoundExpression {
  /** The divisor of the weighted sum, where it is not the number of elements. */
  readonly divisor?: number;
}

function bindRows(
  steps: readonly Step[],
  whole: BoundExpression,
  shapes: Readonly<Record<string, Shape>>,
): Rows | undefined {
  if (whole.shape.rows === 'batch') return whole;
  const { op, args, axis } = steps.at(-1) as Step;
  const operand = args[0];
  if ((op !== 'sum' && op !== 'mean') || axis !== undefined || typeof operand !== 'string' || operand in shapes) {
    return undefined;
  }
  const bound = bindExpression(steps.slice(0, Number(operand.slice(1)) + 1), shapes, 'loss');
  if (bound.shape.rows !== 'batch') return undefined;
  return op === 'sum' ? { ...bound, divisor: 1 } : bound;
}

/** @throws ShapeError, ValueError, UnknownNameError for steps that do not fit an output of `units` columns. */
function bindCustomLoss(loss: CustomLoss, units: number, weight: number): BoundLoss {
  checkOptions(loss, ['name', 'registered', 'steps', 'targetColumns'], 'loss');
  const columns = checkNumber(loss.targetColumns ?? units, 'loss.targetColumns', { min: 1, integer: true });
  const shapes = { yTrue: { rows: 'batch', columns }, yPred: { rows: 'batch', columns: units } } as const;
  const whole = bindExpression(loss.steps, shapes, 'loss');
  const rows = bindRows(loss.steps, whole, shapes);
  const one = vectorTensor('loss.one', 1);
  const constants = rows && rows !== whole ? [...whole.constants, ...rows.constants] : whole.constants;
  return {
    name: 'custom',
    units,
    hitsPerRow: 1,
    fuses: undefined,
    targets: columns,
    constants: [...constants, { value: one, data: [weight] }],
    weight,
    summed: false,
    ...(rows ? {} : { unweighted: true as const }),
    spec: loss,
    definition: definitionOf(loss),
    emit(emit, y, t, weights, { loss }) {
      const lower = new Lowering(emit, loss.name);
      const inputs = [lower.pack(t, shapes.yTrue), lower.pack(y, shapes.yPred)];
      const seed =
        weights && rows
          ? meanLoss(lower, rows.compute(lower, inputs), one, loss, { tensor: weights, shape: COLUMN }, rows.divisor)
          : meanLoss(lower, whole.compute(lower, inputs), one, loss);
      return emit.training ? lower.unpack(seed()) : emit.matrix('dy', units);
    },
    emitHits(emit, y, t, hits) {
      if (columns !== units) {
        throw new ValueError({
          argument: 'metrics',
          given: `'accuracy' with targets of width ${columns} for an output of width ${units}`,
          expected: 'no metrics, or targets as wide as the output',
        });
      }
      if (units === 1) emit.call(k.binaryAccuracy, { z: y, targets: t, out: hits, threshold: 0.5 });
      else emit.call(k.categoricalAccuracy, { z: y, targets: t, out: hits });
    },
    check(targets, rows, argument) {
      if (targets.rows === rows && targets.columns === columns) return;
      throw new ShapeError({
        argument,
        given: `${targets.rows} x ${targets.columns}`,
        expected: `${rows} x ${columns}`,
        ...(targets.columns === columns
          ? {}
          : { hint: 'customLoss(define, { targetColumns }) says how many columns the targets have.' }),
      });
    },
  };
}

/** Returns a layer that applies a custom activation. */
function expressionLayer(name: string, activation: CustomActivation, units: number): Layer {
  const argument = `${name}.activation`;
  checkOptions(activation, ['name', 'registered', 'steps'], argument);
  const shape: Shape = { rows: 'batch', columns: units };
  const bound = bindExpression(activation.steps, { x: shape }, argument, true);
  if (bound.shape.rows !== 'batch' || bound.shape.columns !== units) {
    throw new ShapeError({
      argument,
      given: `a result of ${showShape(bound.shape)} from ${showShape(shape)}`,
      expected: `a result of ${showShape(shape)}, as what comes in`,
    });
  }
  return {
    name,
    units,
    parameters: [],
    constants: bound.constants,
    activation: 'custom',
    forward(emit, x): LayerStep {
      const lower = new Lowering(emit, name);
      const { result, backward } = bound.compute(lower, [lower.pack(x, shape)]);
      return {
        y: lower.unpack(result),
        backward: (dy) => [lower.unpack(backward(lower.pack(dy, shape)))],
      };
    },
  };
}
