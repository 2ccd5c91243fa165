import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { backward, define, elementwise, forward, light } from '../lib/curve.js';

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
  plan: () => ({ shape: 'identity' }),
}));

/** Options of `step`. */
export interface StepOptions {
  /**
   * The gradient to use in place of the true one, which is 0: that of x, or that of sigmoid(x). Default
   * 'straightThrough'.
   */
  readonly surrogate: 'straightThrough' | 'sigmoid';
}

/** 1 for x > 0, else 0. Its gradient would be 0; `surrogate` takes that of x or that of sigmoid(x) instead. */
export const step = /* @__PURE__ */ define<'step', StepOptions>('step', () => ({
  options: { surrogate: { default: 'straightThrough', oneOf: ['straightThrough', 'sigmoid'] } },
  plan: ({ surrogate }) => light('step', surrogate === 'sigmoid' ? 'x' : 'nothing'),
  variants: [{ surrogate: 'sigmoid' }],
}));

/** 1 / (1 + e^-x). */
export const sigmoid = /* @__PURE__ */ define<'sigmoid', object>('sigmoid', () => ({
  plan: () => elementwise('sigmoid', 'y'),
}));

/** relu6(x + 3) / 6, as in PyTorch and Keras 3; that of Keras 2 is steeper, 0.2 x + 0.5 between 0 and 1. */
export const hardSigmoid = /* @__PURE__ */ define<'hardSigmoid', object>('hardSigmoid', () => ({
  plan: () => light('ramp', 'y', [3, 1 / 6]),
}));

/** (e^x - e^-x) / (e^x + e^-x). */
export const tanh = /* @__PURE__ */ define<'tanh', object>('tanh', () => ({
  plan: () => elementwise('tanh', 'y'),
}));

/** max(x, 0). */
export const relu = /* @__PURE__ */ define<'relu', object>('relu', () => ({
  plan: () => ({ ...light('relu', 'y'), fused: 'denseForwardRelu' }),
  initializer: 'heUniform',
}));

/** min(max(x, 0), 6). */
export const relu6 = /* @__PURE__ */ define<'relu6', object>('relu6', () => ({
  plan: () => light('relu6', 'y'),
  initializer: 'heUniform',
}));

/** x / (1 + |x|). */
export const softsign = /* @__PURE__ */ define<'softsign', object>('softsign', () => ({
  plan: () => elementwise('softsign', 'y'),
}));

/** e^x. */
export const exponential = /* @__PURE__ */ define<'exponential', object>('exponential', () => ({
  plan: () => elementwise('exponential', 'y'),
}));

/** e^x / sum(e^x) over the columns of a row; terms below 1e-20 of the largest are 0. */
export const softmax = /* @__PURE__ */ define<'softmax', object>('softmax', () => ({
  plan: () => ({ shape: 'rows', kernel: 'softmax' }),
}));

/** x - log(sum(e^x)) over the columns of a row. */
export const logSoftmax = /* @__PURE__ */ define<'logSoftmax', object>('logSoftmax', () => ({
  plan: () => ({ shape: 'rows', kernel: 'logSoftmax' }),
}));

/** Makes the loops in TypeScript. */
export default function activations(arithmetic: Arithmetic): Family {
  const { round: f, exp, log, sigmoid, tanh } = arithmetic;

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
