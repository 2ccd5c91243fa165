// What is built and run with each bundler: trains here, with threads, in a worker and in a worker with threads.
import { auto, dense, dropout, sequential, wasm } from 'myelin';
import { readCsv } from 'myelin/data';
import * as remote from 'myelin/worker';

const rows = Array.from({ length: 90 }, (_, i) => `${i % 7},${(i * 5) % 11},${i % 3}`);
const table = await readCsv({ text: `a,b,y\n${rows.join('\n')}` });
const x = Array.from({ length: 90 }, (_, i) => table.columns.slice(0, 2).map(({ values }) => values[i] / 7));
const y = Array.from({ length: 90 }, (_, i) => i % 3);
const options = {
  layers: [
    dense({ units: 160, inputShape: 2, activation: 'tanh' }),
    dropout({ rate: 0.25 }),
    dense({ units: 160, activation: 'relu' }),
    dense({ units: 3, activation: 'softmax' }),
  ],
  seed: 3,
};
const compile = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' };

/** FNV-1a over the bytes of all weights. */
function hash(weights) {
  let sum = 0xcbf29ce484222325n;
  for (const { data } of Object.values(weights)) {
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) {
      sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
    }
  }
  return sum.toString(16);
}

async function train(model) {
  await model.compile(compile);
  await model.fit(x, y, { epochs: 2, batchSize: 30, shuffle: true });
  const { name, threads, reason } = model.backend;
  const result = { name, threads, reason, hash: hash(await model.getWeights()) };
  await model.dispose();
  return result;
}

const parts = {
  wasm: async () => train(sequential({ ...options, backend: await wasm() })),
  auto: async () => train(sequential({ ...options, backend: await auto({ threads: 2 }) })),
  threads: async () => train(sequential({ ...options, backend: await wasm({ threads: 2 }) })),
  worker: async () => train(await remote.sequential({ ...options, backend: remote.wasm() })),
  workerThreads: async () => train(await remote.sequential({ ...options, backend: remote.wasm({ threads: 2 }) })),
};

/** What came of each part: the hash of the weights, or the error. */
export async function run() {
  const results = {};
  for (const [name, part] of Object.entries(parts)) {
    results[name] = await part().catch((error) => ({ error: `${error?.name}: ${error?.message}` }));
  }
  return results;
}
