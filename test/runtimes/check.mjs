// Runs in any runtime: trains, saves, reads data, in one line of JSON. What is not asked for is left out.
//   node test/runtimes/check.mjs [threads] [worker] [files]
import * as data from '../../build/data.js';
import * as myelin from '../../build/index.js';

const asked = (globalThis.Deno?.args ?? globalThis.process.argv.slice(2)).map(String);
const { adam, batchNormalization, dense, dropout, layerNormalization, matrix, sequential } = myelin;

/** Numbers between -1 and 1, the same in any engine. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => ((i * 7919 + seed * 104729) % 2003) / 1001 - 1);

/** FNV-1a of the bits of all weights, as 8 hexadecimal digits. */
export function hashOf(model) {
  let hash = 0x811c9dc5;
  for (const { data } of Object.values(model.getWeights())) {
    for (const byte of new Uint8Array(Float32Array.from(data).buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}

const ROWS = 200;
const x = matrix(numbers(ROWS * 20, 1), ROWS, 20);
const y = Float32Array.from({ length: ROWS }, (_, i) => (i * 5) % 3);

async function trained(make, backend) {
  const model = make({
    layers: [
      dense({ units: 64, inputShape: 20, activation: 'relu' }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 32, activation: 'tanh' }),
      dense({ units: 32, activation: 'gelu' }),
      layerNormalization(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    seed: 3,
    backend,
  });
  const remote = await model;
  await remote.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
  await remote.fit(x, y, { epochs: 4, batchSize: 32, lint: false });
  return remote;
}

const result = {};
const auto = await myelin.auto();
result.auto = auto.name;
const model = await trained(sequential, await myelin.wasm().catch(() => auto));
result.wasm = hashOf(model);
result.typescript = hashOf(await trained(sequential, myelin.typescript()));

const bytes = myelin.serialize(model);
result.loaded = hashOf(myelin.deserialize(bytes, { backend: auto }));

const fast = await myelin.auto({ math: 'fast' });
result.fast = fast.math;
result.fastReason = fast.reason;

const csv = 'a,b,day\n1,x,2024-01-31\n2,y,2024-02-01\n';
const read = async (source) => (await data.readCsv(source)).rows;
const body = () => new Response(csv).body;
result.data = {
  text: await read({ text: csv }),
  bytes: await read(new TextEncoder().encode(csv)),
  buffer: await read(new TextEncoder().encode(csv).buffer),
  blob: await read(new Blob([csv])),
  response: await read(new Response(csv)),
  request: await read(new Request('http://127.0.0.1/x', { method: 'POST', body: csv })),
  stream: await read(body()),
  gzip: await read(new Response(new Blob([csv]).stream().pipeThrough(new CompressionStream('gzip'))).body),
};

if (asked.includes('files')) {
  const path = asked.at(-1);
  await myelin.save(model, path);
  result.file = hashOf(await myelin.load(path, { backend: auto }));
}
if (asked.includes('threads')) {
  const backend = await myelin.wasm({ threads: 2 });
  result.threads = hashOf(await trained(sequential, backend));
  backend.dispose();
}
if (asked.includes('worker')) {
  const worker = await import('../../build/worker.js');
  const remote = await trained((spec) => worker.sequential({ ...spec, backend: worker.wasm() }));
  const weights = await remote.getWeights();
  result.worker = hashOf({ getWeights: () => weights });
  await remote.dispose();
}
console.log(JSON.stringify(result));
