import type { Call, Phase } from '../kernels/contract.js';
import { activationKernels, type ConstraintName } from '../kernels/tables.js';
import { type Axis, cutInto, denseAxis, lines } from './axis.js';
import { type Program, productFlops } from './emitter.js';

/** Nanoseconds per element of the streaming kernels, measured and rounded. */
const COST = {
  copy: 0.12,
  transcendental: 2,
  random: 1.6,
  normal: 4.5,
  lookUp: 2,
  moments: 0.4,
  state: 0.4,
};

/** Kernels that are optimizers' loops, which share a signature. */
type Updates = Program['updates'];

/** What `denseAxis` says, rows, columns, elements. */
function axisOf(call: Call, updates: Updates): Axis | undefined {
  switch (call[0]) {
    case 'denseBiasGradient': {
      const [name, dy, db, rows, units, dyStride] = call;
      return lines(units, rows * units * COST.copy, (c, n) => [name, dy + c, db + c, rows, n, dyStride]);
    }
    case 'batchNormalizationMoments': {
      const [name, x, mean, variance, rows, units, stride] = call;
      return lines(units, rows * units * COST.moments, (c, n) => [
        name,
        x + c,
        mean + c,
        variance + c,
        rows,
        n,
        stride,
      ]);
    }
    case 'batchNormalizationForward': {
      const [name, x, mean, variance, gamma, beta, y, rows, units, stride, epsilon] = call;
      return lines(units, rows * units * COST.moments, (c, n) => [
        name,
        x + c,
        mean + c,
        variance + c,
        gamma + c,
        beta + c,
        y + c,
        rows,
        n,
        stride,
        epsilon,
      ]);
    }
    case 'batchNormalizationBackward': {
      const [name, x, mean, variance, gamma, dy, dx, dgamma, dbeta, rows, units, stride, epsilon] = call;
      return lines(units, rows * units * COST.moments, (c, n) => [
        name,
        x + c,
        mean + c,
        variance + c,
        gamma + c,
        dy + c,
        dx + c,
        dgamma + c,
        dbeta + c,
        rows,
        n,
        stride,
        epsilon,
      ]);
    }
    case 'layerNormalizationForward': {
      const [name, x, gamma, beta, y, mean, inverse, rows, columns, stride, epsilon] = call;
      return lines(rows, rows * columns * COST.moments, (r, n) => [
        name,
        x + r * stride,
        gamma,
        beta,
        y + r * stride,
        mean + r,
        inverse + r,
        n,
        columns,
        stride,
        epsilon,
      ]);
    }
    case 'layerNormalizationGradients': {
      const [name, x, mean, inverse, dy, dgamma, dbeta, rows, columns, stride] = call;
      return lines(columns, rows * columns * COST.moments, (c, n) => [
        name,
        x + c,
        mean,
        inverse,
        dy + c,
        dgamma + c,
        dbeta + c,
        rows,
        n,
        stride,
      ]);
    }
    case 'layerNormalizationBackward': {
      const [name, x, mean, inverse, gamma, dy, dx, rows, columns, stride] = call;
      return lines(rows, rows * columns * COST.moments, (r, n) => [
        name,
        x + r * stride,
        mean + r,
        inverse + r,
        gamma,
        dy + r * stride,
        dx + r * stride,
        n,
        columns,
        stride,
      ]);
    }
    case 'embeddingForward': {
      const [name, ids, table, y, rows, columns, dim, stride, yStride] = call;
      return lines(rows, rows * columns * (COST.lookUp + dim * COST.copy), (r, n) => [
        name,
        ids + r * stride,
        table,
        y + r * yStride,
        n,
        columns,
        dim,
        stride,
        yStride,
      ]);
    }
    case 'maximumBackward': {
      const [name, a, b, dy, da, db, n] = call;
      return lines(n, n * COST.copy, (i, size) => [name, a + i, b + i, dy + i, da + i, db + i, size]);
    }
    case 'scale': {
      const [name, x, y, n, factor] = call;
      return lines(n, n * COST.copy, (i, size) => [name, x + i, y + i, size, factor]);
    }
    case 'logForward':
    case 'absForward':
    case 'sqrtForward': {
      const [name, x, y, n] = call;
      const cost = name === 'absForward' ? COST.copy : COST.transcendental;
      return lines(n, n * cost, (i, size) => [name, x + i, y + i, size]);
    }
    case 'dropoutBackward':
    case 'absBackward':
    case 'squareBackward':
    case 'sqrtBackward':
    case 'add':
    case 'multiply':
    case 'subtract':
    case 'maximum': {
      const [name, a, b, y, n] = call;
      return lines(n, n * COST.copy, (i, size) => [name, a + i, b + i, y + i, size]);
    }
    case 'dropoutForward': {
      const [name, x, y, mask, n, state, stream, rate, first] = call;
      return lines(n, n * COST.random, (i, size) => [
        name,
        x + i,
        y + i,
        mask + i,
        size,
        state,
        stream,
        rate,
        first + i,
      ]);
    }
    case 'alphaDropoutForward': {
      const [name, x, y, mask, n, ...rest] = call;
      const [state, stream, rate, scale, shift, dropped, first] = rest;
      return lines(n, n * COST.random, (i, size) => [
        name,
        x + i,
        y + i,
        mask + i,
        size,
        state,
        stream,
        rate,
        scale,
        shift,
        dropped,
        first + i,
      ]);
    }
    case 'randomNormal': {
      const [name, y, n, state, stream, mean, deviation, first] = call;
      return lines(n, n * COST.normal, (i, size) => [name, y + i, size, state, stream, mean, deviation, first + i]);
    }
    case 'broadcastAdd':
    case 'broadcastSubtract':
    case 'broadcastMultiply':
    case 'broadcastDivide':
    case 'broadcastMaximum':
    case 'broadcastMinimum':
    case 'broadcastGreaterEqual': {
      const [name, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns] = call;
      const alone = rows === 1;
      return lines(alone ? columns : rows, rows * columns * COST.copy, (i, size) => [
        name,
        a + i * (alone ? aColumn : aRow),
        aRow,
        aColumn,
        b + i * (alone ? bColumn : bRow),
        bRow,
        bColumn,
        y + i * (alone ? 1 : yRow),
        yRow,
        alone ? 1 : size,
        alone ? size : columns,
      ]);
    }
    case 'expand': {
      const [name, x, xRow, xColumn, y, yRow, rows, columns, divisor] = call;
      const alone = rows === 1;
      return lines(alone ? columns : rows, rows * columns * COST.copy, (i, size) => [
        name,
        x + i * (alone ? xColumn : xRow),
        xRow,
        xColumn,
        y + i * (alone ? 1 : yRow),
        yRow,
        alone ? 1 : size,
        alone ? size : columns,
        divisor,
      ]);
    }
    case 'sumRows': {
      const [name, x, y, rows, columns, stride, divisor] = call;
      return lines(rows, rows * columns * COST.copy, (r, n) => [
        name,
        x + r * stride,
        y + r,
        n,
        columns,
        stride,
        divisor,
      ]);
    }
    case 'l1Gradient':
    case 'l2Gradient': {
      const [name, w, g, n, lambda] = call;
      return lines(n, n * COST.copy, (i, size) => [name, w + i, g + i, size, lambda]);
    }
    case 'decayWeights': {
      const [name, w, n, ...rest] = call;
      return lines(n, n * COST.copy, (i, size) => [name, w + i, size, ...rest]);
    }
    case 'clipValues': {
      const [name, g, n, limit] = call;
      return lines(n, n * COST.copy, (i, size) => [name, g + i, size, limit]);
    }
    case 'accumulateGradients':
    case 'meanGradients': {
      const [name, sum, g, n, last] = call;
      return lines(n, n * COST.copy, (i, size) => [name, sum + i, g + i, size, last]);
    }
    case 'averageWeights': {
      const [name, average, w, n, ...rest] = call;
      return lines(n, n * COST.copy, (i, size) => [name, average + i, w + i, size, ...rest]);
    }
    default:
      return denseAxis(call) ?? activationAxis(call) ?? constraintAxis(call) ?? updateAxis(call, updates);
  }
}

const CONSTRAINTS: Readonly<Record<ConstraintName, true>> = { maxNorm: true, unitNorm: true, nonNeg: true };

/** A constraint's panels; constraints share a signature. */
function constraintAxis(call: Call): Axis | undefined {
  if (!Object.hasOwn(CONSTRAINTS, call[0])) return undefined;
  const [name, w, panels, rows, ...rest] = call as Extract<Call, readonly [ConstraintName, ...unknown[]]>;
  return {
    extent: panels,
    unit: 1,
    work: panels * rows * 8 * COST.moments,
    cut: (p, n) => [name, w + p * rows * 8, n, rows, ...rest],
  };
}

/** An optimizer's loop: weights, gradients, states, their number, and the two slots that all parts share. */
function updateAxis(call: Call, updates: Updates): Axis | undefined {
  if (!updates.has(call[0])) return undefined;
  const [name, ...args] = call as readonly [Call[0], ...number[]];
  const slabs = args.slice(0, -3);
  const [n = 0, ...rest] = args.slice(-3);
  return lines(n, n * (COST.copy + (slabs.length - 2) * COST.state), (i, size) => {
    return [name, ...slabs.map((slab) => slab + i), size, ...rest] as unknown as Call;
  });
}

/** Kernels of activations by the operands before their sizes, all cut alike; see the signatures of plans. */
const activationShapes = new Map(
  activationKernels().flatMap(({ kernel, backward, plan }) => {
    if (plan.shape === 'rows') return [];
    const operands = { elementwise: [2, 3], units: [3, 5], random: [3, 3] }[plan.shape][Number(backward)] as number;
    const heavy = plan.shape === 'elementwise' && !plan.light && !(backward && plan.saves === 'y');
    return [[kernel, { operands, units: plan.shape === 'units', cost: heavy ? COST.transcendental : COST.copy }]];
  }),
);

/** The elements of an elementwise activation, the columns of one with a slope per unit. */
function activationAxis(call: Call): Axis | undefined {
  const shape = activationShapes.get(call[0]);
  if (!shape) return undefined;
  const { operands, units, cost } = shape;
  const numbers = call as readonly unknown[] as readonly number[];
  const place = operands + (units ? 2 : 1);
  const extent = numbers[place] as number;
  return lines(extent, extent * (units ? (numbers[operands + 1] as number) : 1) * cost, (start, size) => {
    // A copy of the array that begins with a string, as in `resolve`: offsets stay integers.
    const part = numbers.slice();
    for (let i = 1; i <= operands; i++) part[i] = (numbers[i] as number) + start;
    part[place] = size;
    return part as unknown as Call;
  });
}

/** A call over ranges of its output, each with scratch of its own; the whole call where it cannot be cut. */
export function cutCall(call: Call, parts: number, updates: Updates): readonly Call[] {
  const axis = axisOf(call, updates);
  return axis ? cutInto(axis, parts, true) : [call];
}

/** A call of less than this, in nanoseconds, is not worth a meeting at the barrier. */
const WORTH_SHARING = 4000;

/** A program with less than this to share, in nanoseconds, runs faster on one thread. */
const WORTH_WAKING = 100_000;

/** Cuts a program into phases: calls worth sharing over all threads, runs of others on the first. */
export function phasesOf(calls: readonly Call[], threads: number, updates: Updates): readonly Phase[] {
  const shared = calls.map((call) => axisOf(call, updates)?.work ?? 0).filter((work) => work >= WORTH_SHARING);
  if (shared.reduce((sum, work) => sum + work, 0) < WORTH_WAKING) return [[calls]];
  const phases: Call[][][] = [];
  let alone: Call[] | undefined;
  for (const call of calls) {
    const axis = axisOf(call, updates);
    if (axis && axis.work >= WORTH_SHARING) {
      phases.push(cutCall(call, threads, updates).map((part) => [part]));
      alone = undefined;
    } else if (alone) {
      alone.push(call);
    } else {
      alone = [call];
      phases.push([alone]);
    }
  }
  return phases;
}

/** Floating point operations between two chances to hand over to the event loop. */
const SEGMENT_FLOPS = 4e8;

/** Groups phases so that short programs are one order to the threads and long ones can be left in between. */
export function segments(phases: readonly Phase[]): readonly (readonly Phase[])[] {
  const groups: Phase[][] = [[]];
  let flops = 0;
  for (const phase of phases) {
    if (flops > SEGMENT_FLOPS) {
      groups.push([]);
      flops = 0;
    }
    groups.at(-1)?.push(phase);
    for (const [kernel, ...args] of phase.flat()) flops += productFlops({ kernel, args });
  }
  return groups;
}
