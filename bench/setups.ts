import type { KernelName } from '../src/kernels/contract.js';
import type { LossDefinition } from '../src/kernels/lib/loss.js';
import { BLOCK_SIZE, type CommonOptions, type OptimizerDefinition } from '../src/kernels/lib/update.js';
import {
  type ActivationKernel,
  activationKernels,
  type ConstraintName,
  constraintTable,
  type LossName,
  lossTable,
  optimizerTable,
  type UpdateKernel,
} from '../src/kernels/tables.js';
import type { BroadcastKernel } from '../src/kernels/twins/expressions.js';
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
  (kernel: 'absForward' | 'sqrtForward'): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n, kernel === 'sqrtForward' ? 'positive' : 'signed'), rig.vector(n), n);
    return { elements: n, moved: 2 };
  };

const zip =
  (
    kernel:
      | 'add'
      | 'multiply'
      | 'subtract'
      | 'maximum'
      | 'dropoutBackward'
      | 'absBackward'
      | 'squareBackward'
      | 'sqrtBackward',
  ): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n), rig.vector(n), rig.vector(n), n);
    return { elements: n, moved: 3 };
  };

const logarithm: Setup = (rig, n) => {
  rig.call('logForward', rig.vector(n, 'positive'), rig.vector(n), n);
  return { elements: n, moved: 2 };
};

/** A call of an activation's kernel by the common signature of its plan. */
function activation({ kernel, backward, plan }: ActivationKernel): Setup {
  if (plan.shape === 'elementwise') {
    return (rig, n) => {
      const operands = Array.from({ length: backward ? 3 : 2 }, () => rig.vector(n));
      rig.callOf(kernel, [...operands, n, ...plan.numbers]);
      return { elements: n, moved: operands.length };
    };
  }
  if (plan.shape === 'random') {
    return (rig, n) => {
      rig.callOf(kernel, [rig.vector(n), rig.vector(n), rig.vector(n, 'positive'), n, ...plan.numbers]);
      return { elements: n, moved: 4 };
    };
  }
  return (rig, rows, columns) => {
    const [x, y] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
    const slope = () => (plan.shape === 'units' ? [rig.vector(columns, 'positive')] : []);
    const operands = backward ? [x, ...slope(), rig.matrix(rows, columns), y, ...slope()] : [x, ...slope(), y];
    rig.callOf(kernel, [...operands, rows, columns, x.stride]);
    return { elements: rows * columns, moved: backward ? 3 : 2 };
  };
}

const activations = Object.fromEntries(activationKernels().map((item) => [item.kernel, activation(item)])) as Record<
  KernelName,
  Setup
>;

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

/** A matrix and a row that all its rows share. */
const broadcast =
  (kernel: BroadcastKernel): Setup =>
  (rig, rows, columns) => {
    const [a, b, y] = [rig.matrix(rows, columns), rig.vector(columns), rig.matrix(rows, columns)];
    rig.call(kernel, a, a.stride, 1, b, 0, 1, y, y.stride, rows, columns);
    return { elements: rows * columns, moved: 2 };
  };

const expand: Setup = (rig, rows, columns) => {
  const [x, y] = [rig.vector(rows), rig.matrix(rows, columns)];
  rig.call('expand', x, 1, 0, y, y.stride, rows, columns, columns);
  return { elements: rows * columns, moved: 1 };
};

const sums =
  (kernel: 'sumRows' | 'sumColumns' | 'sumAll'): Setup =>
  (rig, rows, columns) => {
    const [x, y] = [rig.matrix(rows, columns), rig.vector(Math.max(rows, columns))];
    rig.call(kernel, x, y, rows, columns, x.stride, columns);
    return { elements: rows * columns, moved: 1 };
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

const normalizeRows: Setup = (rig, rows, columns) => {
  const [x, y] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  const [gamma, beta, mean, inverse] = [rig.vector(columns), rig.vector(columns), rig.vector(rows), rig.vector(rows)];
  rig.call('layerNormalizationForward', x, gamma, beta, y, mean, inverse, rows, columns, x.stride, 1e-5);
  return { elements: rows * columns, moved: 2 };
};

const normalizeRowsGradients: Setup = (rig, rows, columns) => {
  const [x, dy] = [rig.matrix(rows, columns), rig.matrix(rows, columns)];
  const [mean, inverse] = [rig.vector(rows), rig.vector(rows, 'positive')];
  const [dgamma, dbeta] = [rig.vector(columns), rig.vector(columns)];
  rig.call('layerNormalizationGradients', x, mean, inverse, dy, dgamma, dbeta, rows, columns, x.stride);
  return { elements: rows * columns, moved: 2 };
};

const normalizeRowsBackward: Setup = (rig, rows, columns) => {
  const [x, dy, dx] = [rig.matrix(rows, columns), rig.matrix(rows, columns), rig.matrix(rows, columns)];
  const [gamma, mean, inverse] = [rig.vector(columns), rig.vector(rows), rig.vector(rows, 'positive')];
  rig.call('layerNormalizationBackward', x, mean, inverse, gamma, dy, dx, rows, columns, x.stride);
  return { elements: rows * columns, moved: 3 };
};

// Rows of which 1% is not zero.

/** Lays out rows by their non-zeros, which stand a hundredth of the inputs apart. */
function nonZeros(rig: Rig, rows: number, inputs: number) {
  const each = Math.ceil(inputs / 100);
  const starts = rig.vector(rows + 1, (heap, at) => {
    for (let r = 0; r <= rows; r++) heap[at + r] = r * each;
  });
  const indices = rig.vector(rows * each, (heap, at) => {
    for (let i = 0; i < rows * each; i++) heap[at + i] = (i % each) * 100 + ((i * 37) % Math.min(100, inputs));
  });
  return { each, operands: [starts, indices, rig.vector(rows * each)] as const };
}

const sparseForward =
  (kernel: 'sparseForward' | 'sparseForwardRelu'): Setup =>
  (rig, rows, inputs, units) => {
    const { each, operands } = nonZeros(rig, rows, inputs);
    const y = rig.matrix(rows, units);
    rig.call(kernel, ...operands, rig.panels(inputs, units), rig.vector(units), y, rows, inputs, units, y.stride);
    return { flops: 2 * rows * each * units };
  };

const sparseGradient: Setup = (rig, rows, inputs, units) => {
  const { each, operands } = nonZeros(rig, rows, inputs);
  const dy = rig.matrix(rows, units);
  rig.call('sparseKernelGradient', ...operands, dy, rig.panels(inputs, units), rows, inputs, units, dy.stride);
  return { flops: 2 * rows * each * units };
};

// Lookups in a table of a thousand rows.

const TABLE = 1000;

const lookUp: Setup = (rig, rows, columns, dim) => {
  const [ids, table] = [rig.matrix(rows, columns, { below: TABLE }), rig.vector(TABLE * dim)];
  const y = rig.matrix(rows, columns * dim);
  rig.call('embeddingForward', ids, table, y, rows, columns, dim, ids.stride, y.stride);
  return { elements: rows * columns * dim, moved: 2 };
};

const lookUpRows: Setup = (rig, rows, columns) => {
  const [ids, seen] = [rig.matrix(rows, columns, { below: TABLE }), rig.vector(TABLE)];
  const [places, distinct] = [rig.vector(rows * columns), rig.vector(rows * columns)];
  rig.call('embeddingRows', ids, seen, places, distinct, rows, columns, ids.stride);
  return { elements: rows * columns, moved: 3 };
};

const lookUpGradient: Setup = (rig, rows, columns, dim) => {
  const n = rows * columns;
  const [dy, places] = [rig.matrix(rows, columns * dim), rig.vector(n, { below: n })];
  const g = rig.vector(n * dim);
  rig.call('embeddingGradient', dy, places, g, rows, columns, dim, dy.stride, g.size);
  return { elements: n * dim, moved: 3 };
};

const gather: Setup = (rig, rows, columns, dim) => {
  const n = rows * columns;
  const [table, distinct] = [rig.vector(TABLE * dim), rig.vector(n, { below: TABLE })];
  const y = rig.vector(n * dim);
  rig.call('gatherRows', table, distinct, y, n, dim, y.size);
  return { elements: n * dim, moved: 2 };
};

const scatter: Setup = (rig, rows, columns, dim) => {
  const n = rows * columns;
  const [table, distinct] = [rig.vector(TABLE * dim), rig.vector(n, { below: TABLE })];
  rig.call('scatterRows', rig.vector(n * dim), distinct, table, n, dim);
  return { elements: n * dim, moved: 2 };
};

const maximumBackward: Setup = (rig, n) => {
  const [a, b, dy, da, db] = [rig.vector(n), rig.vector(n), rig.vector(n), rig.vector(n), rig.vector(n)];
  rig.call('maximumBackward', a, b, dy, da, db, n);
  return { elements: n, moved: 5 };
};

const scale: Setup = (rig, n) => {
  rig.call('scale', rig.vector(n), rig.vector(n), n, 0.5);
  return { elements: n, moved: 2 };
};

const updateMoments: Setup = (rig, columns) => {
  const [mean, variance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  const [movingMean, movingVariance] = [rig.vector(columns), rig.vector(columns, 'positive')];
  rig.call('batchNormalizationUpdate', mean, variance, movingMean, movingVariance, rig.slot('one'), 32, columns, 0.9);
  return { elements: columns, moved: 6 };
};

const randomUniform: Setup = (rig, n) => {
  const [y, state] = [rig.vector(n), rig.vector(8, { below: 65536 })];
  rig.call('randomUniform', y, n, state, 7);
  return { elements: n, moved: 1 };
};

const randomNormal: Setup = (rig, n) => {
  const [y, state] = [rig.vector(n), rig.vector(8, { below: 65536 })];
  rig.call('randomNormal', y, n, state, 7, 0, 1, 0);
  return { elements: n, moved: 1 };
};

const alphaDropoutForward: Setup = (rig, n) => {
  const [x, y, mask, state] = [rig.vector(n), rig.vector(n), rig.vector(n), rig.vector(8, { below: 65536 })];
  rig.call('alphaDropoutForward', x, y, mask, n, state, 7, 0.1, 0.92, 0.16, -1.4, 0);
  return { elements: n, moved: 3 };
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

interface Updater {
  (): CommonOptions;
  readonly definition: OptimizerDefinition;
}

/** Slabs as the library lays them out, and the block of step 2 with default options: one that does not look through states. */
function updateOf(optimizer: Updater, kernel: KernelName, states: readonly string[]): Setup {
  return (rig, n) => {
    const slabs = [rig.vector(n), rig.vector(n), ...states.map(() => rig.vector(n, 'positive'))];
    const block = rig.vector(BLOCK_SIZE, (heap, at) => optimizer.definition.fill(heap, at, optimizer(), 0, 2));
    rig.callOf(kernel, [...slabs, n, block, rig.slot('one')]);
    return { elements: n, moved: 3 + 2 * states.length };
  };
}

/** Every optimizer's loops. */
const updates = Object.fromEntries(
  (Object.values(optimizerTable) as unknown as readonly Updater[]).flatMap((optimizer) =>
    Object.entries(optimizer.definition.loops).map(([kernel, states]) => {
      return [kernel, updateOf(optimizer, kernel as KernelName, states)];
    }),
  ),
) as Record<UpdateKernel, Setup>;

const decayWeights: Setup = (rig, n) => {
  rig.call('decayWeights', rig.vector(n), n, rig.slot('zero'), rig.slot('one'));
  return { elements: n, moved: 2 };
};

const clip =
  (kernel: 'clipValues' | 'clipGradient'): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n, 'zero'), n, 5e-7);
    return { elements: n, moved: 2 };
  };

const guard: Setup = (rig, rows, columns) => {
  const x = rig.matrix(rows, columns);
  rig.call('guard', x, rows, columns, x.stride, rig.slot('zero'), rig.slot('one'), rig.vector(2));
  return { elements: rows * columns, moved: 1 };
};

const accumulateGradients: Setup = (rig, n) => {
  rig.call('accumulateGradients', rig.vector(n), rig.vector(n, 'zero'), n, rig.slot('one'));
  return { elements: n, moved: 3 };
};

const meanGradients: Setup = (rig, n) => {
  rig.call('meanGradients', rig.vector(n), rig.vector(n), n, 0.5);
  return { elements: n, moved: 3 };
};

const averageWeights: Setup = (rig, n) => {
  rig.call('averageWeights', rig.vector(n), rig.vector(n), n, rig.slot('one'), rig.slot('one'));
  return { elements: n, moved: 3 };
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

const penalty =
  (kernel: 'l1Penalty' | 'l2Penalty'): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n), rig.slot(), 1, n, n, 1e-4);
    return { elements: n, moved: 1 };
  };

const penaltyGradient =
  (kernel: 'l1Gradient' | 'l2Gradient'): Setup =>
  (rig, n) => {
    rig.call(kernel, rig.vector(n), rig.vector(n), n, 0);
    return { elements: n, moved: 3 };
  };

const constraint =
  (kernel: ConstraintName): Setup =>
  (rig, inputs, units) => {
    rig.call(kernel, rig.panels(inputs, units), Math.ceil(units / 8), inputs, 0, 1, rig.slot('one'));
    return { elements: inputs * units, moved: 3 };
  };

const constraints = Object.fromEntries(
  Object.keys(constraintTable).map((name) => [name, constraint(name as ConstraintName)]),
) as Record<ConstraintName, Setup>;

/** Every compute kernel; one that is missing does not compile. */
export const setups = {
  ...activations,
  denseForward: forward('denseForward'),
  denseForwardRelu: forward('denseForwardRelu'),
  denseInputGradient: inputGradient,
  denseKernelGradient: kernelGradient,
  denseBiasGradient: biasGradient,
  add: zip('add'),
  multiply: zip('multiply'),
  subtract: zip('subtract'),
  maximum: zip('maximum'),
  maximumBackward,
  scale,
  copyColumns: copy,
  logForward: logarithm,
  ...losses,
  batchNormalizationMoments: moments,
  batchNormalizationUpdate: updateMoments,
  batchNormalizationForward: normalize,
  batchNormalizationBackward: normalizeBackward,
  layerNormalizationForward: normalizeRows,
  layerNormalizationGradients: normalizeRowsGradients,
  layerNormalizationBackward: normalizeRowsBackward,
  sparseForward: sparseForward('sparseForward'),
  sparseForwardRelu: sparseForward('sparseForwardRelu'),
  sparseKernelGradient: sparseGradient,
  embeddingForward: lookUp,
  embeddingRows: lookUpRows,
  embeddingGradient: lookUpGradient,
  gatherRows: gather,
  scatterRows: scatter,
  randomUniform,
  randomNormal,
  uniformWeights,
  dropoutForward,
  alphaDropoutForward,
  dropoutBackward: zip('dropoutBackward'),
  ...updates,
  decayWeights,
  sum: reduction('sum'),
  gradientNorm: reduction('gradientNorm'),
  clipFactor,
  clipGradient: clip('clipGradient'),
  clipValues: clip('clipValues'),
  guard,
  accumulateGradients,
  meanGradients,
  averageWeights,
  sparseCategoricalAccuracy: sparseAccuracy,
  categoricalAccuracy,
  binaryAccuracy,
  l1Penalty: penalty('l1Penalty'),
  l1Gradient: penaltyGradient('l1Gradient'),
  l2Penalty: penalty('l2Penalty'),
  l2Gradient: penaltyGradient('l2Gradient'),
  ...constraints,
  broadcastAdd: broadcast('broadcastAdd'),
  broadcastSubtract: broadcast('broadcastSubtract'),
  broadcastMultiply: broadcast('broadcastMultiply'),
  broadcastDivide: broadcast('broadcastDivide'),
  broadcastMaximum: broadcast('broadcastMaximum'),
  broadcastMinimum: broadcast('broadcastMinimum'),
  broadcastGreaterEqual: broadcast('broadcastGreaterEqual'),
  broadcastGreater: broadcast('broadcastGreater'),
  broadcastEqual: broadcast('broadcastEqual'),
  broadcastKeep: broadcast('broadcastKeep'),
  broadcastDrop: broadcast('broadcastDrop'),
  expand,
  sumRows: sums('sumRows'),
  sumColumns: sums('sumColumns'),
  sumAll: sums('sumAll'),
  absForward: unary('absForward'),
  absBackward: zip('absBackward'),
  squareBackward: zip('squareBackward'),
  sqrtForward: unary('sqrtForward'),
  sqrtBackward: zip('sqrtBackward'),
} satisfies Record<KernelName, Setup>;
