// What parts of the user's own cost next to those of the library: the processor's time of a whole step, in turns in
// one process, and the ratio of medians. Build first. Pin it: taskset -c 0 node bench/own-parts.js [--rounds 200] [--backend wasm|typescript]

import { parseArgs } from 'node:util';
import {
  adam,
  customLayer,
  customOptimizer,
  dense,
  layerNormalization,
  matrix,
  sequential,
  typescript,
  wasm,
} from '../build/index.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, backend: { type: 'string', default: 'wasm' } },
});
const backend = values.backend === 'wasm' ? await wasm() : typescript();

const rmsNormalization = customLayer({
  options: { epsilon: 1e-6 },
  parameters: ({ x }) => ({ gamma: { shape: [x], initializer: 'ones' } }),
  forward: ({ x, gamma }, { add, div, mean, mul, sqrt, square }, { epsilon }) =>
    mul(gamma, div(x, sqrt(add(mean(square(x), { axis: 1 }), epsilon)))),
});

const ownAdam = customOptimizer({
  states: ['m', 'v'],
  update: ({ weight, gradient, m, v, rate, step }, { add, div, mul, pow, sqrt, square, sub }) => {
    const first = add(mul(0.9, m), mul(0.1, gradient));
    const second = add(mul(0.999, v), mul(0.001, square(gradient)));
    const mean = div(first, sub(1, pow(0.9, step)));
    const variance = div(second, sub(1, pow(0.999, step)));
    return { weight: sub(weight, div(mul(rate, mean), add(sqrt(variance), 1e-8))), m: first, v: second };
  },
});

/** Networks of bench/workloads.ts. */
const networks = {
  W2: { widths: [30, 64, 32, 2], batch: 32 },
  W4: { widths: [784, 256, 128, 10], batch: 64 },
};
/** What each side takes: an optimizer, and layers after each hidden one. */
const pairs = {
  'custom RMS normalization': {
    own: { between: () => [rmsNormalization()] },
    library: { between: () => [layerNormalization()] },
  },
  'custom Adam': { own: { optimizer: ownAdam }, library: {} },
};

function build({ widths: [inputs, ...widths], batch }, { between = () => [], optimizer = adam() }) {
  const layers = widths.flatMap((units, i) => {
    const last = i === widths.length - 1;
    const size = i === 0 ? { inputShape: inputs } : {};
    return [dense({ units, activation: last ? 'softmax' : 'relu', ...size }), ...(last ? [] : between())];
  });
  const model = sequential({ layers, backend, seed: 1 });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  const x = matrix(
    Float32Array.from({ length: batch * inputs }, (_, i) => Math.sin(i * 12.9)),
    batch,
    inputs,
  );
  const y = Float32Array.from({ length: batch }, (_, i) => i % widths.at(-1));
  return () => model.trainOnBatch(x, y);
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

for (const [what, parts] of Object.entries(pairs)) {
  for (const [name, network] of Object.entries(networks)) {
    const steps = Object.entries(parts).map(([side, part]) => ({ side, step: build(network, part), times: [] }));
    for (let i = 0; i < 50; i++) for (const { step } of steps) step();
    const repeats = name === 'W2' ? 40 : 2;
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { step, times } of steps) {
        const start = process.cpuUsage();
        for (let i = 0; i < repeats; i++) step();
        const { user, system } = process.cpuUsage(start);
        times.push((user + system) / repeats);
      }
    }
    const [own, library] = steps.map(({ times }) => median(times));
    const ratio = (own / library).toFixed(2);
    console.log(`${name}, ${what}: ${own.toFixed(1)} us a step, ${ratio} of the library's ${library.toFixed(1)}`);
  }
}
