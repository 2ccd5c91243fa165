import { ValueError } from '../errors.js';
import type { Arithmetic } from './arithmetic.js';
import type { Twins } from './contract.js';
import { backward, define, elementwise, forward, light, slope } from './curve.js';

type Family = Pick<
  Twins,
  | 'stepForward'
  | 'stepBackward'
  | 'reluForward'
  | 'reluBackward'
  | 'relu6Forward'
  | 'relu6Backward'
  | 'rampForward'
  | 'rampBackward'
  | 'leakyReluForward'
  | 'leakyReluBackward'
  | 'preluForward'
  | 'preluBackward'
  | 'rreluForward'
  | 'softsignForward'
  | 'softsignBackward'
  | 'sigmoidForward'
  | 'sigmoidBackward'
  | 'tanhForward'
  | 'tanhBackward'
  | 'exponentialForward'
  | 'exponentialBackward'
  | 'logForward'
>;

/** x. */
export const linear = /* @__PURE__ */ define<'linear', object>('linear', () => ({
  options: {},
  plan: () => ({ shape: 'identity' }),
  initializer: 'glorotUniform',
}));

export interface StepOptions {
  /** What stands in for the gradient, which is 0: that of x, or that of sigmoid(x). Default 'straightThrough'. */
  readonly surrogate: 'straightThrough' | 'sigmoid';
}

/** 1 for x > 0, else 0. Its gradient would be 0; `surrogate` takes that of x or that of sigmoid(x) instead. */
export const step = /* @__PURE__ */ define<'step', StepOptions>('step', () => ({
  options: { surrogate: { default: 'straightThrough', oneOf: ['straightThrough', 'sigmoid'] } },
  plan: ({ surrogate }) => light('step', surrogate === 'sigmoid' ? 'x' : 'nothing'),
  initializer: 'glorotUniform',
  variants: [{ surrogate: 'sigmoid' }],
}));

/** 1 / (1 + e^-x). */
export const sigmoid = /* @__PURE__ */ define<'sigmoid', object>('sigmoid', () => ({
  options: {},
  plan: () => elementwise('sigmoid', 'y'),
  initializer: 'glorotUniform',
}));

/** relu6(x + 3) / 6, as in PyTorch and Keras 3; that of Keras 2 is steeper, 0.2 x + 0.5 between 0 and 1. */
export const hardSigmoid = /* @__PURE__ */ define<'hardSigmoid', object>('hardSigmoid', () => ({
  options: {},
  plan: () => light('ramp', 'y', [3, 1 / 6]),
  initializer: 'glorotUniform',
}));

/** (e^x - e^-x) / (e^x + e^-x). */
export const tanh = /* @__PURE__ */ define<'tanh', object>('tanh', () => ({
  options: {},
  plan: () => elementwise('tanh', 'y'),
  initializer: 'glorotUniform',
}));

/** max(x, 0). */
export const relu = /* @__PURE__ */ define<'relu', object>('relu', () => ({
  options: {},
  plan: () => ({ ...light('relu', 'y'), fused: 'denseForwardRelu' }),
  initializer: 'heUniform',
}));

/** min(max(x, 0), 6). */
export const relu6 = /* @__PURE__ */ define<'relu6', object>('relu6', () => ({
  options: {},
  plan: () => light('relu6', 'y'),
  initializer: 'heUniform',
}));

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

export interface PreluOptions {
  /** Where the slopes begin; default 0.25. */
  readonly alpha: number;
}

/** x, or a x for x <= 0, where each unit learns its own a, the weight `alpha` (He et al. 2015). Penalties leave a alone. */
export const prelu = /* @__PURE__ */ define<'prelu', PreluOptions>('prelu', () => ({
  options: { alpha: { default: 0.25 } },
  plan: ({ alpha }) => ({ shape: 'units', kernel: 'prelu', initial: alpha }),
  initializer: 'heUniform',
}));

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

/** x / (1 + |x|). */
export const softsign = /* @__PURE__ */ define<'softsign', object>('softsign', () => ({
  options: {},
  plan: () => elementwise('softsign', 'y'),
  initializer: 'glorotUniform',
}));

/** e^x. */
export const exponential = /* @__PURE__ */ define<'exponential', object>('exponential', () => ({
  options: {},
  plan: () => elementwise('exponential', 'y'),
  initializer: 'glorotUniform',
}));

/** e^x / sum(e^x) over the columns of a row; terms below 1e-20 of the largest are 0. */
export const softmax = /* @__PURE__ */ define<'softmax', object>('softmax', () => ({
  options: {},
  plan: () => ({ shape: 'rows', kernel: 'softmax' }),
  initializer: 'glorotUniform',
}));

/** x - log(sum(e^x)) over the columns of a row. */
export const logSoftmax = /* @__PURE__ */ define<'logSoftmax', object>('logSoftmax', () => ({
  options: {},
  plan: () => ({ shape: 'rows', kernel: 'logSoftmax' }),
  initializer: 'glorotUniform',
}));

/** The loops in TypeScript. */
export default function activations(arithmetic: Arithmetic): Family {
  const { round: f, exp, log, sigmoid, tanh } = arithmetic;
  const larger = (x: number, y: number) => (x < y ? y : x);
  const leaky = (x: number, a: number) => (x > 0 ? x : f(x * a));

  return {
    stepForward: forward(f, (x) => (x > 0 ? 1 : Number.isNaN(x) ? x : 0)),
    stepBackward: backward(f, (x, dy) => {
      const e = exp(-Math.abs(x));
      const w = f(1 + e);
      return f(dy * f(e / f(w * w)));
    }),
    reluForward: forward(f, (x) => (x < 0 ? 0 : x)),
    reluBackward: backward(f, (y, dy) => (y <= 0 ? 0 : dy)),
    relu6Forward: forward(f, (x) => (x < 0 ? 0 : x > 6 ? 6 : x)),
    relu6Backward: backward(f, (y, dy) => (y > 0 && y < 6 ? dy : 0)),
    rampForward: forward(f, (x, a, b) => {
      const raised = f(x + a);
      const low = raised < 0 ? 0 : raised;
      return f((low > 6 ? 6 : low) * b);
    }),
    rampBackward: backward(f, (y, dy, _, b) => (y > 0 && y < f(b * 6) ? f(dy * b) : 0)),
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

    softsignForward: forward(f, (x) => f(x / f(1 + Math.abs(x)))),
    softsignBackward: backward(f, (y, dy) => {
      const root = f(1 - Math.abs(y));
      return f(dy * f(root * root));
    }),
    sigmoidForward: forward(f, sigmoid),
    sigmoidBackward: backward(f, (y, dy) => f(dy * f(y * f(1 - y)))),
    tanhForward: forward(f, tanh),
    tanhBackward: backward(f, (y, dy) => f(dy * f(1 - f(y * y)))),
    exponentialForward: forward(f, exp),
    exponentialBackward: backward(f, (y, dy) => f(dy * y)),
    logForward: forward(f, log),
  };
}
