import { describe, expect, test } from 'vitest';
import { typescript } from '../src/backends/typescript.js';
import { wasm } from '../src/backends/wasm.js';
import { nearest } from '../src/errors.js';
import { relu, step } from '../src/kernels/activations.js';
import { adam } from '../src/kernels/adam.js';
import { maxNorm, nonNeg } from '../src/kernels/constraints.js';
import { elu, gelu } from '../src/kernels/gates.js';
import { leakyRelu, prelu, rrelu } from '../src/kernels/leaky.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from '../src/kernels/losses-binary.js';
import { huber, quantile } from '../src/kernels/losses-regression.js';
import { adagrad, lion, momentum, rmsprop, sgd } from '../src/kernels/optimizers.js';
import type { LossName } from '../src/kernels/tables.js';
import { matrix } from '../src/matrix.js';
import { exponentialMovingAverage, stochasticWeightAveraging } from '../src/model/averaging.js';
import {
  calculateGain,
  heNormal,
  identity,
  orthogonal,
  randomUniform,
  varianceScaling,
} from '../src/model/initializers.js';
import {
  activation,
  alphaDropout,
  average,
  batchNormalization,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  layerNormalization,
  subtract,
} from '../src/model/layers/index.js';
import { lbfgs } from '../src/model/lbfgs.js';
import { auc, confusionMatrix, ece, f1, logLoss, mae, mse, rmse, topK } from '../src/model/metrics/index.js';
import { l1l2, l2 } from '../src/model/regularizers.js';
import { cosine, exponentialDecay, oneCycle, polynomial, stepDecay, warmup } from '../src/model/schedules.js';
import { earlyStopping } from '../src/train/callbacks/early-stopping.js';
import { lambda } from '../src/train/callbacks/lambda.js';
import { learningRateScheduler, reduceLROnPlateau } from '../src/train/callbacks/learning-rate.js';
import { csvLogger } from '../src/train/callbacks/loggers.js';
import { progress } from '../src/train/callbacks/progress.js';
import { modelFromSpec } from '../src/train/from-spec.js';
import { layerSequentialUnitVariance } from '../src/train/lsuv.js';
import { type Model, model, sequential } from '../src/train/model.js';
import { any } from './support/any.js';

const backend = typescript();
const rows = [
  [0, 1],
  [1, 0],
  [1, 1],
];

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

function lookUps(options: object = {}, embedded: object = {}): Model {
  const layers = [embedding({ inputDim: 3, outputDim: 2, inputShape: 2, ...embedded }), dense({ units: 1 })];
  const model = sequential({ layers, backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', ...options });
  return model;
}

const withLayer = (layer: unknown) => () => sequential({ layers: [any(layer)], backend });
const withCompile =
  (options: unknown, last: Parameters<typeof dense>[0] = { units: 3, activation: 'softmax' }) =>
  () =>
    sequential({ layers: [dense({ ...last, inputShape: 2 })], backend }).compile(any(options));
const withLoss = (loss: LossName, y: readonly number[]) => () => {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
  model.compile({ optimizer: 'sgd', loss });
  return model.trainOnBatch(rows, y);
};
const weighted = (sampleWeight: unknown) => () =>
  classifier().trainOnBatch(rows, [0, 1, 2], { sampleWeight: any(sampleWeight) });
const fitted = (options: unknown) => () => classifier().fit(rows, [0, 1, 2], any(options));
const good = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' };

/** What was done, the error's type, and what its message must hold: argument, what came, what is expected. */
const table: readonly (readonly [string, () => unknown, string, ...RegExp[]])[] = [
  ['a negative patience', () => earlyStopping({ patience: -1 }), 'ValueError', /earlyStopping\.patience/, />= 0/],
  ['a misspelt patience', () => earlyStopping(any({ patients: 1 })), 'UnknownNameError', /mean 'patience'/],
  ['a mode of nothing', () => earlyStopping({ mode: any('less') }), 'ValueError', /earlyStopping\.mode/, /'min'/],
  ['a factor of 1', () => reduceLROnPlateau({ factor: 1 }), 'ValueError', /reduceLROnPlateau\.factor/, /< 1/],
  ['a schedule that is a number', () => learningRateScheduler(any(0.1)), 'ValueError', /a function of the epoch/],
  ['a logger without a place', () => csvLogger(any(undefined)), 'ValueError', /a path, a function or a WritableStream/],
  ['a separator of nothing', () => csvLogger('x', { separator: '' }), 'ValueError', /csvLogger\.separator/],
  ['a progress of dots', () => progress({ mode: any('dots') }), 'ValueError', /progress\.mode/, /'lines'/],
  ['a hook that nothing calls', () => lambda(any({ onEpoch() {} })), 'UnknownNameError', /onEpoch/],
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
  [
    'a bias that is no boolean',
    withLayer(dense({ units: 1, inputShape: 2, useBias: any(1) })),
    'ValueError',
    /useBias/,
  ],
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
  [
    'a penalty on what the loss computes',
    withCompile(good, { units: 3, activation: 'softmax', activityRegularizer: 'l2' }),
    'ValueError',
    /activityRegularizer/,
    /softmax/,
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
  ).flatMap(([labels, hint]): typeof table => [
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
  ['an unknown optimizer', withCompile({ ...good, optimizer: 'adma' }), 'UnknownNameError', /optimizer/, /mean 'adam'/],
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
    'the name of an optimizer that programs know by its function',
    withCompile({ ...good, optimizer: 'nadam' }),
    'UnknownNameError',
    /optimizer: expected one of sgd/,
    /pass nadam\(\)/,
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
  [
    'an unknown answer to NaN',
    withCompile({ ...good, onNonFinite: 'ignore' as never }),
    'ValueError',
    /^onNonFinite/,
    /'skip'/,
  ],
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
  ['a clip norm of 0', withCompile({ ...good, globalClipNorm: 0 }), 'ValueError', /globalClipNorm/, /> 0/],
  ['a negative clip value', withCompile({ ...good, clipValue: -1 }), 'ValueError', /^clipValue/, /> 0/],
  ['a clip norm that is no number', withCompile({ ...good, clipNorm: '1' }), 'ValueError', /^clipNorm/, /'1'/],
  [
    'two ways of clipping',
    withCompile({ ...good, clipNorm: 1, globalClipNorm: 2 }),
    'ValueError',
    /^globalClipNorm/,
    /2 beside clipNorm/,
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
  ['a misspelt compile option', withCompile({ ...good, clippNorm: 1 }), 'UnknownNameError', /mean 'clipNorm'/],
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
    /behind dense/,
    /straight from an input/,
  ],
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
  [
    'sparse updates that are neither on nor off',
    withLayer(embedding({ inputDim: 2, outputDim: 1, inputShape: 1, sparse: any('no') })),
    'ValueError',
    /sparse/,
    /true or false/,
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

const fits: readonly (readonly [string, () => Promise<unknown>, string, ...RegExp[]])[] = [
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
  ['class weights in an array', fitted({ classWeight: [1, 2, 3] }), 'ValueError', /classWeight/, /by class index/],
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
