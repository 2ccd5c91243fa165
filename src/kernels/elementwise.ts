import type { Arithmetic } from './arithmetic.js';
import type { Twins } from './contract.js';

type Family = Pick<Twins, 'add' | 'multiply' | 'copyColumns'>;

export function elementwise({ round: f }: Arithmetic): Family {
  return {
    add(h, a, b, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = f(h[a + i]! + h[b + i]!);
    },

    multiply(h, a, b, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = f(h[a + i]! * h[b + i]!);
    },

    copyColumns(h, x, y, rows, columns, xStride, yStride, from, to) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) h[y + r * yStride + to + c] = h[x + r * xStride + from + c]!;
      }
    },
  };
}
