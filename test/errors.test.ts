import { describe, expect, test } from 'vitest';
import { typescript } from '../src/backends/typescript.js';
import { wasm } from '../src/backends/wasm.js';
import { nearest } from '../src/errors.js';
import { adam, sgd } from '../src/kernels/optimizers.js';
import { matrix } from '../src/matrix.js';
import { activation, batchNormalization, dense, dropout } from '../src/model/layers/index.js';
import { auc, confusionMatrix, ece, f1, logLoss, mae, mse, topK } from '../src/model/metrics/index.js';
import { l2 } from '../src/model/regularizers.js';
import { modelFromSpec } from '../src/train/from-spec.js';
import { type Model, sequential } from '../src/train/model.js';

const backend = typescript();
const rows = [
  [0, 1],
  [1, 0],
  [1, 1],
];

/** What users without a type checker pass. */
// biome-ignore lint/suspicious/noExplicitAny: the point of these tests
const any = (value: unknown) => value as any;

function classifier(): Model {
  const model = sequential({ layers: [dense({ units: 3, inputShape: 2, activation: 'softmax' })], backend });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

function normalized(): Model {
  const model = sequential({ layers: [batchNormalization({ inputShape: 2 }), dense({ units: 1 })], backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  return model;
}

const withLayer = (layer: unknown) => () => sequential({ layers: [any(layer)], backend });
const withCompile =
  (options: unknown, last: Parameters<typeof dense>[0] = { units: 3, activation: 'softmax' }) =>
  () =>
    sequential({ layers: [dense({ ...last, inputShape: 2 })], backend }).compile(any(options));
const good = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' };

/** What was done, the error's type, and what its message must hold: argument, what came, what is expected. */
const table: readonly (readonly [string, () => unknown, string, ...RegExp[]])[] = [
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
    'an unknown activation',
    withLayer(dense({ units: 1, inputShape: 2, activation: any('rellu') })),
    'UnknownNameError',
    /activation/,
    /mean 'relu'/,
  ],
  ['an activation layer without one', withLayer(activation(any({ inputShape: 2 }))), 'UnknownNameError', /undefined/],
  [
    'an unknown initializer',
    withLayer(dense({ units: 1, inputShape: 2, kernelInitializer: any('heUnifrom') })),
    'UnknownNameError',
    /kernelInitializer/,
    /heUniform/,
  ],
  [
    'a bias that is no boolean',
    withLayer(dense({ units: 1, inputShape: 2, useBias: any(1) })),
    'ValueError',
    /useBias/,
  ],
  ['a negative l2', () => l2(-1), 'ValueError', /lambda/, /-1/, />= 0/],
  ['an l2 that is no number', () => l2(Number.NaN), 'ValueError', /NaN/],
  [
    'an unknown regularizer',
    withLayer(dense({ units: 1, inputShape: 2, kernelRegularizer: any({ name: 'l3', lambda: 1 }) })),
    'UnknownNameError',
    /'l3'/,
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

  ['an unknown loss', withCompile({ ...good, loss: 'mse' }), 'UnknownNameError', /loss/, /meanSquaredError/],
  ['an unknown optimizer', withCompile({ ...good, optimizer: 'adan' }), 'UnknownNameError', /optimizer/, /mean 'adam'/],
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
    'a metric that is more than a number',
    withCompile({ ...good, metrics: ['confusionMatrix'] }),
    'ValueError',
    /more than a number/,
    /confusionMatrix\(y, model\.predict\(x\)\)/,
  ],
  [
    'a metric of classes on values',
    withCompile({ ...good, loss: 'meanSquaredError', metrics: ['auc'] }, { units: 2 }),
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
    withCompile({ ...good, metrics: ['rmse'] }),
    'ValueError',
    /'rmse'/,
    /not class indices/,
  ],
  ['a k above the classes', withCompile({ ...good, metrics: ['topK'] }), 'ValueError', /topK\.k/, /got 5/, /at most 3/],
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
    withCompile({ ...good, metrics: ['f1', f1({ average: 'micro' })] }),
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
  ['a clip norm of 0', withCompile({ ...good, globalClipNorm: 0 }), 'ValueError', /globalClipNorm/, /> 0/],
  ['a misspelt compile option', withCompile({ ...good, clipNorm: 1 }), 'UnknownNameError', /globalClipNorm/],
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
  ['a negative learning rate', () => adam({ learningRate: -1 }), 'ValueError', /adam\.learningRate/, /-1/],
  ['a beta of 1', () => adam({ beta2: 1 }), 'ValueError', /adam\.beta2/, /< 1/],
  ['an unknown optimizer option', () => adam(any({ lr: 1 })), 'UnknownNameError', /adam\.lr/],
  ['nesterov without momentum', () => sgd({ nesterov: true }), 'ValueError', /nesterov/, /momentum/],
  ['a momentum that is no number', () => sgd({ momentum: any('0.9') }), 'ValueError', /momentum/, /'0\.9'/],
  [
    'an optimizer as data, out of range',
    withCompile({ ...good, optimizer: { name: 'sgd', momentum: 2 } }),
    'ValueError',
    /<= 1/,
  ],

  [
    'evaluating before compile',
    () => sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend }).evaluate(rows, [1, 2, 3]),
    'StateError',
    /compile/,
  ],
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
  ['no rows', () => classifier().predict([]), 'ShapeError', /0 rows/],
  ['no rows in a matrix', () => classifier().predict(matrix([], 0, 2)), 'ShapeError', /0 rows/],
  ['data that is none', () => classifier().predict(any('1,2')), 'ValueError', /'1,2'/, /number\[\]\[\]/],
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
  [
    'a batch of one with batch norm',
    () => normalized().trainOnBatch([[1, 2]], [1]),
    'ShapeError',
    /1 row/,
    /atch normalization/,
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
  ['an optimizer that was not called', withCompile({ ...good, optimizer: adam }), 'ValueError', /adam\(\)/],
  ['a loss by its short name', withCompile({ ...good, loss: 'MSE' }), 'UnknownNameError', /mean 'meanSquaredError'/],
  ['text in a matrix', () => matrix(any(['1', '2']), 1, 2), 'ValueError', /data\[0\]/, /'1'/],
  ['null in a matrix', () => matrix(any([0, null]), 1, 2), 'ValueError', /data\[1\]/, /null/],
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
  ['a program of no rows', () => classifier().program('predict', 0), 'ValueError', /rows/],

  [
    'weights that lack one',
    () => classifier().setWeights({ 'layers.0.kernel': rows }),
    'ShapeError',
    /layers\.0\.kernel/,
  ],
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

const fits: readonly (readonly [string, () => Promise<unknown>, string, ...RegExp[]])[] = [
  ['no epochs', () => classifier().fit(rows, [0, 1, 2], { epochs: 0 }), 'ValueError', /epochs/, /got 0/],
  ['a batch size of 0', () => classifier().fit(rows, [0, 1, 2], { batchSize: 0 }), 'ValueError', /batchSize/],
  ['a validation split of 1', () => classifier().fit(rows, [0, 1, 2], { validationSplit: 1 }), 'ValueError', /< 1/],
  [
    'a split without a row',
    () => classifier().fit(rows, [0, 1, 2], { validationSplit: 0.1 }),
    'ValueError',
    /0\.1 of 3/,
  ],
  [
    'validation data that is no pair',
    () => classifier().fit(rows, [0, 1, 2], { validationData: any(rows) }),
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
  [
    'a last batch of one with batch norm',
    () => normalized().fit(rows, [0, 1, 2], { batchSize: 2 }),
    'ValueError',
    /batchSize/,
    /3 rows/,
  ],
];

describe('errors', () => {
  test.each(table.map(([what, act, name, ...says]) => ({ what, act, name, says })))('$what', ({ act, name, says }) => {
    let caught: unknown;
    try {
      act();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(Error);
    expect((caught as Error).name).toBe(name);
    for (const pattern of says) expect((caught as Error).message).toMatch(pattern);
  });

  test.each(fits.map(([what, act, name, ...says]) => ({ what, act, name, says })))(
    'fit: $what',
    async ({ act, name, says }) => {
      const caught: Error | undefined = await act().then(
        () => undefined,
        (error) => error,
      );
      expect(caught).toBeInstanceOf(Error);
      expect(caught?.name).toBe(name);
      for (const pattern of says) expect(caught?.message).toMatch(pattern);
    },
  );

  test('argument errors carry their parts', () => {
    try {
      adam({ beta1: 2 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ argument: 'adam.beta1', given: '2', expected: expect.stringContaining('< 1') });
    }
  });

  test('refused weights leave the model as it was', () => {
    const model = classifier();
    const before = model.getWeights();
    expect(() => model.setWeights({ ...before, 'layers.0.bias': [1, 2] })).toThrow();
    expect(() => model.setWeights({ 'layers.0.kernel': before['layers.0.kernel']! })).toThrow(/layers\.0\.bias/);
    expect(model.getWeights()).toEqual(before);
  });

  test('wild names get no suggestion', () => {
    expect(nearest('crossentropy', ['sigmoid', 'relu'])).toBeUndefined();
  });
});
