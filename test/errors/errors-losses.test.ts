import { describe } from 'vitest';
import type { LossName } from '../../src/kernels/tables.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from '../../src/kernels/twins/losses-binary.js';
import { huber, quantile } from '../../src/kernels/twins/losses-regression.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { auc } from '../../src/nn/metrics/index.js';
import { any } from '../support/any.js';
import {
  backend,
  classifier,
  good,
  normalized,
  type Refusal,
  rows,
  testThrows,
  withCompile,
} from '../support/errors.js';

const withLoss = (loss: LossName, y: readonly number[]) => () => {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
  model.compile({ optimizer: 'sgd', loss });
  return model.trainOnBatch(rows, y);
};

const weighted = (sampleWeight: unknown) => () =>
  classifier().trainOnBatch(rows, [0, 1, 2], { sampleWeight: any(sampleWeight) });

const refusals: readonly Refusal[] = [
  [
    'a penalty on what the loss computes',
    withCompile(good, { units: 3, activation: 'softmax', activityRegularizer: 'l2' }),
    'ValueError',
    /activityRegularizer/,
    /softmax/,
  ],
  ['an unknown loss', withCompile({ ...good, loss: 'mse' }), 'UnknownNameError', /loss/, /meanSquaredError/],
  ['a short name for a focal loss', withCompile({ ...good, loss: 'focal' }), 'UnknownNameError', /categoricalFocalCro/],
  ['a loss that is a function', withCompile({ ...good, loss: huber }), 'ValueError', /loss/, /huber\(\)/],
  ['a spec of no loss', withCompile({ ...good, loss: { name: 'hubber' } }), 'UnknownNameError', /mean 'huber'/],
  ['a delta of 0', () => huber({ delta: 0 }), 'ValueError', /huber\.delta/, /> 0/],
  ['a tau of 1', () => quantile({ tau: 1 }), 'ValueError', /quantile\.tau/, /< 1/],
  [
    'an unknown reduction',
    () => huber({ reduction: any('none') }),
    'UnknownNameError',
    /huber\.reduction/,
    /mean, sum/,
  ],
  ['smoothing above 1', () => binaryCrossentropy({ labelSmoothing: 1.1 }), 'ValueError', /labelSmoothing/, /<= 1/],
  ['a negative gamma', () => binaryFocalCrossentropy({ gamma: -1 }), 'ValueError', /gamma/, />= 0/],
  ['an alpha that is no number', () => binaryFocalCrossentropy({ alpha: Number.NaN }), 'ValueError', /alpha/, /NaN/],
  ['an unknown loss option', () => huber(any({ tau: 1 })), 'UnknownNameError', /huber\.tau/],
  [
    'a loss option in a spec',
    withCompile({ ...good, loss: { name: 'huber', delta: -1 } }),
    'ValueError',
    /huber\.delta/,
  ],
  ['too many loss weights', withCompile({ ...good, lossWeights: [1, 2] }), 'ValueError', /lossWeights/, /1 weight,/],
  ['loss weights of no output', withCompile({ ...good, lossWeights: { x: 1 } }), 'UnknownNameError', /lossWeights\.x/],
  ['a negative loss weight', withCompile({ ...good, lossWeights: [-1] }), 'ValueError', /lossWeights/, />= 0/],
  ['loss weights that are a number', withCompile({ ...good, lossWeights: 2 }), 'ValueError', /lossWeights/, /got 2/],
  ['a negative count', withLoss('poisson', [1, -1, 2]), 'ValueError', /y\[1\]/, /0 or more/],
  ['a negative target of logarithms', withLoss('meanSquaredLogarithmicError', [1, 0, -2]), 'ValueError', /y\[2\]/],
  ['a side of 0.5', withLoss('hinge', [1, 0.5, -1]), 'ValueError', /y\[1\]/, /-1 or 1/],
  // Three classes: [labels, the hint].
  ...(
    [
      [[1, 2, 3], /from 1 to 3.*subtract 1 from each/],
      [[3, 1, 1], /from 1 to 3.*subtract 1 from each/],
      [[1, 2, 5], /from 1 to 5.*subtract 1 .*end the model in 5 units/],
      [[0, 1, 3], /up to 3: end the model in 4 units/],
      [[7, 8, 9], /from 7 to 9.*subtract 7/],
      [[-1, 0, 2], /begin at 0: drop the rows of -1/],
    ] as const
  ).flatMap(([labels, hint]): Refusal[] => [
    [`labels ${labels}`, () => classifier().trainOnBatch(rows, [...labels]), 'ValueError', /^y\[\d\]/, hint],
    [
      `labels ${labels} of a metric`,
      () =>
        auc(
          [...labels],
          [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
          ],
        ),
      'ValueError',
      /^yTrue/,
      hint,
    ],
  ]),
  ['sides of two kinds', withLoss('squaredHinge', [1, 0, -1]), 'ValueError', /y/, /both 0 and -1/],
  ['a probability of 2', withLoss('klDivergence', [0, 2, 1]), 'ValueError', /y\[1\]/, /0 to 1/],
  ['too few weights', weighted([1, 2]), 'ShapeError', /sampleWeight/, /2 rows/, /3 numbers/],
  ['a negative weight', weighted([1, -1, 1]), 'ValueError', /sampleWeight\[1\]/, />= 0/],
  ['a weight that is NaN', weighted([1, 1, Number.NaN]), 'ValueError', /sampleWeight\[2\]/, /NaN/],
  ['rows of weights', weighted(rows), 'ShapeError', /sampleWeight/, /2 columns/],
  [
    'a misspelt weight',
    () => classifier().evaluate(rows, [0, 1, 2], any({ weights: 1 })),
    'UnknownNameError',
    /evaluate/,
  ],
  [
    'a crossentropy without softmax',
    withCompile(good, { units: 3 }),
    'ValueError',
    /loss/,
    /ends in linear/,
    /activation: 'softmax'/,
  ],
  [
    'a binary loss on softmax',
    withCompile({ ...good, loss: 'binaryCrossentropy' }),
    'ValueError',
    /activation: 'sigmoid'/,
  ],
  [
    'a softmax of one unit',
    withCompile(good, { units: 1, activation: 'softmax' }),
    'ValueError',
    /1 output/,
    /sigmoid/,
  ],
  ['a label too large', () => classifier().trainOnBatch(rows, [0, 1, 3]), 'ValueError', /y\[2\]/, /got 3/, /0 to 2/],
  ['a negative label', () => classifier().trainOnBatch(rows, [0, -1, 2]), 'ValueError', /y\[1\]/, /-1/],
  ['half a label', () => classifier().trainOnBatch(rows, [0, 0.5, 2]), 'ValueError', /y\[1\]/, /0\.5/],
  ['NaN among labels', () => classifier().trainOnBatch(rows, [0, Number.NaN, 2]), 'ValueError', /y\[1\]/, /NaN/],
  [
    'one-hot labels for a sparse loss',
    () =>
      classifier().trainOnBatch(rows, [
        [0, 1, 0],
        [1, 0, 0],
        [1, 0, 0],
      ]),
    'ShapeError',
    /3 columns/,
    /categoricalCrossentropy/,
  ],
  ['NaN among targets', () => normalized().trainOnBatch(rows, [1, Number.NaN, 2]), 'ValueError', /y/, /NaN/],
  ['infinity among targets', () => normalized().trainOnBatch(rows, [1, Infinity, 2]), 'ValueError', /y/, /Infinity/],
  ['a loss by its short name', withCompile({ ...good, loss: 'MSE' }), 'UnknownNameError', /mean 'meanSquaredError'/],
];

describe('errors: losses, targets and weights of rows', () => {
  testThrows(refusals);
});
