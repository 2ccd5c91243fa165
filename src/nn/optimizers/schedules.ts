import { fillOptions, maker, type OptionRange } from '../../kernels/definition.js';
import { cos, pow } from '../../kernels/lib/elementary.js';
import { power } from '../../kernels/lib/power.js';
import type { RateFunction } from '../../kernels/lib/update.js';
import { type CustomSchedule, makeRate, readRate, type ScheduleDefinition } from './rate.js';

type ScheduleData<N extends string, O> = {
  /** The name of the schedule. */
  readonly name: N;
} & Readonly<O>;

/** Options without a default must be given. */
type Required<O, K extends keyof O> = Pick<O, K> & Partial<Omit<O, K>>;

function schedule<N extends string, O extends object, K extends keyof O>(
  name: N,
  definition: () => ScheduleDefinition<O>,
) {
  return maker(definition, ({ options }, given: Required<O, K>): ScheduleData<N, O> => {
    return { name, ...fillOptions(options, given as unknown as Partial<O>, name) };
  });
}

const required = (range: Omit<OptionRange, 'default'> = { min: 0 }): OptionRange => ({ default: undefined, ...range });
const optional = (value: number, range: Omit<OptionRange, 'default'> = { min: 0 }): OptionRange => {
  return { default: value, ...range };
};
const steps = { default: undefined, min: 1, integer: true };
const share = { min: 0, max: 1 };

/** Options of `constantRate`. */
export interface ConstantRateOptions {
  /** The rate, at least 0; required. */
  readonly learningRate: number;
}

/** The same rate in every step; a number does as well. */
export const constantRate = /* @__PURE__ */ schedule<'constant', ConstantRateOptions, 'learningRate'>(
  'constant',
  () => ({
    options: { learningRate: required() },
    rate:
      ({ learningRate }) =>
      () =>
        learningRate,
  }),
);

/** Options of `stepDecay`. */
export interface StepDecayOptions {
  /** The rate of step 0, at least 0; required. */
  readonly initialLearningRate: number;
  /** Steps between two drops, an integer of at least 1; required. */
  readonly decaySteps: number;
  /** The factor by which a drop multiplies the rate, at least 0; default 0.1. */
  readonly decayRate: number;
}

/** initialLearningRate decayRate^floor(t / decaySteps); PyTorch's StepLR. */
export const stepDecay = /* @__PURE__ */ schedule<'stepDecay', StepDecayOptions, 'initialLearningRate' | 'decaySteps'>(
  'stepDecay',
  () => ({
    options: { initialLearningRate: required(), decaySteps: steps, decayRate: optional(0.1) },
    rate:
      ({ initialLearningRate, decaySteps, decayRate }) =>
      (t) =>
        initialLearningRate * power(decayRate, Math.floor(t / decaySteps)),
  }),
);

/** Options of `exponentialDecay` and `inverseTimeDecay`. */
export interface DecayOptions {
  /** The rate of step 0, at least 0; required. */
  readonly initialLearningRate: number;
  /** Steps of one period, an integer of at least 1; required. */
  readonly decaySteps: number;
  /** The decay of the rate in a period, at least 0; required. */
  readonly decayRate: number;
  /** Drop every `decaySteps` steps instead of a little in each. Default false. */
  readonly staircase: boolean;
}

type DecayNeeds = 'initialLearningRate' | 'decaySteps' | 'decayRate';

const decayOptions = () => ({ initialLearningRate: required(), decaySteps: steps, decayRate: required() });

/** Periods passed after t steps. */
const periods = (t: number, { decaySteps, staircase }: DecayOptions) =>
  staircase ? Math.floor(t / decaySteps) : t / decaySteps;

/** initialLearningRate decayRate^(t / decaySteps); PyTorch's ExponentialLR where decaySteps is 1. */
export const exponentialDecay = /* @__PURE__ */ schedule<'exponentialDecay', DecayOptions, DecayNeeds>(
  'exponentialDecay',
  () => ({
    options: { ...decayOptions(), staircase: { default: false } },
    rate: (options) => (t) => options.initialLearningRate * pow(options.decayRate, periods(t, options)),
  }),
);

/** initialLearningRate / (1 + decayRate t / decaySteps). */
export const inverseTimeDecay = /* @__PURE__ */ schedule<'inverseTimeDecay', DecayOptions, DecayNeeds>(
  'inverseTimeDecay',
  () => ({
    options: { ...decayOptions(), staircase: { default: false } },
    rate: (options) => (t) => options.initialLearningRate / (1 + options.decayRate * periods(t, options)),
  }),
);

/** Options of `polynomial`. */
export interface PolynomialOptions {
  /** The rate of step 0, at least 0; required. */
  readonly initialLearningRate: number;
  /** Steps until `endLearningRate`, an integer of at least 1; required. */
  readonly decaySteps: number;
  /** The rate after `decaySteps`, at least 0; default 0.0001. */
  readonly endLearningRate: number;
  /** The exponent of the decay, above 0; default 1, a straight line. */
  readonly power: number;
  /** Begin anew after `decaySteps`, each time over a multiple of them. Default false: stay at the end. */
  readonly cycle: boolean;
}

/**
 * Decays from initialLearningRate to endLearningRate along (1 - t / decaySteps)^power; PyTorch's PolynomialLR where it
 * ends at 0.
 */
export const polynomial = /* @__PURE__ */ schedule<
  'polynomial',
  PolynomialOptions,
  'initialLearningRate' | 'decaySteps'
>('polynomial', () => ({
  options: {
    initialLearningRate: required(),
    decaySteps: steps,
    endLearningRate: optional(1e-4),
    power: optional(1, { above: 0 }),
    cycle: { default: false },
  },
  rate:
    ({ initialLearningRate, decaySteps, endLearningRate, power, cycle }) =>
    (t) => {
      const length = cycle ? decaySteps * Math.max(1, Math.ceil(t / decaySteps)) : decaySteps;
      const left = 1 - Math.min(t, length) / length;
      return (initialLearningRate - endLearningRate) * pow(left, power) + endLearningRate;
    },
}));

/** Falls from 1 to 0 along half a cosine, as `passed` goes from 0 to 1. */
const halfCosine = (passed: number) => 0.5 * (1 + cos(Math.PI * passed));

/** Options of `cosine`. */
export interface CosineOptions {
  /** The rate of step 0, at least 0; required. */
  readonly initialLearningRate: number;
  /** Steps of the decay, an integer of at least 1; required. */
  readonly decaySteps: number;
  /** Share of the rate that is left at the end; default 0. */
  readonly alpha: number;
}

/**
 * Decays from initialLearningRate to alpha initialLearningRate along half a cosine, then constant (Loshchilov and
 * Hutter 2017).
 */
export const cosine = /* @__PURE__ */ schedule<'cosine', CosineOptions, 'initialLearningRate' | 'decaySteps'>(
  'cosine',
  () => ({
    options: { initialLearningRate: required(), decaySteps: steps, alpha: optional(0, share) },
    rate:
      ({ initialLearningRate, decaySteps, alpha }) =>
      (t) =>
        initialLearningRate * ((1 - alpha) * halfCosine(Math.min(t / decaySteps, 1)) + alpha),
  }),
);

/** Options of `cosineRestarts`. */
export interface CosineRestartsOptions {
  /** The rate of step 0, at least 0; required. */
  readonly initialLearningRate: number;
  /** Steps of the first period, an integer of at least 1; required. */
  readonly firstDecaySteps: number;
  /** Each period is this many times as long as the one before; default 2. */
  readonly tMul: number;
  /** Each period begins at this many times the rate of the one before; default 1. */
  readonly mMul: number;
  /** Share of a period's first rate that is left at its end; default 0. */
  readonly alpha: number;
}

/** Periods that are passed one after the other; those beyond are counted together, however little they grow. */
const MOST_PERIODS = 65_536;

/** Returns the period that step t lies in, where it began and how long it is. */
function periodAt(t: number, first: number, growth: number): { period: number; start: number; length: number } {
  if (growth === 1) {
    const period = Math.floor(t / first);
    return { period, start: period * first, length: first };
  }
  let period = 0;
  let start = 0;
  let length = first;
  while (t >= start + length) {
    if (period === MOST_PERIODS) {
      const begins = (n: number) => start + (length * (power(growth, n) - 1)) / (growth - 1);
      let [low, high] = [0, 2 ** 53];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (begins(middle) <= t) low = middle;
        else high = middle;
      }
      return { period: period + low, start: begins(low), length: length * power(growth, low) };
    }
    start += length;
    length *= growth;
    period++;
  }
  return { period, start, length };
}

/** `cosine` over and over; PyTorch's CosineAnnealingWarmRestarts where mMul is 1. */
export const cosineRestarts = /* @__PURE__ */ schedule<
  'cosineRestarts',
  CosineRestartsOptions,
  'initialLearningRate' | 'firstDecaySteps'
>('cosineRestarts', () => ({
  options: {
    initialLearningRate: required(),
    firstDecaySteps: steps,
    tMul: optional(2, { min: 1 }),
    mMul: optional(1, { above: 0 }),
    alpha: optional(0, share),
  },
  rate:
    ({ initialLearningRate, firstDecaySteps, tMul, mMul, alpha }) =>
    (t) => {
      const { period, start, length } = periodAt(t, firstDecaySteps, tMul);
      const top = initialLearningRate * power(mMul, period);
      return top * ((1 - alpha) * halfCosine((t - start) / length) + alpha);
    },
}));

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** The highest rate, at least 0; required. */
  readonly maxLearningRate: number;
  /** Steps of the whole cycle, an integer of at least 1; required. */
  readonly totalSteps: number;
  /** Share of the steps that the rate rises; default 0.3. */
  readonly pctStart: number;
  /** The first rate is maxLearningRate / divFactor; default 25. */
  readonly divFactor: number;
  /** The last rate is the first / finalDivFactor; default 10000. */
  readonly finalDivFactor: number;
}

/** Up and down again along half cosines (Smith and Topin 2018), PyTorch's OneCycleLR; constant after totalSteps. */
export const oneCycle = /* @__PURE__ */ schedule<'oneCycle', OneCycleOptions, 'maxLearningRate' | 'totalSteps'>(
  'oneCycle',
  () => ({
    options: {
      maxLearningRate: required(),
      totalSteps: steps,
      pctStart: optional(0.3, share),
      divFactor: optional(25, { above: 0 }),
      finalDivFactor: optional(1e4, { above: 0 }),
    },
    rate({ maxLearningRate, totalSteps, pctStart, divFactor, finalDivFactor }) {
      const first = maxLearningRate / divFactor;
      const last = first / finalDivFactor;
      const peak = Math.max(pctStart * totalSteps - 1, 0);
      const end = totalSteps - 1;
      return (t) => {
        if (t < peak) return maxLearningRate + (first - maxLearningRate) * halfCosine(t / peak);
        const passed = end > peak ? Math.min((t - peak) / (end - peak), 1) : t > peak ? 1 : 0;
        return last + (maxLearningRate - last) * halfCosine(passed);
      };
    },
  }),
);

/** Options of `warmup`. */
export interface WarmupOptions {
  /** The rate or schedule that follows, whose step 0 is the first after the warm-up; required. */
  readonly schedule: number | ScheduleSpec | CustomSchedule | RateFunction;
  /** Steps until the schedule begins, an integer of at least 1; required. */
  readonly warmupSteps: number;
  /** The rate of step 0; default 0. */
  readonly initialLearningRate: number;
}

const warmupNumbers = { warmupSteps: steps, initialLearningRate: /* @__PURE__ */ optional(0) };

function makeWarmup({ schedule, ...rest }: Required<WarmupOptions, 'schedule' | 'warmupSteps'>): WarmupSpec {
  // The schedule is only checked: building its function too would double the time for each warm-up nested in another.
  readRate(schedule, 'warmup.schedule');
  return { name: 'warmup', schedule, ...fillOptions<Omit<WarmupOptions, 'schedule'>>(warmupNumbers, rest, 'warmup') };
}

const warmupDefinition: ScheduleDefinition<WarmupOptions> = {
  options: { schedule: { default: undefined }, ...warmupNumbers },
  rate({ schedule, warmupSteps, initialLearningRate }) {
    const then = makeRate(schedule, 'warmup.schedule');
    const target = then(0);
    return (t) => {
      if (t >= warmupSteps) return then(t - warmupSteps);
      return initialLearningRate + ((target - initialLearningRate) * t) / warmupSteps;
    };
  },
};

/** Rises from initialLearningRate in a straight line to where another schedule begins, then that one. */
export const warmup = /* @__PURE__ */ maker(
  () => warmupDefinition,
  (_, options: Required<WarmupOptions, 'schedule' | 'warmupSteps'>) => makeWarmup(options),
);

/** Keras's names. */
export { cosine as cosineDecay, cosineRestarts as cosineDecayRestarts, polynomial as polynomialDecay };

type WarmupSpec = ScheduleData<'warmup', WarmupOptions>;

/** A schedule as plain data: its name and all options. */
export type ScheduleSpec =
  | WarmupSpec
  | ReturnType<
      | typeof constantRate
      | typeof stepDecay
      | typeof exponentialDecay
      | typeof inverseTimeDecay
      | typeof polynomial
      | typeof cosine
      | typeof cosineRestarts
      | typeof oneCycle
    >;
