// Trains a few networks on the built package and compares their weights with those of .ci/weights.json, in any engine:
//   node .ci/weights.js [--write]
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as myelin from '../build/index.js';

const path = fileURLToPath(new URL('weights.json', import.meta.url));

/** Returns numbers between -1 and 1, the same on any engine. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => ((i * 7919 + seed * 104729) % 201) / 100 - 1);

const { dense, batchNormalization, dropout, layerNormalization } = myelin;
const ROWS = 96;
const COLUMNS = 12;
const networks = {
  classes: {
    layers: [
      dense({ units: 33, inputShape: COLUMNS, activation: 'gelu' }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', globalClipNorm: 1 },
    y: myelin.matrix(
      Float32Array.from({ length: ROWS }, (_, i) => (i * 5) % 3),
      ROWS,
      1,
    ),
  },
  values: {
    layers: [
      dense({ units: 17, inputShape: COLUMNS, activation: 'mish' }),
      layerNormalization(),
      dense({ units: 9, activation: 'tanh' }),
      dense({ units: 2 }),
    ],
    compile: {
      optimizer: myelin.sgd({
        learningRate: myelin.cosine({ initialLearningRate: 0.05, decaySteps: 40 }),
        momentum: 0.9,
      }),
      loss: 'logCosh',
    },
    y: myelin.matrix(numbers(2 * ROWS, 3), ROWS, 2),
  },
};

const found = {};
for (const backend of [await myelin.wasm(), myelin.typescript()]) {
  for (const [name, { layers, compile, y }] of Object.entries(networks)) {
    const model = myelin.sequential({ layers, seed: 9, backend });
    model.compile(compile);
    await model.fit(myelin.matrix(numbers(ROWS * COLUMNS, 1), ROWS, COLUMNS), y, {
      epochs: 5,
      batchSize: 20,
      lint: false,
    });
    const hash = createHash('sha256');
    for (const { data } of Object.values(model.getWeights())) hash.update(new Uint8Array(data.slice().buffer));
    found[`${name} ${backend.name}`] = hash.digest('hex');
  }
}
if (process.argv.includes('--write')) writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`);
const expected = JSON.parse(readFileSync(path, 'utf8'));
for (const [name, hash] of Object.entries(found)) {
  const same = hash === expected[name];
  console.log(`${same ? 'ok   ' : 'OTHER'} ${name} ${hash.slice(0, 16)}`);
  if (!same) process.exitCode = 1;
}
