import { type Axes, along, COST, columns, draws, elements } from './axis.js';
import type { Call } from './contract.js';
import { composedKernels, customAxis } from './own/composed.js';
import * as k from './signatures/index.js';
import { activationKernels, constraintTable } from './tables.js';

// Axes say how threads share kernels, except for dense products, whose axes are in program/product-axes.ts.

/** Returns the axes of activations by the shape of their plans. */
function activationAxes(): Axes {
  const entries = activationKernels().flatMap(({ kernel, backward, plan }) => {
    if (plan.shape === 'rows') return [];
    const heavy = plan.shape === 'elementwise' && !plan.light && !(backward && plan.saves === 'y');
    const cost = heavy ? COST.transcendental : COST.copy;
    const axis = {
      elementwise: elements(backward ? k.activationBackward : k.activationForward, cost),
      units: columns(backward ? k.activationUnitsBackward : k.activationUnitsForward, 'units', cost),
      random: elements(k.activationRandomForward, cost),
    }[plan.shape];
    return [[kernel, axis]];
  });
  return { ...Object.fromEntries(entries), logForward: elements(k.flat, COST.transcendental) };
}

/** Returns the axis of an optimizer's loop. */
export function updateAxis(call: Call) {
  if (call[0] in composedKernels) return customAxis(call);
  const states = call.length - 6;
  return elements(k.update, COST.copy + states * COST.state)(call);
}

const constraintAxis = along(k.constraint, ({ panels, rows }) => {
  return { over: 'panels', by: { w: rows * 8 }, work: panels * rows * 8 * COST.moments, unit: 1 };
});

/** Rows, or columns where there is a single row. */
const broadcastAxis = along(k.broadcast, ({ aRow, aColumn, bRow, bColumn, yRow, rows, columns }) => {
  const work = rows * columns * COST.copy;
  if (rows === 1) return { over: 'columns', by: { a: aColumn, b: bColumn, y: 1 }, work };
  return { over: 'rows', by: { a: aRow, b: bRow, y: yRow }, work };
});

/** About the share of non-zeros, which a call does not tell. */
const SHARE = 0.01;

const sparseForwardAxis = along(k.sparseForward, ({ rows, inputs, units, yStride }) => {
  return { over: 'rows', by: { starts: 1, y: yStride }, work: rows * inputs * units * SHARE * COST.scatter, unit: 1 };
});

const normalizationWork = ({ rows, columns }: { readonly rows: number; readonly columns: number }) =>
  rows * columns * COST.moments;

export const kernelAxes: Axes = /* @__PURE__ */ (() => ({
  ...activationAxes(),
  ...Object.fromEntries(Object.keys(constraintTable).map((name) => [name, constraintAxis])),

  sparseForward: sparseForwardAxis,
  sparseForwardRelu: sparseForwardAxis,
  // Cuts leave panels whole, as those of a dense product do.
  sparseKernelGradient: along(k.sparseKernelGradient, ({ rows, inputs, units }) => {
    const work = units * inputs * (COST.copy + rows * SHARE * COST.scatter);
    return { over: 'units', by: { dy: 1, dw: inputs }, work, unit: 8 };
  }),
  denseBiasGradient: columns(k.denseBiasGradient, 'units', COST.copy),

  add: elements(k.add, COST.copy),
  multiply: elements(k.multiply, COST.copy),
  subtract: elements(k.subtract, COST.copy),
  maximum: elements(k.maximum, COST.copy),
  maximumBackward: elements(k.maximumBackward, COST.copy),
  scale: elements(k.scale, COST.copy),

  embeddingForward: along(k.embeddingForward, ({ rows, columns, dim, stride, yStride }) => {
    const work = rows * columns * (COST.lookUp + dim * COST.copy);
    return { over: 'rows', by: { ids: stride, y: yStride }, work };
  }),

  batchNormalizationMoments: columns(k.batchNormalizationMoments, 'columns', COST.moments),
  batchNormalizationForward: columns(k.batchNormalizationForward, 'columns', COST.moments),
  batchNormalizationBackward: columns(k.batchNormalizationBackward, 'columns', COST.moments),
  layerNormalizationForward: along(k.layerNormalizationForward, (numbers) => {
    const { stride } = numbers;
    return { over: 'rows', by: { x: stride, y: stride, mean: 1, inverse: 1 }, work: normalizationWork(numbers) };
  }),
  layerNormalizationGradients: along(k.layerNormalizationGradients, (numbers) => {
    return { over: 'columns', by: { x: 1, dy: 1, dgamma: 1, dbeta: 1 }, work: normalizationWork(numbers) };
  }),
  layerNormalizationBackward: along(k.layerNormalizationBackward, (numbers) => {
    const { stride } = numbers;
    const by = { x: stride, mean: 1, inverse: 1, dy: stride, dx: stride };
    return { over: 'rows', by, work: normalizationWork(numbers) };
  }),

  broadcastAdd: broadcastAxis,
  broadcastSubtract: broadcastAxis,
  broadcastMultiply: broadcastAxis,
  broadcastDivide: broadcastAxis,
  broadcastMaximum: broadcastAxis,
  broadcastMinimum: broadcastAxis,
  broadcastGreaterEqual: broadcastAxis,
  broadcastGreater: broadcastAxis,
  broadcastEqual: broadcastAxis,
  broadcastKeep: broadcastAxis,
  broadcastDrop: broadcastAxis,
  expand: along(k.expand, ({ xRow, xColumn, yRow, rows, columns }) => {
    const work = rows * columns * COST.copy;
    if (rows === 1) return { over: 'columns', by: { x: xColumn, y: 1 }, work };
    return { over: 'rows', by: { x: xRow, y: yRow }, work };
  }),
  sumRows: along(k.sumRows, ({ rows, columns, stride }) => {
    return { over: 'rows', by: { x: stride, y: 1 }, work: rows * columns * COST.copy };
  }),
  sumColumns: columns(k.sumColumns, 'columns', COST.copy),
  absForward: elements(k.flat, COST.copy),
  sqrtForward: elements(k.flat, COST.transcendental),
  absBackward: elements(k.flat, COST.copy),
  squareBackward: elements(k.flat, COST.copy),
  sqrtBackward: elements(k.flat, COST.copy),

  randomNormal: draws(k.randomNormal, COST.normal),
  dropoutForward: draws(k.dropoutForward, COST.random),
  alphaDropoutForward: draws(k.alphaDropoutForward, COST.random),
  dropoutBackward: elements(k.dropoutBackward, COST.copy),

  l1Gradient: elements(k.penaltyGradient, COST.copy),
  l2Gradient: elements(k.penaltyGradient, COST.copy),

  decayWeights: elements(k.decayWeights, COST.copy),
  clipValues: elements(k.clipValues, COST.copy),
  accumulateGradients: elements(k.accumulateGradients, COST.copy),
  meanGradients: elements(k.meanGradients, COST.copy),
  averageWeights: elements(k.averageWeights, COST.copy),
}))();
