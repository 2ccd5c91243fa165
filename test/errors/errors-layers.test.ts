import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/errors.js';
import { modelFromSpec } from '../../src/model/from-spec.js';
import { model, sequential } from '../../src/model/model.js';
import {
  alphaDropout,
  batchNormalization,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  layerNormalization,
  subtract,
} from '../../src/nn/layers/index.js';
import { any } from '../support/any.js';
import { backend, type Refusal, testThrows, withLayer } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  ['no layers', () => sequential({ layers: [], backend }), 'ValueError', /layers/, /array of length 0/],
  ['layers that are none', withLayer(3), 'ValueError', /layers\.0/, /got 3/, /dense/],
  [
    'an unknown layer',
    () => modelFromSpec({ layers: [{ type: 'dens' }] }, { backend }),
    'UnknownNameError',
    /layers\.0\.type/,
    /'dens'/,
    /Did you mean 'dense'/,
  ],
  [
    'an unknown option',
    withLayer(dense(any({ unit: 3, inputShape: 2 }))),
    'UnknownNameError',
    /layers\.0\.unit/,
    /mean 'units'/,
  ],
  ['no inputShape', withLayer(dense({ units: 3 })), 'ShapeError', /layers\.0\.inputShape/, /nothing/],
  ['an inputShape of two axes', withLayer(dense({ units: 3, inputShape: any([2, 2]) })), 'ValueError', /inputShape/],
  [
    'an inputShape that does not fit',
    () => sequential({ layers: [dense({ units: 3, inputShape: 2 }), dense({ units: 1, inputShape: 4 })], backend }),
    'ShapeError',
    /layers\.1\.inputShape/,
    /got 4/,
    /expected 3/,
  ],
  ['no units', withLayer(dense(any({ inputShape: 2 }))), 'ValueError', /units/, /undefined/, /integer >= 1/],
  ['units of 0', withLayer(dense({ units: 0, inputShape: 2 })), 'ValueError', /units/, /got 0/],
  ['half a unit', withLayer(dense({ units: 1.5, inputShape: 2 })), 'ValueError', /1\.5/, /integer/],
  [
    'a bias that is no boolean',
    withLayer(dense({ units: 1, inputShape: 2, useBias: any(1) })),
    'ValueError',
    /useBias/,
  ],
  ['a dropout of 1', withLayer(dropout({ rate: 1, inputShape: 2 })), 'ValueError', /rate/, /got 1/, />= 0 and < 1/],
  ['a negative dropout', withLayer(dropout({ rate: -0.1, inputShape: 2 })), 'ValueError', /-0\.1/],
  ['a momentum above 1', withLayer(batchNormalization({ momentum: 1.1, inputShape: 2 })), 'ValueError', /momentum/],
  ['an epsilon of 0', withLayer(batchNormalization({ epsilon: 0, inputShape: 2 })), 'ValueError', /epsilon/, /> 0/],
  [
    'a seed below 0',
    () => sequential({ layers: [dense({ units: 1, inputShape: 2 })], seed: -1, backend }),
    'ValueError',
    /seed/,
  ],
  [
    'no backend',
    () => sequential(any({ layers: [dense({ units: 1, inputShape: 2 })] })),
    'ValueError',
    /backend/,
    /wasm/,
  ],
  [
    'a backend not awaited',
    () => sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend: any(Promise.resolve(backend)) }),
    'ValueError',
    /a promise/,
    /await/,
  ],
  ['a misspelt model option', () => sequential(any({ layer: [], backend })), 'UnknownNameError', /mean 'layers'/],
  [
    'a learning rate of 0 times the others',
    withLayer(dense({ units: 1, inputShape: 2, learningRateMultiplier: 0 })),
    'ValueError',
    /learningRateMultiplier/,
    /> 0/,
  ],
  [
    'freezing by a number',
    withLayer(dense({ units: 1, inputShape: 2, trainable: any(0) })),
    'ValueError',
    /layers\.0\.trainable/,
    /true or false/,
  ],
  [
    'freezing what has no weights',
    withLayer(dropout(any({ rate: 0.5, inputShape: 2, trainable: false }))),
    'UnknownNameError',
    /layers\.0\.trainable/,
  ],
  ['a rate of 1', withLayer(alphaDropout({ rate: 1, inputShape: 2 })), 'ValueError', /layers\.0\.rate/, /got 1/, /< 1/],
  ['a negative rate', withLayer(gaussianDropout({ rate: -0.1, inputShape: 2 })), 'ValueError', /rate/, />= 0/],
  ['no rate', withLayer(gaussianDropout(any({ inputShape: 2 }))), 'ValueError', /rate/, /undefined/],
  ['a negative deviation', withLayer(gaussianNoise({ stddev: -1, inputShape: 2 })), 'ValueError', /stddev/, />= 0/],
  ['a deviation of NaN', withLayer(gaussianNoise({ stddev: Number.NaN, inputShape: 2 })), 'ValueError', /stddev/],
  ['an epsilon of 0', withLayer(layerNormalization({ epsilon: 0, inputShape: 2 })), 'ValueError', /epsilon/, /> 0/],
  ['an empty table', withLayer(embedding({ inputDim: 0, outputDim: 2, inputShape: 1 })), 'ValueError', /inputDim/],
  [
    'a table of more rows than float32 can name',
    withLayer(embedding({ inputDim: 2 ** 24 + 1, outputDim: 2, inputShape: 1 })),
    'ValueError',
    /inputDim/,
    /16777216/,
  ],
  [
    'rows without columns',
    withLayer(embedding({ inputDim: 2, outputDim: 0.5, inputShape: 1 })),
    'ValueError',
    /outputDim/,
  ],
  [
    'an unknown initializer of a table',
    withLayer(embedding({ inputDim: 2, outputDim: 1, inputShape: 1, embeddingsInitializer: any('uniform') })),
    'UnknownNameError',
    /embeddingsInitializer/,
  ],
  [
    'an embedding behind another layer',
    () =>
      sequential({ layers: [dense({ units: 1, inputShape: 1 }), embedding({ inputDim: 2, outputDim: 1 })], backend }),
    'ValueError',
    /layers\.1/,
    /after dense/,
    /straight from an input/,
  ],
  [
    'sparse updates that are neither on nor off',
    withLayer(embedding({ inputDim: 2, outputDim: 1, inputShape: 1, sparse: any('no') })),
    'ValueError',
    /sparse/,
    /true or false/,
  ],
  [
    'three inputs to subtract',
    () => {
      const x = input({ shape: 2 });
      const parts = [1, 2, 3].map(() => dense({ units: 2 }).apply(x));
      model({ inputs: x, outputs: subtract().apply(parts), backend });
    },
    'ShapeError',
    /3 inputs/,
    /two/,
  ],
];

describe('errors: layers, and models of them', () => {
  testThrows(refusals);

  test('wild names get no suggestion', () => {
    expect(nearest('crossentropy', ['sigmoid', 'relu'])).toBeUndefined();
  });
});
