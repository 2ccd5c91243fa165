import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

/** Kernels of two operands that broadcast. */
export type BroadcastKernel =
  | 'broadcastAdd'
  | 'broadcastSubtract'
  | 'broadcastMultiply'
  | 'broadcastDivide'
  | 'broadcastMaximum'
  | 'broadcastMinimum'
  | 'broadcastGreaterEqual'
  | 'broadcastGreater'
  | 'broadcastEqual'
  | 'broadcastKeep'
  | 'broadcastDrop';

type Family = Pick<
  Twins,
  | BroadcastKernel
  | 'expand'
  | 'sumRows'
  | 'sumAll'
  | 'sumColumns'
  | 'absForward'
  | 'absBackward'
  | 'squareBackward'
  | 'sqrtForward'
  | 'sqrtBackward'
>;

export function expressions({ round: f }: Arithmetic): Family {
  const spread =
    (op: (a: number, b: number) => number): Twins[BroadcastKernel] =>
    (h, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns) => {
      for (let r = 0; r < rows; r++) {
        const p = a + r * aRow;
        const o = b + r * bRow;
        for (let c = 0; c < columns; c++) h[y + r * yRow + c] = op(h[p + c * aColumn]!, h[o + c * bColumn]!);
      }
    };

  const lanes = [0, 0, 0, 0];
  const addRow = (h: Heap, x: number, columns: number) => {
    for (let c = 0; c < columns; c++) lanes[c & 3]! += h[x + c]!;
  };
  const total = () => lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!);

  const zip =
    (op: (saved: number, dy: number) => number) =>
    (h: Heap, saved: number, dy: number, dx: number, n: number): void => {
      for (let i = 0; i < n; i++) h[dx + i] = op(h[saved + i]!, h[dy + i]!);
    };

  return {
    broadcastAdd: spread((a, b) => f(a + b)),
    broadcastSubtract: spread((a, b) => f(a - b)),
    broadcastMultiply: spread((a, b) => f(a * b)),
    broadcastDivide: spread((a, b) => f(a / b)),
    broadcastMaximum: spread((a, b) => (a >= b || Number.isNaN(a) ? a : b)),
    broadcastMinimum: spread((a, b) => (a <= b || Number.isNaN(a) ? a : b)),
    broadcastGreaterEqual: spread((a, b) => (a >= b ? 1 : 0)),
    broadcastGreater: spread((a, b) => (a > b ? 1 : 0)),
    broadcastEqual: spread((a, b) => (a === b ? 1 : 0)),
    broadcastKeep: spread((a, b) => (b === 0 ? 0 : a)),
    broadcastDrop: spread((a, b) => (b === 0 ? a : 0)),

    expand(h, x, xRow, xColumn, y, yRow, rows, columns, divisor) {
      const d = f(divisor);
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) h[y + r * yRow + c] = f(h[x + r * xRow + c * xColumn]! / d);
      }
    },

    sumRows(h, x, y, rows, columns, stride, divisor) {
      for (let r = 0; r < rows; r++) {
        lanes.fill(0);
        addRow(h, x + r * stride, columns);
        h[y + r] = total() / divisor;
      }
    },

    sumAll(h, x, out, rows, columns, stride, divisor) {
      lanes.fill(0);
      for (let r = 0; r < rows; r++) addRow(h, x + r * stride, columns);
      h[out] = total() / divisor;
    },

    sumColumns(h, x, y, rows, columns, stride, divisor) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += h[x + r * stride + c]!;
        h[y + c] = sum / divisor;
      }
    },

    absForward(h, x, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = Math.abs(h[x + i]!);
    },
    absBackward: zip((x, dy) => (x > 0 ? dy : x < 0 ? -dy : 0)),
    squareBackward: zip((x, dy) => f(dy * f(x + x))),
    sqrtForward(h, x, y, n) {
      for (let i = 0; i < n; i++) h[y + i] = Math.sqrt(h[x + i]!);
    },
    sqrtBackward: zip((y, dy) => (y === 0 ? 0 : f(dy / f(y + y)))),
  };
}
