import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { loss } from '../lib/loss.js';
import { elementwiseLoss } from '../lib/loss-loop.js';

/** The square of the difference, (y - t)^2. */
export const meanSquaredError = /* @__PURE__ */ loss('meanSquaredError');

/** The size of the difference, |y - t|. Where both are equal the gradient is 0. */
export const meanAbsoluteError = /* @__PURE__ */ loss('meanAbsoluteError');

/** The difference in percent of the target, 100 |y - t| / |t|, where |t| is at least 1e-7. */
export const meanAbsolutePercentageError = /* @__PURE__ */ loss('meanAbsolutePercentageError');

/** (log(1 + y) - log(1 + t))^2, for targets of 0 or more. A negative output counts as 0, with gradient 0. */
export const meanSquaredLogarithmicError = /* @__PURE__ */ loss('meanSquaredLogarithmicError', () => ({
  domain: 'nonNegative',
}));

/** Options of `huber`. */
export interface HuberOptions {
  /** The error at which the parabola becomes a line, in the target's unit; default 1. */
  readonly delta: number;
}

/** (y - t)^2 / 2 up to a distance of `delta`, from there on a line, delta (|y - t| - delta / 2). (Huber 1964.) */
export const huber = /* @__PURE__ */ loss<'huber', HuberOptions>('huber', () => ({
  options: { delta: { default: 1, above: 0 } },
  args: ({ delta }) => [delta],
}));

/** Options of `tukeyBiweight`. */
export interface TukeyBiweightOptions {
  /**
   * The error from which a row is an outlier, in the target's unit: its loss stays the same, its gradient is 0. Default
   * 4.685.
   */
  readonly delta: number;
}

/**
 * delta^2 / 6 (1 - (1 - ((y - t) / delta)^2)^3), and delta^2 / 6 from a distance of `delta` on: outliers do not pull at all.
 * The default suits errors of standard deviation 1. (Beaton and Tukey 1974.)
 */
export const tukeyBiweight = /* @__PURE__ */ loss<'tukeyBiweight', TukeyBiweightOptions>('tukeyBiweight', () => ({
  options: { delta: { default: 4.685, min: 1e-6, max: 1e6 } },
  args: ({ delta }) => [1 / delta, delta ** 2 / 6],
}));

/** log(cosh(y - t)): nearly (y - t)^2 / 2 for small differences, |y - t| - log 2 for large ones. */
export const logCosh = /* @__PURE__ */ loss('logCosh');

/** Options of `quantile`. */
export interface QuantileOptions {
  /** Between 0 and 1; default 0.5, the median. */
  readonly tau: number;
}

/**
 * tau (t - y) where the output is too low, (1 - tau) (y - t) where it is too high: the output learns the tau-quantile of
 * the targets. (Koenker and Bassett 1978.)
 */
export const quantile = /* @__PURE__ */ loss<'quantile', QuantileOptions>('quantile', () => ({
  options: { tau: { default: 0.5, above: 0, below: 1 } },
  args: ({ tau }) => [tau],
}));

/**
 * y - t log(y + 1e-8), for counts: the output is their expected number, and must be positive, as `exponential` or `softplus`
 * make it. At the best fit it is not 0. (PyTorch's PoissonNLLLoss without log_input.)
 */
export const poisson = /* @__PURE__ */ loss('poisson', () => ({
  domain: 'nonNegative',
  needsPositive: true,
}));

/**
 * t log(t / y), summed over the columns of a row: how far the distribution y, such as that of a softmax, is from t. Outputs
 * below 1e-7 count as that.
 */
export const klDivergence = /* @__PURE__ */ loss('klDivergence', () => ({
  targets: 'class',
  domain: 'probability',
  needsPositive: true,
}));

type Family = Pick<
  Twins,
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'meanAbsolutePercentageError'
  | 'meanSquaredLogarithmicError'
  | 'huber'
  | 'tukeyBiweight'
  | 'logCosh'
  | 'quantile'
  | 'poisson'
  | 'klDivergence'
>;

/** Makes the loops in TypeScript. */
export default function regressionLosses(arithmetic: Arithmetic): Family {
  const { round: f, exp, log, log1p, logOnePlus } = arithmetic;
  const each = elementwiseLoss(f);
  const LN2 = f(Math.LN2);
  const TINY = f(1e-7);
  const RATE = f(1e-8);
  const fma = (a: number, b: number, c: number) => f(f(a * b) + c);
  const VALUE = [2.18694885e-3, -6.74603175e-3, 2.22222222e-2, -8.33333333e-2, 0.5].map(f);
  const SLOPE = [2.18694885e-2, -5.3968254e-2, 1.33333333e-1, -3.33333333e-1, 1].map(f);
  const polynomial = (z: number, coefficients: readonly number[]) => {
    let p = coefficients[0]!;
    for (let i = 1; i < coefficients.length; i++) p = fma(p, z, coefficients[i]!);
    return p;
  };
  const sign = (x: number) => (x > 0 ? 1 : 0) - (x < 0 ? 1 : 0);
  const sides = each((y, t, out, a, b) => {
    const s = f(y - t);
    out.slope = f((s > 0 ? a : 0) - (s < 0 ? b : 0));
    return f(out.slope * s);
  });

  return {
    meanSquaredError: each((y, t, out) => {
      const s = f(y - t);
      out.slope = f(s + s);
      return f(s * s);
    }),

    meanAbsoluteError: (h, ...args) => sides(h, ...args, 1, 1),

    meanAbsolutePercentageError: each((y, t, out) => {
      const s = f(y - t);
      const size = Math.abs(t);
      const share = f(100 / (size < TINY ? TINY : size));
      out.slope = f(sign(s) * share);
      return f(Math.abs(s) * share);
    }),

    meanSquaredLogarithmicError: each((y, t, out) => {
      const s = f(logOnePlus(y < 0 ? 0 : y) - logOnePlus(t < 0 ? 0 : t));
      out.slope = y > 0 ? f(f(s + s) / f(1 + y)) : 0;
      return f(s * s);
    }),

    huber: each((y, t, out, delta) => {
      const s = f(y - t);
      const size = Math.abs(s);
      const near = s < delta ? s : delta;
      out.slope = -delta < near ? near : -delta;
      return size > delta ? f(delta * f(size - f(delta * 0.5))) : f(f(s * s) * 0.5);
    }),

    tukeyBiweight: each((y, t, out, inverse, height) => {
      const s = f(y - t);
      const q = f(s * inverse);
      const square = f(q * q);
      const z = square > 1 ? 1 : square;
      const rest = f(1 - z);
      out.slope = f(s * f(rest * rest));
      return f(f(height * z) * f(3 + f(z * f(z - 3))));
    }),

    logCosh: each((y, t, out) => {
      const s = f(y - t);
      const size = Math.abs(s);
      const z = f(s * s);
      if (size < 0.375) {
        out.slope = f(polynomial(z, SLOPE) * s);
        return f(polynomial(z, VALUE) * z);
      }
      const e = exp(-f(size + size));
      const flat = f(f(1 - e) / f(1 + e));
      out.slope = s < 0 ? -flat : flat;
      return f(f(size + log1p(e)) - LN2);
    }),

    quantile: (h, y, targets, weights, dy, at, rows, columns, stride, targetStride, scale, slope, tau) => {
      const low = f(tau);
      sides(h, y, targets, weights, dy, at, rows, columns, stride, targetStride, scale, slope, f(1 - low), low);
    },

    poisson: each((y, t, out) => {
      const rate = f(y + RATE);
      out.slope = f(1 - f(t / rate));
      return f(y - f(t * log(rate)));
    }),

    klDivergence: each((y, t, out) => {
      const ratio = f(t / (y < TINY ? TINY : y));
      out.slope = -ratio;
      return t === 0 ? 0 : f(t * log(ratio));
    }, false),
  };
}
