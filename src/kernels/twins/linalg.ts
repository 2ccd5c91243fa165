import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<
  Twins,
  'denseForward' | 'denseForwardRelu' | 'denseInputGradient' | 'denseKernelGradient' | 'denseBiasGradient'
>;

export function linalg(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;

  /** C[rows][8] = bias + A[rows][n] B[n][8], each element one chain of sums over n; `bias` < 0 stands for zeros. */
  function product(
    h: Heap,
    a: number,
    aRow: number,
    aStep: number,
    b: number,
    n: number,
    bias: number,
    c: number,
    cRow: number,
    rows: number,
    rectify: boolean,
  ): void {
    for (let r = 0; r < rows; r++) {
      let s0 = 0,
        s1 = 0,
        s2 = 0,
        s3 = 0,
        s4 = 0,
        s5 = 0,
        s6 = 0,
        s7 = 0;
      if (bias >= 0) {
        s0 = h[bias]!;
        s1 = h[bias + 1]!;
        s2 = h[bias + 2]!;
        s3 = h[bias + 3]!;
        s4 = h[bias + 4]!;
        s5 = h[bias + 5]!;
        s6 = h[bias + 6]!;
        s7 = h[bias + 7]!;
      }
      let i = a + r * aRow;
      for (let k = b, end = b + n * 8; k < end; k += 8, i += aStep) {
        const x = h[i]!;
        s0 = f(s0 + f(x * h[k]!));
        s1 = f(s1 + f(x * h[k + 1]!));
        s2 = f(s2 + f(x * h[k + 2]!));
        s3 = f(s3 + f(x * h[k + 3]!));
        s4 = f(s4 + f(x * h[k + 4]!));
        s5 = f(s5 + f(x * h[k + 5]!));
        s6 = f(s6 + f(x * h[k + 6]!));
        s7 = f(s7 + f(x * h[k + 7]!));
      }
      const o = c + r * cRow;
      if (rectify) {
        s0 = s0 < 0 ? 0 : s0;
        s1 = s1 < 0 ? 0 : s1;
        s2 = s2 < 0 ? 0 : s2;
        s3 = s3 < 0 ? 0 : s3;
        s4 = s4 < 0 ? 0 : s4;
        s5 = s5 < 0 ? 0 : s5;
        s6 = s6 < 0 ? 0 : s6;
        s7 = s7 < 0 ? 0 : s7;
      }
      h[o] = s0;
      h[o + 1] = s1;
      h[o + 2] = s2;
      h[o + 3] = s3;
      h[o + 4] = s4;
      h[o + 5] = s5;
      h[o + 6] = s6;
      h[o + 7] = s7;
    }
  }

  function forward(
    h: Heap,
    x: number,
    w: number,
    b: number,
    y: number,
    rows: number,
    inputs: number,
    units: number,
    xStride: number,
    yStride: number,
    rectify: boolean,
  ): void {
    for (let c = 0; c < units; c += 8) {
      product(h, x, xStride, 1, w + c * inputs, inputs, b + c, y + c, yStride, rows, rectify);
    }
  }

  return {
    denseForward(h, x, w, b, y, _scratch, rows, inputs, units, xStride, yStride) {
      forward(h, x, w, b, y, rows, inputs, units, xStride, yStride, false);
    },

    denseForwardRelu(h, x, w, b, y, _scratch, rows, inputs, units, xStride, yStride) {
      forward(h, x, w, b, y, rows, inputs, units, xStride, yStride, true);
    },

    denseInputGradient(h, dy, w, dx, scratch, rows, inputs, units, dyStride, dxStride, wPanel) {
      const columns = Math.ceil(units / 8) * 8;
      for (let i = 0; i < inputs; i += 8) {
        const live = Math.min(8, inputs - i);
        for (let j = 0; j < columns; j++) {
          const from = w + (j >> 3) * wPanel + i * 8 + (j & 7);
          for (let k = 0; k < 8; k++) h[scratch + j * 8 + k] = k < live ? h[from + k * 8]! : 0;
        }
        product(h, dy, dyStride, 1, scratch, units, -1, dx + i, dxStride, rows, false);
      }
    },

    denseKernelGradient(h, x, dy, dw, scratch, rows, inputs, units, xStride, dyStride) {
      for (let c = 0; c < units; c += 8) {
        const live = Math.min(8, units - c);
        for (let r = 0; r < rows; r++) {
          for (let k = 0; k < 8; k++) h[scratch + r * 8 + k] = k < live ? h[dy + r * dyStride + c + k]! : 0;
        }
        product(h, x, 1, xStride, scratch, rows, -1, dw + c * inputs, 8, inputs, false);
      }
    },

    denseBiasGradient(h, dy, db, rows, units, dyStride) {
      for (let c = 0; c < Math.ceil(units / 8) * 8; c++) {
        let sum = 0;
        if (c < units) for (let r = 0; r < rows; r++) sum = f(sum + h[dy + r * dyStride + c]!);
        h[db + c] = sum;
      }
    },
  };
}
