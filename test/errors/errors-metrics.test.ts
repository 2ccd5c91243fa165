import { describe } from 'vitest';
import { auc, confusionMatrix, ece, f1, logLoss, mae, mse, rmse, topK } from '../../src/nn/metrics/index.js';
import { any } from '../support/any.js';
import { good, type Refusal, rows, testThrows, withCompile } from '../support/errors.js';

const refusals: readonly Refusal[] = [
  [
    'an unknown metric',
    withCompile({ ...good, metrics: ['accuracy', 'f1Score'] }),
    'UnknownNameError',
    /metrics\[1\]/,
    /'f1Score'/,
    /mean 'f1'/,
  ],
  ['a metric that was not called', withCompile({ ...good, metrics: [f1] }), 'ValueError', /a function/, /f1\(\)/],
  [
    'the name of a metric that programs know by its function',
    withCompile({ ...good, metrics: ['auc'] }),
    'UnknownNameError',
    /metrics\[0\]/,
    /got 'auc'/,
    /import \{ auc \} from 'myelin' and pass auc\(\)/,
  ],
  [
    'a metric of classes on values',
    withCompile({ ...good, loss: 'meanSquaredError', metrics: [auc()] }, { units: 2 }),
    'ValueError',
    /metrics\[0\]/,
    /'auc' on an output of 2 columns of linear/,
    /sigmoid or softmax/,
  ],
  [
    'top k of a sigmoid',
    withCompile(
      { ...good, loss: 'binaryCrossentropy', metrics: [topK({ k: 1 })] },
      { units: 1, activation: 'sigmoid' },
    ),
    'ValueError',
    /1 column of sigmoid/,
    /output of softmax/,
  ],
  [
    'a metric of values with class indices',
    withCompile({ ...good, metrics: [rmse()] }),
    'ValueError',
    /'rmse'/,
    /not class indices/,
  ],
  ['a k above the classes', withCompile({ ...good, metrics: [topK()] }), 'ValueError', /topK\.k/, /got 5/, /at most 3/],
  ['a k of 0', () => topK({ k: 0 }), 'ValueError', /topK\.k/, />= 1/],
  ['no bins', () => ece({ bins: 0 }), 'ValueError', /ece\.bins/, />= 1/],
  ['an unknown average', () => f1({ average: any('mean') }), 'UnknownNameError', /f1\.average/, /macro, micro/],
  ['a threshold above 1', () => f1({ threshold: 2 }), 'ValueError', /f1\.threshold/, /<= 1/],
  [
    'the binary average of three classes',
    withCompile({ ...good, metrics: [f1({ average: 'binary' })] }),
    'ValueError',
    /f1\.average/,
    /3 classes/,
    /'macro'/,
  ],
  ['an unknown metric option', () => f1(any({ averages: 'micro' })), 'UnknownNameError', /f1\.averages/, /'average'/],
  ['a label that others have', () => f1({ label: 'loss' }), 'ValueError', /f1\.label/, /'loss'/],
  [
    'two metrics of one name',
    withCompile({ ...good, metrics: [f1(), f1({ average: 'micro' })] }),
    'ValueError',
    /two metrics called 'f1'/,
    /label/,
  ],
  [
    'metrics of an unknown output',
    withCompile({ ...good, metrics: { kind: ['f1'] } }),
    'UnknownNameError',
    /metrics\.kind/,
  ],
  ['targets and predictions of unequal length', () => f1([0, 1], [0, 1, 1]), 'ShapeError', /yTrue/, /2 rows/, /3/],
  ['a metric of targets alone', () => f1(any([0, 1])), 'ValueError', /^f1:/, /array of length 2/],
  [
    'targets of another width',
    () => mse([[1, 2]], [[1, 2, 3]]),
    'ShapeError',
    /yTrue/,
    /2 columns/,
    /expected 3, as many as yPred/,
  ],
  ['a target beyond the columns', () => auc([0, 3], rows), 'ShapeError', /yTrue/, /2 rows/],
  ['a class index beyond the columns', () => auc([0, 1, 2], rows), 'ValueError', /yTrue\[2\]/, /got 2/, /0 to 1/],
  ['scores of a class neither 0 nor 1', () => auc([0, 2], [0.5, 0.25]), 'ValueError', /yTrue\[1\]/, /0 or 1/],
  ['class indices that are none', () => confusionMatrix([0, 1.5], [0, 1]), 'ValueError', /yTrue\[1\]/, /class index/],
  [
    'logarithms of what is no probability',
    () => logLoss([0, 1], [0.5, 1.5]),
    'ValueError',
    /yPred\[1\]/,
    /from 0 to 1/,
  ],
  ['NaN among predictions', () => mae([0, 1], [0, Number.NaN]), 'ValueError', /yPred/, /NaN/],
  [
    'metrics that are no array',
    withCompile({ ...good, metrics: 'accuracy' }),
    'ValueError',
    /metrics/,
    /\['accuracy'\]/,
  ],
];

describe('errors: metrics', () => {
  testThrows(refusals);
});
