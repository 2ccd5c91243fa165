import type { Call } from '../kernels/contract.js';
import { productFlops } from './emitter.js';
import { denseScratch } from './plan.js';

// Cutting dense products, which every backend does with long ones; split.ts cuts the rest, for threads.

/** A way to cut a call into calls over parts of its output, which compute the same to the bit: sums are never cut. */
export interface Axis {
  /** How far the output reaches, and the multiples at which it may be cut. */
  readonly extent: number;
  readonly unit: number;
  /** About what the whole call takes, in nanoseconds; good enough to tell long from short. */
  readonly work: number;
  /** The call for a part; parts that run at the same time have numbers and scratch of their own. */
  cut(start: number, size: number, part: number): Call;
}

/** Fewer rows would read the weights more often than multiplying with them repays. A multiple of the tile's 4. */
const FEWEST_ROWS = 16;

/** Elements of a cache line; threads that write to the same one slow each other down. */
const LINE = 16;

/** Nanoseconds per floating point operation, measured and rounded. */
const FLOP = 0.023;

/** The rows of a forward product, the inputs of an input gradient, the panels of a kernel gradient. */
export function denseAxis(call: Call): Axis | undefined {
  switch (call[0]) {
    case 'denseForward':
    case 'denseForwardRelu': {
      const [name, x, w, b, y, scratch, rows, inputs, units, xStride, yStride] = call;
      const room = denseScratch.forward(rows, inputs);
      return {
        extent: rows,
        unit: FEWEST_ROWS,
        work: 2 * rows * inputs * units * FLOP,
        cut: (r, n, part) => [
          name,
          x + r * xStride,
          w,
          b,
          y + r * yStride,
          scratch + part * room,
          n,
          inputs,
          units,
          xStride,
          yStride,
        ],
      };
    }
    case 'denseInputGradient': {
      const [name, dy, w, dx, scratch, rows, inputs, units, dyStride, dxStride, wPanel] = call;
      const room = denseScratch.inputGradient(rows, units);
      return {
        extent: inputs,
        unit: LINE,
        work: 2 * rows * inputs * units * FLOP,
        cut: (i, n, part) => [
          name,
          dy,
          w + i * 8,
          dx + i,
          scratch + part * room,
          rows,
          n,
          units,
          dyStride,
          dxStride,
          wPanel,
        ],
      };
    }
    case 'denseKernelGradient': {
      const [name, x, dy, dw, scratch, rows, inputs, units, xStride, dyStride] = call;
      const room = denseScratch.kernelGradient(rows, inputs);
      return {
        extent: units,
        unit: 8,
        work: 2 * rows * inputs * units * FLOP,
        cut: (c, n, part) => [
          name,
          x,
          dy + c,
          dw + c * inputs,
          scratch + part * room,
          rows,
          inputs,
          n,
          xStride,
          dyStride,
        ],
      };
    }
    default:
      return undefined;
  }
}

/** Columns or elements, cut at whole cache lines. */
export function lines(extent: number, work: number, cut: Axis['cut']): Axis {
  return { extent, unit: LINE, work, cut };
}

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
  const axis = parts > 1 ? denseAxis(call) : undefined;
  return axis ? cutInto(axis, parts, false) : [call];
}
