import {
  type CustomLayer,
  customLayer,
  type Expression,
  type InitializerName,
  type LayerSpec,
  type Operations,
} from '../../../src/index.js';

// Layers that people write themselves; docs/own-layers.md has each, and fixtures/pytorch/parts/own_layers.py in PyTorch.

/** x W + b. */
const product = (x: Expression, w: Expression, b: Expression, { add, matmul }: Operations) => add(matmul(x, w), b);

export const gatedLinearUnit = customLayer({
  type: 'gatedLinearUnit',
  options: { units: 4, kernelInitializer: 'glorotUniform' as InitializerName },
  parameters: ({ x }, { units, kernelInitializer }) => ({
    kernel: { shape: [x, 2 * units], initializer: kernelInitializer },
    bias: { shape: [2 * units] },
  }),
  forward: ({ x, kernel, bias }, { add, matmul, mul, sigmoid, slice }, { units }) => {
    const both = add(matmul(x, kernel), bias);
    return mul(slice(both, 0, units), sigmoid(slice(both, units)));
  },
});

export const highway = customLayer({
  type: 'highway',
  options: { gateBias: -1 },
  parameters: ({ x }, { gateBias }) => ({
    kernel: { shape: [x, x] },
    bias: { shape: [x] },
    gateKernel: { shape: [x, x] },
    gateBias: { shape: [x], initializer: { name: 'constant', value: gateBias } },
  }),
  forward: ({ x, kernel, bias, gateKernel, gateBias }, operations) => {
    const { add, mul, relu, sigmoid, sub } = operations;
    const gate = sigmoid(product(x, gateKernel, gateBias, operations));
    return add(mul(gate, relu(product(x, kernel, bias, operations))), mul(sub(1, gate), x));
  },
});

export const rmsNormalization = customLayer({
  type: 'rmsNormalization',
  options: { epsilon: 1e-6 },
  parameters: ({ x }) => ({ gamma: { shape: [x], initializer: 'ones' } }),
  forward: ({ x, gamma }, { add, div, mean, mul, sqrt, square }, { epsilon }) =>
    mul(gamma, div(x, sqrt(add(mean(square(x), { axis: 1 }), epsilon)))),
});

export const squeezeExcite = customLayer({
  type: 'squeezeExcite',
  options: { ratio: 2 },
  parameters: ({ x }, { ratio }) => {
    const narrow = Math.max(1, Math.floor(x / ratio));
    return {
      squeeze: { shape: [x, narrow], initializer: 'heUniform' },
      squeezeBias: { shape: [narrow] },
      excite: { shape: [narrow, x] },
      exciteBias: { shape: [x] },
    };
  },
  forward: ({ x, squeeze, squeezeBias, excite, exciteBias }, operations) => {
    const { mul, relu, sigmoid } = operations;
    const narrow = relu(product(x, squeeze, squeezeBias, operations));
    return mul(x, sigmoid(product(narrow, excite, exciteBias, operations)));
  },
});

export const featureScale = customLayer({
  type: 'featureScale',
  parameters: ({ x }) => ({ scale: { shape: [x], initializer: 'ones' }, shift: { shape: [x] } }),
  forward: ({ x, scale, shift }, { add, mul }) => add(mul(x, scale), shift),
});

export const mixtureOfExperts = customLayer({
  type: 'mixtureOfExperts',
  options: { units: 4 },
  parameters: ({ x }, { units }) => ({
    gate: { shape: [x, 2] },
    first: { shape: [x, units], initializer: 'heUniform' },
    firstBias: { shape: [units] },
    second: { shape: [x, units], initializer: 'heUniform' },
    secondBias: { shape: [units] },
  }),
  forward: ({ x, gate, first, firstBias, second, secondBias }, operations) => {
    const { add, matmul, mul, relu, slice, softmax, tanh } = operations;
    const shares = softmax(matmul(x, gate));
    return add(
      mul(slice(shares, 0, 1), relu(product(x, first, firstBias, operations))),
      mul(slice(shares, 1), tanh(product(x, second, secondBias, operations))),
    );
  },
});

/** The six layers of the documentation, with options of this test. */
export const sixLayers: Readonly<Record<string, () => LayerSpec>> = {
  gatedLinearUnit: () => gatedLinearUnit({ units: 5 }),
  highway: () => highway(),
  rmsNormalization: () => rmsNormalization({ epsilon: 1e-3 }),
  squeezeExcite: () => squeezeExcite(),
  featureScale: () => featureScale(),
  mixtureOfExperts: () => mixtureOfExperts({ units: 5 }),
};

/** A layer of two inputs: features are scaled and shifted by what the second says. */
export const featureModulation = customLayer({
  inputs: ['x', 'condition'],
  parameters: ({ x, condition }) => ({
    scale: { shape: [condition, x], initializer: 'glorotNormal' },
    shift: { shape: [condition, x], regularizer: 'l2', learningRateMultiplier: 0.5 },
  }),
  forward: ({ x, condition, scale, shift }, { add, matmul, mul }) =>
    add(mul(x, add(1, matmul(condition, scale))), matmul(condition, shift)),
});

/** Layers for what the six leave out. */
export const otherLayers: Readonly<Record<string, CustomLayer<object>>> = {
  'one matrix in two products': customLayer({
    parameters: ({ x }) => ({ w: { shape: [x, x] } }),
    forward: ({ x, w }, { add, matmul, tanh }) => add(x, matmul(tanh(matmul(x, w)), w)),
  }),
  'a matrix of one row as a vector too': customLayer({
    parameters: ({ x }) => ({ w: { shape: [1, x] } }),
    forward: ({ x, w }, { add, matmul, mean, mul, tanh }) => tanh(add(mul(x, w), matmul(mean(x, { axis: 1 }), w))),
  }),
  'a vector of one element, and a narrow result': customLayer({
    parameters: () => ({ temperature: { shape: [1], initializer: 'ones' } }),
    forward: ({ x, temperature }, { mean, mul, square, softmax }) =>
      mean(square(softmax(mul(x, temperature))), { axis: 1 }),
  }),
  'weights that are functions of weights': customLayer({
    parameters: ({ x }) => ({ a: { shape: [x] }, b: { shape: [x], initializer: 'ones' } }),
    forward: ({ x, a, b }, { add, exp, mul, sum, sigmoid, square }) =>
      mul(x, add(sigmoid(exp(mul(a, b))), mul(a, sum(square(b))))),
  }),
  'a choice by comparison': customLayer({
    parameters: ({ x }) => ({ slope: { shape: [x], initializer: { name: 'constant', value: 0.25 } } }),
    forward: ({ x, slope }, { greater, mul, where }) => where(greater(x, 0.05), x, mul(x, slope)),
  }),
  'columns taken apart and joined': customLayer({
    parameters: ({ x }) => ({ w: { shape: [x + 2, 3] } }),
    forward: ({ x, w }, { concatenate, matmul, mean, slice, square, tanh }) =>
      tanh(concatenate(slice(x, 1), matmul(concatenate(x, mean(x, { axis: 1 }), 0.5), w), square(slice(x, 0, 1)))),
  }),
  'a mean over rows that training alone knows': customLayer({
    parameters: ({ x }) => ({ center: { shape: [x] } }),
    forward: ({ x, center }, { add, inTraining, mean, square, sub }) => {
      const ofBatch = mean(square(x), { axis: 0 });
      return inTraining(add(sub(x, ofBatch), center), add(x, center));
    },
  }),
  dropout: customLayer({
    parameters: ({ x }) => ({ w: { shape: [x, x] } }),
    forward: ({ x, w }, { add, dropout, matmul, mean, tanh }) => {
      const wide = dropout(tanh(matmul(dropout(x, 0.25), w)), 0.5);
      return add(wide, dropout(mean(x, { axis: 1 }), 0.25));
    },
  }),
};
