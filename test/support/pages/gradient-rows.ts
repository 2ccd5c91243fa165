import { expect } from 'vitest';
import * as m from '../../../src/index.js';
import type { Row } from './peers.js';

/** The rows about graphs and gradients, with a classifier of two columns with four units in its hidden layer, and rows for it. */
export const gradientRows = (
  classifier: () => m.Model,
  x: readonly number[][],
  y: readonly number[],
): { readonly keras: readonly Row[]; readonly tensorflow: readonly Row[] } => ({
  keras: [
    {
      theirs: '`Model(inputs, outputs)`, `layer(tensor)`',
      ours: '`model({ inputs, outputs, backend })`, `layer.apply(tensor)`',
      check: () => {
        const inputs = m.input({ shape: 2 });
        const outputs = m.dense({ units: 3 }).apply(inputs);
        expect(m.model({ inputs, outputs, backend: m.typescript() }).predict(x).columns).toBe(3);
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
  tensorflow: [
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
  ],
});
