import type { KernelName } from '../../src/kernels/contract.js';
import type { LossName } from '../../src/kernels/losses.js';
import { BLOCK_SIZE } from '../../src/kernels/optimizers.js';
import { denseScratch } from '../../src/program/plan.js';
import { type Buffer, makers, type Random } from './buffers.js';
import { lossCall, lossNames } from './losses.js';

export type Args = readonly (number | Buffer)[];

const losses = Object.fromEntries(lossNames.map((name) => [name, lossCall(name)])) as Record<
  LossName,
  (random: Random) => Args
>;

/** A random call of every kernel. A kernel that is missing here fails a test. */
export const kernelTable: Record<KernelName, (random: Random) => Args> = {
  denseForward,
  denseForwardRelu: denseForward,

  denseInputGradient(random) {
    const m = makers(random);
    const [rows, inputs, units] = sizes(random);
    const dy = m.matrix(rows, units);
    const dx = m.matrix(rows, inputs, true);
    const scratch = m.scratch(denseScratch.inputGradient(rows, units));
    return [dy, m.panels(inputs, units), dx, scratch, rows, inputs, units, dy.stride, dx.stride, inputs * 8];
  },

  denseKernelGradient(random) {
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

  denseBiasGradient(random) {
    const m = makers(random);
    const [rows, , units] = sizes(random);
    const dy = m.matrix(rows, units);
    return [dy, allLive(m.perColumn(units, true)), rows, units, dy.stride];
  },

  add: backward,
  multiply: backward,

  copyColumns(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const from = m.matrix(rows, columns + 5);
    const to = allLive(m.matrix(rows, columns + 9, true));
    return [from, to, rows, columns, from.stride, to.stride, random.integer(6), random.integer(10)];
  },

  reluForward: forward,
  reluBackward: backward,
  sigmoidForward: forward,
  sigmoidBackward: backward,
  tanhForward: forward,
  tanhBackward: backward,
  exponentialForward: forward,
  exponentialBackward: backward,

  logForward(random) {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n, false, () => (random.integer(8) ? random.positive() : random.number())), m.vector(n, true), n];
  },

  softmaxForward(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, like(x, true), rows, columns, x.stride];
  },

  softmaxBackward(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const y = m.matrix(rows, columns);
    const dy = like(y, false);
    dy.data.forEach((_, i) => {
      dy.data[i] = random.number();
    });
    return [y, dy, like(y, true), rows, columns, y.stride];
  },

  ...losses,

  batchNormalizationMoments(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.perColumn(columns, true), m.perColumn(columns, true), rows, columns, x.stride];
  },

  batchNormalizationUpdate(random) {
    const m = makers(random);
    const columns = random.between(1, 40);
    const column = (output: boolean) => m.perColumn(columns, output, () => random.positive());
    const factor = m.scalar(random.integer(4) ? 1 : Number.NaN, false);
    return [column(false), column(false), column(true), column(true), factor, random.between(2, 50), columns, 0.9];
  },

  batchNormalizationForward(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    const variance = m.perColumn(columns, false, () => random.positive());
    const [mean, gamma, beta] = [m.perColumn(columns), m.perColumn(columns), m.perColumn(columns)];
    return [x, mean, variance, gamma, beta, like(x, true), rows, columns, x.stride, 1e-5];
  },

  batchNormalizationBackward(random) {
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

  l2Penalty(random) {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n), n, random.uniform(), m.scalar()];
  },

  l2Gradient(random) {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n), m.vector(n, true), n, random.uniform()];
  },

  clipFactor(random) {
    const m = makers(random);
    const norm = [0, 0.5, 5, 1e20, Infinity, Number.NaN][random.integer(6)] as number;
    return [m.scalar(norm, false), m.scalar(), random.positive()];
  },

  sparseCategoricalAccuracy(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    return [z, m.labels(rows, columns), m.scalar(), rows, columns, z.stride];
  },

  categoricalAccuracy(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    const targets = m.matrix(rows, columns);
    return [z, targets, m.scalar(), rows, columns, z.stride, targets.stride];
  },

  binaryAccuracy(random) {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const z = m.matrix(rows, columns);
    const targets = m.matrix(rows, columns, false, () => random.integer(2));
    return [z, targets, m.scalar(), rows, columns, z.stride, targets.stride, random.integer(2) / 2];
  },

  sgd: update(0),
  sgdMomentum: update(1),
  adam: update(2),

  randomUniform(random) {
    const m = makers(random);
    const n = random.between(1, 90);
    return [m.vector(n, true), n, m.randomState(), random.uint32() | 0];
  },

  uniformWeights(random) {
    const m = makers(random);
    const [rows, columns] = [random.between(1, 20), random.between(1, 40)];
    const w = m.panels(rows, columns, true);
    return [w, m.scratch(32), rows, columns, m.randomState(), random.uint32() | 0, random.positive()];
  },

  dropoutForward(random) {
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

  dropoutBackward: backward,
};

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

function forward(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), m.vector(n, true), n];
}

function backward(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), m.vector(n), m.vector(n, true), n];
}

function reduction(random: Random): Args {
  const m = makers(random);
  const n = random.between(1, 90);
  return [m.vector(n), n, m.scalar()];
}
