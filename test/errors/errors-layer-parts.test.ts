import { describe } from 'vitest';
import { relu, step } from '../../src/kernels/twins/activations.js';
import { maxNorm, nonNeg } from '../../src/kernels/twins/constraints.js';
import { elu, gelu } from '../../src/kernels/twins/gates.js';
import { leakyRelu, prelu, rrelu } from '../../src/kernels/twins/leaky.js';
import {
  calculateGain,
  heNormal,
  identity,
  orthogonal,
  randomUniform,
  varianceScaling,
} from '../../src/nn/initializers/initializers.js';
import { activation, dense } from '../../src/nn/layers/index.js';
import { l1l2, l2 } from '../../src/nn/regularizers.js';
import { any } from '../support/any.js';
import { type Refusal, testThrows, withLayer } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  [
    'an unknown activation',
    withLayer(dense({ units: 1, inputShape: 2, activation: any('rellu') })),
    'UnknownNameError',
    /activation/,
    /mean 'relu'/,
  ],
  [
    'an activation that is a function',
    withLayer(activation(any({ activation: elu, inputShape: 2 }))),
    'ValueError',
    /activation/,
    /elu\(\)|relu\(\)/,
  ],
  [
    'an activation that is a number',
    withLayer(activation(any({ activation: 3, inputShape: 2 }))),
    'ValueError',
    /activation/,
    /got 3/,
  ],
  [
    'an activation spec without a name',
    withLayer(activation(any({ activation: {}, inputShape: 2 }))),
    'ValueError',
    /activation/,
    /a name or a spec/,
  ],
  [
    'an activation spec that is out of range',
    withLayer(activation({ activation: any({ name: 'elu', alpha: -1 }), inputShape: 2 })),
    'ValueError',
    /elu\.alpha/,
    />= 0/,
  ],
  ['a negative alpha of elu', () => elu({ alpha: -1 }), 'ValueError', /elu\.alpha/, /-1/, />= 0/],
  ['an alpha of elu that is no number', () => elu({ alpha: Number.NaN }), 'ValueError', /elu\.alpha/, /NaN/],
  ['an unknown option of elu', () => elu(any({ beta: 1 })), 'UnknownNameError', /elu\.beta/],
  ['an option of relu', () => relu(any({ alpha: 1 })), 'UnknownNameError', /relu\.alpha/],
  ['a negative slope of leakyRelu', () => leakyRelu({ alpha: -0.1 }), 'ValueError', /leakyRelu\.alpha/, />= 0/],
  ['an infinite slope of prelu', () => prelu({ alpha: Infinity }), 'ValueError', /prelu\.alpha/, /finite/],
  ['a negative slope of rrelu', () => rrelu({ lower: -1 }), 'ValueError', /rrelu\.lower/, />= 0/],
  [
    'slopes of rrelu in the wrong order',
    () => rrelu({ lower: 0.5, upper: 0.2 }),
    'ValueError',
    /rrelu\.upper/,
    /at least lower, 0\.5/,
  ],
  [
    'a gelu approximated by name',
    () => gelu({ approximate: any('tanh') }),
    'ValueError',
    /gelu\.approximate/,
    /true or false/,
  ],
  [
    'an unknown surrogate',
    () => step({ surrogate: any('sigmoidal') }),
    'UnknownNameError',
    /step\.surrogate/,
    /mean 'sigmoid'/,
  ],
  ['an activation layer without one', withLayer(activation(any({ inputShape: 2 }))), 'ValueError', /undefined/],
  [
    'an unknown initializer',
    withLayer(dense({ units: 1, inputShape: 2, kernelInitializer: any('heUnifrom') })),
    'UnknownNameError',
    /kernelInitializer/,
    /heUniform/,
  ],
  [
    'an initializer that was not called',
    withLayer(dense({ units: 1, inputShape: 2, kernelInitializer: any(heNormal) })),
    'ValueError',
    /layers\.0\.kernelInitializer/,
    /heNormal\(\)/,
  ],
  [
    'an initializer that is no name',
    withLayer(dense({ units: 1, inputShape: 2, biasInitializer: any(0) })),
    'ValueError',
    /biasInitializer/,
    /got 0/,
  ],
  [
    'an initializer as data, out of range',
    withLayer(dense({ units: 1, inputShape: 2, kernelInitializer: { name: 'randomNormal', stddev: -1 } })),
    'ValueError',
    /layers\.0\.kernelInitializer\.randomNormal\.stddev/,
    />= 0/,
  ],
  [
    'an initializer as data, misspelt',
    withLayer(dense({ units: 1, inputShape: 2, kernelInitializer: any({ name: 'constant', valeu: 1 }) })),
    'UnknownNameError',
    /mean 'value'/,
  ],
  ['an initializer with a number for options', () => orthogonal(any(2)), 'ValueError', /orthogonal/, /got 2/],
  ['a gain that is no number', () => orthogonal({ gain: Number.NaN }), 'ValueError', /orthogonal\.gain/, /NaN/],
  ['half a seed', () => heNormal({ seed: 0.5 }), 'ValueError', /heNormal\.seed/, /integer >= 0/],
  ['a seed for no draws', () => identity(any({ seed: 1 })), 'UnknownNameError', /identity\.seed/],
  ['a range from high to low', () => randomUniform({ minval: 1, maxval: 0 }), 'ValueError', /maxval/, />= 1/],
  ['a scale of 0', () => varianceScaling({ scale: 0 }), 'ValueError', /varianceScaling\.scale/, /> 0/],
  [
    'an unknown mode',
    () => varianceScaling({ mode: any('fanin') }),
    'UnknownNameError',
    /varianceScaling\.mode/,
    /mean 'fanIn'/,
  ],
  ['the gain of an unknown activation', () => calculateGain(any('relu6')), 'UnknownNameError', /mean 'relu'/],
  ['a negative l2', () => l2(-1), 'ValueError', /lambda/, /-1/, />= 0/],
  ['an l2 that is no number', () => l2(Number.NaN), 'ValueError', /NaN/],
  ['an l1 below 0', () => l1l2({ l1: -1 }), 'ValueError', /l1l2\.l1/, />= 0/],
  [
    'a regularizer that was not called',
    withLayer(dense({ units: 1, inputShape: 2, biasRegularizer: any(l2) })),
    'ValueError',
    /biasRegularizer/,
    /l1\(\)/,
  ],
  [
    'a number for a regularizer',
    withLayer(dense({ units: 1, inputShape: 2, kernelRegularizer: any(0.1) })),
    'ValueError',
    /kernelRegularizer/,
    /got 0\.1/,
  ],
  [
    'a regularizer as data, out of range',
    withLayer(activation({ inputShape: 2, activation: 'relu', activityRegularizer: { name: 'l1', lambda: -1 } })),
    'ValueError',
    /layers\.0\.activityRegularizer\.l1\.lambda/,
  ],
  ['a max norm of 0', () => maxNorm({ maxValue: 0 }), 'ValueError', /maxNorm\.maxValue/, /> 0/],
  ['an option of none', () => nonNeg(any({ axis: 0 })), 'UnknownNameError', /nonNeg\.axis/],
  [
    'an unknown constraint',
    withLayer(dense({ units: 1, inputShape: 2, kernelConstraint: any('maxnorm') })),
    'UnknownNameError',
    /layers\.0\.kernelConstraint/,
    /mean 'maxNorm'/,
  ],
  [
    'a constraint as data, out of range',
    withLayer(dense({ units: 1, inputShape: 2, biasConstraint: { name: 'maxNorm', maxValue: -1 } })),
    'ValueError',
    /biasConstraint\.maxNorm\.maxValue/,
  ],
  [
    'an unknown regularizer',
    withLayer(dense({ units: 1, inputShape: 2, kernelRegularizer: any({ name: 'l3', lambda: 1 }) })),
    'UnknownNameError',
    /'l3'/,
  ],
];

describe('errors: activations, initializers, regularizers and constraints', () => {
  testThrows(refusals);
});
