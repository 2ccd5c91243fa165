// Prints, as JSON, how memory grows over many models, many steps and a long stream. Runs with --expose-gc.
import { adam, batchNormalization, dense, earlyStopping, matrix, sequential, wasm } from '../../build/index.js';

const MB = 2 ** 20;
const backend = await wasm();
const settle = async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

function build() {
  const model = sequential({
    layers: [
      dense({ units: 16, activation: 'relu', inputShape: 8 }),
      batchNormalization(),
      dense({ units: 2, activation: 'softmax' }),
    ],
    backend,
  });
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const rows = 64;
const x = matrix(
  Float32Array.from({ length: rows * 8 }, (_, i) => Math.sin(i)),
  rows,
  8,
);
const y = Float32Array.from({ length: rows }, (_, i) => i % 2);

async function cycles(count) {
  for (let i = 0; i < count; i++) {
    const model = build();
    await model.fit(x, y, {
      epochs: 1,
      validationSplit: 0.25,
      callbacks: [earlyStopping({ restoreBestWeights: true })],
    });
    if (i % 20 === 19) await settle();
  }
  await settle();
}

async function growth(measure, work) {
  const before = measure();
  await work();
  await settle();
  return (measure() - before) / MB;
}

// Compilers, pools and the allocator settle first.
await cycles(1200);
const models = await growth(
  () => process.memoryUsage().rss,
  () => cycles(1000),
);

const model = build();
const steps = (epochs) => model.fit(x, y, { epochs, batchSize: 16, callbacks: [{ onBatchEnd() {} }] });
await steps(200);
await settle();
const heap = await growth(
  () => process.memoryUsage().heapUsed,
  () => steps(2500),
);

const many = 4096;
let highest = 0;
function* batches() {
  for (let i = 0; i < 300; i++) yield [matrix(new Float32Array(many * 8).fill(i % 5), many, 8), new Float32Array(many)];
}
const buffers = () => process.memoryUsage().arrayBuffers;
const sample = {
  onBatchEnd(batch) {
    if (batch % 10 > 0) return;
    globalThis.gc();
    highest = Math.max(highest, buffers());
  },
};
await model.fit(batches, { epochs: 1 });
await settle();
const base = buffers();
await model.fit(batches, { epochs: 1, callbacks: [sample] });
const stream = (highest - base) / MB;

console.log(JSON.stringify({ models, heap, stream }));
