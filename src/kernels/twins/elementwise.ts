import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<Twins, 'add' | 'multiply' | 'subtract' | 'maximum' | 'maximumBackward' | 'scale' | 'copyColumns'>;

export function elementwise({ round: f }: Arithmetic): Family {
  return {
    add(h, a, b, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = f(h[a + i]! + h[b + i]!);
    },

    multiply(h, a, b, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = f(h[a + i]! * h[b + i]!);
    },

    subtract(h, a, b, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = f(h[a + i]! - h[b + i]!);
    },

    maximum(h, a, b, y, n) {
      for (let i = 0; i < n; i++) {
        const x = h[a + i]!;
        h[y + i] = x > h[b + i]! || Number.isNaN(x) ? x : h[b + i]!;
      }
    },

    maximumBackward(h, a, b, dy, da, db, n) {
      for (let i = 0; i < n; i++) {
        const g = h[dy + i]!;
        const x = h[a + i]!;
        const y = h[b + i]!;
        const part = x > y ? g : x === y ? f(g * 0.5) : 0;
        h[da + i] = part;
        h[db + i] = f(g - part);
      }
    },

    scale(h, x, y, n, factor) {
      const s = f(factor);
      for (let i = 0; i < n; i++) h[y + i] = f(h[x + i]! * s);
    },

    copyColumns(h, x, y, rows, columns, xStride, yStride, from, to) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) h[y + r * yStride + to + c] = h[x + r * xStride + from + c]!;
      }
    },
  };
}
