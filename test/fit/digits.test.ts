import { expect, test } from 'vitest';
import { readDigits, split } from '../../examples/digits/data.js';
import { activation, adam, batchNormalization, dense, dropout, sequential, wasm } from '../../src/index.js';

const digits = readDigits();

test('the file holds the 1,797 digits', () => {
  const { x, y } = digits;
  expect([x.rows, x.columns, x.data.length, y.length]).toEqual([1797, 64, 1797 * 64, 1797]);
  expect(x.data.every((v) => v >= 0 && v <= 1 && Number.isInteger(v * 16))).toBe(true);
  const counts = new Array<number>(10).fill(0);
  for (const digit of y) counts[digit]!++;
  expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
});

test('a split is a partition that depends on the seed alone', () => {
  const pixels = ({ x }: { x: { data: Float32Array; rows: number } }) =>
    Array.from({ length: x.rows }, (_, r) => x.data.subarray(r * 64, (r + 1) * 64).join());
  const { train, test } = split(digits, 1);
  expect([train.y.length, test.y.length]).toEqual([1438, 359]);
  expect([...pixels(train), ...pixels(test)].sort()).toEqual(pixels(digits).sort());
  expect(split(digits, 1)).toEqual({ train, test });
  expect(split(digits, 2).test.y).not.toEqual(test.y);
});

test.each([1, 2, 3])('reads at least 97%% of unseen digits, seed %i', async (seed) => {
  const { train, test } = split(digits, seed);
  const model = sequential({
    layers: [
      dense({ units: 128, useBias: false, inputShape: 64 }),
      batchNormalization(),
      activation({ activation: 'relu' }),
      dropout({ rate: 0.2 }),
      dense({ units: 64, useBias: false }),
      batchNormalization(),
      activation({ activation: 'relu' }),
      dropout({ rate: 0.2 }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    seed,
    backend: await wasm(),
  });
  model.compile({
    optimizer: adam({ learningRate: 0.005 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const epochs = 30;
  const fallingLearningRate = {
    onEpochBegin(epoch: number) {
      model.learningRate = 0.005 * (1 - epoch / epochs);
    },
  };
  await model.fit(train.x, train.y, { epochs, batchSize: 32, callbacks: [fallingLearningRate] });
  expect(model.evaluate(test.x, test.y).accuracy).toBeGreaterThanOrEqual(0.97);
});
