import { describe, expect, test } from 'vitest';
import { stageRows } from '../../src/engine/staging.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { copyRows } from '../../src/program/copy.js';
import { matrixTensor } from '../../src/program/plan.js';
import { factories } from '../support/buffers.js';

// Rows on their way to the kernels and back: there is a way of its own for each range of widths.
const WIDTHS = [1, 2, 3, 7, 8, 9, 11, 16, 63, 64, 65, 255, 256, 257, 512];
const ROWS = 5;
const START = 2;
const ORDER = Uint32Array.from([8, 3, 0, 7, 7, 1, 4, 2]);

describe.each([
  ['as they come', undefined],
  ['in an order', ORDER],
])('rows %s', (_, order) => {
  test.each(WIDTHS)('of %i columns arrive as they are', (columns) => {
    const data = Float32Array.from({ length: 9 * columns }, (_, i) => i + 1);
    const tensor = { ...matrixTensor('x', ROWS, columns), offset: 3 };
    const heap = new Float32Array(3 + tensor.size + 5).fill(-1);
    stageRows(heap, tensor, matrix(data, 9, columns), START, order);
    for (let r = 0; r < ROWS; r++) {
      const row = order ? order[START + r]! : START + r;
      const at = 3 + r * tensor.stride;
      expect([...heap.subarray(at, at + columns)]).toEqual([...data.subarray(row * columns, (row + 1) * columns)]);
    }
    expect([...heap.subarray(0, 3), ...heap.subarray(3 + tensor.size)].every((value) => value === -1)).toBe(true);
  });
});

test.each(WIDTHS)('rows of %i columns are copied from stride to stride', (columns) => {
  const from = Float32Array.from({ length: 4 * (columns + 3) }, (_, i) => i);
  const to = new Float32Array(4 * (columns + 1)).fill(-1);
  copyRows(from, 2, columns + 3, to, 1, columns + 1, 3, columns);
  const rows = [0, 1, 2].map((r) => [...to.subarray(1 + r * (columns + 1), 1 + r * (columns + 1) + columns)]);
  expect(rows).toEqual([0, 1, 2].map((r) => Array.from({ length: columns }, (_, c) => 2 + r * (columns + 3) + c)));
  expect(to[0]).toBe(-1);
});

describe.each(Object.entries(factories))('one output, %s', (_, backend) => {
  const x = [
    [0.5, -1],
    [2, 0.25],
    [-1, -1],
  ];
  const build = (options: object) => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 2, activation: 'sigmoid' })], backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: 'binaryCrossentropy', ...options });
    return model;
  };

  test('lossWeights weigh its loss and its gradients', () => {
    const [plain, weighted] = [build({}), build({ lossWeights: [4] })].map((model) => model.gradients(x, [0, 1, 1]));
    expect(weighted!.logs.loss).toBe(4 * plain!.logs.loss!);
    const kernel = (of: typeof plain) => [...of!.gradients['layers.0.kernel']!.data];
    expect(kernel(weighted)).toEqual(kernel(plain).map((gradient) => 4 * gradient));
  });

  test.each([
    [0, 1],
    [0.25, 1],
    [0.5, 1],
    [0.75, 3],
    [1, 3],
  ])('a target of %d has the weight %d of its class', async (target, weight) => {
    const train = async (options: object) => {
      const model = build({});
      await model.fit(x, [target, target, target], { batchSize: 3, ...options });
      return [...model.getWeights()['layers.0.kernel']!.data];
    };
    const sampleWeight = [weight, weight, weight];
    expect(await train({ classWeight: { 1: 3 } })).toEqual(await train({ sampleWeight }));
  });
});
