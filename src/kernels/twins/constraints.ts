import type { Heap, Twins } from '../contract.js';
import { fillOptions, maker, type OptionRanges } from '../definition.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<Twins, 'maxNorm' | 'unitNorm' | 'nonNeg'>;

/** Defines a constraint next to its loop, which has the same name. */
export interface ConstraintDefinition<O extends object = object> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns the number that the loop takes. */
  value(options: O): number;
}

function constraint<N extends keyof Family, O extends object>(name: N, definition: () => ConstraintDefinition<O>) {
  return maker(definition, ({ options }, given: Partial<O> = {}): { readonly name: N } & Readonly<O> => {
    return { name, ...fillOptions(options, given, name) };
  });
}

/** Options of `maxNorm`. */
export interface MaxNormOptions {
  /** The largest norm of the weights into a unit; above 0, default 2. */
  readonly maxValue: number;
}

/**
 * Weights of a unit whose norm exceeds maxValue are scaled back to it; others stay as they are, where Keras scales all
 * by 1 - 1e-7. (Srivastava et al. 2014.)
 */
export const maxNorm = /* @__PURE__ */ constraint<'maxNorm', MaxNormOptions>('maxNorm', () => ({
  options: { maxValue: { default: 2, above: 0 } },
  value: ({ maxValue }) => maxValue,
}));

/** The weights of each unit are scaled to norm 1. */
export const unitNorm = /* @__PURE__ */ constraint<'unitNorm', Record<never, never>>('unitNorm', () => ({
  options: {},
  value: () => 1,
}));

/** Negative weights become 0. */
export const nonNeg = /* @__PURE__ */ constraint<'nonNeg', Record<never, never>>('nonNeg', () => ({
  options: {},
  value: () => 0,
}));

/** Makes the loops in TypeScript. */
export default function constraints(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const EPSILON = 1e-7;

  function rescale(rule: (norm: number, value: number) => number): Twins['maxNorm'] {
    return (h, w, panels, rows, joint, value, factor) => {
      if (Number.isNaN(h[factor]!)) return;
      for (let panel = 0, p = w; panel < panels; panel++, p += rows * 8) {
        const s = squares(h, p, rows);
        if (joint) s.fill(s[0]! + s[4]! + (s[2]! + s[6]!) + (s[1]! + s[5]! + (s[3]! + s[7]!)));
        const factors = s.map((sum) => f(rule(Math.sqrt(sum), f(value))));
        for (let i = 0; i < rows * 8; i++) h[p + i] = f(h[p + i]! * factors[i & 7]!);
      }
    };
  }

  function squares(h: Heap, p: number, rows: number): number[] {
    const s = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < rows * 8; i++) s[i & 7]! += h[p + i]! * h[p + i]!;
    return s;
  }

  return {
    maxNorm: rescale((norm, limit) => (norm > limit ? limit / (norm + EPSILON) : 1)),

    unitNorm: rescale((norm, value) => (Number.isNaN(norm) ? 1 : value / (norm + EPSILON))),

    nonNeg(h, w, panels, rows, _joint, _value, factor) {
      if (Number.isNaN(h[factor]!)) return;
      for (let i = w; i < w + panels * rows * 8; i++) if (h[i]! < 0) h[i] = 0;
    },
  };
}
