// Differentially private training (DP-SGD, Abadi et al. 2016): no single digit moves the weights by more than a bound, and noise
// hides what it did. Run: npm run build, node examples/private.js
import { adam, dense, matrix, sequential, wasm } from 'myelin';
import { readDigits, split } from './digits/data.js';

const [EPOCHS, LOT, BOUND, NOISE] = [12, 64, 1, 0.8];
const { train, test } = split(readDigits(), 1);
const layers = [dense({ units: 32, activation: 'tanh', inputShape: 64 }), dense({ units: 10, activation: 'softmax' })];
const model = sequential({ layers, seed: 1, backend: await wasm() });
const optimizer = adam({ learningRate: 0.01 });
model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

let state = 3; // of mulberry32; what is to stay private wants a generator that nobody can foretell
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** The gradients of rows, each cut to the bound, added up, with noise, divided by the rows of a lot. */
function privately(perRow, gradients) {
  const names = Object.keys(perRow);
  const { rows } = perRow[names[0]];
  const factors = Array.from({ length: rows }, (_, r) => {
    const squares = names.map((name) => perRow[name].row(r).reduce((sum, g) => sum + g * g, 0));
    return Math.min(1, BOUND / Math.sqrt(squares.reduce((sum, square) => sum + square, 0)));
  });
  const made = names.map((name) => {
    const sum = new Float32Array(perRow[name].columns);
    factors.forEach((factor, r) => {
      const row = perRow[name].row(r);
      for (let i = 0; i < sum.length; i++) sum[i] += factor * row[i];
    });
    const noisy = sum.map((g) => (g + NOISE * BOUND * normal()) / LOT);
    return [name, matrix(noisy, gradients[name].rows, gradients[name].columns)];
  });
  return Object.fromEntries(made);
}

const digits = matrix(train.x.data, train.x.rows, 64);
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  for (let lot = 0; lot < digits.rows / LOT; lot++) {
    // Each row comes with the same chance, so that the size of a lot says nothing about it either.
    const chosen = Array.from(train.y.keys()).filter(() => uniform() < LOT / digits.rows);
    if (chosen.length === 0) continue;
    const labels = chosen.map((row) => train.y[row]);
    const { perRow, gradients } = model.gradients(digits.take(chosen), labels, { perRow: true });
    model.applyGradients(privately(perRow, gradients));
  }
  const { accuracy } = model.evaluate(test.x, test.y);
  console.log(`epoch ${epoch}: accuracy ${accuracy.toFixed(3)} on digits that it has not seen`);
}
