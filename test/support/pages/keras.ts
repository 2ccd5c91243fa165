import { expect, vi } from 'vitest';
import * as m from '../../../src/index.js';
import { backend, classifier, names, type Peer, unit, variance, x, y } from './rows.js';

export const keras: Peer = {
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
      check: () => {
        const model = unit(1);
        model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
        expect([model.learningRate, model.evaluate([[1], [2]], [3, 6])]).toEqual([0.001, { loss: 10 }]);
      },
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
      check: async () => {
        // The first step from 0 to 1 is right for validation and wrong for training, whose steps lead away from then on.
        const model = unit(1);
        model.compile({ optimizer: m.sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
        const callbacks = [m.earlyStopping({ patience: 2, restoreBestWeights: true })];
        const validationData = [[[1]], [1.1]] as const;
        const { history } = await model.fit([[1]], [5], { epochs: 20, validationData, callbacks, lint: false });
        const losses = history.valLoss!;
        expect([losses.length, losses.indexOf(Math.min(...losses))]).toEqual([3, 0]);
        expect(model.evaluate([[1]], [1.1]).loss).toBe(losses[0]);
      },
    },
    {
      theirs: '`StringLookup(vocabulary=names)(labels)`, `names[argmax]`',
      ours: '`compile({ ..., classNames: names })`, labels as `y`, `predictClasses(x)`',
      check: () => {
        const model = classifier();
        model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', classNames: ['no', 'yes'] });
        const labels = y.map((value) => (value ? 'yes' : 'no'));
        expect(model.evaluate(x, labels)).toEqual(model.evaluate(x, y));
        expect(model.predictClasses(x)).toEqual([...model.predict(x).argMax()].map((c) => (c ? 'yes' : 'no')));
      },
    },
    {
      theirs: '`evaluate(x, y, batch_size=64)`, `predict(x, batch_size=64)`',
      ours: '`evaluate(x, y, { batchSize: 64 })`, `predict(x, { batchSize: 64 })`',
      check: () => {
        const model = classifier();
        expect(model.evaluate(x, y, { batchSize: 7 })).toEqual(model.evaluate(x, y));
        expect(model.predict(x, { batchSize: 7 })).toEqual(model.predict(x));
      },
    },
    {
      theirs: '`class_weight={0: 1, 1: 5}`',
      ours: '`classWeight: { 0: 1, 1: 5 }`',
      check: async () => {
        const losses = [];
        for (const options of [
          { classWeight: { 0: 1, 1: 5 } },
          { sampleWeight: y.map((label) => (label === 1 ? 5 : 1)) },
        ]) {
          const layers = [m.dense({ units: 2, activation: 'softmax', inputShape: 2 })];
          const model = m.sequential({ layers, seed: 1, backend });
          model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
          losses.push((await model.fit(x, y, { ...options, epochs: 3 })).history.loss);
        }
        expect(losses[0]).toEqual(losses[1]);
      },
    },
    {
      theirs: '`kernel_regularizer=lambda w: 0.1 * sum(abs(w))`',
      ours: '`kernelRegularizer: customRegularizer((w, { abs, mul, sum }) => mul(0.1, sum(abs(w))))`',
      check() {
        const kernelRegularizer = m.customRegularizer((w, { abs, mul, sum }) => mul(0.1, sum(abs(w))));
        const compile = { optimizer: 'sgd', loss: 'meanSquaredError' } as const;
        expect(unit(-3, { kernelRegularizer }).compile(compile).evaluate([1], [-3]).penalty).toBeCloseTo(0.3, 6);
      },
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
    {
      theirs: '`tape.gradient(loss, weights)`, `optimizer.apply_gradients(...)`',
      ours: '`model.gradients(x, y).gradients`, `model.applyGradients(gradients)`',
      check: () => {
        const [model, other] = [classifier(), classifier()];
        model.applyGradients(model.gradients(x, y).gradients);
        other.trainOnBatch(x, y);
        expect(model.getWeights()).toEqual(other.getWeights());
      },
    },
    {
      theirs: '`tape.gradient(loss, x)`',
      ours: '`model.gradients(x, y, { inputs: true }).inputs`',
      check: () =>
        expect(classifier().gradients(x, y, { inputs: true }).inputs.input).toMatchObject({ rows: 40, columns: 2 }),
    },
    {
      theirs: '`Model(model.inputs, layer.output).predict(x)`',
      ours: "`model.layerOutputs(x, 'layers.0')`",
      check: () => expect(classifier().layerOutputs(x, 'layers.0')['layers.0']).toMatchObject({ rows: 40, columns: 4 }),
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
      check: async () => {
        const lines: string[] = [];
        const said = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
        const written = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
        try {
          await classifier().fit(x, y, { epochs: 2 });
          const silent = lines.length;
          await classifier().fit(x, y, { epochs: 2, verbose: 2 });
          expect([silent, lines.length > 0]).toEqual([0, true]);
        } finally {
          said.mockRestore();
          written.mockRestore();
        }
      },
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
