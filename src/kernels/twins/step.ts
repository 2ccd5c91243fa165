import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { flushing } from '../lib/update.js';

type Family = Pick<Twins, 'clipValues' | 'accumulateGradients' | 'meanGradients' | 'averageWeights'>;

export function step(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const { tiny } = flushing(arithmetic);

  return {
    clipValues(h, g, n, limit) {
      const high = f(limit);
      for (let i = 0; i < n; i++) {
        const value = h[g + i]!;
        h[g + i] = value > high ? high : value < -high ? -high : value;
      }
    },

    accumulateGradients(h, sum, g, n, factor) {
      if (Number.isNaN(h[factor]!)) return;
      for (let i = 0; i < n; i++) h[sum + i] = h[sum + i]! + h[g + i]!;
    },

    meanGradients(h, sum, g, n, scale) {
      const s = f(scale);
      for (let i = 0; i < n; i++) h[g + i] = f(h[sum + i]! + h[g + i]!) * s;
    },

    averageWeights(h, average, w, n, share, factor) {
      const s = h[share]!;
      if (s === 0 || Number.isNaN(h[factor]!)) return;
      for (let i = 0; i < n; i++) {
        const a = h[average + i]!;
        h[average + i] = tiny(f(f(f(h[w + i]! - a) * s) + a));
      }
    },
  };
}
