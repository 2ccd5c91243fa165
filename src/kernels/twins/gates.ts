import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { backward, define, elementwise, forward, slope } from '../lib/curve.js';

type Family = Pick<
  Twins,
  | 'eluForward'
  | 'eluBackward'
  | 'celuForward'
  | 'celuBackward'
  | 'geluForward'
  | 'geluBackward'
  | 'swishForward'
  | 'swishBackward'
  | 'mishForward'
  | 'mishBackward'
  | 'softplusForward'
  | 'softplusBackward'
>;

/** Options of `elu`. */
export interface EluOptions {
  /** Minus the value far below 0, at least 0; default 1. */
  readonly alpha: number;
}

/** x, or alpha (e^x - 1) for x < 0 (Clevert et al. 2016). */
export const elu = /* @__PURE__ */ define<'elu', EluOptions>('elu', () => ({
  options: { alpha: slope(1) },
  plan: ({ alpha }) => elementwise('elu', 'y', [alpha, 1]),
  initializer: 'heUniform',
  variants: [{ alpha: 0.5 }],
}));

const SELU_ALPHA = 1.6732632423543772;
const SELU_LAMBDA = 1.0507009873554805;

/** lambda x, or lambda alpha (e^x - 1) for x < 0, with alpha = 1.6732632 and lambda = 1.0507010 (Klambauer et al. 2017). */
export const selu = /* @__PURE__ */ define<'selu', object>('selu', () => ({
  plan: () => elementwise('elu', 'y', [SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA]),
  initializer: 'lecunNormal',
}));

/** Options of `celu`. */
export interface CeluOptions {
  /** Minus the value far below 0, from 1e-6 to 1e6; default 1. */
  readonly alpha: number;
}

/** x, or alpha (e^(x / alpha) - 1) for x < 0: smooth at 0 whatever alpha is (Barron 2017). */
export const celu = /* @__PURE__ */ define<'celu', CeluOptions>('celu', () => ({
  options: { alpha: { default: 1, min: 1e-6, max: 1e6 } },
  plan: ({ alpha }) => elementwise('celu', 'y', [alpha, 1 / alpha]),
  initializer: 'heUniform',
  variants: [{ alpha: 0.25 }],
}));

/** Options of `gelu`. */
export interface GeluOptions {
  /** The form with tanh instead of the normal distribution itself; default false. */
  readonly approximate: boolean;
}

/** x P(X < x) for a normal X, exact, 0 at -Infinity (PyTorch: NaN); with `approximate` x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016). */
export const gelu = /* @__PURE__ */ define<'gelu', GeluOptions>('gelu', () => ({
  options: { approximate: { default: false } },
  plan: ({ approximate }) => (approximate ? elementwise('swish', 'x', GELU_TANH) : elementwise('gelu', 'x')),
  initializer: 'heUniform',
  variants: [{ approximate: true }],
}));

/** (1 + tanh u) / 2 = sigmoid(2 u): 2 sqrt(2 / pi) and that times 0.044715. */
const GELU_TANH = [1.5957691216057308, 0.07135481282553024];

/** x sigmoid(x), also known as swish (Elfwing et al. 2018). */
export const silu = /* @__PURE__ */ define<'silu', object>('silu', () => ({
  plan: () => elementwise('swish', 'x', [1, 0]),
  initializer: 'heUniform',
}));

/** x tanh(softplus(x)) (Misra 2019). */
export const mish = /* @__PURE__ */ define<'mish', object>('mish', () => ({
  plan: () => elementwise('mish', 'x'),
  initializer: 'heUniform',
}));

/** log(1 + e^x). */
export const softplus = /* @__PURE__ */ define<'softplus', object>('softplus', () => ({
  plan: () => elementwise('softplus', 'y'),
}));

/** Makes the loops in TypeScript. */
export default function gates(arithmetic: Arithmetic): Family {
  const { round: f, exp, expm1, log1p, bell, tail, middle } = arithmetic;
  const DENSITY = f(0.3989422804014327);
  /** Beyond, P(X < -t) is below the normal numbers. */
  const FARTHEST = f(13.2);
  const smaller = (x: number, limit: number) => (limit < x ? limit : x);
  const bounded = (x: number) => (x > 100 ? 100 : x < -100 ? -100 : x);

  return {
    eluForward: forward(f, (x, a, b) => (x < 0 ? f(expm1(x) * a) : f(x * b))),
    eluBackward: backward(f, (y, dy, a, b) => f(dy * (y > 0 ? b : f(y + a)))),

    celuForward: forward(f, (x, a, b) => (x < 0 ? f(expm1(f(x * b)) * a) : x)),
    celuBackward: backward(f, (y, dy, _, b) => f(dy * (y > 0 ? 1 : f(f(y * b) + 1)))),

    geluForward: forward(f, (x) => {
      const t = smaller(Math.abs(x), FARTHEST);
      if (t < 0.75) return f(x * middle(x));
      return f((x < 0 ? 0 : x) - f(f(t * tail(t)) * bell(t)));
    }),
    geluBackward: backward(f, (x, dy) => {
      const t = smaller(Math.abs(x), FARTHEST);
      const below = f(f(tail(t) - f(t * DENSITY)) * bell(t));
      return f(dy * (x < 0 ? below : f(1 - below)));
    }),

    swishForward: forward(f, (x, a, b) => {
      const c = bounded(x);
      const u = f(c * f(a + f(b * f(c * c))));
      return f(x / f(1 + exp(-u)));
    }),
    swishBackward: backward(f, (x, dy, a, b) => {
      const c = bounded(x);
      const curved = f(b * f(c * c));
      const u = f(c * f(a + curved));
      const s = f(1 / f(1 + exp(-u)));
      const du = f(u + f(c * f(curved + curved)));
      return f(dy * f(s * f(1 + f(du * f(1 - s)))));
    }),

    mishForward: forward(f, (x) => {
      const e = exp(smaller(x, 20));
      const n = f(e * f(e + 2));
      return f(x * f(n / f(n + 2)));
    }),
    mishBackward: backward(f, (x, dy) => {
      const c = smaller(x, 20);
      const e = exp(c);
      const n = f(e * f(e + 2));
      const r = f(1 / f(n + 2));
      const bend = f(c * f(f(f(f(e * e) + e) * 4) * r));
      return f(dy * f(r * f(n + bend)));
    }),

    softplusForward: forward(f, (x) => f((x < 0 ? 0 : x) + log1p(exp(-Math.abs(x))))),
    softplusBackward: backward(f, (y, dy) => f(dy * -expm1(-y))),
  };
}
