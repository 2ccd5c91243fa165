// Saliency: which pixels of a digit made the network say what it says? The gradient of the score of its verdict by the pixels
// tells. Run: npm run build, node examples/saliency.js
import { activation, dense, dropout, matrix, sequential, wasm } from 'myelin';
import { readDigits, split } from './digits/data.js';

const HIDDEN = 8; // pixels, of 64
const { train, test } = split(readDigits(), 1);
const layers = [
  dense({ units: 64, activation: 'relu', inputShape: 64 }),
  dropout({ rate: 0.3 }),
  dense({ units: 10 }),
  activation({ activation: 'softmax' }),
];
const model = sequential({ layers, seed: 1, backend: await wasm() });
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(train.x, train.y, { epochs: 30, lint: false });

const digits = matrix(test.x.data, test.x.rows, 64);
const chances = model.predict(digits);
const verdicts = chances.argMax();

// The score of the verdict is the logarithm of its chance, but for what all scores share: begin with 1 / chance at the verdict.
const outputGradient = matrix(new Float32Array(chances.data.length), digits.rows, 10);
verdicts.forEach((verdict, r) => {
  outputGradient.row(r)[verdict] = 1 / chances.row(r)[verdict];
});
const { inputs } = model.gradients(digits, { outputGradient, inputs: true, training: false });
// What a pixel adds to the score is about its slope times its brightness.
const added = inputs.input.data.map((slope, i) => slope * digits.data[i]);
const saliency = matrix(added, digits.rows, 64);

const shades = ' .:-=+*#%@';
const line = (pixels, most) =>
  [...pixels].map((v) => shades[Math.floor((9 * Math.max(v, 0)) / most)].repeat(2)).join('');
for (const r of [0, 1, 2]) {
  console.log(`\nA ${verdicts[r]}, and the pixels that speak for it:`);
  const most = Math.max(...saliency.row(r));
  for (let y = 0; y < 64; y += 8) {
    console.log(`${line(digits.row(r).slice(y, y + 8), 1)} | ${line(saliency.row(r).slice(y, y + 8), most)}`);
  }
}

/** The accuracy that is left where 8 pixels of each digit are dark: those that `order` puts first. */
function accuracyWithout(order) {
  const dark = digits.slice();
  for (let r = 0; r < dark.rows; r++) {
    const bright = Array.from(dark.row(r).keys()).filter((pixel) => dark.row(r)[pixel] > 0);
    const chosen = bright.sort((a, b) => order(saliency.row(r), a, b)).slice(0, HIDDEN);
    for (const pixel of chosen) dark.row(r)[pixel] = 0;
  }
  return model.evaluate(dark, test.y).accuracy;
}
const least = accuracyWithout((added, a, b) => Math.abs(added[a]) - Math.abs(added[b]));
const most = accuracyWithout((added, a, b) => added[b] - added[a]);
console.log(`\naccuracy: ${model.evaluate(digits, test.y).accuracy.toFixed(3)}`);
console.log(`without the ${HIDDEN} bright pixels that matter least: ${least.toFixed(3)}`);
console.log(`without the ${HIDDEN} that speak most for the verdict: ${most.toFixed(3)}`);
