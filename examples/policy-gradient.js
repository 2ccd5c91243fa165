// A policy gradient (REINFORCE): a network learns to balance a pole on a cart by trying. Run: npm run build, node examples/policy-gradient.js
import { adam, dense, matrix, sequential, wasm } from 'myelin';

const [GAMES, ROUNDS, LONGEST, DISCOUNT] = [10, 60, 200, 0.99];

let state = 7; // of mulberry32
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** A fiftieth of a second of cart-pole (Barto, Sutton and Anderson 1983), with a push to the left (0) or the right (1). */
function move(now, action) {
  const [x, speed, angle, turning] = now;
  const force = action === 1 ? 10 : -10;
  const push = (force + 0.05 * turning ** 2 * Math.sin(angle)) / 1.1;
  const turn = (9.8 * Math.sin(angle) - Math.cos(angle) * push) / (0.5 * (4 / 3 - (0.1 * Math.cos(angle) ** 2) / 1.1));
  const acceleration = push - (0.05 * turn * Math.cos(angle)) / 1.1;
  return [x + 0.02 * speed, speed + 0.02 * acceleration, angle + 0.02 * turning, turning + 0.02 * turn];
}
const stands = (now) => Math.abs(now[0]) < 2.4 && Math.abs(now[2]) < 0.21;

const layers = [dense({ units: 32, activation: 'tanh', inputShape: 4 }), dense({ units: 2, activation: 'softmax' })];
const policy = sequential({ layers, seed: 1, backend: await wasm() });
policy.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'categoricalCrossentropy' });

/** Plays one game: each step's state, what was done, how likely that was, and the discounted steps to come. */
function play() {
  const steps = [];
  let now = Array.from({ length: 4 }, () => 0.1 * uniform() - 0.05);
  while (stands(now) && steps.length < LONGEST) {
    const [left, right] = policy.predict([now]).data;
    const action = uniform() < left ? 0 : 1;
    steps.push({ now, action, chance: action === 0 ? left : right, value: 0 });
    now = move(now, action);
  }
  for (let i = steps.length - 1; i >= 0; i--) steps[i].value = 1 + DISCOUNT * (steps[i + 1]?.value ?? 0);
  return steps;
}

for (let round = 0; round < ROUNDS; round++) {
  const games = Array.from({ length: GAMES }, play);
  const steps = games.flat();
  if (round % 10 === 0 || round === ROUNDS - 1) console.log(`round ${round}: ${steps.length / GAMES} steps a game`);
  const mean = steps.reduce((sum, { value }) => sum + value, 0) / steps.length;
  const deviation = Math.sqrt(steps.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / steps.length) + 1e-8;
  // What did better than the mean is to become likelier: the slope of -advantage log(chance) by the chance.
  const outputGradient = matrix(new Float32Array(2 * steps.length), steps.length, 2);
  steps.forEach(({ action, chance, value }, i) => {
    outputGradient.row(i)[action] = -(value - mean) / deviation / chance / steps.length;
  });
  policy.applyGradients(
    policy.gradients(
      steps.map(({ now }) => now),
      { outputGradient },
    ).gradients,
  );
}
