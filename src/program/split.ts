import type { Call } from '../kernels/contract.js';
import { productFlops } from './emitter.js';

/** A way to cut a call into calls over parts of its output, which compute the same to the bit: sums are never cut. */
interface Axis {
  /** How far the output reaches, and the multiples at which it may be cut. */
  readonly extent: number;
  readonly unit: number;
  cut(start: number, size: number): Call;
}

/** Fewer rows would read the weights more often than multiplying with them repays. A multiple of the tile's 4. */
const FEWEST_ROWS = 16;

/** The rows of a forward product, the inputs of an input gradient, the panels of a kernel gradient. */
function axisOf(call: Call): Axis | undefined {
  switch (call[0]) {
    case 'denseForward':
    case 'denseForwardRelu': {
      const [name, x, w, b, y, scratch, rows, inputs, units, xStride, yStride] = call;
      return {
        extent: rows,
        unit: FEWEST_ROWS,
        cut: (r, n) => [name, x + r * xStride, w, b, y + r * yStride, scratch, n, inputs, units, xStride, yStride],
      };
    }
    case 'denseInputGradient': {
      const [name, dy, w, dx, scratch, rows, inputs, units, dyStride, dxStride, wPanel] = call;
      return {
        extent: inputs,
        unit: 16,
        cut: (i, n) => [name, dy, w + i * 8, dx + i, scratch, rows, n, units, dyStride, dxStride, wPanel],
      };
    }
    case 'denseKernelGradient': {
      const [name, x, dy, dw, scratch, rows, inputs, units, xStride, dyStride] = call;
      return {
        extent: units,
        unit: 8,
        cut: (c, n) => [name, x, dy + c, dw + c * inputs, scratch, rows, inputs, n, xStride, dyStride],
      };
    }
    default:
      return undefined;
  }
}

/** Cuts a dense product of more than `longest` floating point operations into shorter calls. */
export function splitLongCall(call: Call, longest: number): readonly Call[] {
  const [kernel, ...args] = call;
  const parts = Math.ceil(productFlops({ kernel, args }) / longest);
  const axis = parts > 1 ? axisOf(call) : undefined;
  if (!axis) return [call];
  const { extent, unit, cut } = axis;
  const step = Math.ceil(extent / unit / parts) * unit;
  return Array.from({ length: Math.ceil(extent / step) }, (_, i) => cut(i * step, Math.min(step, extent - i * step)));
}
