import { expect, test } from 'vitest';
import { dense, sequential, typescript } from '../../src/index.js';

test('try', async () => {
  const m = sequential({
    layers: [dense({ units: 3, inputShape: 2, activation: 'softmax' })],
    backend: typescript(),
    seed: 1,
  });
  m.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const x = [
    [1, 0],
    [0, 1],
    [-1, -1],
    [1, 0.1],
  ];
  const y = ['cat', 'dog', 'ape', 'cat'];
  const h = await m.fit(x, y, { epochs: 300, validationData: [x, y], classWeight: { cat: 2 } });
  console.log(m.classNames, h.history.accuracy?.at(-1), m.predictClasses(x), m.evaluate(x, y, { batchSize: 2 }));
  try {
    m.evaluate(x, ['cat', 'dgo', 'ape', 'cat']);
  } catch (e) {
    console.log(String(e));
  }
  expect(1).toBe(1);
});
