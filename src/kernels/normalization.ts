import type { Arithmetic } from './arithmetic.js';
import type { Twins } from './contract.js';

type Family = Pick<
  Twins,
  'batchNormalizationMoments' | 'batchNormalizationUpdate' | 'batchNormalizationForward' | 'batchNormalizationBackward'
>;

export function normalization(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;

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
  };
}
