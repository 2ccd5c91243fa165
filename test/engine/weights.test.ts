import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { huber, quantile } from '../../src/kernels/twins/losses-regression.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { model, sequential } from '../../src/model/model.js';
import { customLoss } from '../../src/nn/expressions/custom.js';
import { dense, input } from '../../src/nn/layers/index.js';
import { drawBeta, Mixup } from '../../src/rows/mixup.js';
import { factories, Random, wasmFactory } from '../support/buffers.js';
import { clouds, makeEngine, weightHash } from '../support/nn/models.js';

const { x, labels } = clouds(60, 7, 3);
const oneHot = labels.map((label) => [0, 1, 2].map((c) => Number(c === label)));
const random = new Random(9);
const sampleWeight = labels.map(() => Math.fround(random.integer(4) * random.uniform()));
const numbers = labels.map((label, r) => label + Math.sin(r));

function regression(loss: CompileOptions['loss'] = 'meanSquaredError', backend = wasmFactory): Model {
  const built = sequential({
    layers: [dense({ units: 6, inputShape: 7, activation: 'tanh' }), dense({ units: 1 })],
    backend,
  });
  built.compile({ optimizer: sgd({ learningRate: 0.05 }), loss });
  return built;
}

function classifier(loss: CompileOptions['loss'] = 'sparseCategoricalCrossentropy', backend = wasmFactory): Model {
  const built = sequential({ layers: [dense({ units: 3, inputShape: 7, activation: 'softmax' })], backend });
  built.compile({ optimizer: adam({ learningRate: 0.01 }), loss, metrics: ['accuracy'] });
  return built;
}

const rowsOf = ({ data, columns }: Matrix, from: number, to: number) =>
  matrix(data.slice(from * columns, to * columns), to - from, columns);

describe.each(Object.entries(factories))('sample weights, %s', (_, backend) => {
  test.each([
    ['meanSquaredError', 'meanSquaredError'],
    ['huber', 'huber'],
    ['cosineSimilarity', 'cosineSimilarity'],
    ['a custom mean', customLoss((y, p, { mean, square, sub }) => mean(square(sub(p, y))))],
    ['a custom value a row', customLoss((y, p, { sum, abs, sub }) => sum(abs(sub(p, y)), { axis: 1 }))],
    ['custom values', customLoss((y, p, { log, add, exp, sub }) => log(add(1, exp(sub(p, y)))))],
  ] satisfies [string, CompileOptions['loss']][])('%s: the mean of weighted rows', (_, loss) => {
    const built = regression(loss, backend);
    const { logs, gradients } = built.gradients(x, numbers, { sampleWeight });
    const alone = numbers.map((y, r) => built.gradients(rowsOf(x, r, r + 1), [y]));
    const mean = (of: (row: number) => number) =>
      sampleWeight.reduce((sum, weight, r) => sum + weight * of(r), 0) / numbers.length;
    expect(logs.loss).toBeCloseTo(
      mean((r) => alone[r]!.logs.loss!),
      5,
    );
    for (const [name, { data }] of Object.entries(gradients)) {
      data.forEach((g, i) => {
        expect(g).toBeCloseTo(
          mean((r) => alone[r]!.gradients[name]!.data[i]!),
          5,
        );
      });
    }
  });

  test('a custom sum of weighted rows', () => {
    const sum = customLoss((y, p, { sum, square, sub }) => sum(square(sub(p, y))));
    const one = sequential({ layers: [dense({ units: 1, inputShape: 7 })], backend });
    one.compile({ optimizer: sgd(), loss: sum });
    const alone = numbers.map((y, r) => one.evaluate(rowsOf(x, r, r + 1), [y]).loss!);
    const expected = sampleWeight.reduce((total, weight, r) => total + weight * alone[r]!, 0);
    expect(one.gradients(x, numbers, { sampleWeight }).logs.loss).toBeCloseTo(expected, 3);
    const ones = numbers.map(() => 1);
    expect(one.gradients(x, numbers, { sampleWeight: ones })).toEqual(one.gradients(x, numbers));
  });

  test('programs with and without weights are kept apart', () => {
    const [mixed, plain] = [regression('huber', backend), regression('huber', backend)];
    const without = plain.gradients(x, numbers);
    const withWeights = mixed.gradients(x, numbers, { sampleWeight });
    expect(withWeights).not.toEqual(without);
    expect(mixed.gradients(x, numbers)).toEqual(without);
    expect(mixed.gradients(x, numbers, { sampleWeight })).toEqual(withWeights);
    expect(mixed.gradients(x, numbers, { sampleWeight: numbers.map(() => 1) })).toEqual(without);
  });

  test('zeros change nothing', () => {
    const built = regression('meanSquaredError', backend);
    const before = weightHash(built);
    expect(built.trainOnBatch(x, numbers, { sampleWeight: numbers.map(() => 0) }).loss).toBe(0);
    expect(weightHash(built)).toBe(before);
  });
});

test('evaluate weighs rows over all its batches, and does so while a step is under way', () => {
  const built = regression();
  const many = clouds(700, 7, 3);
  const weights = many.labels.map((_, r) => r % 3);
  const expected = many.labels.reduce((sum, y, r) => {
    const { loss } = built.evaluate(rowsOf(many.x, r, r + 1), [y]);
    return sum + loss! * weights[r]!;
  }, 0);
  expect(built.evaluate(many.x, many.labels, { sampleWeight: weights }).loss).toBeCloseTo(expected / 700, 4);
});

test('a sum is a sum, however rows are batched', async () => {
  const [sums, means] = [regression(huber({ reduction: 'sum' })), regression('huber')];
  const many = clouds(700, 7, 3);
  expect(sums.evaluate(many.x, many.labels).loss! / 700).toBeCloseTo(means.evaluate(many.x, many.labels).loss!, 5);
  const gradient = (built: Model) => built.gradients(x, numbers).gradients['layers.0.kernel']!.data;
  gradient(sums).forEach((g, i) => {
    expect(g / 60).toBeCloseTo(gradient(means)[i]!, 6);
  });
  const rates = [sums, means].map((built) => {
    built.learningRate = 0;
    return built.fit(x, numbers, { batchSize: 7, validationSplit: 0.25, shuffle: false });
  });
  const [summed, mean] = await Promise.all(rates);
  expect(summed!.history.loss![0]! / 45).toBeCloseTo(mean!.history.loss![0]!, 5);
  expect(summed!.history.valLoss![0]! / 15).toBeCloseTo(mean!.history.valLoss![0]!, 5);
});

describe('fit', () => {
  test('takes class weights as weights of rows, and multiplies with those', async () => {
    const byClass = [0.5, 1, 3];
    const hashes = new Set<string>();
    const histories = new Set<string>();
    for (const [loss, y] of [
      ['sparseCategoricalCrossentropy', labels],
      ['categoricalCrossentropy', oneHot],
    ] as const) {
      const [a, b] = [classifier(loss), classifier(loss)];
      const own = labels.map((label, r) => Math.fround(byClass[label]! * sampleWeight[r]!));
      const first = await a.fit(x, y, { epochs: 2, sampleWeight: own });
      const second = await b.fit(x, y, { epochs: 2, sampleWeight, classWeight: { 0: 0.5, 2: 3 } });
      expect(second.history).toEqual(first.history);
      hashes.add(weightHash(a)).add(weightHash(b));
      histories.add(JSON.stringify(first.history.accuracy));
    }
    expect(histories.size).toBe(1);
    expect(hashes.size).toBeLessThan(3);
  });

  test('weights of a yes or no', async () => {
    const build = () => {
      const built = sequential({
        layers: [dense({ units: 1, inputShape: 7, activation: 'sigmoid' })],
        backend: wasmFactory,
      });
      built.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
      return built;
    };
    const y = labels.map((label) => Number(label === 1));
    const [a, b] = [build(), build()];
    await a.fit(x, y, { classWeight: { 1: 4 } });
    await b.fit(x, y, { sampleWeight: y.map((v) => (v ? 4 : 1)) });
    expect(weightHash(a)).toBe(weightHash(b));
  });

  test('validation takes its share of the weights, or weights of its own', async () => {
    const held = { x: rowsOf(x, 45, 60), y: numbers.slice(45), weights: sampleWeight.slice(45) };
    const split = await regression().fit(x, numbers, { sampleWeight, validationSplit: 0.25 });
    const given = await regression().fit(rowsOf(x, 0, 45), numbers.slice(0, 45), {
      sampleWeight: sampleWeight.slice(0, 45),
      validationData: [held.x, held.y, held.weights],
    });
    expect(given.history).toEqual(split.history);
    const built = regression();
    await built.fit(x, numbers, { validationData: [held.x, held.y] });
    expect(built.evaluate(held.x, held.y, { sampleWeight: held.weights })).not.toEqual(built.evaluate(held.x, held.y));
  });
});

describe('weights of losses', () => {
  const source = input({ shape: 7 });
  const hidden = dense({ units: 5, activation: 'tanh', name: 'hidden' }).apply(source);
  const outputs = [
    dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(hidden),
    dense({ units: 1, name: 'price' }).apply(hidden),
  ];
  const y = { kind: labels, price: numbers };
  const build = (lossWeights?: CompileOptions['lossWeights']) => {
    const built = model({ inputs: source, outputs, backend: wasmFactory, seed: 3 });
    built.compile({
      optimizer: 'sgd',
      loss: { kind: 'sparseCategoricalCrossentropy', price: quantile({ tau: 0.75 }) },
      ...(lossWeights ? { lossWeights } : {}),
    });
    return built;
  };

  test('total, parts and gradients', async () => {
    const plain = build().gradients(x, y);
    const weighted = build([2, 0.25]).gradients(x, y);
    expect(weighted.logs.kindLoss).toBe(plain.logs.kindLoss);
    expect(weighted.logs.priceLoss).toBe(plain.logs.priceLoss);
    expect(weighted.logs.loss).toBeCloseTo(2 * plain.logs.kindLoss! + 0.25 * plain.logs.priceLoss!, 6);
    expect(build({ kind: 2, price: 0.25 }).gradients(x, y)).toEqual(weighted);
    const gradient = ({ gradients }: typeof plain, layer: number) =>
      Array.from(gradients[`layers.${layer}.kernel`]!.data);
    expect(gradient(weighted, 1)).toEqual(gradient(plain, 1).map((g) => 2 * g));
    expect(gradient(weighted, 2)).toEqual(gradient(plain, 2).map((g) => 0.25 * g));
    const alone = build({ price: 0 });
    expect(gradient(alone.gradients(x, y), 2).map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    const { history } = await build([2, 0.25]).fit(x, y, { batchSize: 7 });
    expect(history.loss![0]).toBeCloseTo(2 * history.kindLoss![0]! + 0.25 * history.priceLoss![0]!, 10);
  });
});

describe('mixup', () => {
  test.each([0.05, 0.2, 0.5, 0.75, 1, 4, 50])('Beta(%d, %d) has its moments', (alpha) => {
    const generator = new Generator(1, 5);
    const draws = Array.from({ length: 40_000 }, () => drawBeta(generator, alpha));
    const moment = (power: number) => draws.reduce((sum, v) => sum + (v - 0.5) ** power, 0) / draws.length;
    const variance = 1 / (4 * (2 * alpha + 1));
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(variance / draws.length));
    expect(moment(2) / variance).toBeCloseTo(1, 1);
    expect(moment(4) / (3 / (16 * (2 * alpha + 1) * (2 * alpha + 3)))).toBeCloseTo(1, 1);
    expect(draws.every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  test('each row becomes a mixture with another, targets and weights alike', () => {
    const layers = [dense({ units: 3, inputShape: 7, activation: 'softmax' })];
    const compile = { optimizer: 'sgd', loss: 'categoricalCrossentropy' } as const;
    const engine = makeEngine({ name: 'mixup', layers, compile }, wasmFactory);
    const program = engine.program('train', 8, true);
    const order = Uint32Array.from({ length: 60 }, (_, i) => 59 - i);
    const y = [matrix(oneHot.flat(), 60, 3), matrix(sampleWeight, 60, 1)];
    engine.stageBatch(program, [x], y, 16, order);
    const before = program.inputs.concat(program.targets).map((tensor) => engine.read(tensor));
    new Mixup(0.4, 3).apply(engine, program);
    const after = program.inputs.concat(program.targets).map((tensor) => engine.read(tensor));
    const lambda = drawBeta(new Generator(3, 6 << 24, 1), 0.4);
    expect(lambda).toBeGreaterThan(0);
    const mixed = (part: number, own: number, other: number) => {
      const { columns } = before[part]!;
      const at = (row: number, c: number) => before[part]!.data[row * columns + c]!;
      return Array.from({ length: columns }, (_, c) => Math.fround(lambda * at(own, c) + (1 - lambda) * at(other, c)));
    };
    const partners = [0, 1, 2, 3, 4, 5, 6, 7].map((row) => {
      return [0, 1, 2, 3, 4, 5, 6, 7].findIndex((other) =>
        [0, 1, 2].every((part) => {
          const { columns, data } = after[part]!;
          return String(data.slice(row * columns, (row + 1) * columns)) === String(mixed(part, row, other));
        }),
      );
    });
    expect([...partners].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('each batch draws its own, those that wait for one update too', async () => {
    const drawn = async (gradientAccumulationSteps: number) => {
      const built = sequential({
        layers: [dense({ units: 3, inputShape: 7, activation: 'softmax' })],
        backend: wasmFactory,
      });
      built.compile({
        optimizer: sgd({ learningRate: 0 }),
        loss: 'categoricalCrossentropy',
        gradientAccumulationSteps,
      });
      const losses: number[] = [];
      const one = matrix(x.data.slice(0, 7 * 8), 8, 7);
      const onBatchEnd = (_: number, { loss }: Readonly<Record<string, number>>) => void losses.push(loss!);
      await built.fit(one, oneHot.slice(0, 8), { epochs: 8, shuffle: false, mixup: 0.4, callbacks: [{ onBatchEnd }] });
      return losses;
    };
    const each = await drawn(1);
    expect(new Set(each).size).toBe(8);
    // Weights stay, so that the draws alone tell batches apart; they count as dropout's do.
    expect(await drawn(4)).toEqual(each);
    expect(await drawn(3)).toEqual(each);
  });

  test('one lambda and one permutation a step', () => {
    const layers = [dense({ units: 3, inputShape: 7, activation: 'softmax' })];
    const compile = { optimizer: 'sgd', loss: 'categoricalCrossentropy' } as const;
    const engine = makeEngine({ name: 'mixup', layers, compile }, wasmFactory);
    const program = engine.program('train', 8);
    const y = [matrix(oneHot.flat(), 60, 3)];
    const mixed = (taken: number) => {
      engine.steps.taken = taken;
      engine.stageBatch(program, [x], y, 0);
      new Mixup(0.4, 3).apply(engine, program);
      return [...engine.read(program.inputs[0]!).data];
    };
    expect(mixed(1)).not.toEqual(mixed(0));
    expect(mixed(0)).toEqual(mixed(0));
  });

  test('trains, the same on both backends, and leaves data alone', async () => {
    const hashes = new Set<string>();
    const [inputs, targets] = [x.data.slice(), JSON.stringify(oneHot)];
    for (const backend of Object.values(factories)) {
      const built = classifier('categoricalCrossentropy', backend);
      const { history } = await built.fit(x, oneHot, { epochs: 20, batchSize: 16, mixup: 0.2 });
      expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
      expect(built.evaluate(x, oneHot).accuracy).toBeGreaterThan(0.9);
      hashes.add(weightHash(built));
    }
    expect(hashes.size).toBe(1);
    const plain = classifier('categoricalCrossentropy');
    await plain.fit(x, oneHot, { epochs: 20, batchSize: 16 });
    expect(hashes).not.toContain(weightHash(plain));
    expect(x.data).toEqual(inputs);
    expect(JSON.stringify(oneHot)).toBe(targets);
  });
});
