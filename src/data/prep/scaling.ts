import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import type { Coded, Readable } from '../bytes-column.js';
import { numeric, type StepSpec } from './preprocessing-step.js';
import {
  divisor,
  expm1,
  interpolate,
  log1p as logOf,
  meanOfBytes,
  moments,
  normalCdf,
  normalQuantile,
  quantile,
  sorted,
} from './statistics.js';

type Options = Readonly<Record<string, unknown>>;

/** Beyond it differences and scales leave the range of float64. */
const LARGEST = 1e300;

/** Refuses infinities and numbers next to the end of float64's range, which no scale is made for. */
function finite<A extends Readable>(values: A, name: string): A {
  if (values instanceof Uint8Array) return values;
  let row = 0;
  while (row < values.length && !(values[row]! > LARGEST || values[row]! < -LARGEST)) row++;
  if (row === values.length) return values;
  const value = values[row]!;
  const infinite = value === Infinity || value === -Infinity;
  throw new ValueError({
    argument: `column '${name}', row ${row}`,
    given: String(value),
    expected: infinite ? 'a finite number' : `a number from -${LARGEST} to ${LARGEST}`,
    ...(!infinite && { hint: `If it means a missing value, say so: missing: ['${value}'].` }),
  });
}

function range(values: Readable): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

function flag(value: unknown, argument: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError({ argument, given: show(value), expected: 'true or false' });
}

const spec = (step: string, options: object): StepSpec => ({ step, options: { ...options } });

/** (x - offset) * factor: what the linear scales come to. */
interface Linear {
  readonly offset: number;
  readonly factor: number;
}

function linear<O>(
  plan: (options: Options) => O,
  fit: (values: Readable, options: O) => Linear,
  fitBytes: (coded: Coded, options: O) => Linear | undefined = () => undefined,
) {
  return numeric<O, Linear>({
    state: { offset: 'number', factor: 'number' },
    plan,
    fit: (values, options, name) => fit(finite(values, name), options),
    fitBytes,
    map:
      ({ offset, factor }) =>
      (value) =>
        (value - offset) * factor,
    unmap:
      ({ offset, factor }) =>
      (value) =>
        value / factor + offset,
  });
}

/** Options of `standardize`. */
export interface StandardizeOptions {
  /** Subtract the mean; default true. */
  readonly center?: boolean;
  /** Divide by the standard deviation; default true. */
  readonly scale?: boolean;
}

/** Scales to mean 0 and standard deviation 1. */
export function standardize(options: StandardizeOptions = {}): StepSpec {
  return spec('standardize', options);
}

/** Subtracts the mean. */
export function zeroCentre(): StepSpec {
  return spec('zeroCentre', {});
}

/** Options of `minMax`. */
export interface MinMaxOptions {
  /** The value that the smallest number is scaled to; default 0. */
  readonly min?: number;
  /** The value that the largest number is scaled to; default 1. */
  readonly max?: number;
  /** The range that becomes it; default that of the numbers. */
  readonly low?: number;
  /** The number that becomes `max`; default the greatest. */
  readonly high?: number;
}

/** Scales the range of the numbers to `min` to `max`. */
export function minMax(options: MinMaxOptions = {}): StepSpec {
  return spec('minMax', options);
}

/** Options of `robust`. */
export interface RobustOptions {
  /** Shares below the quantiles whose distance is the unit; default 0.25 and 0.75. */
  readonly lower?: number;
  /** The share of the numbers below the upper quantile; default 0.75. */
  readonly upper?: number;
}

/** Scales the median to 0 and the distance between two quantiles to 1. */
export function robust(options: RobustOptions = {}): StepSpec {
  return spec('robust', options);
}

/** Scales the largest absolute value to 1; zeros stay. */
export function maxAbs(): StepSpec {
  return spec('maxAbs', {});
}

/** Options of `log1p`. */
export interface Log1pOptions {
  /** sign(x) log(1 + |x|), which takes numbers below 0 too; default false. */
  readonly signed?: boolean;
}

/** log(1 + x); numbers must be above -1 unless `signed`. */
export function log1p(options: Log1pOptions = {}): StepSpec {
  return spec('log1p', options);
}

/** Options of `quantileNormal`. */
export interface QuantileNormalOptions {
  /** Points of the curve; default 1000, or as many as there are numbers. */
  readonly quantiles?: number;
}

/** Maps numbers by their rank, as if drawn from a normal distribution; within -5.2 to 5.2. */
export function quantileNormal(options: QuantileNormalOptions = {}): StepSpec {
  return spec('quantileNormal', options);
}

/** Options of `clipOutliers`. */
export interface ClipOutliersOptions {
  /**
   * `'iqr'`: the quartiles and `factor` times their distance beyond (default); `'quantile'`: the quantiles `lower` and
   * `upper`.
   */
  readonly method?: 'iqr' | 'quantile';
  /**
   * The distance of the bounds from the quartiles, in interquartile ranges; default 1.5. 3 leaves all but the far
   * outliers.
   */
  readonly factor?: number;
  /** The share of the numbers below the lower bound of `'quantile'`; default 0.01. */
  readonly lower?: number;
  /** The share of the numbers below the upper bound of `'quantile'`; default 0.99. */
  readonly upper?: number;
}

/** Numbers beyond the bounds become the bounds. */
export function clipOutliers(options: ClipOutliersOptions = {}): StepSpec {
  return spec('clipOutliers', options);
}

function shares(options: Options, lower: number, upper: number) {
  const low = checkNumber(options.lower ?? lower, 'lower', { min: 0, max: 1 });
  return { lower: low, upper: checkNumber(options.upper ?? upper, 'upper', { above: low, max: 1 }) };
}

const PROBABILITY_EDGE = 1e-7;
const EDGE = -normalQuantile(PROBABILITY_EDGE);

export const scalingSteps = {
  standardize: linear(
    (options) => {
      checkOptions(options, ['center', 'scale'], 'standardize');
      const { center = true, scale = true } = options;
      return { center: flag(center, 'center'), scale: flag(scale, 'scale') };
    },
    (values, { center, scale }) => {
      const { mean, deviation } = moments(values);
      return { offset: center ? mean : 0, factor: scale ? 1 / divisor(deviation, mean) : 1 };
    },
  ),
  zeroCentre: linear(
    (options) => checkOptions(options, [], 'zeroCentre'),
    (values) => ({ offset: moments(values).mean, factor: 1 }),
    (coded) => {
      const mean = meanOfBytes(coded);
      return mean === undefined ? undefined : { offset: mean, factor: 1 };
    },
  ),
  minMax: linear(
    (options) => {
      checkOptions(options, ['min', 'max', 'low', 'high'], 'minMax');
      const min = checkNumber(options.min ?? 0, 'min');
      const low = options.low === undefined ? undefined : checkNumber(options.low, 'low');
      const high =
        options.high === undefined ? undefined : checkNumber(options.high, 'high', { above: low ?? -Infinity });
      return { min, max: checkNumber(options.max ?? 1, 'max', { above: min }), low, high };
    },
    (values, { min, max, ...given }) => {
      const found = given.low === undefined || given.high === undefined ? range(values) : undefined;
      const { low, high } = { low: given.low ?? found!.low, high: given.high ?? found!.high };
      const factor = (max - min) / divisor(high - low, Math.max(Math.abs(low), Math.abs(high)));
      return { offset: low - min / factor, factor };
    },
  ),
  robust: linear(
    (options) => {
      checkOptions(options, ['lower', 'upper'], 'robust');
      return shares(options, 0.25, 0.75);
    },
    (values, { lower, upper }) => {
      const ordered = sorted(values);
      const middle = quantile(ordered, 0.5);
      return { offset: middle, factor: 1 / divisor(quantile(ordered, upper) - quantile(ordered, lower), middle) };
    },
  ),
  maxAbs: linear(
    (options) => checkOptions(options, [], 'maxAbs'),
    (values) => {
      const { low, high } = range(values);
      return { offset: 0, factor: 1 / divisor(Math.max(-low, high), 0) };
    },
  ),
  log1p: numeric<{ signed: boolean }, Record<string, never>>({
    state: {},
    plan: (options) => {
      checkOptions(options, ['signed'], 'log1p');
      return { signed: flag(options.signed ?? false, 'signed') };
    },
    fit: (values, { signed }, name) => {
      const row = signed ? -1 : finite(values, name).findIndex((value) => value <= -1);
      if (row < 0) return {};
      throw new ValueError({
        argument: `column '${name}', row ${row}`,
        given: String(values[row]),
        expected: 'a number above -1',
        hint: 'log1p({ signed: true }) takes numbers below 0.',
      });
    },
    // A later number below -1 is treated as the smallest one that has a logarithm.
    map:
      (_, { signed }) =>
      (value) =>
        signed
          ? Math.sign(value) * logOf(Math.abs(value))
          : logOf(value > -1 ? value : value <= -1 ? -1 + 2 ** -53 : value),
    unmap:
      (_, { signed }) =>
      (value) =>
        signed ? Math.sign(value) * expm1(Math.abs(value)) : expm1(value),
  }),
  quantileNormal: numeric<{ quantiles: number }, { quantiles: number[] }>({
    state: { quantiles: 'numbers' },
    plan: (options) => {
      checkOptions(options, ['quantiles'], 'quantileNormal');
      return {
        quantiles: checkNumber(options.quantiles ?? 1000, 'quantiles', { min: 2, max: 100_000, integer: true }),
      };
    },
    fit: (values, { quantiles }, name) => {
      const ordered = sorted(finite(values, name));
      const points = Math.max(2, Math.min(quantiles, ordered.length));
      const curve = Array.from({ length: points }, (_, i) => quantile(ordered, i / (points - 1)));
      // Rounding must not make the curve fall.
      for (let i = 1; i < points; i++) curve[i] = Math.max(curve[i]!, curve[i - 1]!);
      return { quantiles: curve };
    },
    map: ({ quantiles }) => {
      const last = quantiles.length - 1;
      const ranks = quantiles.map((_, i) => i / last);
      const below = quantiles.map((value) => -value).reverse();
      const above = ranks.map((rank) => -rank).reverse();
      const constant = quantiles[0] === quantiles[last];
      return (value) => {
        if (Number.isNaN(value) || constant) return constant && !Number.isNaN(value) ? 0 : value;
        if (value <= quantiles[0]!) return -EDGE;
        if (value >= quantiles[last]!) return EDGE;
        // Where quantiles are equal the curve has a step, whose middle counts.
        const rank = 0.5 * (interpolate(value, quantiles, ranks) - interpolate(-value, below, above));
        return Math.min(EDGE, Math.max(-EDGE, normalQuantile(rank)));
      };
    },
    unmap: ({ quantiles }) => {
      const last = quantiles.length - 1;
      const ranks = quantiles.map((_, i) => i / last);
      return (value) => {
        if (Number.isNaN(value)) return value;
        if (value <= -EDGE) return quantiles[0]!;
        return value >= EDGE ? quantiles[last]! : interpolate(normalCdf(value), ranks, quantiles);
      };
    },
  }),
  clipOutliers: numeric<
    { method: 'iqr' | 'quantile'; factor: number; lower: number; upper: number },
    { low: number; high: number }
  >({
    state: { low: 'number', high: 'number' },
    plan: (options) => {
      checkOptions(options, ['method', 'factor', 'lower', 'upper'], 'clipOutliers');
      const method = lookUp({ iqr: 'iqr', quantile: 'quantile' } as const, options.method ?? 'iqr', 'method');
      return {
        method,
        factor: checkNumber(options.factor ?? 1.5, 'factor', { min: 0 }),
        ...shares(options, 0.01, 0.99),
      };
    },
    fit: (values, { method, factor, lower, upper }, name) => {
      const ordered = sorted(finite(values, name));
      if (method === 'quantile') return { low: quantile(ordered, lower), high: quantile(ordered, upper) };
      const first = quantile(ordered, 0.25);
      const third = quantile(ordered, 0.75);
      // More than half of the numbers may be equal, and then none is an outlier.
      if (first === third) return { low: ordered[0] ?? 0, high: ordered.at(-1) ?? 0 };
      return { low: first - factor * (third - first), high: third + factor * (third - first) };
    },
    map:
      ({ low, high }) =>
      (value) =>
        value < low ? low : value > high ? high : value,
    unmap: () => (value) => value,
  }),
};
