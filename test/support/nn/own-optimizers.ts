import { type CustomOptimizer, type CustomOptimizerOptions, customOptimizer } from '../../../src/index.js';

type Options = Readonly<Record<string, number | boolean>>;
type Common = Pick<CustomOptimizerOptions, 'learningRate' | 'weightDecay'>;

/** Optimizers of the library as their papers write them, by their names: what they are made with, where that can be written. */
export const ownOptimizers: Readonly<Record<string, (options?: Options, common?: Common) => CustomOptimizer>> = {
  sgd: ({ momentum = 0, nesterov = false } = {}, common) =>
    customOptimizer({
      learningRate: 0.01,
      ...common,
      states: ['velocity'],
      numbers: { momentum: Number(momentum) },
      update({ weight, gradient, velocity, rate, momentum }, { add, mul, sub }) {
        const next = add(mul(momentum, velocity), gradient);
        const step = nesterov ? add(gradient, mul(momentum, next)) : next;
        return { weight: sub(weight, mul(rate, step)), velocity: next };
      },
    }),

  adagrad: ({ initialAccumulatorValue = 0, epsilon = 1e-10 } = {}, common) =>
    customOptimizer({
      learningRate: 0.01,
      ...common,
      states: { sum: Number(initialAccumulatorValue) },
      update({ weight, gradient, sum, rate }, { add, div, mul, sqrt, square, sub }) {
        const next = add(sum, square(gradient));
        return { weight: sub(weight, mul(rate, div(gradient, add(sqrt(next), Number(epsilon))))), sum: next };
      },
    }),

  adadelta: ({ rho = 0.9, epsilon = 1e-6 } = {}, common) =>
    customOptimizer({
      learningRate: 1,
      ...common,
      states: ['v', 'u'],
      numbers: { rho: Number(rho), epsilon: Number(epsilon) },
      update({ weight, gradient, v, u, rate, rho, epsilon }, { add, div, mul, sqrt, square, sub }) {
        const average = (old: typeof v, x: typeof v) => add(mul(rho, old), mul(sub(1, rho), square(x)));
        const variance = average(v, gradient);
        const change = mul(sqrt(div(add(u, epsilon), add(variance, epsilon))), gradient);
        return { weight: sub(weight, mul(rate, change)), v: variance, u: average(u, change) };
      },
    }),

  rmsprop: ({ rho = 0.99, epsilon = 1e-8, momentum = 0, centered = false } = {}, common) =>
    customOptimizer({
      learningRate: 0.01,
      ...common,
      states: ['v', 'm', 'velocity'],
      numbers: { rho: Number(rho) },
      update({ weight, gradient, v, m, velocity, rate, rho }, { add, div, max, mul, sqrt, square, sub }) {
        const variance = add(mul(rho, v), mul(sub(1, rho), square(gradient)));
        const mean = add(mul(rho, m), mul(sub(1, rho), gradient));
        const spread = centered ? max(sub(variance, square(mean)), 0) : variance;
        const change = div(gradient, add(sqrt(spread), Number(epsilon)));
        const next = add(mul(Number(momentum), velocity), change);
        return { weight: sub(weight, mul(rate, next)), v: variance, m: centered ? mean : m, velocity: next };
      },
    }),

  adam: ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = {}, common) =>
    customOptimizer({
      ...common,
      states: ['m', 'v', 'most'],
      numbers: { beta1: Number(beta1), beta2: Number(beta2) },
      update(
        { weight, gradient, m, v, most, rate, step, beta1, beta2 },
        { add, div, max, mul, pow, sqrt, square, sub },
      ) {
        const mean = add(mul(beta1, m), mul(sub(1, beta1), gradient));
        const variance = add(mul(beta2, v), mul(sub(1, beta2), square(gradient)));
        const largest = max(variance, most);
        const root = div(sqrt(amsgrad ? largest : variance), sqrt(sub(1, pow(beta2, step))));
        const change = div(mul(div(rate, sub(1, pow(beta1, step))), mean), add(root, Number(epsilon)));
        return { weight: sub(weight, change), m: mean, v: variance, most: amsgrad ? largest : most };
      },
    }),

  adamax: ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}, common) =>
    customOptimizer({
      learningRate: 0.002,
      ...common,
      states: ['m', 'u'],
      update({ weight, gradient, m, u, rate, step }, { abs, add, div, max, mul, pow, sub }) {
        const mean = add(mul(Number(beta1), m), mul(1 - Number(beta1), gradient));
        const norm = max(mul(Number(beta2), u), add(abs(gradient), Number(epsilon)));
        const size = div(rate, sub(1, pow(Number(beta1), step)));
        return { weight: sub(weight, mul(size, div(mean, norm))), m: mean, u: norm };
      },
    }),

  radam: ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}, common) =>
    customOptimizer({
      ...common,
      states: ['m', 'v'],
      numbers: { beta1: Number(beta1), beta2: Number(beta2), longest: 2 / (1 - Number(beta2)) - 1 },
      update({ weight, gradient, m, v, rate, step, beta1, beta2, longest }, ops) {
        const { add, div, greater, max, mul, pow, sqrt, square, sub, where } = ops;
        const mean = add(mul(beta1, m), mul(sub(1, beta1), gradient));
        const variance = add(mul(beta2, v), mul(sub(1, beta2), square(gradient)));
        const left = sub(1, pow(beta2, step));
        const length = sub(longest, div(mul(mul(2, step), pow(beta2, step)), left));
        const above = mul(mul(sub(length, 4), sub(length, 2)), longest);
        const rectified = sqrt(max(div(above, mul(mul(sub(longest, 4), sub(longest, 2)), length)), 0));
        const adaptive = div(mul(rectified, sqrt(left)), add(sqrt(variance), Number(epsilon)));
        const size = div(rate, sub(1, pow(beta1, step)));
        const change = mul(mul(size, mean), where(greater(length, 5), adaptive, 1));
        return { weight: sub(weight, change), m: mean, v: variance };
      },
    }),

  lion: ({ beta1 = 0.9, beta2 = 0.99 } = {}, common) =>
    customOptimizer({
      learningRate: 1e-4,
      ...common,
      states: ['m'],
      update({ weight, gradient, m, rate }, { add, mul, sign, sub }) {
        const blend = (beta: number) => add(mul(beta, m), mul(1 - beta, gradient));
        return { weight: sub(weight, mul(rate, sign(blend(Number(beta1))))), m: blend(Number(beta2)) };
      },
    }),
};

const { sgd, adam } = ownOptimizers as Required<typeof ownOptimizers>;
/** Names of the library that are one of these with other defaults. */
export const variants: typeof ownOptimizers = {
  momentum: (options, common) => sgd!({ momentum: 0.9, ...options }, common),
  nesterov: (options, common) => sgd!({ momentum: 0.9, nesterov: true, ...options }, common),
  adamw: (options, common) => adam!(options, { weightDecay: 0.01, ...common }),
};
