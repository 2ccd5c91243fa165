import { describe } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import { lambda } from '../../src/callbacks/lambda.js';
import { learningRateScheduler, reduceLROnPlateau } from '../../src/callbacks/learning-rate.js';
import { csvLogger } from '../../src/callbacks/loggers.js';
import { progress } from '../../src/callbacks/progress.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import { any } from '../support/any.js';
import {
  backend,
  classifier,
  lookUps,
  normalized,
  type Refusal,
  rows,
  testRejects,
  testThrows,
} from '../support/errors.js';

const fitted = (options: unknown) => () => classifier().fit(rows, [0, 1, 2], any(options));

const callbacks: readonly Refusal[] = [
  ['a negative patience', () => earlyStopping({ patience: -1 }), 'ValueError', /earlyStopping\.patience/, />= 0/],
  ['a misspelt patience', () => earlyStopping(any({ patients: 1 })), 'UnknownNameError', /mean 'patience'/],
  ['a mode of nothing', () => earlyStopping({ mode: any('less') }), 'ValueError', /earlyStopping\.mode/, /'min'/],
  ['a factor of 1', () => reduceLROnPlateau({ factor: 1 }), 'ValueError', /reduceLROnPlateau\.factor/, /< 1/],
  ['a schedule that is a number', () => learningRateScheduler(any(0.1)), 'ValueError', /a function of the epoch/],
  ['a logger without a place', () => csvLogger(any(undefined)), 'ValueError', /a path, a function or a WritableStream/],
  ['a separator of nothing', () => csvLogger('x', { separator: '' }), 'ValueError', /csvLogger\.separator/],
  ['a progress of dots', () => progress({ mode: any('dots') }), 'ValueError', /progress\.mode/, /'lines'/],
  ['a hook that nothing calls', () => lambda(any({ onEpoch() {} })), 'UnknownNameError', /onEpoch/],
];

const fits: readonly Refusal<Promise<unknown>>[] = [
  [
    'a part of the rows with lbfgs',
    () => {
      const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
      model.compile({ optimizer: lbfgs(), loss: 'meanSquaredError' });
      return model.fit(rows, [0, 1, 2], { batchSize: 2 });
    },
    'ValueError',
    /batchSize/,
    /2 of 3 rows/,
    /all rows with lbfgs/,
  ],
  ['no epochs', () => classifier().fit(rows, [0, 1, 2], { epochs: 0 }), 'ValueError', /epochs/, /got 0/],
  ['a lint that is no choice', fitted({ lint: { ignore: 'all' } }), 'ValueError', /^lint\.ignore/, /array/],
  ['a batch size of 0', () => classifier().fit(rows, [0, 1, 2], { batchSize: 0 }), 'ValueError', /batchSize/],
  ['a validation split of 1', () => classifier().fit(rows, [0, 1, 2], { validationSplit: 1 }), 'ValueError', /< 1/],
  [
    'a split without a row',
    () => classifier().fit(rows, [0, 1, 2], { validationSplit: 0.7 }),
    'ValueError',
    /0\.7 of 3/,
  ],
  [
    'validation data that is no pair',
    () => classifier().fit(rows, [0, 1, 2], { validationData: any([...rows, [0, 0]]) }),
    'ValueError',
    /\[x, y\]/,
  ],
  [
    'validation data that does not fit',
    () => classifier().fit(rows, [0, 1, 2], { validationData: [[[1, 2, 3]], [0]] }),
    'ShapeError',
    /validationData\[0\]/,
  ],
  [
    'options in the place of targets',
    () => classifier().fit(rows, any({ epochs: 2, batchSize: 3 })),
    'ValueError',
    /^y: expected targets/,
    /the options epochs, batchSize/,
    /fit\(x, y, \{ epochs/,
  ],
  ['no targets', () => classifier().fit(rows, any(undefined), { epochs: 2 }), 'ValueError', /^y: .*nothing/],
  ['a target by a wrong name', () => classifier().fit(rows, { epoch: [0, 1, 2] }), 'UnknownNameError', /y\.epoch/],
  [
    'hooks as Keras writes them',
    fitted({ callbacks: [{ onTrainBegin() {} }, { on_epoch_end() {}, patience: 3 }] }),
    'ValueError',
    /callbacks\[1\]: .*onEpochEnd/,
    /with on_epoch_end and no hook/,
    /mean 'onEpochEnd'/,
  ],
  [
    'a class without a hook',
    fitted({
      callbacks: [
        new (class {
          afterEpoch() {}
        })(),
      ],
    }),
    'ValueError',
    /callbacks\[0\]/,
    /with afterEpoch/,
  ],
  [
    'callbacks that are no list',
    () => classifier().fit(rows, [0, 1, 2], { callbacks: any({ onEpochEnd() {} }) }),
    'ValueError',
    /array/,
  ],
  [
    'a callback that is none',
    () => classifier().fit(rows, [0, 1, 2], { callbacks: [any(3)] }),
    'ValueError',
    /callbacks\[0\]/,
  ],
  [
    'a shuffle that is no boolean',
    () => classifier().fit(rows, [0, 1, 2], { shuffle: any('no') }),
    'ValueError',
    /shuffle/,
  ],
  [
    'weights of validation data that do not fit',
    () => classifier().fit(rows, [0, 1, 2], { validationData: [rows, [0, 1, 2], [1]] }),
    'ShapeError',
    /validationData\[2\]/,
  ],
  ['a weight of class 3', fitted({ classWeight: { 3: 1 } }), 'UnknownNameError', /classWeight/, /'3'/, /0 to 2/],
  ['a negative class weight', fitted({ classWeight: { 1: -1 } }), 'ValueError', /classWeight\[1\]/, />= 0/],
  [
    'too few class weights',
    fitted({ classWeight: [1, 2] }),
    'ShapeError',
    /classWeight/,
    /array of 2/,
    /3, one for each/,
  ],
  ['a hole in class weights', fitted({ classWeight: [1, any(undefined), 2] }), 'ValueError', /classWeight\[1\]/],
  ['class weights in words', fitted({ classWeight: any('equal') }), 'ValueError', /classWeight/, /'balanced'/],
  ['class weights of null', fitted({ classWeight: any(null) }), 'ValueError', /classWeight/, /by class index/],
  [
    'class weights of numbers',
    () => normalized().fit(rows, [0, 1, 2], { classWeight: { 0: 1 } }),
    'ValueError',
    /classWeight/,
    /one class per row/,
    /sampleWeight/,
  ],
  ['mixed labels', fitted({ mixup: 0.2 }), 'ValueError', /mixup/, /categoricalCrossentropy with one-hot/],
  [
    'ids between ids',
    () =>
      lookUps({}, { trainable: false }).fit(
        [
          [0, 1],
          [1, 2],
        ],
        [0, 1],
        { mixup: 0.2 },
      ),
    'ValueError',
    /^mixup/,
    /ids of layers\.0/,
  ],
  ['a mixup of 0', fitted({ mixup: 0 }), 'ValueError', /mixup/, /> 0/],
  [
    'validation data and a split',
    () => classifier().fit(rows, [0, 1, 2], { validationData: [rows, [0, 1, 2]], validationSplit: 0.5 }),
    'ValueError',
    /not both/,
  ],
  [
    'a source that is no module',
    () => wasm({ source: any('kernels.wasm') }),
    'ValueError',
    /wasm\.source/,
    /'kernels\.wasm'/,
  ],
  [
    'a source of another module',
    () => wasm({ source: new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]) }),
    'ValueError',
    /without the compute kernels/,
  ],
  [
    'a misspelt hook',
    () => classifier().fit(rows, [0, 1, 2], { callbacks: [any({ onEpoch() {} })] }),
    'UnknownNameError',
    /onEpochEnd/,
  ],
  [
    'a misspelt option',
    () => classifier().fit(rows, [0, 1, 2], any({ epoch: 2 })),
    'UnknownNameError',
    /mean 'epochs'/,
  ],
  ['an initialEpoch behind the last', fitted({ initialEpoch: 3, epochs: 2 }), 'ValueError', /initialEpoch/, /<= 2/],
  ['no steps in an epoch', fitted({ stepsPerEpoch: 0 }), 'ValueError', /stepsPerEpoch/, />= 1/],
  ['validation every 0 epochs', fitted({ validationFreq: 0 }), 'ValueError', /validationFreq/, />= 1/],
  ['validation after epoch 0', fitted({ validationFreq: [2, 0] }), 'ValueError', /validationFreq\[1\]/],
  ['half a step of validation', fitted({ validationSteps: 0.5 }), 'ValueError', /validationSteps/, /integer/],
  ['a batch of no validation rows', fitted({ validationBatchSize: 0 }), 'ValueError', /validationBatchSize/],
  ['a split by the way', fitted({ stratify: true }), 'ValueError', /stratify/, /validationSplit/],
  ['a verbosity of 3', fitted({ verbose: any(3) }), 'ValueError', /verbose/, /'auto'/],
  ['a controller for a signal', fitted({ signal: any(new AbortController()) }), 'ValueError', /controller\.signal/],
  ['a control that is none', fitted({ control: any({}) }), 'ValueError', /trainingControl\(\)/],
  ['resume that is no boolean', fitted({ resume: any('yes') }), 'ValueError', /resume/],
  ['resuming what never began', fitted({ resume: true }), 'StateError', /no unfinished run/],
  ['a callback that was not called', fitted({ callbacks: [any(earlyStopping)] }), 'ValueError', /Call it/],
  ['a monitor that is no name', fitted({ callbacks: [earlyStopping({ monitor: 'f1' })] }), 'UnknownNameError', /f1/],
  [
    'validation that is not there',
    fitted({ callbacks: [reduceLROnPlateau()] }),
    'UnknownNameError',
    /reduceLROnPlateau\.monitor/,
    /validationData or validationSplit/,
  ],
  ['a stream that is empty', () => classifier().fit(() => []), 'StreamError', /none in epoch 0/],
  [
    'a stream with a wrong batch',
    () =>
      classifier().fit(() => [
        [rows, [0, 1, 2]],
        [[[1, 2, 3]], [0]],
      ]),
    'ShapeError',
    /^epoch 0, batch 1: x/,
    /3 columns/,
  ],
  ['a batch size for a stream', () => classifier().fit(() => [], any({ batchSize: 2 })), 'ValueError', /batchSize/],
  [
    'a last batch of one with batch norm',
    () => normalized().fit(rows, [0, 1, 2], { batchSize: 2 }),
    'ValueError',
    /batchSize/,
    /3 rows/,
  ],
];

describe('errors: fit and its callbacks', () => {
  testThrows(callbacks);
  testRejects('fit', fits);
});
