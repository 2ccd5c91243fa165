import { expect } from 'vitest';
import * as data from '../../../src/data/index.js';
import * as m from '../../../src/index.js';
import { backend, classifier, type Peer, x, y } from './rows.js';

export const brain: Peer = {
  name: 'brain.js',
  same: [
    {
      theirs: '`new NeuralNetwork({ hiddenLayers: [4] })`',
      ours: "`sequential({ layers: [dense({ units: 4, activation: 'sigmoid', inputShape }), ...] })`",
      check: () => {
        const model = m.sequential({
          layers: [
            m.dense({ units: 4, activation: 'sigmoid', inputShape: 2 }),
            m.dense({ units: 1, activation: 'sigmoid' }),
          ],
          backend,
        });
        const { 'layers.0.kernel': kernel, 'layers.1.kernel': output } = model.getWeights();
        expect([kernel!.rows, kernel!.columns, output!.rows]).toEqual([2, 4, 4]);
        expect(model.predict(x).data.every((value) => value > 0 && value < 1)).toBe(true);
      },
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
