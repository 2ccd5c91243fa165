import { describe } from 'vitest';
import { matrix } from '../../src/matrix.js';
import { model, sequential } from '../../src/model/model.js';
import { average, embedding, input } from '../../src/nn/layers/index.js';
import { any } from '../support/any.js';
import { backend, classifier, lookUps, normalized, type Refusal, rows, testThrows } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  ['inputs too wide', () => classifier().trainOnBatch([[1, 2, 3]], [0]), 'ShapeError', /^x:/, /3 columns/, /2 columns/],
  ['inputs too wide in predict', () => classifier().predict([[1, 2, 3]]), 'ShapeError', /^x:/, /3 columns/],
  ['a row instead of rows', () => classifier().predict([1, 2]), 'ShapeError', /flat array of 2/, /\[row\]/],
  [
    'rows of unequal length',
    () => classifier().predict([[1, 2], [1]]),
    'ShapeError',
    /x\[1\]/,
    /1 numbers/,
    /equal length/,
  ],
  ['a row that is none', () => classifier().predict(any([[1, 2], 3])), 'ShapeError', /x\[1\]/, /row of 2 numbers/],
  ['rows without columns', () => classifier().predict([[]]), 'ShapeError', /length 0/],
  ['text among numbers', () => classifier().predict(any([[1, '2']])), 'ValueError', /x\[0\]\[1\]/, /'2'/],
  [
    'an output that is no memory',
    () => classifier().predict(rows, { output: any([0, 0, 0]) }),
    'ValueError',
    /^output:/,
    /array of length 3/,
    /Float32Array, or a 3 x 3 matrix/,
  ],
  [
    'an output of float64',
    () => classifier().predict(rows, { output: any(new Float64Array(9)) }),
    'ValueError',
    /^output:/,
    /Float64Array/,
  ],
  [
    'an output too short',
    () => classifier().predict(rows, { output: new Float32Array(8) }),
    'ShapeError',
    /^output:/,
    /got 8 numbers/,
    /at least 3 x 3 = 9/,
  ],
  [
    'an output of another shape',
    () => classifier().predict(rows, { output: matrix(new Float32Array(12), 4, 3) }),
    'ShapeError',
    /^output:/,
    /got 4 x 3/,
    /expected 3 x 3/,
  ],
  [
    'an output whose data does not fit its shape',
    () => classifier().predict(rows, { output: { data: new Float32Array(8), rows: 3, columns: 3 } }),
    'ShapeError',
    /^output\.data:/,
    /got 8 numbers/,
  ],
  [
    'an output that lies on the input',
    () => {
      const data = new Float32Array(9);
      classifier().predict(matrix(data.subarray(0, 6), 3, 2), { output: data });
    },
    'ValueError',
    /^output:/,
    /part of x/,
    /apart from x/,
  ],
  [
    'a misspelt option of predict',
    () => classifier().predict(rows, any({ outputs: new Float32Array(9) })),
    'UnknownNameError',
    /predict\.outputs:/,
    /mean 'output'/,
  ],
  ['options of predict that are none', () => classifier().predict(rows, any(32)), 'ValueError', /^predict:/, /got 32/],
  [
    'an id past the table',
    () =>
      lookUps().predict([
        [0, 1],
        [2, 3],
      ]),
    'ValueError',
    /x, row 1, column 1/,
    /got 3/,
    /0 to 2/,
  ],
  ['a negative id', () => lookUps().trainOnBatch([[-1, 1]], [0]), 'ValueError', /x, row 0, column 0/, /got -1/],
  ['half an id', () => lookUps().evaluate([[0, 1.5]], [0]), 'ValueError', /row 0, column 1/, /1\.5/, /whole number/],
  ['an id that is not a number', () => lookUps().gradients([[0, Number.NaN]], [0]), 'ValueError', /column 1/, /NaN/],
  [
    'an id past the table, in a column by itself',
    () =>
      sequential({ layers: [embedding({ inputDim: 3, outputDim: 1, inputShape: 1 })], backend }).predict(
        Float32Array.of(1, 3),
      ),
    'ValueError',
    /x, row 1, column 0/,
    /embedding layers\.0/,
  ],
  [
    'an id past the smaller of two tables, in an input with a name',
    () => {
      const ids = input({ shape: 1, name: 'ids' });
      const tables = [9, 4].map((inputDim) => embedding({ inputDim, outputDim: 2 }).apply(ids));
      model({ inputs: ids, outputs: average().apply(tables), backend }).predict({ ids: [5] });
    },
    'ValueError',
    /x\.ids, row 0, column 0/,
    /0 to 3/,
    /layers\.1/,
  ],
  ['no rows', () => classifier().predict([]), 'ShapeError', /0 rows/],
  ['no rows in a matrix', () => classifier().predict(matrix([], 0, 2)), 'ShapeError', /0 rows/],
  ['data that is none', () => classifier().predict(any('1,2')), 'ValueError', /'1,2'/, /number\[\]\[\]/],
  [
    'ragged rows of a matrix',
    () => matrix([[1, 2], [3]]),
    'ShapeError',
    /data\[1\]/,
    /1 numbers/,
    /2, as in data\[0\]/,
  ],
  ['rows of text', () => matrix(any([['a']])), 'ValueError', /data\[0\]\[0\]/, /a number/],
  ['rows of nothing', () => matrix([[]]), 'ShapeError', /data/],
  ['a flat array without a shape', () => matrix(any([1, 2])), 'ValueError', /rows/, /undefined/],
  ['rows and a shape', () => matrix(any([[1, 2]]), 1, 2), 'ShapeError', /data/, /1 numbers/],
  ['a matrix of the wrong size', () => matrix([1, 2, 3], 2, 2), 'ShapeError', /3 numbers/, /2 x 2/],
  ['NaN in inputs', () => classifier().trainOnBatch([[1, Number.NaN]], [0]), 'ValueError', /row 0, column 1/, /NaN/],
  [
    'infinity in inputs',
    () =>
      classifier().predict([
        [1, 1],
        [-Infinity, 1],
      ]),
    'ValueError',
    /row 1, column 0/,
    /-Infinity/,
  ],
  ['numbers beyond float32', () => classifier().predict([[1e39, 1]]), 'ValueError', /row 0, column 0/, /float32/],
  ['mismatched rows', () => classifier().trainOnBatch(rows, [0, 1]), 'ShapeError', /^y:/, /2 rows/, /expected 3/],
  [
    'a batch of one with batch norm',
    () => normalized().trainOnBatch([[1, 2]], [1]),
    'ShapeError',
    /1 row/,
    /atch normalization/,
  ],
  ['text in a matrix', () => matrix(any(['1', '2']), 1, 2), 'ValueError', /data\[0\]/, /'1'/],
  ['null in a matrix', () => matrix(any([0, null]), 1, 2), 'ValueError', /data\[1\]/, /null/],
];

describe('errors: inputs, outputs and matrices', () => {
  testThrows(refusals);
});
