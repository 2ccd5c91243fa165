import { type CustomActivation, type CustomLoss, customActivation, customLoss } from '../../../src/index.js';

/** Losses of the kinds that people write; fixtures/pytorch/parts/expressions.py has each in PyTorch. */
export const losses: Readonly<Record<string, CustomLoss>> = {
  meanSquaredError: customLoss((yTrue, yPred, { mean, square, sub }) => mean(square(sub(yPred, yTrue)))),
  rootMeanSquaredError: customLoss((yTrue, yPred, { mean, square, sqrt, sub }) =>
    sqrt(mean(square(sub(yPred, yTrue)))),
  ),
  huber: customLoss((yTrue, yPred, { abs, mean, min, mul, sub }) => {
    const error = abs(sub(yPred, yTrue));
    const small = min(error, 0.75);
    return mean(mul(small, sub(error, mul(0.5, small))));
  }),
  logCosh: customLoss((yTrue, yPred, { abs, add, exp, log, mean, mul, sub }) => {
    const error = abs(sub(yPred, yTrue));
    return mean(sub(add(error, log(add(1, exp(mul(-2, error))))), Math.LN2));
  }),
  correlation: customLoss((yTrue, yPred, { div, mean, mul, sqrt, square, sub, sum }) => {
    const a = sub(yTrue, mean(yTrue));
    const b = sub(yPred, mean(yPred));
    return sub(1, div(sum(mul(a, b)), sqrt(mul(sum(square(a)), sum(square(b))))));
  }),
  gaussian: customLoss(
    (yTrue, yPred, { add, div, exp, matmul, mean, mul, square, sub }) => {
      const [mu, logVariance] = [matmul(yPred, [[1], [0]]), matmul(yPred, [[0], [1]])];
      return mul(0.5, mean(add(logVariance, div(square(sub(yTrue, mu)), exp(logVariance)))));
    },
    { targetColumns: 1 },
  ),
  mahalanobis: customLoss((yTrue, yPred, { matmul, mean, mul, sub, sum }) => {
    const error = sub(yPred, yTrue);
    const weighted = matmul(error, [
      [2, 0.5, 0],
      [0.5, 1, -0.25],
      [0, -0.25, 0.75],
    ]);
    return mean(sum(mul(weighted, error), { axis: 1 }));
  }),
  poisson: customLoss((yTrue, yPred, { abs, exp, mul, sub }) => sub(exp(yPred), mul(abs(yTrue), yPred))),
  quantile: customLoss((yTrue, yPred, { max, mul, sub }) => {
    const error = sub(yTrue, yPred);
    return max(mul(0.9, error), mul(-0.1, error));
  }),
  cosine: customLoss((yTrue, yPred, { div, mul, sqrt, square, sub, sum }) => {
    const norms = mul(sqrt(sum(square(yTrue), { axis: 1 })), sqrt(sum(square(yPred), { axis: 1 })));
    return sub(0, div(sum(mul(yTrue, yPred), { axis: 1 }), norms));
  }),
  binaryCrossentropy: customLoss((yTrue, yPred, { add, log, mul, sigmoid, sub }) => {
    const [t, p] = [sigmoid(yTrue), sigmoid(yPred)];
    return sub(0, add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p)))));
  }),
  weighted: customLoss((yTrue, yPred, { abs, mean, mul, sub, sum }) =>
    mean(sum(mul(abs(sub(yPred, yTrue)), [1, 2, 0.5]), { axis: 1 })),
  ),
};

export const activations: Readonly<Record<string, CustomActivation>> = {
  silu: customActivation((x, { mul, sigmoid }) => mul(x, sigmoid(x))),
  softplus: customActivation((x, { abs, add, exp, log, relu, sub }) => add(relu(x), log(add(1, exp(sub(0, abs(x))))))),
  mish: customActivation((x, { add, exp, log, mul, tanh }) => mul(x, tanh(log(add(1, exp(x)))))),
  hardTanh: customActivation((x, { max, min }) => max(-1, min(1, x))),
  gelu: customActivation((x, { add, mul, square, tanh }) => {
    const cubic = add(x, mul(0.044715, mul(x, square(x))));
    return mul(mul(0.5, x), add(1, tanh(mul(0.7978845608, cubic))));
  }),
  softmax: customActivation((x, { div, exp, sum }) => {
    const e = exp(x);
    return div(e, sum(e, { axis: 1 }));
  }),
  unitNorm: customActivation((x, { div, sqrt, square, sum }) => div(x, sqrt(sum(square(x), { axis: 1 })))),
  layerNorm: customActivation((x, { add, div, mean, sqrt, square, sub }) => {
    const centered = sub(x, mean(x, { axis: 1 }));
    return div(centered, sqrt(add(mean(square(centered), { axis: 1 }), 1e-5)));
  }),
  mixed: customActivation((x, { matmul }) =>
    matmul(x, [
      [0.5, -1],
      [2, 0.25],
    ]),
  ),
  gaussianBump: customActivation((x, { exp, square, sub }) => exp(sub(0, square(x)))),
};
