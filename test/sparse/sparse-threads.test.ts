import { expect, test } from 'vitest';
import * as myelin from '../../src/index.js';
import type { Matrix } from '../../src/matrix.js';
import { sparse } from '../../src/sparse-matrix.js';
import * as worker from '../../src/worker/index.js';
import { Random } from '../support/buffers.js';

const threadUrl = new URL('../../build/thread.js', import.meta.url);
const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const COLUMNS = 3000;

function rowsOf(count: number) {
  const random = new Random(2);
  const rows = Array.from({ length: count }, () =>
    Object.fromEntries(Array.from({ length: 60 }, () => [random.integer(COLUMNS), random.uniform()])),
  );
  return sparse(rows, { columns: COLUMNS });
}

const layers = () => [
  myelin.dense({ units: 200, activation: 'relu', inputShape: COLUMNS }),
  myelin.dense({ units: 2, activation: 'softmax' }),
];
const compile = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' } as const;
const x = rowsOf(200);
const y = Array.from({ length: 200 }, (_, r) => r % 2);

const bits = (weights: Record<string, Matrix>) => Object.values(weights).map(({ data }) => Array.from(data));

async function local(threads: number, given: Matrix) {
  const backend = await myelin.wasm(threads > 1 ? { threads, threadUrl } : {});
  const network = myelin.sequential({ layers: layers(), seed: 3, backend });
  network.compile(compile);
  await network.fit(given, y, { epochs: 2, batchSize: 64 });
  const made = { weights: bits(network.getWeights()), predicted: Array.from(network.predict(x).data) };
  backend.dispose?.();
  return made;
}

test('threads end in the bits of one, and those in the bits of dense rows', async () => {
  const one = await local(1, x);
  expect(await local(2, x)).toEqual(one);
  expect(await local(1, myelin.matrix(x.data, x.rows, x.columns))).toEqual(one);
});

test('a worker takes sparse rows, and batches of them', async () => {
  const training = new worker.TrainingWorker({ workerUrl });
  const network = await worker.sequential({ layers: layers(), seed: 3, backend: worker.wasm(), worker: training });
  await network.compile(compile);
  await network.fit(x, y, { epochs: 2, batchSize: 64 });
  const one = await local(1, x);
  expect(bits(await network.getWeights())).toEqual(one.weights);
  expect(Array.from((await network.predict(x)).data)).toEqual(one.predicted);
  const batches = () => [{ x: x.slice(0, 50), y: y.slice(0, 50) }];
  const { history } = await network.fit(batches, { epochs: 1 });
  expect(history.loss?.[0]).toBeGreaterThan(0);
  await training.terminate();
});
