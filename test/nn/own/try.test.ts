import { expect, test } from 'vitest';
import { adam, customOptimizer, dense, sequential, typescript, wasm } from '../../../src/index.js';

const ownAdam = () => customOptimizer({
  states: ['m', 'v'],
  learningRate: 0.01,
  update: ({ weight, gradient, m, v, rate, step }, { add, div, mul, pow, sqrt, square, sub }) => {
    const first = add(mul(0.9, m), mul(0.1, gradient));
    const second = add(mul(0.999, v), mul(0.001, square(gradient)));
    const mean = div(first, sub(1, pow(0.9, step)));
    const variance = div(second, sub(1, pow(0.999, step)));
    return { weight: sub(weight, div(mul(rate, mean), add(sqrt(variance), 1e-8))), m: first, v: second };
  },
});
test('a', async () => {
  for (const backend of [typescript(), await wasm(), await wasm({threads: 2})]) {
    const run = (optimizer: any) => {
      const model = sequential({ layers: [dense({ units: 40, inputShape: 20, activation: 'tanh' }), dense({ units: 200 }), dense({units: 1})], backend, seed: 2 });
      model.compile({ optimizer, loss: 'meanSquaredError' });
      const x = Array.from({ length: 16 }, (_, i) => Array.from({ length: 20 }, (_, j) => Math.sin(i * 7 + j)));
      const y = x.map((r) => [r[0]! * 3]);
      const losses = [];
      for (let i = 0; i < 40; i++) losses.push((model.trainOnBatch(x, y) as any).loss);
      return losses.filter((_, i) => i % 10 === 9);
    };
    console.log(backend.name, backend.threads, run(adam({ learningRate: 0.01 })), run(ownAdam()));
  }
  console.log(JSON.stringify(ownAdam()));
});
