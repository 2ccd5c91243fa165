import { checkNumber, checkOptions, lookUp, ValueError } from '../../errors.js';
import { fillOptions, maker, type OptionRange, type OptionRanges } from '../../kernels/definition.js';
import type { Generator } from '../../kernels/lib/philox.js';
import { orthonormalize } from './orthogonal.js';

/** Draws, and the logarithm of the compute kernels. */
export type Draws = Pick<Generator, 'uniform' | 'integer'> & {
  /** Returns the natural logarithm, computed to the same bits on every engine. */
  log(x: number): number;
};

/** Fills in the weights of one parameter: row-major, fanIn x fanOut, all zero before. A bias is 1 x units. */
type Fill<O> = (weights: Float32Array, generator: Draws, fanIn: number, fanOut: number, options: O) => void;

function uniform(weights: Float32Array, generator: Draws, limit: number): void {
  for (let i = 0; i < weights.length; i++) weights[i] = (2 * generator.uniform() - 1) * limit;
}

/**
 * Marsaglia's polar method. It needs no more than a square root and a logarithm, and takes the logarithm of the
 * compute kernels, so that every engine draws the same bits.
 */
function normal(weights: Float32Array, generator: Draws, deviation: number): void {
  for (let i = 0; i < weights.length; ) {
    const a = 2 * generator.uniform() - 1;
    const b = 2 * generator.uniform() - 1;
    const s = a * a + b * b;
    if (s >= 1 || s === 0) continue;
    const scale = Math.sqrt((-2 * generator.log(Math.fround(s))) / s);
    weights[i++] = a * scale * deviation;
    if (i < weights.length) weights[i++] = b * scale * deviation;
  }
}

/** Deviations at which truncated draws are drawn again. */
const CUT = 2;

/** The deviation of a standard normal cut at two deviations; the constant of Keras. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/** Draws normals ahead and keeps those within two deviations. */
function truncated(weights: Float32Array, generator: Draws, deviation: number): void {
  const drawn = new Float32Array(64);
  for (let i = 0; i < weights.length; ) {
    normal(drawn, generator, 1);
    for (let k = 0; k < drawn.length && i < weights.length; k++) {
      const z = drawn[k] as number;
      if (Math.abs(z) <= CUT) weights[i++] = z * deviation;
    }
  }
}

function shift(weights: Float32Array, mean: number): void {
  if (mean !== 0) for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) + mean;
}

/** Defines an initializer. */
export interface InitializerDefinition<O extends object = object> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** It draws random numbers, and takes a seed. */
  readonly random: boolean;
  /** Refuses options that do not go together. */
  check?(options: O): void;
  /** Fills in the weights, fanIn x fanOut. */
  readonly fill: Fill<O>;
  /** Returns the limit of those that draw from U(-limit, limit): a kernel draws the same numbers. */
  limit?(fanIn: number, fanOut: number): number;
}

/** Options of initializers that draw random numbers. */
export interface Seeded {
  /**
   * Replaces the model's seed, from 0 to 2^53 - 1, for instance to draw one layer again and keep the others. Each
   * parameter draws from a stream of its own either way, so that two layers with one seed differ.
   */
  readonly seed?: number;
}

function initializer<N extends string, O extends object, S extends object = object>(
  name: N,
  define: () => InitializerDefinition<O>,
) {
  const make = (
    { options, random, check }: InitializerDefinition<O>,
    given: Partial<O> & S = {} as Partial<O> & S,
  ): { readonly name: N } & Readonly<O> & S => {
    checkOptions(given, [...Object.keys(options), ...(random ? ['seed'] : [])], name);
    const { seed, ...rest } = given as Seeded & Partial<O>;
    const filled = fillOptions(options, rest as unknown as Partial<O>, name);
    check?.(filled);
    if (seed !== undefined) {
      checkNumber(seed, `${name}.seed`, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
    }
    return { name, ...filled, ...(seed === undefined ? {} : { seed }) } as { readonly name: N } & Readonly<O> & S;
  };
  return maker(define, make);
}

type None = Record<never, never>;

/** Returns an initializer without options but the seed. */
function drawing<N extends string>(name: N, fill: Fill<None>) {
  return initializer<N, None, Seeded>(name, () => ({ options: {}, random: true, fill }));
}

/** Returns an initializer U(-limit, limit). */
function even<N extends string>(name: N, limit: (fanIn: number, fanOut: number) => number) {
  const fill: Fill<None> = (w, g, fanIn, fanOut) => uniform(w, g, limit(fanIn, fanOut));
  return initializer<N, None, Seeded>(name, () => ({ options: {}, random: true, fill, limit }));
}

const number = (value: number): OptionRange => ({ default: value });
const positive = (value: number): OptionRange => ({ default: value, above: 0 });
const deviation = (value: number): OptionRange => ({ default: value, min: 0 });

/** 0 everywhere. */
export const zeros = /* @__PURE__ */ initializer<'zeros', None>('zeros', () => ({
  options: {},
  random: false,
  fill() {},
}));

/** 1 everywhere. */
export const ones = /* @__PURE__ */ initializer<'ones', None>('ones', () => ({
  options: {},
  random: false,
  fill: (w) => void w.fill(1),
}));

/** Options of `constant`. */
export interface ConstantOptions {
  /** The value of every weight; default 0. */
  readonly value: number;
}

/** `value` everywhere. */
export const constant = /* @__PURE__ */ initializer<'constant', ConstantOptions>('constant', () => ({
  options: { value: number(0) },
  random: false,
  fill: (w, _g, _fanIn, _fanOut, { value }) => void w.fill(value),
}));

/** Options of `randomNormal` and `truncatedNormal`. */
export interface NormalOptions {
  /** The mean of the draws; default 0. */
  readonly mean: number;
  /** Their standard deviation, at least 0; default 0.05. */
  readonly stddev: number;
}

/** N(mean, stddev^2), not truncated. */
export const randomNormal = /* @__PURE__ */ initializer<'randomNormal', NormalOptions, Seeded>('randomNormal', () => ({
  options: { mean: number(0), stddev: deviation(0.05) },
  random: true,
  fill(w, g, _fanIn, _fanOut, { mean, stddev }) {
    normal(w, g, stddev);
    shift(w, mean);
  },
}));

/** Options of `randomUniform`. */
export interface UniformOptions {
  /** The lower bound of the draws; default -0.05. */
  readonly minval: number;
  /** The upper bound of the draws; default 0.05. */
  readonly maxval: number;
}

/** U(minval, maxval). */
export const randomUniform = /* @__PURE__ */ initializer<'randomUniform', UniformOptions, Seeded>(
  'randomUniform',
  () => ({
    options: { minval: number(-0.05), maxval: number(0.05) },
    random: true,
    check({ minval, maxval }) {
      if (minval <= maxval) return;
      const expected = `a number >= ${minval}, the minval`;
      throw new ValueError({ argument: 'randomUniform.maxval', given: String(maxval), expected });
    },
    fill(w, g, _fanIn, _fanOut, { minval, maxval }) {
      for (let i = 0; i < w.length; i++) w[i] = minval + (maxval - minval) * g.uniform();
    },
  }),
);

/** N(mean, stddev^2), drawn again beyond two stddev from the mean, as in Keras; the deviation of what is left is 0.88 stddev. */
export const truncatedNormal = /* @__PURE__ */ initializer<'truncatedNormal', NormalOptions, Seeded>(
  'truncatedNormal',
  () => ({
    options: { mean: number(0), stddev: deviation(0.05) },
    random: true,
    fill(w, g, _fanIn, _fanOut, { mean, stddev }) {
      truncated(w, g, stddev);
      shift(w, mean);
    },
  }),
);

/** Options of `varianceScaling`. */
export interface VarianceScalingOptions {
  /** The variance times fan in, or what `mode` divides by; above 0, default 1. */
  readonly scale: number;
  /** The number that the scale is divided by: fan in (default), fan out or their mean. */
  readonly mode: 'fanIn' | 'fanOut' | 'fanAvg';
  /** The distribution of the draws; default 'truncatedNormal', as in Keras. */
  readonly distribution: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
}

/**
 * Variance scale / n, where n is fan in, fan out or their mean. 'truncatedNormal' is cut at two deviations and widened so
 * that the variance holds, as in Keras; 'uniform' reaches to sqrt(3 scale / n).
 */
export const varianceScaling = /* @__PURE__ */ initializer<'varianceScaling', VarianceScalingOptions, Seeded>(
  'varianceScaling',
  () => ({
    options: {
      scale: positive(1),
      mode: { default: 'fanIn', oneOf: ['fanIn', 'fanOut', 'fanAvg'] },
      distribution: { default: 'truncatedNormal', oneOf: ['truncatedNormal', 'untruncatedNormal', 'uniform'] },
    },
    random: true,
    fill(w, g, fanIn, fanOut, { scale, mode, distribution }) {
      const n = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
      if (distribution === 'uniform') uniform(w, g, Math.sqrt((3 * scale) / n));
      else if (distribution === 'untruncatedNormal') normal(w, g, Math.sqrt(scale / n));
      else truncated(w, g, Math.sqrt(scale / n) / TRUNCATED_DEVIATION);
    },
  }),
);

/** U(-limit, limit) with limit sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export const glorotUniform = /* @__PURE__ */ even('glorotUniform', (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)));

/** N(0, 2 / (fanIn + fanOut)) (Glorot and Bengio 2010); Keras truncates at two deviations, this does not. */
export const glorotNormal = /* @__PURE__ */ drawing('glorotNormal', (w, g, fanIn, fanOut) =>
  normal(w, g, Math.sqrt(2 / (fanIn + fanOut))),
);

/** U(-limit, limit) with limit sqrt(6 / fanIn) (He et al. 2015). */
export const heUniform = /* @__PURE__ */ even('heUniform', (fanIn) => Math.sqrt(6 / fanIn));

/** N(0, 2 / fanIn) (He et al. 2015); Keras truncates at two deviations, this does not. */
export const heNormal = /* @__PURE__ */ drawing('heNormal', (w, g, fanIn) => normal(w, g, Math.sqrt(2 / fanIn)));

/** U(-limit, limit) with limit sqrt(3 / fanIn) (LeCun et al. 1998). */
export const lecunUniform = /* @__PURE__ */ even('lecunUniform', (fanIn) => Math.sqrt(3 / fanIn));

/** N(0, 1 / fanIn) (LeCun et al. 1998; Klambauer et al. 2017 for selu); Keras truncates at two deviations, this does not. */
export const lecunNormal = /* @__PURE__ */ drawing('lecunNormal', (w, g, fanIn) => normal(w, g, Math.sqrt(1 / fanIn)));

/** U(-limit, limit) with limit 1 / sqrt(fanIn), as PyTorch fills the weights of Linear. */
export const fanInUniform = /* @__PURE__ */ even('fanInUniform', (fanIn) => 1 / Math.sqrt(fanIn));

/** Options of `orthogonal` and `identity`. */
export interface GainOptions {
  /** The factor of the weights; default 1, see `calculateGain`. */
  readonly gain: number;
}

/**
 * Columns, or where there are fewer rows than columns the rows, at right angles and of length gain, all directions alike
 * likely (Saxe et al. 2014). Takes time with the cube of the width, about 1 s for 1024 x 1024.
 */
export const orthogonal = /* @__PURE__ */ initializer<'orthogonal', GainOptions, Seeded>('orthogonal', () => ({
  options: { gain: number(1) },
  random: true,
  fill(w, g, fanIn, fanOut, { gain }) {
    normal(w, g, 1);
    orthonormalize(w, fanIn, fanOut, gain);
  },
}));

/** gain on the diagonal, 0 elsewhere; of a kernel that is not square the columns or rows left over are 0. */
export const identity = /* @__PURE__ */ initializer<'identity', GainOptions>('identity', () => ({
  options: { gain: number(1) },
  random: false,
  fill(w, _g, fanIn, fanOut, { gain }) {
    for (let i = 0; i < Math.min(fanIn, fanOut); i++) w[i * fanOut + i] = gain;
  },
}));

const GAINS = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (alpha: number) => Math.sqrt(2 / (1 + alpha * alpha)),
  selu: () => 3 / 4,
};

/**
 * By how much weights in front of an activation should be larger than those in front of none, so that signals keep their
 * size: the table of PyTorch. `alpha` is the slope of leakyRelu, default 0.01.
 * @throws UnknownNameError for other activations.
 */
export function calculateGain(activation: keyof typeof GAINS, alpha = 0.01): number {
  return lookUp<(alpha: number) => number>(
    GAINS,
    activation,
    'calculateGain.activation',
  )(checkNumber(alpha, 'calculateGain.alpha'));
}
