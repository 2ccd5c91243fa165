import { describe, expect, test } from 'vitest';
import { adam } from '../../src/kernels/twins/adam.js';
import { adagrad, lion, momentum, rmsprop, sgd } from '../../src/kernels/twins/optimizers.js';
import { exponentialMovingAverage, stochasticWeightAveraging } from '../../src/nn/optimizers/averaging.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import {
  cosine,
  exponentialDecay,
  oneCycle,
  polynomial,
  stepDecay,
  warmup,
} from '../../src/nn/optimizers/schedules.js';
import { any } from '../support/any.js';
import { good, lookUps, type Refusal, testThrows, withCompile } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  ['an unknown optimizer', withCompile({ ...good, optimizer: 'adma' }), 'UnknownNameError', /optimizer/, /mean 'adam'/],
  [
    'the name of an optimizer that programs know by its function',
    withCompile({ ...good, optimizer: 'nadam' }),
    'UnknownNameError',
    /optimizer: expected one of sgd/,
    /pass nadam\(\)/,
  ],
  [
    'an unknown answer to NaN',
    withCompile({ ...good, onNonFinite: 'ignore' as never }),
    'ValueError',
    /^onNonFinite/,
    /'skip'/,
  ],
  ['a clip norm of 0', withCompile({ ...good, globalClipNorm: 0 }), 'ValueError', /globalClipNorm/, /> 0/],
  ['a negative clip value', withCompile({ ...good, clipValue: -1 }), 'ValueError', /^clipValue/, /> 0/],
  ['a clip norm that is no number', withCompile({ ...good, clipNorm: '1' }), 'ValueError', /^clipNorm/, /'1'/],
  [
    'two ways of clipping',
    withCompile({ ...good, clipNorm: 1, globalClipNorm: 2 }),
    'ValueError',
    /^globalClipNorm/,
    /2 with clipNorm/,
    /one way/,
  ],
  ['tracking by a number', withCompile({ ...good, trackGradientNorm: 1 }), 'ValueError', /trackGradientNorm/, /got 1/],
  [
    'half a batch accumulated',
    withCompile({ ...good, gradientAccumulationSteps: 1.5 }),
    'ValueError',
    /gradientAccumulationSteps/,
    /integer >= 1/,
  ],
  ['no batch accumulated', withCompile({ ...good, gradientAccumulationSteps: 0 }), 'ValueError', /got 0/],
  ['an unknown average', withCompile({ ...good, averaging: 'ema' }), 'UnknownNameError', /exponentialMovingAverage/],
  ['an average that is a number', withCompile({ ...good, averaging: 0.9 }), 'ValueError', /averaging/, /0\.9/],
  ['a momentum of 1', () => exponentialMovingAverage({ momentum: 1 }), 'ValueError', /momentum/, />= 0 and < 1/],
  [
    'overwriting every half update',
    () => exponentialMovingAverage({ overwriteFrequency: 0.5 }),
    'ValueError',
    /overwriteFrequency/,
    /integer/,
  ],
  ['averages from update 0 on', () => stochasticWeightAveraging({ start: 0 }), 'ValueError', /start/, />= 1/],
  [
    'averages as data, out of range',
    withCompile({ ...good, averaging: Object.assign(stochasticWeightAveraging(), { every: 0 }) }),
    'ValueError',
    /every/,
    />= 1/,
  ],
  [
    'accumulation with a line search',
    withCompile({ ...good, optimizer: lbfgs(), gradientAccumulationSteps: 2 }),
    'ValueError',
    /2 with lbfgs/,
    /line search/,
  ],
  [
    'averages with a line search',
    withCompile({ ...good, optimizer: lbfgs(), averaging: exponentialMovingAverage() }),
    'ValueError',
    /averaging/,
    /lbfgs/,
  ],
  [
    'rates of layers with a line search',
    withCompile({ ...good, optimizer: lbfgs() }, { units: 3, activation: 'softmax', learningRateMultiplier: 2 }),
    'ValueError',
    /layers\.0\.learningRateMultiplier/,
    /2 with lbfgs/,
  ],
  ['a misspelt compile option', withCompile({ ...good, clippNorm: 1 }), 'UnknownNameError', /mean 'clipNorm'/],
  ['a negative learning rate', () => adam({ learningRate: -1 }), 'ValueError', /adam\.learningRate/, /-1/],
  ['a beta of 1', () => adam({ beta2: 1 }), 'ValueError', /adam\.beta2/, /< 1/],
  ['an unknown optimizer option', () => adam(any({ lr: 1 })), 'UnknownNameError', /adam\.lr/],
  ['nesterov without momentum', () => sgd({ nesterov: true }), 'ValueError', /nesterov/, /momentum/],
  ['a momentum that is no number', () => sgd({ momentum: any('0.9') }), 'ValueError', /momentum/, /'0\.9'/],
  ['a negative weight decay', () => lion({ weightDecay: -1 }), 'ValueError', /lion\.weightDecay/, />= 0/],
  ['a rho of 1', () => rmsprop({ rho: 1 }), 'ValueError', /rmsprop\.rho/, /< 1/],
  ['amsgrad that is no boolean', () => adam({ amsgrad: any(1) }), 'ValueError', /adam\.amsgrad/, /true or false/],
  ['an epsilon of 0', () => adagrad({ epsilon: 0 }), 'ValueError', /adagrad\.epsilon/, />= 1e-30/],
  ['a momentum of 0 by that name', () => momentum({ momentum: 0 }), 'ValueError', /momentum\.momentum/, /> 0/],
  ['a history of nothing', () => lbfgs({ historySize: 0 }), 'ValueError', /lbfgs\.historySize/, /integer >= 1/],
  ['weight decay with lbfgs', () => lbfgs(any({ weightDecay: 1 })), 'UnknownNameError', /lbfgs\.weightDecay/],
  [
    'clipping with lbfgs',
    withCompile({ ...good, optimizer: lbfgs(), globalClipNorm: 1 }),
    'ValueError',
    /globalClipNorm/,
    /1 with lbfgs/,
  ],
  ['a schedule without its steps', () => cosine(any({ initialLearningRate: 1 })), 'ValueError', /cosine\.decaySteps/],
  [
    'a schedule of no steps',
    () => stepDecay({ initialLearningRate: 1, decaySteps: 0 }),
    'ValueError',
    /stepDecay\.decaySteps/,
    /integer >= 1/,
  ],
  [
    'a negative rate at the start',
    () => polynomial({ initialLearningRate: -1, decaySteps: 3 }),
    'ValueError',
    /polynomial\.initialLearningRate/,
    />= 0/,
  ],
  [
    'a share above 1',
    () => oneCycle({ maxLearningRate: 1, totalSteps: 9, pctStart: 2 }),
    'ValueError',
    /oneCycle\.pctStart/,
    /<= 1/,
  ],
  [
    'an option of another schedule',
    () => exponentialDecay(any({ initialLearningRate: 1, decaySteps: 1, decayRate: 1, alpha: 0 })),
    'UnknownNameError',
    /exponentialDecay\.alpha/,
  ],
  [
    'a warm-up to nothing',
    () => warmup(any({ warmupSteps: 3 })),
    'ValueError',
    /warmup\.schedule/,
    /such as cosine\(\)/,
  ],
  [
    'an unknown schedule',
    withCompile({ ...good, optimizer: adam({ learningRate: any({ name: 'cosin' }) }) }),
    'UnknownNameError',
    /adam\.learningRate/,
    /mean 'cosine'/,
  ],
  [
    'a schedule that was not called',
    () => adam({ learningRate: any(cosine) }),
    'ValueError',
    /adam\.learningRate/,
    /a function/,
  ],
  [
    'an optimizer as data, out of range',
    withCompile({ ...good, optimizer: { name: 'sgd', momentum: 2 } }),
    'ValueError',
    /<= 1/,
  ],
  [
    'accumulation with a table',
    () => lookUps({ gradientAccumulationSteps: 2 }),
    'ValueError',
    /^gradientAccumulationSteps/,
    /2 with layers\.0, an embedding/,
    /sparse: false.*trainable: false/,
  ],
  [
    'averages of a table',
    () => lookUps({ averaging: exponentialMovingAverage() }),
    'ValueError',
    /^averaging/,
    /with layers\.0, an embedding/,
    /sparse: false.*trainable: false/,
  ],
  [
    'a line search over a table',
    () => lookUps({ optimizer: lbfgs() }),
    'ValueError',
    /^optimizer/,
    /lbfgs with layers\.0, an embedding/,
    /adam.*sparse: false/,
  ],
  ['an optimizer that was not called', withCompile({ ...good, optimizer: adam }), 'ValueError', /adam\(\)/],
];

describe('errors: optimizers, schedules and what compile takes beside them', () => {
  testThrows(refusals);

  test('argument errors carry their parts', () => {
    try {
      adam({ beta1: 2 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ argument: 'adam.beta1', given: '2', expected: expect.stringContaining('< 1') });
    }
  });
});
