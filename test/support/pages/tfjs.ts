import { expect } from 'vitest';
import * as m from '../../../src/index.js';
import { backend, classifier, type Peer, unit, variance, x, y } from './rows.js';

export const tfjs: Peer = {
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
      theirs: '`tf.variableGrads(f)`, `optimizer.applyGradients(grads)`',
      ours: '`model.gradients(x, y).gradients`, `model.applyGradients(gradients)`',
      check: () => {
        const model = classifier();
        const before = model.evaluate(x, y).loss!;
        for (let i = 0; i < 20; i++) model.applyGradients(model.gradients(x, y).gradients);
        expect(model.evaluate(x, y).loss!).toBeLessThan(before);
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
