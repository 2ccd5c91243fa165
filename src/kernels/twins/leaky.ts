import { ValueError } from '../../errors.js';
import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { backward, define, forward, light, slope } from '../lib/curve.js';

type Family = Pick<Twins, 'leakyReluForward' | 'leakyReluBackward' | 'preluForward' | 'preluBackward' | 'rreluForward'>;

/** Options of `leakyRelu`. */
export interface LeakyReluOptions {
  /** Slope below 0, at least 0; default 0.01. */
  readonly alpha: number;
}

/** x, or alpha x for x <= 0 (Maas et al. 2013). */
export const leakyRelu = /* @__PURE__ */ define<'leakyRelu', LeakyReluOptions>('leakyRelu', () => ({
  options: { alpha: slope(0.01) },
  plan: ({ alpha }) => light('leakyRelu', 'y', [alpha]),
  initializer: 'heUniform',
  variants: [{ alpha: 0.3 }, { alpha: 1.5 }],
}));

/** Options of `prelu`. */
export interface PreluOptions {
  /** The value that the slopes begin with; default 0.25. */
  readonly alpha: number;
}

/** x, or a x for x <= 0, where each unit learns its own a, the weight `alpha` (He et al. 2015). Penalties leave a alone. */
export const prelu = /* @__PURE__ */ define<'prelu', PreluOptions>('prelu', () => ({
  options: { alpha: { default: 0.25 } },
  plan: ({ alpha }) => ({ shape: 'units', kernel: 'prelu', initial: alpha }),
  initializer: 'heUniform',
}));

/** Options of `rrelu`. */
export interface RreluOptions {
  /** Least slope, at least 0; default 1/8. */
  readonly lower: number;
  /** Largest slope; default 1/3. */
  readonly upper: number;
}

/** x, or a x for x <= 0; training draws each a between lower and upper, inference takes their mean (Xu et al. 2015). */
export const rrelu = /* @__PURE__ */ define<'rrelu', RreluOptions>('rrelu', () => ({
  options: { lower: slope(1 / 8), upper: slope(1 / 3) },
  check({ lower, upper }) {
    if (lower <= upper) return;
    throw new ValueError({ argument: 'rrelu.upper', given: String(upper), expected: `at least lower, ${lower}` });
  },
  plan: ({ lower, upper }) => ({
    shape: 'random',
    kernel: 'rrelu',
    numbers: [lower, upper],
    inference: light('leakyRelu', 'y', [(lower + upper) / 2]),
  }),
  initializer: 'heUniform',
}));

/** Makes the loops in TypeScript. */
export default function leakies(arithmetic: Arithmetic): Family {
  const { round: f } = arithmetic;
  const larger = (x: number, y: number) => (x < y ? y : x);
  const leaky = (x: number, a: number) => (x > 0 ? x : f(x * a));

  return {
    leakyReluForward: forward(f, (x, a) => (a <= 1 ? larger(x, f(x * a)) : leaky(x, a))),
    leakyReluBackward: backward(f, (y, dy, a) => (y > 0 ? dy : f(dy * a))),

    preluForward(h, x, alpha, y, rows, units, stride) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < units; c++) h[y + r * stride + c] = leaky(h[x + r * stride + c]!, h[alpha + c]!);
      }
    },

    preluBackward(h, x, alpha, dy, dx, dalpha, rows, units, stride) {
      for (let c = 0; c < Math.ceil(units / 8) * 8; c++) {
        let sum = 0;
        for (let r = 0; r < rows && c < units; r++) {
          const i = r * stride + c;
          const gradient = h[dy + i]!;
          const negative = !(h[x + i]! > 0);
          sum = f(sum + (negative ? f(gradient * h[x + i]!) : 0));
          h[dx + i] = negative ? f(gradient * h[alpha + c]!) : gradient;
        }
        h[dalpha + c] = sum;
      }
    },

    rreluForward(h, x, y, slopes, n, lower, upper) {
      const low = f(lower);
      const range = f(f(upper) - low);
      for (let i = 0; i < n; i++) {
        const value = h[x + i]!;
        const drawn = value > 0 ? 1 : f(low + f(h[slopes + i]! * range));
        h[slopes + i] = drawn;
        h[y + i] = f(value * drawn);
      }
    },
  };
}
