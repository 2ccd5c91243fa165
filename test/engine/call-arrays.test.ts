import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { planUpdate } from '../../src/engine/rare/update-plan.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { buildGraph, sequence } from '../../src/nn/graph.js';
import { dense, dropout } from '../../src/nn/layers/index.js';
import { bindLoss } from '../../src/nn/losses.js';
import { makeOptimizer } from '../../src/nn/optimizers/optimizers.js';
import { cutCall } from '../../src/program/split.js';
import { factories } from '../support/buffers.js';

setFlagsFromString('--allow-natives-syntax');
/** Tells whether V8 holds all numbers of an array in float64. */
const inFloat64 = new Function('array', 'return %HasDoubleElements(array)') as (array: readonly unknown[]) => boolean;

test('V8 holds the numbers of calls, of parts of them and of arguments as integers where they are', () => {
  expect(inFloat64([16, 0.5, 32])).toBe(true);
  const layers = [
    dense({ units: 64, activation: 'leakyRelu', inputShape: 40 }),
    dropout({ rate: 0.25 }),
    dense({ units: 3 }),
  ];
  const engine = new Engine(buildGraph(sequence(layers)), 3, factories.wasm);
  const optimizer = makeOptimizer(adam());
  const update = planUpdate({ clipNorm: 0.5 });
  engine.configure({ losses: [bindLoss('meanSquaredError', 3, 'linear')], optimizer, ...update });
  const { calls, updates } = engine.program('train', 32);
  const fractions = calls.filter((call) => call.some((number) => typeof number === 'number' && number % 1 !== 0));
  expect(fractions.length).toBeGreaterThan(1);
  const parts = calls.flatMap((call) => cutCall(call, 2, updates));
  expect(parts.length).toBeGreaterThan(calls.length);
  const all = [...calls, ...parts];
  expect([...all, ...all.map((call) => call.slice(1))].filter(inFloat64)).toEqual([]);
});
