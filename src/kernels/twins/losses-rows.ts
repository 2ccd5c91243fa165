import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { loss } from '../lib/loss.js';
import { rowWeight } from '../lib/loss-loop.js';

/** max(largest (1 - t) y - sum(t y) + 1, 0), for rows of targets that name a class: its score should lead by 1. */
export const categoricalHinge = /* @__PURE__ */ loss('categoricalHinge', () => ({
  targets: 'class',
  domain: 'probability',
}));

/**
 * Minus the cosine of the angle between a row of outputs and its targets: -1 where they point the same way. Rows shorter
 * than 1e-6 count as that long.
 */
export const cosineSimilarity = /* @__PURE__ */ loss('cosineSimilarity');

/** Makes the loops in TypeScript. */
export default function rowLosses({ round: f }: Arithmetic): Pick<Twins, 'categoricalHinge' | 'cosineSimilarity'> {
  return {
    categoricalHinge(h, y, targets, weights, dy, at, rows, columns, stride, targetStride, scale, slope) {
      let losses = 0;
      for (let r = 0; r < rows; r++) {
        const weight = rowWeight(h, weights, r);
        const row = y + r * stride;
        const t = targets + r * targetStride;
        const out = dy + r * stride;
        let positive = 0;
        let negative = -Infinity;
        let best = 0;
        for (let c = 0; c < columns; c++) {
          positive += f(h[t + c]! * h[row + c]!);
          const other = f(f(1 - h[t + c]!) * h[row + c]!);
          if (other > negative) {
            negative = other;
            best = c;
          }
        }
        const margin = f(negative - positive + 1);
        const factor = margin > 0 ? f(f(slope) * weight) : 0;
        for (let c = 0; c < columns; c++) h[out + c] = f(h[t + c]! * -factor);
        h[out + best] = f(h[out + best]! + f(f(1 - h[t + best]!) * factor));
        losses += f(weight * (margin < 0 ? 0 : margin));
      }
      h[at] = losses * f(scale);
    },

    cosineSimilarity(h, y, targets, weights, dy, at, rows, columns, stride, targetStride, scale, slope) {
      let losses = 0;
      for (let r = 0; r < rows; r++) {
        const weight = rowWeight(h, weights, r);
        const row = y + r * stride;
        const t = targets + r * targetStride;
        const out = dy + r * stride;
        const products = [0, 0];
        const squares = [0, 0];
        const targetSquares = [0, 0];
        for (let c = 0; c < columns; c++) {
          const [a, b] = [h[row + c]!, h[t + c]!];
          products[c & 1]! += a * b;
          squares[c & 1]! += a * a;
          targetSquares[c & 1]! += b * b;
        }
        const square = squares[0]! + squares[1]!;
        const length = Math.max(square, 1e-12);
        const targetLength = Math.max(targetSquares[0]! + targetSquares[1]!, 1e-12);
        const inverse = 1 / (Math.sqrt(length) * Math.sqrt(targetLength));
        const cosine = (products[0]! + products[1]!) * inverse;
        const factor = f(f(slope) * weight);
        const along = square < 1e-12 ? 0 : f((cosine / length) * factor);
        const across = f(inverse * factor);
        for (let c = 0; c < columns; c++) h[out + c] = f(f(h[row + c]! * along) - f(h[t + c]! * across));
        losses -= weight * cosine;
      }
      h[at] = losses * f(scale);
    },
  };
}
