import { expect } from 'vitest';
import * as data from '../../../src/data/index.js';
import * as m from '../../../src/index.js';

// What docs/coming-from.md says of other libraries: each row is a row of a table there, and a test of Myelin's half of it. Of the other
// half the scripts in findings/ are the proof where `finding` names one.

export interface Row {
  readonly theirs: string;
  readonly ours: string;
  readonly finding?: string;
  check(): unknown;
}

export interface Peer {
  readonly name: string;
  /** What is written how. */
  readonly same: readonly Row[];
  /** What differs, though it has the same name or purpose. */
  readonly different: readonly Row[];
}

const x = Array.from({ length: 40 }, (_, i) => [Math.sin(i * 7), Math.cos(i * 3)]);
const y = x.map(([a, b]) => (a! > b! ? 1 : 0));
const backend = m.typescript();

/** A small classifier, compiled. */
function classifier(metrics: m.MetricSpec[] = []) {
  const layers = [
    m.dense({ units: 4, activation: 'relu', inputShape: 2 }),
    m.dense({ units: 2, activation: 'softmax' }),
  ];
  const model = m.sequential({ layers, backend });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', ...metrics] });
  return model;
}

/** One unit without activation, its weight as given. */
function unit(weight: number, options: Partial<Parameters<typeof m.dense>[0]> = {}) {
  const model = m.sequential({ layers: [m.dense({ units: 1, useBias: false, inputShape: 1, ...options })], backend });
  model.setWeights({ 'layers.0.kernel': m.matrix([[weight]]) });
  return model;
}

const variance = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

const names = async (fitted: Promise<{ history: object }>) => Object.keys((await fitted).history);

const keras: Peer = {
  name: 'Keras',
  same: [
    {
      theirs: "`Sequential([Input((2,)), Dense(4, activation='relu')])`",
      ours: "`sequential({ layers: [dense({ units: 4, activation: 'relu', inputShape: 2 })], backend })`",
      check: () => expect(classifier().predict(x).columns).toBe(2),
    },
    {
      theirs: "`compile(optimizer='adam', loss='mse')`",
      ours: "`compile({ optimizer: 'adam', loss: 'meanSquaredError' })`",
      check: () => unit(1).compile({ optimizer: 'adam', loss: 'meanSquaredError' }),
    },
    {
      theirs: '`fit(x, y, epochs=2, validation_split=0.25)`',
      ours: '`await fit(x, y, { epochs: 2, validationSplit: 0.25 })`',
      check: async () =>
        expect((await classifier().fit(x, y, { epochs: 2, validationSplit: 0.25 })).epoch).toHaveLength(2),
    },
    {
      theirs: "`history.history['val_loss']`",
      ours: '`history.valLoss`',
      check: async () => expect(await names(classifier().fit(x, y, { validationSplit: 0.25 }))).toContain('valLoss'),
    },
    {
      theirs: '`evaluate(x, y, return_dict=True)`',
      ours: '`evaluate(x, y)`',
      check: () => expect(Object.keys(classifier().evaluate(x, y))).toEqual(['loss', 'accuracy']),
    },
    {
      theirs: '`EarlyStopping(patience=2, restore_best_weights=True)`',
      ours: '`earlyStopping({ patience: 2, restoreBestWeights: true })`',
      check: () =>
        classifier().fit(x, y, {
          validationSplit: 0.25,
          callbacks: [m.earlyStopping({ patience: 2, restoreBestWeights: true })],
        }),
    },
    {
      theirs: '`class_weight={0: 1, 1: 5}`',
      ours: '`classWeight: { 0: 1, 1: 5 }`',
      check: () => classifier().fit(x, y, { classWeight: { 0: 1, 1: 5 } }),
    },
    {
      theirs: '`kernel_initializer=lambda shape, dtype: ...`',
      ours: '`kernelInitializer: customInitializer((shape, random) => ...)`',
      check: () => {
        const kernelInitializer = m.customInitializer(([rows, columns]) => new Float32Array(rows * columns).fill(2));
        const model = m.sequential({ layers: [m.dense({ units: 1, inputShape: 1, kernelInitializer })], backend });
        expect(model.predict([3]).data[0]).toBe(6);
      },
    },
    {
      theirs: '`class Median(keras.metrics.Metric)`',
      ours: "`customMetric({ name: 'median', mode: 'min', compute })`",
      check: () => {
        const metric = m.customMetric({ name: 'median', mode: 'min', compute: (_, { data }) => data.toSorted()[3]! });
        expect(
          classifier()
            .compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: [metric] })
            .evaluate(x, y).median,
        ).toBeGreaterThan(0);
      },
    },
    {
      theirs: '`Model(inputs, outputs)`, `layer(tensor)`',
      ours: '`model({ inputs, outputs, backend })`, `layer.apply(tensor)`',
      check: () => {
        const inputs = m.input({ shape: 2 });
        const outputs = m.dense({ units: 3 }).apply(inputs);
        expect(m.model({ inputs, outputs, backend }).predict(x).columns).toBe(3);
      },
    },
  ],
  different: [
    {
      theirs: '`epsilon` of `Adam` is 1e-7',
      ours: '1e-8, as in PyTorch',
      check: () => expect(m.adam().epsilon).toBe(1e-8),
    },
    {
      theirs: 'Dense layers draw `glorot_uniform` before any activation',
      ours: '`heUniform` before relu and its like: within sqrt(6 / inputs)',
      check: () => {
        const layers = [m.dense({ units: 400, activation: 'relu', inputShape: 100 })];
        const drawn = m.sequential({ layers, backend }).getWeights()['layers.0.kernel']!.data;
        expect(variance(drawn as Float32Array) * 100).toBeCloseTo(2, 1);
      },
    },
    {
      theirs: '`he_normal` is truncated and rescaled',
      ours: '`heNormal` is a plain normal distribution of the same variance',
      check: () => {
        const layers = [m.dense({ units: 400, kernelInitializer: 'heNormal', inputShape: 100 })];
        const drawn = m.sequential({ layers, backend }).getWeights()['layers.0.kernel']!.data as Float32Array;
        expect(variance(drawn) * 100).toBeCloseTo(2, 1);
        expect(Math.max(...drawn)).toBeGreaterThan(2.3 * Math.sqrt(2 / 100));
      },
    },
    {
      theirs: '`fit` prints a progress bar',
      ours: "nothing, unless `verbose` is 1, 2 or `'auto'`",
      check: () => classifier().fit(x, y, { verbose: 0 }),
    },
    {
      theirs: 'a reported loss with penalties, and no more',
      ours: 'the same, and the penalties apart as `penalty`',
      check: () => {
        const model = unit(2, { kernelRegularizer: m.l2(0.5) });
        model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
        expect(model.evaluate([[1]], [1])).toMatchObject({ loss: 3, penalty: 2 });
      },
    },
  ],
};

const tfjs: Peer = {
  name: 'TensorFlow.js',
  same: [
    {
      theirs: '`tf.tensor2d(rows)`',
      ours: '`matrix(rows)`, or the rows themselves',
      check: () => expect(m.matrix([[1, 2]]).columns).toBe(2),
    },
    {
      theirs: '`tf.sequential({ layers: [tf.layers.dense(...)] })`',
      ours: '`sequential({ layers: [dense(...)], backend })`',
      check: () => expect(unit(3).predict([[2]]).data[0]).toBe(6),
    },
    {
      theirs: '`model.fitDataset(dataset, { epochs })`',
      ours: '`await model.fit(batches, { epochs })`',
      check: async () => {
        const { epoch } = await classifier().fit(() => [[x, y]] as const, { epochs: 2 });
        expect(epoch).toHaveLength(2);
      },
    },
    {
      theirs: '`await model.predict(x).data()`',
      ours: '`model.predict(x).data`, at once',
      check: () => expect(classifier().predict(x).data).toBeInstanceOf(Float32Array),
    },
    {
      theirs: '`tf.tidy`, `tensor.dispose()`',
      ours: 'nothing: a step allocates nothing that needs disposal',
      check: () => {
        const model = classifier();
        model.trainOnBatch(x, y);
        const bytes = model.heapBytes;
        for (let i = 0; i < 20; i++) model.trainOnBatch(x, y);
        expect(model.heapBytes).toBe(bytes);
      },
    },
    {
      theirs: '`loss.val_loss` of `onEpochEnd(epoch, logs)`',
      ours: '`logs.valLoss`',
      check: async () => {
        let seen: unknown;
        const onEpochEnd = (_: number, logs: m.Logs) => {
          seen = logs.valLoss;
        };
        await classifier().fit(x, y, { validationSplit: 0.25, callbacks: [{ onEpochEnd }] });
        expect(seen).toBeTypeOf('number');
      },
    },
  ],
  different: [
    {
      theirs: 'a label that is no class has a loss of 0',
      ours: 'an error that names the row',
      finding: 'tfjs-labels-beyond-the-classes-cost-nothing',
      check: () => expect(() => classifier().trainOnBatch([[1, 2]], [5])).toThrow(m.ValueError),
    },
    {
      theirs: '`precision` counts outputs of exactly 1',
      ours: '`precision()` counts outputs above 0.5',
      finding: 'tfjs-precision-counts-exact-ones',
      check: () => expect(m.precision([1, 1, 0, 0], m.matrix([[0.99], [0.95], [0.05], [0]]))).toBe(1),
    },
    {
      theirs: '`heNormal` has 77% of the variance of its definition',
      ours: 'all of it',
      finding: 'tfjs-he-normal-is-narrower-than-its-name',
      check: () => {
        const layers = [m.dense({ units: 400, kernelInitializer: 'heNormal', inputShape: 400 })];
        const drawn = m.sequential({ layers, backend }).getWeights()['layers.0.kernel']!.data as Float32Array;
        expect((variance(drawn) * 400) / 2).toBeGreaterThan(0.97);
      },
    },
    {
      theirs: 'validation loss leaves penalties out',
      ours: 'it holds them',
      finding: 'tfjs-validation-loss-leaves-penalties-out',
      check: async () => {
        const model = unit(2, { kernelRegularizer: m.l2(0.5) });
        model.compile({ optimizer: m.sgd({ learningRate: 1e-9 }), loss: 'meanSquaredError' });
        const options = { validationData: [[[1]], [1]] as const, lint: false as const };
        const { history } = await model.fit([[1]], [1], options);
        expect(history.valLoss).toEqual(history.loss);
      },
    },
    {
      theirs: 'a row that is wrong by far has no gradient',
      ours: 'it has the largest: loss and softmax are one kernel',
      finding: 'tfjs-confident-errors-have-no-gradient',
      check: () => {
        const model = unit(40, { activation: 'sigmoid' });
        model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
        expect(model.gradients([[1]], [0]).gradients['layers.0.kernel']!.data[0]).toBe(1);
      },
    },
  ],
};

const brain: Peer = {
  name: 'brain.js',
  same: [
    {
      theirs: '`new NeuralNetwork({ hiddenLayers: [4] })`',
      ours: "`sequential({ layers: [dense({ units: 4, activation: 'sigmoid', inputShape }), ...] })`",
      check: () => m.dense({ units: 4, activation: 'sigmoid', inputShape: 2 }),
    },
    {
      theirs: '`net.train([{ input, output }], { iterations: 3 })`',
      ours: '`await model.fit(inputs, outputs, { epochs: 3 })`',
      check: async () => expect((await classifier().fit(x, y, { epochs: 3 })).epoch).toHaveLength(3),
    },
    {
      theirs: '`net.run(input)`',
      ours: '`model.predict([input])`, a row for each',
      check: () => expect(classifier().predict([[1, 2]]).rows).toBe(1),
    },
    {
      theirs: '`net.toJSON()`, `net.fromJSON(json)`',
      ours: '`serialize(model)`, `deserialize(bytes, { backend })`',
      check: () => {
        const model = classifier();
        expect(m.deserialize(m.serialize(model), { backend }).predict(x).data).toEqual(model.predict(x).data);
      },
    },
  ],
  different: [
    {
      theirs: 'inputs may be objects with keys',
      ours: 'rows of numbers; `preprocess()` of `myelin/data` turns objects into them',
      check: () =>
        expect(
          data.preprocess().fit([
            { a: 1, b: 'u' },
            { a: 2, b: 'v' },
          ]).features,
        ).toEqual(['a', 'b=u', 'b=v']),
    },
    {
      theirs: 'a step for each row',
      ours: 'a step for each batch, 32 rows unless `batchSize` says otherwise',
      check: async () => {
        let batches = 0;
        const onBatchEnd = () => {
          batches++;
        };
        await classifier().fit(x, y, { callbacks: [{ onBatchEnd }] });
        expect(batches).toBe(2);
      },
    },
  ],
};

const sklearn: Peer = {
  name: 'scikit-learn',
  same: [
    {
      theirs: '`MLPClassifier().fit(X, y)` on a table with texts',
      ours: "`await tabular({ target: 'y' }).fit(rows)`",
      check: () => data.tabular({ target: 'y' }),
    },
    {
      theirs: '`StandardScaler`, `OneHotEncoder`, `ColumnTransformer`',
      ours: '`preprocess({ columns, numbers: standardize(), categories: oneHot() })`',
      check: () => {
        const steps = data.preprocess({ numbers: data.standardize(), categories: data.oneHot() });
        expect(
          steps.fitTransform([
            { a: 1, b: 'u' },
            { a: 3, b: 'v' },
          ]).data,
        ).toEqual(Float32Array.of(-1, 1, 0, 1, 0, 1));
      },
    },
    {
      theirs: '`confusion_matrix(y, p)`',
      ours: '`confusionMatrix(y, predictions)`',
      check: () =>
        expect(m.confusionMatrix([0, 1, 1], m.matrix([[0.1], [0.9], [0.2]]))).toEqual([
          [1, 0],
          [1, 1],
        ]),
    },
    {
      theirs: '`KFold(n_splits=4)`',
      ours: '`kFold(rows, { folds: 4 })`',
      check: () => expect(data.kFold(20, { folds: 4 })).toHaveLength(4),
    },
    {
      theirs: "`class_weight='balanced'`",
      ours: "`classWeight: 'balanced'`",
      check: () => classifier().fit(x, y, { classWeight: 'balanced' }),
    },
    {
      theirs: '`partial_fit(X, y)`',
      ours: '`await model.partialFit(x, y)`',
      check: () => classifier().partialFit(x, y),
    },
    {
      theirs: "`MLPRegressor(solver='lbfgs')`",
      ours: '`compile({ optimizer: lbfgs(), loss })`, full batches',
      check: () => unit(1).compile({ optimizer: m.lbfgs(), loss: 'meanSquaredError' }),
    },
  ],
  different: [
    {
      theirs: '`alpha` is divided by the rows of the batch',
      ours: '`l2(lambda)` is not: lambda times the sum of squares',
      finding: 'sklearn-alpha-grows-as-batches-shrink',
      check: () => {
        const model = unit(2, { kernelRegularizer: m.l2(0.5) });
        model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
        for (const rows of [1, 4]) {
          const zeros = Array.from({ length: rows }, () => [0]);
          expect(model.gradients(zeros, zeros.flat()).gradients['layers.0.kernel']!.data[0]).toBe(2);
        }
      },
    },
    {
      theirs: 'float64 where inputs are',
      ours: 'float32 weights and steps, sums of losses and metrics in float64',
      check: () => expect(unit(0.1).getWeights()['layers.0.kernel']!.data).toEqual(Float32Array.of(0.1)),
    },
    {
      theirs: 'training ends when the loss stands still (`tol`)',
      ours: 'after `epochs`, unless `earlyStopping` is among the callbacks',
      check: async () => expect((await classifier().fit(x, y, { epochs: 30 })).epoch).toHaveLength(30),
    },
  ],
};

export const peers: readonly Peer[] = [keras, tfjs, brain, sklearn];
