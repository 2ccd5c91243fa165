import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<
  Twins,
  | 'batchNormalizationMoments'
  | 'batchNormalizationUpdate'
  | 'batchNormalizationForward'
  | 'batchNormalizationBackward'
  | 'layerNormalizationForward'
  | 'layerNormalizationGradients'
  | 'layerNormalizationBackward'
>;

export function normalization(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;

  /** Returns the sum of terms in eight lanes, the lane that of the column modulo 8, divided by their number. */
  function meanOf(columns: number, term: (column: number, sum: number) => number): number {
    const s = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let c = 0; c < columns; c++) s[c & 7] = term(c, s[c & 7]!);
    const lane = (i: number) => f(s[i]! + s[i + 4]!);
    return f(f(f(lane(0) + lane(2)) + f(lane(1) + lane(3))) / columns);
  }

  return {
    batchNormalizationMoments(h, x, mean, variance, rows, columns, stride) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let r = 0, i = x + c; r < rows; r++, i += stride) sum = f(sum + h[i]!);
        const center = f(sum / rows);
        let rest = 0;
        let squares = 0;
        for (let r = 0, i = x + c; r < rows; r++, i += stride) {
          const d = f(h[i]! - center);
          rest = f(rest + d);
          squares = f(f(d * d) + squares);
        }
        const shift = f(rest / rows);
        h[mean + c] = center + shift;
        const v = f(f(squares / rows) - f(shift * shift));
        h[variance + c] = v < 0 ? 0 : v;
      }
    },

    batchNormalizationUpdate(h, mean, variance, movingMean, movingVariance, factor, rows, columns, momentum) {
      if (Number.isNaN(h[factor]!)) return;
      const keep = f(momentum);
      const take = f(1 - momentum);
      const unbias = f(rows / (rows - 1));
      for (let c = 0; c < columns; c++) {
        h[movingMean + c] = f(h[movingMean + c]! * keep) + f(h[mean + c]! * take);
        h[movingVariance + c] = f(h[movingVariance + c]! * keep) + f(f(h[variance + c]! * unbias) * take);
      }
    },

    batchNormalizationForward(h, x, mean, variance, gamma, beta, y, rows, columns, stride, epsilon) {
      const eps = f(epsilon);
      for (let c = 0; c < columns; c++) {
        const scale = f(h[gamma + c]! / f(Math.sqrt(f(h[variance + c]! + eps))));
        const center = h[mean + c]!;
        const shift = h[beta + c]!;
        for (let r = 0, i = c; r < rows; r++, i += stride) h[y + i] = f(f(h[x + i]! - center) * scale) + shift;
      }
    },

    batchNormalizationBackward(h, x, mean, variance, gamma, dy, dx, dgamma, dbeta, rows, columns, stride, epsilon) {
      const eps = f(epsilon);
      for (let c = 0; c < columns; c++) {
        const inverse = f(1 / f(Math.sqrt(f(h[variance + c]! + eps))));
        const center = h[mean + c]!;
        let sum = 0;
        let product = 0;
        for (let r = 0, i = c; r < rows; r++, i += stride) {
          const g = h[dy + i]!;
          sum = f(sum + g);
          product = f(f(g * f(f(h[x + i]! - center) * inverse)) + product);
        }
        h[dbeta + c] = sum;
        h[dgamma + c] = product;
        const scale = f(h[gamma + c]! * inverse);
        const meanSum = f(sum / rows);
        const meanProduct = f(product / rows);
        for (let r = 0, i = c; r < rows; r++, i += stride) {
          const normalized = f(f(h[x + i]! - center) * inverse);
          h[dx + i] = f(scale * f(f(h[dy + i]! - meanSum) - f(normalized * meanProduct)));
        }
      }
    },

    layerNormalizationForward(h, x, gamma, beta, y, mean, inverse, rows, columns, stride, epsilon) {
      const eps = f(epsilon);
      for (let r = 0; r < rows; r++) {
        const p = x + r * stride;
        const q = y + r * stride;
        const center = meanOf(columns, (c, sum) => f(sum + h[p + c]!));
        const shift = meanOf(columns, (c, sum) => f(sum + f(h[p + c]! - center)));
        const squares = meanOf(columns, (c, sum) => {
          const d = f(h[p + c]! - center);
          return f(f(d * d) + sum);
        });
        const v = f(squares - f(shift * shift));
        const middle = f(center + shift);
        const scale = f(1 / f(Math.sqrt(f((v < 0 ? 0 : v) + eps))));
        h[mean + r] = middle;
        h[inverse + r] = scale;
        for (let c = 0; c < columns; c++) {
          h[q + c] = f(f(f(h[p + c]! - middle) * scale) * h[gamma + c]!) + h[beta + c]!;
        }
      }
    },

    layerNormalizationGradients(h, x, mean, inverse, dy, dgamma, dbeta, rows, columns, stride) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        let product = 0;
        for (let r = 0, i = c; r < rows; r++, i += stride) {
          const g = h[dy + i]!;
          sum = f(sum + g);
          product = f(f(g * f(f(h[x + i]! - h[mean + r]!) * h[inverse + r]!)) + product);
        }
        h[dbeta + c] = sum;
        h[dgamma + c] = product;
      }
    },

    layerNormalizationBackward(h, x, mean, inverse, gamma, dy, dx, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        const [p, q, o] = [x + r * stride, dy + r * stride, dx + r * stride];
        const m = h[mean + r]!;
        const s = h[inverse + r]!;
        const normalized = (c: number) => f(f(h[p + c]! - m) * s);
        const scaled = (c: number) => f(h[q + c]! * h[gamma + c]!);
        const meanSum = meanOf(columns, (c, sum) => f(sum + scaled(c)));
        const meanProduct = meanOf(columns, (c, sum) => f(f(scaled(c) * normalized(c)) + sum));
        for (let c = 0; c < columns; c++) {
          h[o + c] = f(s * f(f(scaled(c) - meanSum) - f(normalized(c) * meanProduct)));
        }
      }
    },
  };
}
