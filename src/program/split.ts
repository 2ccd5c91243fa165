import { activationKernels } from '../kernels/activations.js';
import { type Axes, type Axis, along, COST, columns, elements } from '../kernels/axis.js';
import { type ConstraintName, constraintTable } from '../kernels/constraints.js';
import type { Call, Phase } from '../kernels/contract.js';
import { elementwiseAxes } from '../kernels/elementwise.js';
import { embeddingAxes } from '../kernels/embedding.js';
import { expressionAxes } from '../kernels/expressions.js';
import { normalizationAxes } from '../kernels/normalization.js';
import { updateLoops } from '../kernels/optimizers.js';
import { randomAxes } from '../kernels/random.js';
import { reductionAxes } from '../kernels/reductions.js';
import { stepAxes } from '../kernels/step.js';
import { productFlops } from './emitter.js';
import { denseScratch } from './plan.js';

/** Fewer rows would read the weights more often than multiplying with them repays. A multiple of the tile's 4. */
const FEWEST_ROWS = 16;

/** The rows of a forward product. */
function forwardAxis(call: Extract<Call, readonly ['denseForward' | 'denseForwardRelu', ...unknown[]]>): Axis {
  const [, , , , , , rows, inputs, units, xStride, yStride] = call;
  return along(call, {
    place: 6,
    work: 2 * rows * inputs * units * COST.flop,
    steps: [xStride, 0, 0, yStride],
    unit: FEWEST_ROWS,
    scratch: [5, denseScratch.forward(rows, inputs)],
  });
}

/** Products' axes stand here, since their scratch is the plan's business. */
const linalgAxes: Axes = {
  denseForward: forwardAxis,
  denseForwardRelu: forwardAxis,

  /** Inputs. */
  denseInputGradient(call) {
    const [, , , , , rows, inputs, units] = call;
    return along(call, {
      place: 6,
      work: 2 * rows * inputs * units * COST.flop,
      steps: [0, 8, 1],
      scratch: [4, denseScratch.inputGradient(rows, units)],
    });
  },

  /** Panels. */
  denseKernelGradient(call) {
    const [, , , , , rows, inputs, units] = call;
    return along(call, {
      place: 7,
      work: 2 * rows * inputs * units * COST.flop,
      steps: [0, 1, inputs],
      unit: 8,
      scratch: [4, denseScratch.kernelGradient(rows, inputs)],
    });
  },

  denseBiasGradient: columns(2, COST.copy),
};

/** Elementwise activations by their operands, and those with a slope per unit; see the signatures of plans. */
function activationAxes(): Axes {
  const entries = activationKernels().flatMap(({ kernel, backward, plan }) => {
    if (plan.shape === 'rows') return [];
    const operands = { elementwise: [2, 3], units: [3, 5], random: [3, 3] }[plan.shape][Number(backward)] as number;
    const heavy = plan.shape === 'elementwise' && !plan.light && !(backward && plan.saves === 'y');
    const cut = plan.shape === 'units' ? columns : elements;
    return [[kernel, cut(operands, heavy ? COST.transcendental : COST.copy)]];
  });
  return { ...Object.fromEntries(entries), logForward: elements(2, COST.transcendental) };
}

/** A constraint's panels; constraints share a signature. */
function constraintAxis(call: Extract<Call, readonly [ConstraintName, ...unknown[]]>): Axis {
  const [, , panels, rows] = call;
  return along(call, { place: 2, work: panels * rows * 8 * COST.moments, steps: [rows * 8], unit: 1 });
}

/** An optimizer's loop: weights, gradients, states, their number, and what all parts share. */
function updateAxes(): Axes {
  const entries = Object.entries(updateLoops).map(([kernel, { length: states }]) => {
    return [kernel, elements(2 + states, COST.copy + states * COST.state)];
  });
  return { ...Object.fromEntries(entries), decayWeights: elements(1, COST.copy) };
}

const axes: Axes = /* @__PURE__ */ (() => ({
  ...linalgAxes,
  ...activationAxes(),
  ...elementwiseAxes,
  ...embeddingAxes,
  ...expressionAxes,
  ...normalizationAxes,
  ...randomAxes,
  ...reductionAxes,
  ...stepAxes,
  ...updateAxes(),
  ...Object.fromEntries(Object.keys(constraintTable).map((name) => [name, constraintAxis])),
}))();

function axisOf(call: Call): Axis | undefined {
  return (axes[call[0]] as ((call: Call) => Axis) | undefined)?.(call);
}

/** The call over `parts` ranges of about equal size, fewer where there is not enough to cut. */
function cutInto({ extent, unit, cut }: Axis, parts: number, apart: boolean): readonly Call[] {
  const step = Math.ceil(extent / unit / parts) * unit;
  const count = Math.ceil(extent / step);
  return Array.from({ length: count }, (_, i) => cut(i * step, Math.min(step, extent - i * step), apart ? i : 0));
}

/** A call over ranges of its output, each with scratch of its own; the whole call where it cannot be cut. */
export function cutCall(call: Call, parts: number): readonly Call[] {
  const axis = axisOf(call);
  return axis ? cutInto(axis, parts, true) : [call];
}

/** Cuts a dense product of more than `longest` floating point operations into shorter calls. */
export function splitLongCall(call: Call, longest: number): readonly Call[] {
  const [kernel, ...args] = call;
  const parts = Math.ceil(productFlops({ kernel, args }) / longest);
  const axis = parts > 1 ? axisOf(call) : undefined;
  return axis ? cutInto(axis, parts, false) : [call];
}

/** A call of less than this, in nanoseconds, is not worth a meeting at the barrier. */
const WORTH_SHARING = 4000;

/** A program with less than this to share, in nanoseconds, runs faster on one thread. */
const WORTH_WAKING = 100_000;

/** Cuts a program into phases: calls worth sharing over all threads, runs of others on the first. */
export function phasesOf(calls: readonly Call[], threads: number): readonly Phase[] {
  const shared = calls.map((call) => axisOf(call)?.work ?? 0).filter((work) => work >= WORTH_SHARING);
  if (shared.reduce((sum, work) => sum + work, 0) < WORTH_WAKING) return [[calls]];
  const phases: Call[][][] = [];
  let alone: Call[] | undefined;
  for (const call of calls) {
    const axis = axisOf(call);
    if (axis && axis.work >= WORTH_SHARING) {
      phases.push(cutCall(call, threads).map((part) => [part]));
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
