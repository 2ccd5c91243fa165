import type { Call } from '../kernels/contract.js';
import { productFlops } from './emitter.js';

/** Fewer rows would pay for packing the weights more than for multiplying with them. A multiple of the tile's 4. */
const FEWEST_ROWS = 64;

/** Whole multiples of `unit` from 0 to `total`, in about `parts` ranges. */
function ranges(total: number, unit: number, parts: number): readonly (readonly [start: number, size: number])[] {
  const step = Math.max(1, Math.ceil(total / unit / parts)) * unit;
  return Array.from(
    { length: Math.ceil(total / step) },
    (_, i) => [i * step, Math.min(step, total - i * step)] as const,
  );
}

/**
 * Cuts a long dense product into calls over ranges of its output: rows, or panels for the kernel gradient, whose rows
 * are summed. Sums are never cut, so the results are the same to the bit.
 */
export function splitLongCall(call: Call, longest: number): readonly Call[] {
  const [kernel, ...args] = call;
  const parts = Math.ceil(productFlops({ kernel, args }) / longest);
  if (parts < 2) return [call];
  switch (call[0]) {
    case 'denseForward':
    case 'denseForwardRelu': {
      const [name, x, w, b, y, scratch, rows, inputs, units, xStride, yStride] = call;
      return ranges(rows, FEWEST_ROWS, parts).map(
        ([r, n]): Call => [name, x + r * xStride, w, b, y + r * yStride, scratch, n, inputs, units, xStride, yStride],
      );
    }
    case 'denseKernelGradient': {
      const [name, x, dy, dw, scratch, rows, inputs, units, xStride, dyStride] = call;
      return ranges(units, 8, parts).map(
        ([c, n]): Call => [name, x, dy + c, dw + c * inputs, scratch, rows, inputs, n, xStride, dyStride],
      );
    }
    case 'denseInputGradient': {
      const [name, dy, w, dx, scratch, rows, inputs, units, dyStride, dxStride] = call;
      return ranges(rows, FEWEST_ROWS, parts).map(
        ([r, n]): Call => [
          name,
          dy + r * dyStride,
          w,
          dx + r * dxStride,
          scratch,
          n,
          inputs,
          units,
          dyStride,
          dxStride,
        ],
      );
    }
    default:
      return [call];
  }
}
