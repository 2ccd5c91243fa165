import { describe, expect, test } from 'vitest';
import { layerSequentialUnitVariance } from '../../src/model/lsuv.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { any } from '../support/any.js';
import { backend, classifier, normalized, type Refusal, rows, testThrows } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  [
    'freezing a layer that is not there',
    () => classifier().setTrainable('layers.1', false),
    'UnknownNameError',
    /mean/,
  ],
  [
    'freezing a layer without weights by name',
    () => sequential({ layers: [dropout({ rate: 0, inputShape: 2 })], backend }).setTrainable('layers.0', false),
    'ValueError',
    /without weights/,
  ],
  ['freezing by what is no boolean', () => classifier().setTrainable('layers.0', any('no')), 'ValueError', /'no'/],
  [
    'training after freezing, not compiled',
    () => {
      const model = classifier();
      model.setTrainable('layers.0', false);
      model.trainOnBatch(rows, [0, 1, 2]);
    },
    'StateError',
    /setTrainable was called since compile/,
  ],
  ['averages that nobody keeps', () => classifier().averagedWeights(), 'StateError', /compile\(\{ averaging \}\)/],
  ['applying averages that nobody keeps', () => classifier().applyAveragedWeights(), 'StateError', /averaging/],
  [
    'moments of batches of one',
    () => normalized().updateMovingMoments(rows, { batchSize: 1 }),
    'ValueError',
    /batchSize/,
    />= 2/,
  ],
  [
    'moments before compile',
    () => sequential({ layers: [batchNormalization({ inputShape: 2 })], backend }).updateMovingMoments(rows),
    'StateError',
    /compile/,
  ],
  ['moments of one row', () => normalized().updateMovingMoments([[1, 2]]), 'ValueError', /rows of x/, />= 2/],
  [
    'evaluating before compile',
    () => sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend }).evaluate(rows, [1, 2, 3]),
    'StateError',
    /compile/,
  ],
  [
    'a learning rate that is no number',
    () => {
      classifier().learningRate = Number.NaN;
    },
    'ValueError',
    /learningRate/,
  ],
  ['a program of no mode', () => classifier().program(any('training'), 2), 'UnknownNameError', /mode/, /train/],
  [
    'a learning rate before compile',
    () => {
      sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend }).learningRate = 1;
    },
    'StateError',
    /compile/,
  ],
  [
    'weights whose typed array became an object',
    () =>
      classifier().setWeights({
        ...classifier().getWeights(),
        'layers.0.bias': any({ data: { 0: 1 }, rows: 1, columns: 3 }),
      }),
    'ValueError',
    /weights\['layers\.0\.bias'\]\.data/,
    /JSON/,
  ],
  [
    'a tolerance of 0',
    () => layerSequentialUnitVariance(classifier(), rows, { tolerance: 0 }),
    'ValueError',
    /tolerance/,
    /> 0/,
  ],
  [
    'a misspelt option of a tool',
    () => layerSequentialUnitVariance(classifier(), rows, any({ iterations: 1 })),
    'UnknownNameError',
    /mean 'maxIterations'/,
  ],
  ['a program of no rows', () => classifier().program('predict', 0), 'ValueError', /rows/],
  [
    'weights that lack one',
    () => classifier().setWeights({ 'layers.0.kernel': rows }),
    'ValueError',
    /weights\['layers\.0\.bias'\]/,
    /nothing for layers\.0\.bias \(1 x 3\)/,
    /each of the model's 2 parameters/,
  ],
  ['no weights at all', () => classifier().setWeights(any(undefined)), 'ValueError', /bias \(1 x 3\), got undefined/],
  ['weights of nothing', () => classifier().setWeights({}), 'ValueError', /nothing for .*kernel \(2 x 3\), .*bias/],
  [
    'weights without a value',
    () => classifier().setWeights(any({ 'layers.0.bias': undefined })),
    'ValueError',
    /kernel.*bias/,
  ],
  ['a list of weights', () => classifier().setWeights(any([rows, [0, 0, 0]])), 'ValueError', /by the name of each/],
  ['a Map of weights', () => classifier().setWeights(any(new Map())), 'ValueError', /a Map/, /Object\.fromEntries/],
  [
    'weights with an unknown name',
    () => classifier().setWeights({ ...classifier().getWeights(), 'layers.0.kernl': rows }),
    'UnknownNameError',
    /mean 'layers\.0\.kernel'/,
  ],
  [
    'weights of another shape',
    () => classifier().setWeights({ ...classifier().getWeights(), 'layers.0.kernel': rows }),
    'ShapeError',
    /3 x 2/,
    /2 x 3/,
  ],
  [
    'weights that are not finite',
    () => classifier().setWeights({ ...classifier().getWeights(), 'layers.0.bias': [0, 0, Number.NaN] }),
    'ValueError',
    /layers\.0\.bias/,
  ],
];

describe('errors: methods of a model', () => {
  testThrows(refusals);

  test('refused weights leave the model as it was', () => {
    const model = classifier();
    const before = model.getWeights();
    expect(() => model.setWeights({ ...before, 'layers.0.bias': [1, 2] })).toThrow();
    expect(() => model.setWeights({ 'layers.0.kernel': before['layers.0.kernel']! })).toThrow(/layers\.0\.bias/);
    expect(model.getWeights()).toEqual(before);
  });
});
