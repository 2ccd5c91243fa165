// Trains in a worker and prints how long this thread's event loop stood still, as JSON. Runs the built package:
// node worker-ticks.js FORM.

import { adam, dense, matrix } from '../../build/index.js';
import { sequential, share, transfer, wasm } from '../../build/worker.js';
import { computed } from './computed.js';

const [, , form] = process.argv;
const ROWS = form === 'rows' ? 10_000 : 40_000;
const COLUMNS = 784;

const data = matrix(
  Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => (i % 101) / 101),
  ROWS,
  COLUMNS,
);
const y = Array.from({ length: ROWS }, (_, r) => r % 10);
const rows = () =>
  Array.from({ length: ROWS }, (_, r) => Array.from(data.data.subarray(r * COLUMNS, (r + 1) * COLUMNS)));
const x = form === 'rows' ? rows() : data;
await new Promise((resolve) => setTimeout(resolve, 100));

let [last, lastComputed] = [performance.now(), computed()];
const result = { gap: 0, computing: 0, ticks: 0 };
const tick = () => {
  const [now, computing] = [performance.now(), computed()];
  result.gap = Math.max(result.gap, now - last);
  result.computing = Math.max(result.computing, computing - lastComputed);
  result.ticks++;
  [last, lastComputed] = [performance.now(), computed()];
};
const timer = setInterval(tick, 1);

// Small, since what counts is how the data goes over.
const layers = [
  dense({ units: 32, activation: 'relu', inputShape: COLUMNS }),
  dense({ units: 10, activation: 'softmax' }),
];
const model = await sequential({ layers, seed: 1, backend: wasm() });
await model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
const given = form === 'transferred' ? transfer(x) : form === 'shared' ? await share(x) : x;
let batches = 0;
const callbacks = [{ onBatchEnd: () => void batches++ }];
await model.fit(given, y, { epochs: 1, batchSize: 64, validationSplit: 0.1, callbacks });
await model.getWeights();
await model.predict(data);
await model.dispose();
tick();
clearInterval(timer);
console.log(JSON.stringify({ ...result, batches }));
