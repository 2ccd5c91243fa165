import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { loss, smoothing } from '../lib/loss.js';
import { elementwiseLoss, raise } from '../lib/loss-loop.js';

const hinged = { targets: 'yesNo', domain: 'sign', threshold: 0 } as const;

/** max(1 - t y, 0), for targets -1 and 1; a 0 counts as -1. */
export const hinge = /* @__PURE__ */ loss('hinge', () => hinged);

/** max(1 - t y, 0)^2, for targets -1 and 1; a 0 counts as -1. */
export const squaredHinge = /* @__PURE__ */ loss('squaredHinge', () => hinged);

/** Options of crossentropies that smooth labels. */
export interface SmoothingOptions {
  /**
   * The share of each target that is handed to all classes alike: 0.1 turns targets 0 and 1 of two classes into 0.05 and
   * 0.95. Default 0.
   */
  readonly labelSmoothing: number;
}

const sigmoid = {
  fuses: 'sigmoid',
  targets: 'yesNo',
  domain: 'probability',
  advice: 'For two or more exclusive classes use softmax with sparseCategoricalCrossentropy.',
} as const;

/** Crossentropy of each output by itself, computed from the logits together with the sigmoid that ends the model. */
export const binaryCrossentropy = /* @__PURE__ */ loss<'binaryCrossentropy', SmoothingOptions>(
  'binaryCrossentropy',
  () => ({
    ...sigmoid,
    options: { labelSmoothing: smoothing },
    args: ({ labelSmoothing }) => [labelSmoothing],
  }),
);

/** Options of `binaryFocalCrossentropy`. */
export interface BinaryFocalOptions extends SmoothingOptions {
  /** The exponent that makes easy rows count less; at least 0, default 2. At 0 all count alike. */
  readonly gamma: number;
  /** The weight of target 1, where 1 - alpha is that of target 0; default 0.25. Needs `applyClassBalancing`. */
  readonly alpha: number;
  /** Weighs the classes by `alpha`; default false. */
  readonly applyClassBalancing: boolean;
}

/** Binary crossentropy times (1 - p)^gamma, where p is the probability of the right answer. (Lin et al. 2017.) */
export const binaryFocalCrossentropy = /* @__PURE__ */ loss<'binaryFocalCrossentropy', BinaryFocalOptions>(
  'binaryFocalCrossentropy',
  () => ({
    ...sigmoid,
    options: {
      gamma: { default: 2, min: 0 },
      alpha: { default: 0.25, min: 0, max: 1 },
      applyClassBalancing: { default: false },
      labelSmoothing: smoothing,
    },
    args: ({ gamma, alpha, applyClassBalancing, labelSmoothing }) => [
      labelSmoothing,
      gamma,
      applyClassBalancing ? alpha : 1,
      applyClassBalancing ? 1 - alpha : 1,
    ],
  }),
);

type Family = Pick<Twins, 'hinge' | 'squaredHinge' | 'binaryCrossentropy' | 'binaryFocalCrossentropy'>;

/** Makes the loops in TypeScript. */
export default function binaryLosses(arithmetic: Arithmetic): Family {
  const { round: f, exp, log1p } = arithmetic;
  const each = elementwiseLoss(f);
  const TINY = f(1e-30);
  const miss = (y: number, t: number) => {
    const m = f(1 - (t > 0 ? y : -y));
    return m < 0 ? 0 : m;
  };
  const smooth = (t: number, share: number) => f(t + f(share * f(0.5 - t)));

  return {
    hinge: each((y, t, out) => {
      const m = miss(y, t);
      out.slope = m > 0 ? (t > 0 ? -1 : 1) : 0;
      return m;
    }),

    squaredHinge: each((y, t, out) => {
      const m = miss(y, t);
      out.slope = t > 0 ? -f(m + m) : f(m + m);
      return f(m * m);
    }),

    binaryCrossentropy: each((y, t, out, share) => {
      const target = smooth(t, share);
      const e = exp(-Math.abs(y));
      out.slope = f(f((y < 0 ? e : 1) / f(1 + e)) - target);
      return f(f((y < 0 ? 0 : y) - f(y * target)) + log1p(e));
    }),

    binaryFocalCrossentropy: each((y, t, out, share, gamma, positive, negative) => {
      const target = smooth(t, share);
      const e = exp(-Math.abs(y));
      const entropy = f(f((y < 0 ? 0 : y) - f(y * target)) + log1p(e));
      const large = f(1 / f(1 + e));
      const small = f(e * large);
      const yes = y < 0 ? small : large;
      const no = y < 0 ? large : small;
      const wrong = f(f(target * no) + f(f(1 - target) * yes));
      const q = wrong < TINY ? TINY : wrong;
      const balance = f(negative + f(target * f(positive - negative)));
      const factor = f(balance * raise(arithmetic, q, gamma));
      const turn = f(gamma * f(1 - f(target + target)));
      const bend = f(f(turn * f(f(yes * no) / q)) * entropy);
      out.slope = f(factor * f(f(yes - target) + bend));
      return f(factor * entropy);
    }),
  };
}
