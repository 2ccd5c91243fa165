import type { Axes } from '../kernels/axis.js';
import type { Call } from '../kernels/contract.js';
import { type Axis, along } from '../kernels/cut.js';
import { productFlops } from './emitter.js';
import { denseScratch } from './plan.js';

// Dense products are cut where they take long and others wait for their turn, as in fit; split.ts cuts the rest, for threads.

/** Nanoseconds per floating point operation, measured and rounded. */
const FLOP = 0.023;

/** Fewer rows would read the weights more often than multiplying with them repays. A multiple of the tile's 4. */
const FEWEST_ROWS = 16;

/** The rows of a forward product. */
function forwardAxis(call: Extract<Call, readonly ['denseForward' | 'denseForwardRelu', ...unknown[]]>): Axis {
  const [, , , , , , rows, inputs, units, xStride, yStride] = call;
  return along(call, {
    place: 6,
    work: 2 * rows * inputs * units * FLOP,
    steps: [xStride, 0, 0, yStride],
    unit: FEWEST_ROWS,
    scratch: [5, denseScratch.forward(rows, inputs)],
  });
}

/** Products' axes stand here, since the plan places their scratch. */
export const productAxes: Axes = {
  denseForward: forwardAxis,
  denseForwardRelu: forwardAxis,

  /** Inputs. */
  denseInputGradient(call) {
    const [, , , , , rows, inputs, units] = call;
    return along(call, {
      place: 6,
      work: 2 * rows * inputs * units * FLOP,
      steps: [0, 8, 1],
      scratch: [4, denseScratch.inputGradient(rows, units)],
    });
  },

  /** Panels. */
  denseKernelGradient(call) {
    const [, , , , , rows, inputs, units] = call;
    return along(call, {
      place: 7,
      work: 2 * rows * inputs * units * FLOP,
      steps: [0, 1, inputs],
      unit: 8,
      scratch: [4, denseScratch.kernelGradient(rows, inputs)],
    });
  },
};

/** The call over `parts` ranges of about equal size, fewer where there is not enough to cut. */
export function cutInto({ extent, unit, cut }: Axis, parts: number, apart: boolean): readonly Call[] {
  const step = Math.ceil(extent / unit / parts) * unit;
  const count = Math.ceil(extent / step);
  return Array.from({ length: count }, (_, i) => cut(i * step, Math.min(step, extent - i * step), apart ? i : 0));
}

/** Cuts a dense product of more than `longest` floating point operations into shorter calls. */
export function splitLongCall(call: Call, longest: number): readonly Call[] {
  const [kernel, ...args] = call;
  const parts = Math.ceil(productFlops({ kernel, args }) / longest);
  const axis = parts > 1 ? (productAxes[kernel] as ((call: Call) => Axis) | undefined)?.(call) : undefined;
  return axis ? cutInto(axis, parts, false) : [call];
}
