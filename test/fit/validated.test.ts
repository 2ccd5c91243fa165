import { describe, expect, test } from 'vitest';
import { Validated } from '../../src/fit/validated.js';
import { auto, dense, matrix, sequential, wasm } from '../../src/index.js';
import { factories } from '../support/buffers.js';

// What validation leaves of its rows is what `predict` says of them, to the bit, so that a pipeline predicts them once an epoch.

const ends = [
  [3, 'softmax', 'sparseCategoricalCrossentropy'],
  [1, 'linear', 'meanSquaredError'],
] as const;

describe.each(['typescript', 'wasm', 'threads', 'fast'] as const)('%s', (name) => {
  test.each(ends)('%i columns of %s', async (units, activation, loss) => {
    const threadUrl = new URL('../../build/thread.js', import.meta.url);
    const backend =
      name === 'threads'
        ? await wasm({ threads: 2, threadUrl })
        : name === 'fast'
          ? await auto({ math: 'fast' })
          : factories[name];
    for (const rows of [5, 256, 257, 700]) {
      const layers = [dense({ units: 7, inputShape: 3, activation: 'relu' }), dense({ units, activation })];
      const model = sequential({ layers, backend, seed: 1 });
      model.compile({ optimizer: 'adam', loss });
      const data = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(i));
      const x = matrix(data, rows, 3);
      const y = Float32Array.from({ length: rows }, (_, i) => i % 2);
      const validated = new Validated(rows, units);
      const kept: Float32Array[] = [];
      const onEpochEnd = () => {
        expect(validated.outputs).toEqual(model.predict(x).data);
        kept.push(validated.outputs);
      };
      await model.fit(x, y, {
        epochs: 2,
        validationData: [x, y],
        lint: false,
        callbacks: [validated.callback, { onEpochEnd }],
      });
      expect(new Set(kept).size).toBe(2);
    }
  });
});
