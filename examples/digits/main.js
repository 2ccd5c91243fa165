import { createHash } from 'node:crypto';
import {
  activation,
  adam,
  batchNormalization,
  confusionMatrix,
  dense,
  dropout,
  load,
  save,
  sequential,
  typescript,
  wasm,
} from 'myelin';
import { readDigits, split } from './data.js';

const SEED = 1;
const EPOCHS = 30;
const LEARNING_RATE = 0.005;
const REQUIRED_ACCURACY = 0.97;

const live = process.stdout.isTTY;
const count = (n) => Math.round(n).toLocaleString('en-US');
const percent = (share) => `${(100 * share).toFixed(1)}%`;
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function buildModel(backend) {
  return sequential({
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
    seed: SEED,
    backend,
  });
}

/**
 * Rewrites one line on a terminal; elsewhere prints a line every few epochs.
 * @returns {import('myelin').Callback}
 */
function progress(samples) {
  let began = 0;
  return {
    onTrainBegin() {
      began = performance.now();
    },
    onEpochEnd(epoch, { loss, accuracy }) {
      const done = epoch + 1;
      const rate = (done * samples * 1000) / (performance.now() - began);
      const line =
        `  epoch ${String(done).padStart(2)}/${EPOCHS}   loss ${loss.toFixed(4)}   ` +
        `accuracy ${percent(accuracy).padStart(6)}   ${count(rate).padStart(7)} samples/s`;
      if (live) process.stdout.write(`\r${line}${done === EPOCHS ? '\n' : ''}`);
      else if (done === 1 || done % 10 === 0) console.log(line);
    },
  };
}

const fallingLearningRate = {
  onEpochBegin(epoch, model) {
    model.learningRate = LEARNING_RATE * (1 - epoch / EPOCHS);
  },
};

async function train(backend, { x, y }) {
  const model = buildModel(backend);
  model.compile({
    optimizer: adam({ learningRate: LEARNING_RATE }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const start = performance.now();
  await model.fit(x, y, { epochs: EPOCHS, batchSize: 32, callbacks: [fallingLearningRate, progress(x.rows)] });
  return { model, ms: performance.now() - start };
}

/** The most probable class of each row. */
function classes({ data, rows, columns }) {
  return Array.from({ length: rows }, (_, r) => {
    const row = data.subarray(r * columns, (r + 1) * columns);
    return row.indexOf(Math.max(...row));
  });
}

function printConfusion(truth, predicted) {
  const counts = confusionMatrix(truth, predicted);
  const cells = (values) => values.map((v) => String(v || '·').padStart(4)).join('');
  console.log('\nConfusion matrix (a row per true digit, a column per prediction)');
  console.log(`      ${Array.from(counts.keys(), (digit) => String(digit).padStart(4)).join('')}`);
  counts.forEach((row, digit) => {
    console.log(`    ${digit} ${cells(row)}`);
  });
}

function printDigits({ x, y }, predicted, indices) {
  const shades = [' ', '░', '▒', '▓', '█'];
  const shade = (value) => shades[Math.round(value * 4)].repeat(2);
  for (let line = 0; line < 8; line++) {
    const pixels = (i) => Array.from(x.data.subarray(i * 64 + line * 8, i * 64 + line * 8 + 8), shade).join('');
    console.log(`  ${indices.map(pixels).join('   ')}`.trimEnd());
  }
  const caption = (i) => (predicted[i] === y[i] ? `read as ${predicted[i]}` : `read as ${predicted[i]}, is ${y[i]}`);
  console.log(`  ${indices.map((i) => caption(i).padEnd(16)).join('   ')}`.trimEnd());
}

function hashWeights(model) {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(model.getWeights())) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function fail(message) {
  console.error(`\nFAILED: ${message}`);
  process.exit(1);
}

const digits = readDigits();
const { train: training, test } = split(digits, SEED);
console.log(
  `Handwritten digits: ${count(digits.y.length)} images of 8 x 8 pixels; ` +
    `${count(training.y.length)} to train on, ${test.y.length} to test.`,
);

console.log('\nTraining on WebAssembly SIMD');
const fast = await train(await wasm(), training);
const { accuracy } = fast.model.evaluate(test.x, test.y);
const output = fast.model.predict(test.x);
const predicted = classes(output);
const wrong = Array.from(test.y.keys()).filter((i) => predicted[i] !== test.y[i]);
console.log(`  test accuracy ${percent(accuracy)}: ${wrong.length} of ${test.y.length} unseen digits misread`);
printConfusion(test.y, output);
if (accuracy < REQUIRED_ACCURACY) fail(`the test accuracy is below ${percent(REQUIRED_ACCURACY)}.`);

const path = 'build/digits.safetensors';
const file = new URL(`../../${path}`, import.meta.url);
await save(fast.model, file);
const restored = await load(file, { backend: await wasm() });
const again = restored.predict(test.x);
if (Buffer.compare(Buffer.from(output.data.buffer), Buffer.from(again.data.buffer)) !== 0) {
  fail(`the model of ${path} predicts otherwise than the one that was saved.`);
}
console.log(`\nSaved to ${path} and loaded as a new model: same predictions, to the bit.\n`);
const right = Array.from(test.y.keys()).filter((i) => !wrong.includes(i));
printDigits(test, classes(again), [...right.slice(0, 3), ...wrong.slice(0, 1)]);

console.log('\nTraining the same model on plain TypeScript');
const slow = await train(typescript(), training);

const [fastHash, slowHash] = [hashWeights(fast.model), hashWeights(slow.model)];
console.log('\nSHA-256 of the trained weights');
console.log(`  WebAssembly  ${fastHash}`);
console.log(`  TypeScript   ${slowHash}`);
if (fastHash !== slowHash) fail('the two backends must train to the same weights, but did not.');
console.log('  Identical to the bit.');
console.log(
  `\nWebAssembly took ${seconds(fast.ms)}, TypeScript ${seconds(slow.ms)}: ${(slow.ms / fast.ms).toFixed(1)} times faster.`,
);
