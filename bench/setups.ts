import type { KernelName } from '../src/kernels/contract.js';
import type { LossDefinition } from '../src/kernels/loss.js';
import { type LossName, lossTable } from '../src/kernels/losses.js';
import {
  adam,
  BLOCK_SIZE,
  type OptimizerDefinition,
  type OptimizerSpec,
  optimizerTable,
  sgd,
} from '../src/kernels/optimizers.js';
import { denseScratch } from '../src/program/plan.js';
import type { Rig } from './rig.js';

/** What a call amounts to: floating point operations of a product, or elements and the floats that each one moves. */
export type Cost = { readonly flops: number } | { readonly elements: number; readonly moved: number };

/** Lays out the operands of one call and makes it. A call may be repeated for ever: nothing drifts. */
export type Setup = (rig: Rig, a: number, b: number, c: number) => Cost;

const forward =
  (kernel: 'denseForward' | 'denseForwardRelu'): Setup =>
  (rig, rows, inputs, units) => {
    const [x, w, b] = [rig.matrix(rows, inputs), rig.panels(inputs, units), rig.vector(units)];
    const y = rig.matrix(rows, units);
    rig.call(
      kernel,
      x,
      w,
      b,
      y,
      rig.vector(denseScratch.forward(rows, inputs)),
      rows,
      inputs,
      units,
      x.stride,
      y.stride,
    );
    return { flops: 2 * rows * inputs * units };
  };

const inputGradient: Setup = (rig, rows, inputs, units) => {
  const [dy, w, dx] = [rig.matrix(rows, units), rig.panels(inputs, units), rig.matrix(rows, inputs)];
  const scratch = rig.vector(denseScratch.inputGradient(rows, units));
  rig.call('denseInputGradient', dy, w, dx, scratch, rows, inputs, units, dy.stride, dx.stride, inputs * 8);
  return { flops: 2 * rows * inputs * units };
};

const kernelGradient: Setup = (rig, rows, inputs, units) => {
  const [x, dy, dw] = [rig.matrix(rows, inputs), rig.matrix(rows, units), rig.panels(inputs, units)];
  const scratch = rig.vector(denseScratch.kernelGradient(rows, inputs));
  rig.call('denseKernelGradient', x, dy, dw, scratch, rows, inputs, units, x.stride, dy.stride);
  return { flops: 2 * rows * inputs * units };
};

const biasGradient: Setup = (rig, rows, units) => {
  const [dy, db] = [rig.matrix(rows, units), rig.vector(units)];
  rig.call('denseBiasGradient', dy, db, rows, units, dy.stride);
  return { elements: rows * units, moved: 1 };
};

const unary =
  (kernel: 'reluForward' | 'sigmoidForward' | 'tanhForward' | 'exponentialForward' | 'logForward'): Setup =>
  (rig, n) => {
    const [x, y] = [rig.vector(n, kernel === 'logForward' ? 'positive' : 'signed'), rig.vector(n)];
    rig.call(kernel, x, y, n);
    return { elements: n, moved: 2 };
  };

const binary =
  (
    kernel:
      | 'add'
      | 'multiply'
      | 'reluBackward'
      | 'sigmoidBackward'
      | 'tanhBackward'
      | 'exponentialBackward'
      | 'dropoutBackward',
  ): Setup =>
  (rig, n) => {
    const [a, b, y] = [rig.vector(n), rig.vector(n), rig.vector(n)];
    rig.call(kernel, a, b, y, n);
    return { elements: n, moved: 3 };
  };

const softmax: Setup = (rig, rows, columns) => {
  const [x, y] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  rig.call('softmaxForward', x, y, rows, columns, x.stride);
  return { elements: rows * columns, moved: 2 };
};

/** Of a loss with default options, as the library calls it: with weights for each row, which most often are not there. */
const loss =
  (name: LossName): Setup =>
  (rig, rows, columns) => {
    const definition = lossTable[name].definition as unknown as LossDefinition;
    const labels = definition.targets === 'label';
    // Positive, for losses that take logarithms of them.
    const [y, dy] = [rig.matrix(rows, columns, 'positive'), rig.matrix(rows, columns)];
    const targets = labels ? rig.vector(rows, { below: columns }) : rig.matrix(rows, columns, 'positive');
    const strides = [y.stride, labels ? 1 : targets.stride];
    const args = definition.args(lossTable[name]());
    rig.callOf(name, [y, targets, -1, dy, rig.slot(), rows, columns, ...strides, 1 / rows, 1 / rows, ...args]);
    return { elements: rows * columns, moved: labels ? 2 : 3 };
  };

const losses = Object.fromEntries((Object.keys(lossTable) as LossName[]).map((name) => [name, loss(name)])) as Record<
  LossName,
  Setup
>;

const copy: Setup = (rig, rows, columns) => {
  const [x, y] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  rig.call('copyColumns', x, y, rows, columns, x.stride, y.stride, 0, 0);
  return { elements: rows * columns, moved: 2 };
};

const moments: Setup = (rig, rows, columns) => {
  const [x, mean, variance] = [rig.matrix(rows, columns), rig.vector(columns), rig.vector(columns)];
  rig.call('batchNormalizationMoments', x, mean, variance, rows, columns, x.stride);
  return { elements: rows * columns, moved: 1 };
};

const normalize: Setup = (rig, rows, columns) => {
  const [x, y] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  const [mean, variance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  const [gamma, beta] = [rig.vector(columns), rig.vector(columns)];
  rig.call('batchNormalizationForward', x, mean, variance, gamma, beta, y, rows, columns, x.stride, 1e-5);
  return { elements: rows * columns, moved: 2 };
};

const normalizeBackward: Setup = (rig, rows, columns) => {
  const [x, dy, dx] = [rig.matrix(rows, columns), rig.matrix(rows, columns), rig.matrix(rows, columns)];
  const [mean, variance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  const [gamma, dgamma, dbeta] = [rig.vector(columns), rig.vector(columns), rig.vector(columns)];
  const { stride } = x;
  rig.call('batchNormalizationBackward', x, mean, variance, gamma, dy, dx, dgamma, dbeta, rows, columns, stride, 1e-5);
  return { elements: rows * columns, moved: 3 };
};

const updateMoments: Setup = (rig, columns) => {
  const [mean, variance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  const [movingMean, movingVariance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  rig.call('batchNormalizationUpdate', mean, variance, movingMean, movingVariance, rig.slot('one'), 32, columns, 0.9);
  return { elements: columns, moved: 6 };
};

const softmaxBackward: Setup = (rig, rows, columns) => {
  const [y, dy, dx] = [rig.matrix(rows, columns), rig.matrix(rows, columns), rig.matrix(rows, columns)];
  rig.call('softmaxBackward', y, dy, dx, rows, columns, y.stride);
  return { elements: rows * columns, moved: 3 };
};

const randomUniform: Setup = (rig, n) => {
  const [y, state] = [rig.vector(n), rig.vector(8, { below: 65536 })];
  rig.call('randomUniform', y, n, state, 7);
  return { elements: n, moved: 1 };
};

const uniformWeights: Setup = (rig, rows, columns) => {
  const [w, scratch, state] = [rig.panels(rows, columns), rig.vector(32), rig.vector(8, { below: 65536 })];
  rig.call('uniformWeights', w, scratch, rows, columns, state, 7, 0.1);
  return { elements: rows * columns, moved: 1 };
};

const dropoutForward: Setup = (rig, n) => {
  const [x, y, mask, state] = [rig.vector(n), rig.vector(n), rig.vector(n), rig.vector(8, { below: 65536 })];
  rig.call('dropoutForward', x, y, mask, n, state, 7, 0.2, 0);
  return { elements: n, moved: 3 };
};

// Optimizers run at rate 0 and the penalty's gradient at strength 0: the same arithmetic, and nothing piles up.

/** Slabs as the library lays them out, and the block of step 1. */
const update =
  (optimizer: OptimizerSpec): Setup =>
  (rig, n) => {
    const { definition } = optimizerTable[optimizer.name] as unknown as { definition: OptimizerDefinition };
    const { kernel, states } = definition.plan(optimizer);
    const slabs = [rig.vector(n), rig.vector(n), ...states.map(() => rig.vector(n, 'positive'))];
    const block = rig.vector(BLOCK_SIZE, (heap, at) => definition.fill(heap, at, optimizer, 0, 1));
    rig.callOf(kernel, [...slabs, n, block, rig.slot('one')]);
    return { elements: n, moved: 3 + 2 * states.length };
  };

const reduction =
  (kernel: 'sum' | 'gradientNorm'): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n), n, rig.slot());
    return { elements: n, moved: 1 };
  };

const clipFactor: Setup = (rig) => {
  rig.call('clipFactor', rig.slot('one'), rig.slot(), 0.5);
  return { elements: 1, moved: 2 };
};

const sparseAccuracy: Setup = (rig, rows, columns) => {
  const [z, labels] = [rig.matrix(rows, columns), rig.vector(rows, { below: columns })];
  rig.call('sparseCategoricalAccuracy', z, labels, rig.slot(), rows, columns, z.stride);
  return { elements: rows * columns, moved: 1 };
};

const categoricalAccuracy: Setup = (rig, rows, columns) => {
  const [z, targets] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  rig.call('categoricalAccuracy', z, targets, rig.slot(), rows, columns, z.stride, targets.stride);
  return { elements: rows * columns, moved: 2 };
};

const binaryAccuracy: Setup = (rig, rows, columns) => {
  const [z, targets] = [rig.matrix(rows, columns), rig.matrix(rows, columns, { below: 2 })];
  rig.call('binaryAccuracy', z, targets, rig.slot(), rows, columns, z.stride, targets.stride, 0);
  return { elements: rows * columns, moved: 2 };
};

const l2Penalty: Setup = (rig, n) => {
  rig.call('l2Penalty', rig.vector(n), n, 1e-4, rig.slot());
  return { elements: n, moved: 1 };
};

const l2Gradient: Setup = (rig, n) => {
  rig.call('l2Gradient', rig.vector(n), rig.vector(n), n, 0);
  return { elements: n, moved: 3 };
};

/** Every compute kernel; one that is missing does not compile. */
export const setups = {
  denseForward: forward('denseForward'),
  denseForwardRelu: forward('denseForwardRelu'),
  denseInputGradient: inputGradient,
  denseKernelGradient: kernelGradient,
  denseBiasGradient: biasGradient,
  add: binary('add'),
  multiply: binary('multiply'),
  copyColumns: copy,
  reluForward: unary('reluForward'),
  reluBackward: binary('reluBackward'),
  sigmoidForward: unary('sigmoidForward'),
  sigmoidBackward: binary('sigmoidBackward'),
  tanhForward: unary('tanhForward'),
  tanhBackward: binary('tanhBackward'),
  exponentialForward: unary('exponentialForward'),
  exponentialBackward: binary('exponentialBackward'),
  logForward: unary('logForward'),
  softmaxForward: softmax,
  softmaxBackward,
  ...losses,
  batchNormalizationMoments: moments,
  batchNormalizationUpdate: updateMoments,
  batchNormalizationForward: normalize,
  batchNormalizationBackward: normalizeBackward,
  randomUniform,
  uniformWeights,
  dropoutForward,
  dropoutBackward: binary('dropoutBackward'),
  sgd: update(sgd()),
  sgdMomentum: update(sgd({ momentum: 0.9 })),
  adam: update(adam()),
  sum: reduction('sum'),
  gradientNorm: reduction('gradientNorm'),
  clipFactor,
  sparseCategoricalAccuracy: sparseAccuracy,
  categoricalAccuracy,
  binaryAccuracy,
  l2Penalty,
  l2Gradient,
} satisfies Record<KernelName, Setup>;
