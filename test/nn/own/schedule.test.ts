import { describe, expect, test, vi } from 'vitest';
import * as myelin from '../../../src/index.js';
import { adam, customSchedule, dense, register, sequential, typescript, warmup } from '../../../src/index.js';
import { any } from '../../support/any.js';
import { weightHash } from '../../support/nn/models.js';

const x = [[1, 2], [-1, 0.5], [0.25, -2]]; // biome-ignore format: rows
const y = [[1], [0], [-1]];

function build(learningRate: myelin.LearningRate, from: typeof myelin = myelin): myelin.Model {
  const model = from.sequential({
    layers: [from.dense({ units: 1, inputShape: 2 })],
    backend: from.typescript(),
    seed: 1,
  });
  return model.compile({ optimizer: from.adam({ learningRate }), loss: 'meanSquaredError' });
}

const decay = (step: number) => 0.1 / (1 + step);

describe.each<[string, () => myelin.LearningRate]>([
  ['a plain function', () => decay],
  ['customSchedule', () => customSchedule(decay)],
  ['a warm-up of no time before it', () => warmup({ schedule: (step) => decay(step + 1), warmupSteps: 1, initialLearningRate: 0.1 })], // biome-ignore format: a row
])('%s', (_, make) => {
  test('is the rate of each step, from 0 on', async () => {
    const known = build(myelin.inverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 1 }));
    const own = build(make());
    for (let step = 0; step < 5; step++) {
      expect(own.learningRate).toBe(decay(step));
      for (const model of [own, known]) model.trainOnBatch(x, y);
    }
    expect(weightHash(own)).toBe(weightHash(known));
  });
});

test('a function is asked once a step', async () => {
  const asked: number[] = [];
  const model = build((step) => {
    asked.push(step);
    return 0.01;
  });
  await model.fit(x, y, { epochs: 3, batchSize: 1, verbose: 0 });
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.slice(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1, undefined, '1'])(
  'a rate of %s is refused, and the step not taken',
  (bad) => {
    const model = build((step) => (step < 2 ? 0.01 : any(bad)));
    for (let i = 0; i < 2; i++) model.trainOnBatch(x, y);
    const before = weightHash(model);
    expect(() => model.trainOnBatch(x, y)).toThrow(/adam\.learningRate, step 2/);
    expect(() => model.trainOnBatch(x, y)).toThrow(myelin.ValueError);
    expect(weightHash(model)).toBe(before);
    model.learningRate = 0.01;
    model.trainOnBatch(x, y);
  },
);

test('is saved by its name, and goes on at its step in a program that has registered it', async () => {
  vi.resetModules();
  const from = await import('../../../src/index.js');
  const model = build(from.register('decay', from.customSchedule(decay)), from);
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  const bytes = from.serialize(model);
  vi.resetModules();
  const elsewhere = await import('../../../src/index.js');
  const load = () => elsewhere.deserialize(bytes, { backend: elsewhere.typescript() });
  expect(load).toThrow(elsewhere.UnknownNameError);
  expect(load).toThrow("Call register('decay', customSchedule(...)) first.");
  elsewhere.register('decay', elsewhere.customSchedule(decay));
  const loaded = load();
  expect(loaded.learningRate).toBe(decay(3));
  for (const one of [model, loaded]) one.trainOnBatch(x, y);
  expect(weightHash(loaded)).toBe(weightHash(model));
});

test.each<[string, () => myelin.LearningRate]>([
  ['a plain function', () => decay],
  ['one without a name', () => customSchedule(decay)],
  ['a plain function in a warm-up', () => warmup({ schedule: decay, warmupSteps: 2 })],
])('%s cannot be saved, and the error says which call gives a name', (_, make) => {
  const model = build(make());
  expect(() => myelin.serialize(model)).toThrow(myelin.StateError);
  expect(() => myelin.serialize(model)).toThrow(/register\('name', customSchedule\(\.\.\.\)\)/);
});

test('a registered one does by its name in plain data', () => {
  register(
    'quarter',
    customSchedule((step) => 0.25 / (1 + step)),
  );
  expect(build({ name: 'quarter' }).learningRate).toBe(0.25);
  const options = myelin.compileOptionsFromSpec({ optimizer: { name: 'adam', learningRate: { name: 'quarter' } }, loss: 'meanSquaredError' }); // biome-ignore format: plain data
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend: typescript() });
  expect(model.compile(any(options)).learningRate).toBe(0.25);
  for (const name of ['cosine', 'constant', 'quarter']) {
    expect(() => register(name, customSchedule(decay))).toThrow(myelin.ValueError);
  }
});

test('what is no function is refused', () => {
  expect(() => customSchedule(any(0.1))).toThrow(/customSchedule: expected a function/);
  expect(() => adam({ learningRate: any(myelin.cosine) })).toThrow(/adam\.learningRate/);
});
