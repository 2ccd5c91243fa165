import type { Heap, Twins } from '../../contract.js';
import type { Arithmetic } from '../../lib/arithmetic.js';

type Family = Pick<Twins, 'sparseForward' | 'sparseForwardRelu' | 'sparseKernelGradient'>;

export function sparse({ round: f }: Arithmetic): Family {
  function forward(
    h: Heap,
    starts: number,
    indices: number,
    values: number,
    w: number,
    b: number,
    y: number,
    rows: number,
    inputs: number,
    units: number,
    yStride: number,
    rectify: boolean,
  ): void {
    for (let c = 0; c < Math.ceil(units / 8) * 8; c++) {
      const column = w + (c >> 3) * inputs * 8 + (c & 7);
      for (let r = 0; r < rows; r++) {
        let sum = h[b + c]! + 0;
        for (let i = h[starts + r]!; i < h[starts + r + 1]!; i++) {
          sum = f(sum + f(h[values + i]! * h[column + h[indices + i]! * 8]!));
        }
        h[y + r * yStride + c] = rectify && sum < 0 ? 0 : sum;
      }
    }
  }

  return {
    sparseForward(h, starts, indices, values, w, b, y, rows, inputs, units, yStride) {
      forward(h, starts, indices, values, w, b, y, rows, inputs, units, yStride, false);
    },

    sparseForwardRelu(h, starts, indices, values, w, b, y, rows, inputs, units, yStride) {
      forward(h, starts, indices, values, w, b, y, rows, inputs, units, yStride, true);
    },

    sparseKernelGradient(h, starts, indices, values, dy, dw, rows, inputs, units, dyStride) {
      for (let c = 0; c < units; c += 8) {
        const panel = dw + c * inputs;
        h.fill(0, panel, panel + 8 * inputs);
        const live = Math.min(8, units - c);
        for (let r = 0; r < rows; r++) {
          const from = dy + r * dyStride + c;
          for (let i = h[starts + r]!; i < h[starts + r + 1]!; i++) {
            const x = h[values + i]!;
            const to = panel + h[indices + i]! * 8;
            for (let k = 0; k < live; k++) h[to + k] = f(h[to + k]! + f(x * h[from + k]!));
          }
        }
      }
    },
  };
}
