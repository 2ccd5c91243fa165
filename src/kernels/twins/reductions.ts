import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<
  Twins,
  | 'sum'
  | 'l1Penalty'
  | 'l1Gradient'
  | 'l2Penalty'
  | 'l2Gradient'
  | 'gradientNorm'
  | 'clipFactor'
  | 'clipGradient'
  | 'guard'
  | 'sparseCategoricalAccuracy'
  | 'categoricalAccuracy'
  | 'binaryAccuracy'
>;

export function reductions(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;

  const total = (s: readonly number[]) => s[0]! + s[4]! + (s[2]! + s[6]!) + (s[1]! + s[5]! + (s[3]! + s[7]!));

  // There are two loops, since one that calls a function for its terms takes V8 fifteen times as long.
  function sumOfSquares(h: Heap, x: number, n: number): number {
    const s = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) s[i & 7]! += h[x + i]! * h[x + i]!;
    return total(s);
  }

  function sumOfMagnitudes(h: Heap, x: number, n: number): number {
    const s = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) s[i & 7]! += Math.abs(h[x + i]!);
    return total(s);
  }

  function penalty(sumOf: typeof sumOfSquares): Twins['l2Penalty'] {
    return (h, x, out, rows, columns, stride, lambda) => {
      let s = 0;
      for (let r = 0; r < rows; r++) s += sumOf(h, x + r * stride, columns);
      h[out] = f(lambda) * s;
    };
  }

  function argmax(h: Heap, p: number, columns: number): number {
    let best = 0;
    for (let c = 1; c < columns; c++) if (h[p + c]! > h[p + best]!) best = c;
    return best;
  }

  return {
    sum(h, x, n, out) {
      const s = [0, 0, 0, 0];
      for (let i = 0; i < n; i++) s[i & 3]! += h[x + i]!;
      h[out] = s[0]! + s[2]! + (s[1]! + s[3]!);
    },

    l1Penalty: penalty(sumOfMagnitudes),

    l1Gradient(h, w, g, n, lambda) {
      const slope = f(lambda);
      for (let i = 0; i < n; i++) {
        const v = h[w + i]!;
        h[g + i] = (v > 0 ? slope : v < 0 ? -slope : 0) + h[g + i]!;
      }
    },

    l2Penalty: penalty(sumOfSquares),

    l2Gradient(h, w, g, n, lambda) {
      const factor = f(f(lambda) + f(lambda));
      for (let i = 0; i < n; i++) h[g + i] = f(h[w + i]! * factor) + h[g + i]!;
    },

    gradientNorm(h, g, n, out) {
      h[out] = Math.sqrt(sumOfSquares(h, g, n));
    },

    clipFactor(h, norm, out, limit) {
      const x = h[norm]!;
      const factor = f(f(limit) / (x + 1e-6));
      h[out] = Number.isFinite(x) ? (factor < 1 ? factor : 1) : Number.NaN;
    },

    clipGradient(h, g, n, limit) {
      const x = f(Math.sqrt(sumOfSquares(h, g, n)));
      const factor = f(f(limit) / (x + 1e-6));
      if (!Number.isFinite(x) || factor >= 1) return;
      for (let i = 0; i < n; i++) h[g + i] = h[g + i]! * factor;
    },

    guard(h, x, rows, columns, stride, other, limit, factor) {
      let largest = 0;
      for (let r = 0; r < rows; r++) {
        const first = x + r * stride;
        for (let i = first; i < first + columns; i++) {
          const size = Math.abs(h[i]!);
          // Nothing compares as greater than NaN, so NaN stays.
          if (!(size <= largest) && !Number.isNaN(largest)) largest = size;
        }
      }
      h[factor + 1] = largest;
      if (!(largest < h[limit]!) || !Number.isFinite(h[other]!)) h[factor] = Number.NaN;
    },

    sparseCategoricalAccuracy(h, z, labels, out, rows, columns, stride) {
      let hits = 0;
      for (let r = 0; r < rows; r++) if (argmax(h, z + r * stride, columns) === Math.trunc(h[labels + r]!)) hits++;
      h[out] = hits;
    },

    categoricalAccuracy(h, z, targets, out, rows, columns, stride, targetStride) {
      let hits = 0;
      for (let r = 0; r < rows; r++) {
        if (argmax(h, z + r * stride, columns) === argmax(h, targets + r * targetStride, columns)) hits++;
      }
      h[out] = hits;
    },

    binaryAccuracy(h, z, targets, out, rows, columns, stride, targetStride, threshold) {
      const limit = f(threshold);
      let hits = 0;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          if (h[z + r * stride + c]! > limit === h[targets + r * targetStride + c]! > 0.5) hits++;
        }
      }
      h[out] = hits;
    },
  };
}
