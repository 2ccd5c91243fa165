import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

const backend = typescript();

/** Rows that one epoch trains on and evaluates. */
async function sizes(rows: number, validationSplit: number, options: object = {}) {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 1, activation: 'sigmoid' })], backend });
  model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'binaryCrossentropy' });
  const seen = { trained: 0, validated: 0 };
  await model.fit(
    new Float32Array(rows),
    Float32Array.from({ length: rows }, (_, i) => i % 2),
    {
      validationSplit,
      batchSize: 1,
      validationBatchSize: 1,
      lint: false,
      callbacks: [{ onBatchEnd: () => void seen.trained++, onTestBatchEnd: () => void seen.validated++ }],
      ...options,
    },
  );
  return [seen.trained, seen.validated];
}

describe('validationSplit trains on floor(rows (1 - share)) rows', () => {
  // [rows, share, rows to train on as Keras 3 and TensorFlow.js have them]
  const table: readonly (readonly [number, number, number])[] = [
    [100, 0.29, 71],
    [100, 0.57, 43],
    [100, 0.58, 42],
    [75, 0.1, 67],
    [33, 0.2, 26],
    [5, 0.1, 4],
    [10, 0.25, 7],
    [10, 0.1, 9],
    [10, 0.2, 8],
    [10, 0.3, 7],
    [10, 0.4, 6],
    [10, 0.5, 5],
    [10, 0.6, 4],
    [10, 0.7, 3],
    // 10 (1 - 0.8) is 1.9999999999999996, as it is there.
    [10, 0.8, 1],
    [20, 0.9, 1],
    [100, 0.9, 9],
    [1797, 0.1, 1617],
    [2, 0.5, 1],
    [2, 0.01, 1],
    [3, 0.6, 1],
  ];
  test.each(table)('%i rows, %f', async (rows, share, trained) => {
    expect(await sizes(rows, share)).toEqual([trained, rows - trained]);
  });

  test.each(table.filter(([, , trained]) => trained > 2))('stratified: %i rows, %f', async (rows, share, trained) => {
    expect(await sizes(rows, share, { stratify: true })).toEqual([trained, rows - trained]);
  });

  test.each([
    [10, 0.9],
    [1, 0.5],
    [1, 0.01],
    [3, 0.7],
  ])('refuses to train on nothing: %i rows, %f', async (rows, share) => {
    await expect(sizes(rows, share)).rejects.toThrow(/^validationSplit: .*at least one row to train on/);
  });

  test('refuses to validate on nothing', async () => {
    await expect(sizes(10, 1e-17)).rejects.toThrow(/validationSplit.*one to validate on/);
  });
});
