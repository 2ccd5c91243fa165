// A generative adversarial network: a generator turns noise into points, a discriminator tells them from real ones, and the
// gradient of its verdict by the points is what the generator learns from. Run: npm run build, node examples/gan.js
import { adam, dense, matrix, sequential, wasm } from 'myelin';

const [ROWS, NOISE, STEPS] = [64, 4, 3000];
const backend = await wasm();
let state = 1; // of mulberry32
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
const noise = (rows) => matrix(Float32Array.from({ length: rows * NOISE }, normal), rows, NOISE);

/** Points around (2, -1) with deviations of 1 and 0.5 that lean together: their correlation is 0.8. */
function real(rows) {
  const points = Array.from({ length: rows }, () => {
    const [a, b] = [normal(), normal()];
    return [2 + a, -1 + 0.5 * (0.8 * a + 0.6 * b)];
  });
  return matrix(Float32Array.from(points.flat()), rows, 2);
}

const hidden = (options) => dense({ units: 32, activation: 'leakyRelu', ...options });
const network = (inputShape, last, loss, seed) => {
  const model = sequential({ layers: [hidden({ inputShape }), hidden(), last], seed, backend });
  return model.compile({ optimizer: adam({ beta1: 0.5 }), loss });
};
const generator = network(NOISE, dense({ units: 2 }), 'meanSquaredError', 1);
const discriminator = network(2, dense({ units: 1, activation: 'sigmoid' }), 'binaryCrossentropy', 2);

/** Prints means, deviations and correlation. */
function show(name, { data, rows }) {
  const mean = (of) =>
    Array.from({ length: rows }, (_, r) => of(data[2 * r], data[2 * r + 1])).reduce((a, b) => a + b) / rows;
  const [mx, my] = [mean((x) => x), mean((_, y) => y)];
  const [sx, sy] = [Math.sqrt(mean((x) => (x - mx) ** 2)), Math.sqrt(mean((_, y) => (y - my) ** 2))];
  const correlation = mean((x, y) => (x - mx) * (y - my)) / (sx * sy);
  console.log(`${name}: ${[mx, my, sx, sy, correlation].map((v) => v.toFixed(2)).join(' ')}`);
}

show('untrained', generator.predict(noise(4000)));
for (let step = 0; step < STEPS; step++) {
  const z = noise(ROWS);
  const fake = generator.predict(z);
  const both = matrix(Float32Array.of(...real(ROWS).data, ...fake.data), 2 * ROWS, 2);
  discriminator.trainOnBatch(
    both,
    Float32Array.from({ length: 2 * ROWS }, (_, i) => (i < ROWS ? 1 : 0)),
  );
  // How would the points have to change for the discriminator to take them for real ones?
  const { inputs } = discriminator.gradients(fake, new Float32Array(ROWS).fill(1), { inputs: true });
  generator.applyGradients(generator.gradients(z, { outputGradient: inputs.input }).gradients);
}
show('generated', generator.predict(noise(4000)));
show('real', real(4000));
