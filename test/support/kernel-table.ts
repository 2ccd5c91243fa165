import { type ActivationKernel, activationKernels } from '../../src/kernels/activations.js';
import { type ConstraintName, constraintTable } from '../../src/kernels/constraints.js';
import type { KernelName } from '../../src/kernels/contract.js';
import { type UpdateKernel, updateLoops } from '../../src/kernels/optimizers.js';
import { BLOCK_SIZE } from '../../src/kernels/update.js';
import { denseScratch } from '../../src/program/plan.js';
import { type Buffer, makers, type Random } from './buffers.js';

export type Args = readonly (number | Buffer)[];

const constraintCalls = Object.fromEntries(Object.keys(constraintTable).map((name) => [name, constraint])) as Record<
  ConstraintName,
  typeof constraint
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

  sparseCategoricalCrossentropy(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    return [z, m.labels(rows, columns), like(z, true), m.scalar(), rows, columns, z.stride];
  },

  categoricalCrossentropy: denseTargets,
  binaryCrossentropy: denseTargets,
  meanSquaredError: denseTargets,

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

  dropoutBackward: zip,

  broadcastAdd: broadcast,
  broadcastSubtract: broadcast,
  broadcastMultiply: broadcast,
  broadcastDivide: broadcast,
  broadcastMaximum: broadcast,
  broadcastMinimum: broadcast,
  broadcastGreaterEqual: broadcast,

  expand(random: Random): Args {
    const [rows, , columns] = sizes(random);
    const y = makers(random).matrix(rows, columns, true);
    return [...operand(random, rows, columns), y, y.stride, rows, columns, random.between(1, 99)];
  },

  sumRows(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.vector(rows, true), rows, columns, x.stride, random.between(1, 99)];
  },

  sumAll(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.scalar(), rows, columns, x.stride, random.between(1, 99)];
  },

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

/** A matrix, a column, a row or a number, with the steps from row to row and column to column. */
function operand(random: Random, rows: number, columns: number): Args {
  const m = makers(random);
  const kind = random.integer(4);
  if (kind === 0) return [m.vector(rows), 1, 0];
  if (kind === 1) return [m.vector(columns), 0, 1];
  if (kind === 2) return [m.vector(1), 0, 0];
  const x = m.matrix(rows, columns);
  return [x, x.stride, 1];
}

/** Operands that share numbers now and then. A single row has no padding, as columns of an expression have none. */
function broadcast(random: Random): Args {
  const m = makers(random);
  const [some, , columns] = sizes(random);
  const rows = random.integer(3) ? some : 1;
  const a = operand(random, rows, columns);
  const b = random.integer(8) ? operand(random, rows, columns) : a;
  const y = rows === 1 ? m.vector(columns, true) : m.matrix(rows, columns, true);
  return [...a, ...b, y, y.stride, rows, columns];
}

/** Rows, inputs and units around the sizes of tiles, panels and vectors. */
function sizes(random: Random): [number, number, number] {
  return [random.between(1, 13), random.between(1, random.integer(3) ? 37 : 150), random.between(1, 37)];
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
    const slopes = plan.shape === 'units' ? [m.perColumn(columns)] : [];
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

function denseTargets(random: Random): Args {
  const m = makers(random);
  const [rows, , columns] = sizes(random);
  const z = m.matrix(rows, columns);
  const targets = m.matrix(rows, columns, false, () => random.uniform());
  return [z, targets, like(z, true), m.scalar(), rows, columns, z.stride, targets.stride];
}
