import type { KernelName } from '../../../src/kernels/contract.js';
import { BLOCK_SIZE } from '../../../src/kernels/lib/update.js';
import {
  type ActivationKernel,
  activationKernels,
  type ConstraintName,
  constraintTable,
  type LossName,
  type UpdateKernel,
  updateLoops,
} from '../../../src/kernels/tables.js';
import { denseScratch } from '../../../src/program/plan.js';
import { type Buffer, makers, type Random } from '../buffers.js';
import { otherCalls, sizes } from './kernel-table-sparse.js';
import { lossCall, lossNames } from './losses.js';

export type Args = readonly (number | Buffer)[];

const constraintCalls = Object.fromEntries(Object.keys(constraintTable).map((name) => [name, constraint])) as Record<
  ConstraintName,
  typeof constraint
>;

const losses = Object.fromEntries(lossNames.map((name) => [name, lossCall(name)])) as Record<
  LossName,
  (random: Random) => Args
>;

/** A random call of every kernel. A kernel that is missing here fails a test. */
export const kernelTable = {
  denseForward,
  denseForwardRelu: denseForward,

  denseInputGradient(random: Random): Args {
    const m = makers(random);
    const [rows, inputs, units] = sizes(random);
    const dy = m.matrix(rows, units);
    const dx = m.matrix(rows, inputs, true);
    const scratch = m.scratch(denseScratch.inputGradient(rows, units));
    return [dy, m.panels(inputs, units), dx, scratch, rows, inputs, units, dy.stride, dx.stride, inputs * 8];
  },

  denseKernelGradient(random: Random): Args {
    const m = makers(random);
    const [rows, inputs, units] = sizes(random);
    const x = m.matrix(rows, inputs);
    const dy = m.matrix(rows, units);
    return [
      x,
      dy,
      m.panels(inputs, units, true),
      m.scratch(denseScratch.kernelGradient(rows, inputs)),
      rows,
      inputs,
      units,
      x.stride,
      dy.stride,
    ];
  },

  denseBiasGradient(random: Random): Args {
    const m = makers(random);
    const [rows, , units] = sizes(random);
    const dy = m.matrix(rows, units);
    return [dy, allLive(m.perColumn(units, true)), rows, units, dy.stride];
  },

  add: zip,
  multiply: zip,
  subtract: vectors,

  maximum(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    // Coarse, so that some are equal.
    const coarse = () => (random.integer(9) ? random.integer(5) - 2 : Number.NaN);
    return [m.vector(n, false, coarse), m.vector(n, false, coarse), m.vector(n, true), n];
  },

  maximumBackward(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    const coarse = () => random.integer(5) - 2;
    const [a, b] = [m.vector(n, false, coarse), m.vector(n, false, coarse)];
    return [a, b, m.vector(n), m.vector(n, true), m.vector(n, true), n];
  },

  scale(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    return [m.vector(n), m.vector(n, true), n, random.number()];
  },

  copyColumns(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const from = m.matrix(rows, columns + 5);
    const to = allLive(m.matrix(rows, columns + 9, true));
    return [from, to, rows, columns, from.stride, to.stride, random.integer(6), random.integer(10)];
  },

  ...Object.fromEntries(activationKernels().map((kernel) => [kernel.kernel, activation(kernel)])),

  logForward(random: Random): Args {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n, false, () => (random.integer(8) ? random.positive() : random.number())), m.vector(n, true), n];
  },

  ...losses,

  batchNormalizationMoments(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.perColumn(columns, true), m.perColumn(columns, true), rows, columns, x.stride];
  },

  batchNormalizationUpdate(random: Random): Args {
    const m = makers(random);
    const columns = random.between(1, 40);
    const column = (output: boolean) => m.perColumn(columns, output, () => random.positive());
    const factor = m.scalar(random.integer(4) ? 1 : Number.NaN, false);
    return [column(false), column(false), column(true), column(true), factor, random.between(2, 50), columns, 0.9];
  },

  batchNormalizationForward(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const variance = m.perColumn(columns, false, () => random.positive());
    const [mean, gamma, beta] = [m.perColumn(columns), m.perColumn(columns), m.perColumn(columns)];
    return [x, mean, variance, gamma, beta, like(x, true), rows, columns, x.stride, 1e-5];
  },

  batchNormalizationBackward(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const dy = like(x, false);
    const variance = m.perColumn(columns, false, () => random.positive());
    const [mean, gamma] = [m.perColumn(columns), m.perColumn(columns)];
    const [dgamma, dbeta] = [m.perColumn(columns, true), m.perColumn(columns, true)];
    return [x, mean, variance, gamma, dy, like(x, true), dgamma, dbeta, rows, columns, x.stride, 1e-5];
  },

  layerNormalizationForward(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const [gamma, beta] = [m.perColumn(columns), m.perColumn(columns)];
    const [mean, inverse] = [m.vector(rows, true), m.vector(rows, true)];
    return [x, gamma, beta, like(x, true), mean, inverse, rows, columns, x.stride, 1e-5];
  },

  layerNormalizationGradients(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const [mean, inverse] = [m.vector(rows), m.vector(rows, false, () => random.positive())];
    const [dgamma, dbeta] = [m.perColumn(columns, true), m.perColumn(columns, true)];
    return [x, mean, inverse, like(x, false), dgamma, dbeta, rows, columns, x.stride];
  },

  layerNormalizationBackward(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const [mean, inverse] = [m.vector(rows), m.vector(rows, false, () => random.positive())];
    return [x, mean, inverse, m.perColumn(columns), like(x, false), like(x, true), rows, columns, x.stride];
  },

  embeddingForward(random: Random): Args {
    const m = makers(random);
    const { table, dim, ids, rows, columns } = lookups(random, false);
    const y = m.matrix(rows, columns * dim, true);
    return [ids, table, y, rows, columns, dim, ids.stride, y.stride];
  },

  embeddingRows(random: Random): Args {
    const m = makers(random);
    const { inputDim, ids, rows, columns } = lookups(random, false);
    const n = rows * columns;
    return [ids, m.scratch(inputDim), m.vector(n, true), m.vector(n, true), rows, columns, ids.stride];
  },

  embeddingGradient(random: Random): Args {
    const m = makers(random);
    const { inputDim, dim, rows, columns } = lookups(random, false);
    const n = rows * columns;
    const dy = m.matrix(rows, columns * dim);
    const size = 4 * Math.ceil((n * dim) / 4);
    return [dy, m.labels(n, Math.min(n, inputDim)), m.vector(size, true), rows, columns, dim, dy.stride, size];
  },

  gatherRows(random: Random): Args {
    const m = makers(random);
    const { table, dim, distinct, n } = lookups(random, false);
    const size = 4 * Math.ceil((n * dim) / 4);
    return [table, distinct, m.vector(size, true), n, dim, size];
  },

  scatterRows(random: Random): Args {
    const m = makers(random);
    const { table, dim, distinct, n } = lookups(random, true);
    return [m.vector(n * dim), distinct, table, n, dim];
  },

  sum: reduction,
  gradientNorm: reduction,

  l1Penalty: penalty,
  l1Gradient: penaltyGradient,
  l2Penalty: penalty,
  l2Gradient: penaltyGradient,

  ...constraintCalls,

  clipFactor(random: Random): Args {
    const m = makers(random);
    const norm = [0, 0.5, 5, 1e20, Infinity, Number.NaN][random.integer(6)] as number;
    return [m.scalar(norm, false), m.scalar(), random.positive()];
  },

  guard(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const odd = [Number.NaN, Infinity, 3e38, 1e5][random.integer(8)];
    if (odd !== undefined) x.data[random.integer(rows) * x.stride + random.integer(columns)] = odd;
    const other = [0.5, -1e30, -Infinity, Number.NaN][random.integer(4)] as number;
    const factor = m.vector(2, true, () => 1);
    return [x, rows, columns, x.stride, m.scalar(other, false), m.scalar(10 ** random.between(0, 38)), factor];
  },

  sparseCategoricalAccuracy(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    return [z, m.labels(rows, columns), m.scalar(), rows, columns, z.stride];
  },

  categoricalAccuracy(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    const targets = m.matrix(rows, columns);
    return [z, targets, m.scalar(), rows, columns, z.stride, targets.stride];
  },

  binaryAccuracy(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    const targets = m.matrix(rows, columns, false, () => random.integer(2));
    return [z, targets, m.scalar(), rows, columns, z.stride, targets.stride, random.integer(2) / 2];
  },

  ...(Object.fromEntries(
    Object.entries(updateLoops).map(([kernel, states]) => [kernel, update(states.length)]),
  ) as Record<UpdateKernel, (random: Random) => Args>),

  clipGradient: clipping,
  clipValues: clipping,

  accumulateGradients(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    return [m.vector(n, true), m.vector(n), n, factor(random)];
  },

  meanGradients(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    return [m.vector(n), m.vector(n, true), n, 1 / random.between(1, 9)];
  },

  averageWeights(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    const share = m.scalar(random.integer(4) ? random.uniform() : random.integer(2), false);
    return [m.vector(n, true), m.vector(n), n, share, factor(random)];
  },

  decayWeights(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    return [m.vector(n, true), n, m.scalar(-random.uniform(), false), factor(random)];
  },

  randomUniform(random: Random): Args {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n, true), n, m.randomState(), random.uint32() | 0];
  },

  randomNormal(random: Random): Args {
    const m = makers(random);
    const n = 8 * random.between(1, 15);
    return [
      m.vector(n, true),
      n,
      m.randomState(),
      random.uint32() | 0,
      random.number(),
      random.positive(),
      4 * random.integer(9),
    ];
  },

  uniformWeights(random: Random): Args {
    const m = makers(random);
    const [rows, columns] = [random.between(1, 20), random.between(1, 40)];
    const w = m.panels(rows, columns, true);
    return [w, m.scratch(32), rows, columns, m.randomState(), random.uint32() | 0, random.positive()];
  },

  dropoutForward(random: Random): Args {
    const m = makers(random);
    const n = random.between(1, 90);
    const rate = random.uniform();
    return [
      m.vector(n),
      m.vector(n, true),
      m.vector(n, true),
      n,
      m.randomState(),
      random.integer(99),
      rate,
      4 * random.integer(9),
    ];
  },

  alphaDropoutForward(random: Random): Args {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    const [x, y, mask] = [m.vector(n), m.vector(n, true), m.vector(n, true)];
    const affine = [random.uniform(), random.positive(), random.number(), random.number()];
    return [x, y, mask, n, m.randomState(), random.integer(99), ...affine, 4 * random.integer(9)];
  },

  dropoutBackward: zip,

  ...otherCalls,

  absForward: map,
  absBackward: zip,
  squareBackward: zip,
  sqrtForward: map,
  sqrtBackward: zip,
} as Record<KernelName, (random: Random) => Args>;

function map(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), m.vector(n, true), n];
}

function zip(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), m.vector(n), m.vector(n, true), n];
}

/** Two operands and a result in whole vectors. */
function vectors(random: Random): Args {
  const m = makers(random);
  const n = 4 * random.between(1, 30);
  return [m.vector(n), m.vector(n), m.vector(n, true), n];
}

function clipping(random: Random): Args {
  const m = makers(random);
  const n = 4 * random.between(1, 30);
  return [m.vector(n, true), n, random.uniform() * 2];
}

function penalty(random: Random): Args {
  const m = makers(random);
  const [rows, , columns] = sizes(random);
  const x = m.matrix(rows, columns);
  return [x, m.scalar(), rows, columns, x.stride, random.uniform()];
}

function penaltyGradient(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), m.vector(n, true), n, random.uniform()];
}

/** Weights in panels, or a vector as one panel with one norm. */
function constraint(random: Random): Args {
  const m = makers(random);
  const [, inputs, units] = sizes(random);
  const joint = random.integer(2);
  const w = m.panels(joint ? 1 : inputs, units, true);
  const panels = joint ? 1 : Math.ceil(units / 8);
  return [w, panels, w.data.length / (8 * panels), joint, random.positive() * 2, factor(random)];
}

/** A table, ids that name its rows, and a list of rows that are all different, then -1. */
function lookups(random: Random, tableIsOutput: boolean) {
  const m = makers(random);
  const [rows, columns, dim] = [random.between(1, 13), random.between(1, 5), random.between(1, 19)];
  const inputDim = random.between(1, 40);
  const ids = m.matrix(rows, columns, false, () => random.integer(inputDim));
  const n = rows * columns;
  const distinct = m.vector(n, false, () => -1);
  for (let i = 0; i < Math.min(n, inputDim) - random.integer(2); i++) distinct.data[i] = inputDim - 1 - i;
  return { inputDim, dim, rows, columns, n, ids, distinct, table: m.vector(inputDim * dim, tableIsOutput) };
}

function like(buffer: Buffer, output: boolean): Buffer {
  return { ...buffer, data: Float32Array.from(buffer.data, (v) => v * 0.5 + 0.25), output };
}

/** Padding of parameter gradients must be zero, so it counts as content. */
function allLive(buffer: Buffer): Buffer {
  return { ...buffer, columns: buffer.stride };
}

function factor(random: Random): Buffer {
  return makers(random).scalar([1, 0.25, Number.NaN][random.integer(3)] as number, false);
}

/** A call of an optimizer's loop with so many states, all of them positive now and then as squares are. */
function update(states: number): (random: Random) => Args {
  return (random) => {
    const m = makers(random);
    const n = 4 * random.between(1, 30);
    const positive = () => Math.abs(random.number());
    const slabs = Array.from({ length: states }, () => m.vector(n, true, positive));
    const block = m.vector(BLOCK_SIZE, false, () => random.uniform());
    return [m.vector(n, true), m.vector(n), ...slabs, n, block, factor(random)];
  };
}

function denseForward(random: Random): Args {
  const m = makers(random);
  const [rows, inputs, units] = sizes(random);
  const x = m.matrix(rows, inputs);
  const y = m.matrix(rows, units, true);
  const scratch = m.scratch(denseScratch.forward(rows, inputs));
  return [x, m.panels(inputs, units), m.perColumn(units), y, scratch, rows, inputs, units, x.stride, y.stride];
}

/** A call of an activation's kernel by its common signature, with numbers of its own or, where it takes any, random ones. */
function activation({ backward, plan }: ActivationKernel): (random: Random) => Args {
  return (random) => {
    const m = makers(random);
    const n = 8 * random.between(1, 15);
    const [rows, , columns] = sizes(random);
    const matrix = m.matrix(rows, columns);
    const other = { ...matrix, data: matrix.data.map(() => random.number()) };
    const output = like(matrix, true);
    if (plan.shape === 'elementwise') {
      const numbers = random.integer(2) ? plan.numbers : plan.numbers.map(() => random.positive());
      return [m.vector(n), ...(backward ? [m.vector(n)] : []), m.vector(n, true), n, ...numbers];
    }
    if (plan.shape === 'random') {
      const uniforms = m.vector(n, true, () => random.uniform());
      return [m.vector(n), m.vector(n, true), uniforms, n, ...plan.numbers];
    }
    const shape = [rows, columns, matrix.stride];
    // Learned slopes are mostly between 0 and 1.
    const draw = random.integer(2) ? () => random.uniform() : () => random.number();
    const slopes = plan.shape === 'units' ? [m.perColumn(columns, false, draw)] : [];
    if (!backward) return [matrix, ...slopes, output, ...shape];
    const slopeGradients = slopes.map(() => allLive(m.perColumn(columns, true)));
    return [matrix, ...slopes, other, output, ...slopeGradients, ...shape];
  };
}

function reduction(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), n, m.scalar()];
}
