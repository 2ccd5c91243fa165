// Prints, as JSON, what becomes of the memories of many small models. Runs with --expose-gc.
import * as myelin from '../../build/index.js';
import { bits, build, countMemories, ROUNDS, step } from './many-models.js';

const count = countMemories();
const backend = await myelin.wasm();
const settle = async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const train = (i) => {
  const model = build(myelin, backend, i);
  for (let round = 0; round < ROUNDS; round++) step(myelin, model, i, round);
  return model;
};

const start = process.memoryUsage().rss;
let models = Array.from({ length: 2000 }, (_, i) => train(i));
const first = count.made;
const bytes = (process.memoryUsage().rss - start) / models.length;

// Every other one is dropped; what takes its place computes what it did.
const dropped = models.flatMap((model, i) => (i % 2 ? [bits(myelin, model)] : []));
const kept = models.flatMap((model, i) => (i % 2 ? [] : [bits(myelin, model)]));
models = models.map((model, i) => (i % 2 ? undefined : model));
await settle();
const again = dropped.map((_, k) => train(2 * k + 1));
const second = count.made;
const same =
  again.every((model, k) => bits(myelin, model) === dropped[k]) &&
  kept.every((sum, k) => bits(myelin, models[2 * k]) === sum);

// All are dropped while nothing awaits the event loop, and others come and go.
let highest = 0;
models = [];
again.length = 0;
for (let i = 0; i < 2500; i++) {
  train(i);
  if (i % 100 === 0) highest = Math.max(highest, process.memoryUsage().rss);
}
console.log(JSON.stringify({ first, second, same, bytes, growth: (highest - start) / 2 ** 20 }));
