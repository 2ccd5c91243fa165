import type { Kernels } from './contract.js';
import type { Machine } from './machine.js';

type Family = Pick<
  Kernels,
  | 'sum'
  | 'l2Penalty'
  | 'l2Gradient'
  | 'gradientNorm'
  | 'clipFactor'
  | 'sparseCategoricalAccuracy'
  | 'categoricalAccuracy'
  | 'binaryAccuracy'
>;

export function reductions(machine: Machine): Family {
  const f = machine.round;

  function sumOfSquares(x: number, n: number): number {
    const h = machine.heap;
    const s = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) s[i & 3]! += h[x + i]! * h[x + i]!;
    return s[0]! + s[2]! + (s[1]! + s[3]!);
  }

  function argmax(p: number, columns: number): number {
    const h = machine.heap;
    let best = 0;
    for (let c = 1; c < columns; c++) if (h[p + c]! > h[p + best]!) best = c;
    return best;
  }

  return {
    sum(x, n, out) {
      const h = machine.heap;
      const s = [0, 0, 0, 0];
      for (let i = 0; i < n; i++) s[i & 3]! += h[x + i]!;
      h[out] = s[0]! + s[2]! + (s[1]! + s[3]!);
    },

    l2Penalty(w, n, lambda, out) {
      machine.heap[out] = f(lambda) * sumOfSquares(w, n);
    },

    l2Gradient(w, g, n, lambda) {
      const h = machine.heap;
      const factor = f(f(lambda) + f(lambda));
      for (let i = 0; i < n; i++) h[g + i] = f(h[w + i]! * factor) + h[g + i]!;
    },

    gradientNorm(g, n, out) {
      machine.heap[out] = Math.sqrt(sumOfSquares(g, n));
    },

    clipFactor(norm, out, limit) {
      const h = machine.heap;
      const x = h[norm]!;
      const factor = f(f(limit) / (x + 1e-6));
      h[out] = Number.isFinite(x) ? (factor < 1 ? factor : 1) : Number.NaN;
    },

    sparseCategoricalAccuracy(z, labels, out, rows, columns, stride) {
      const h = machine.heap;
      let hits = 0;
      for (let r = 0; r < rows; r++) if (argmax(z + r * stride, columns) === Math.trunc(h[labels + r]!)) hits++;
      h[out] = hits;
    },

    categoricalAccuracy(z, targets, out, rows, columns, stride, targetStride) {
      let hits = 0;
      for (let r = 0; r < rows; r++) {
        if (argmax(z + r * stride, columns) === argmax(targets + r * targetStride, columns)) hits++;
      }
      machine.heap[out] = hits;
    },

    binaryAccuracy(z, targets, out, rows, columns, stride, targetStride, threshold) {
      const h = machine.heap;
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
