import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { FitOptions, Model } from '../../src/callbacks/interfaces.js';
import { ShapeError, UnknownNameError, ValueError } from '../../src/errors.js';
import { model as makeModel, sequential } from '../../src/model/model.js';
import { dense, input } from '../../src/nn/layers/index.js';
import type { Loss } from '../../src/nn/losses.js';
import type { Data } from '../../src/rows/arrays.js';
import * as worker from '../../src/worker/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';
import { workerUrl } from '../support/remote.js';

// 60 rows: of three classes 40, 15 and 5.
const kinds = Array.from({ length: 60 }, (_, i) => (i % 12 === 0 ? 2 : i % 4 === 1 ? 1 : 0));
const x = kinds.map((kind, i) => [Math.sin(i) + kind, Math.cos(2 * i)]);
const oneHot = kinds.map((kind) => [0, 1, 2].map((c) => Number(c === kind)));
const isRare = kinds.map((kind) => Number(kind > 0));
const own = kinds.map((_, i) => (i % 3) / 2);

const count = (list: readonly number[], kind: number) => list.filter((value) => value === kind).length;
/** What scikit-learn's compute_class_weight('balanced') says. */
const balanced = (list: readonly number[]) => {
  const present = [...new Set(list)].sort((a, b) => a - b);
  return Object.fromEntries(present.map((kind) => [kind, list.length / (present.length * count(list, kind))]));
};

interface Target {
  readonly loss: Loss;
  readonly activation: 'softmax' | 'sigmoid' | 'tanh';
  readonly units: number;
  readonly y: Data;
  readonly classes: readonly number[];
}

const targets: Readonly<Record<string, Target>> = {
  'class indices': { loss: 'sparseCategoricalCrossentropy', activation: 'softmax', units: 3, y: kinds, classes: kinds },
  'one-hot rows': { loss: 'categoricalCrossentropy', activation: 'softmax', units: 3, y: oneHot, classes: kinds },
  'a column of 0 and 1': { loss: 'binaryCrossentropy', activation: 'sigmoid', units: 1, y: isRare, classes: isRare },
  'a column of -1 and 1': {
    loss: 'hinge',
    activation: 'tanh',
    units: 1,
    y: isRare.map((is) => 2 * is - 1),
    classes: isRare,
  },
};

function build({ loss, activation, units }: Target, backend = factories.wasm): Model {
  const layers = [dense({ units: 6, activation: 'tanh', inputShape: 2 }), dense({ units, activation })];
  const model = sequential({ layers, seed: 2, backend });
  model.compile({ optimizer: 'adam', loss });
  return model;
}

async function trained(
  target: Target,
  options: FitOptions,
  rows = x,
  y = target.y,
): Promise<readonly [string, unknown]> {
  const model = build(target);
  const { history } = await model.fit(rows, y, { epochs: 2, batchSize: 16, ...options });
  return [weightHash(model), history];
}

describe.each(Object.entries(targets))('%s', (_, target) => {
  const weights = balanced(target.classes);

  test('balanced is the formula of scikit-learn, by rows', async () => {
    const expected = await trained(target, { sampleWeight: target.classes.map((kind) => weights[kind]!) });
    expect(await trained(target, { classWeight: 'balanced' })).toEqual(expected);
    expect(await trained(target, { classWeight: weights })).toEqual(expected);
    expect(await trained(target, { classWeight: Object.values(weights) })).toEqual(expected);
    expect(await trained(target, {})).not.toEqual(expected);
  });

  test('multiplies weights of rows, and validation is not weighted', async () => {
    const product = target.classes.map((kind, i) => Math.fround(weights[kind]! * own[i]!));
    expect(await trained(target, { classWeight: 'balanced', sampleWeight: own })).toEqual(
      await trained(target, { sampleWeight: product }),
    );
    const model = build(target);
    const validationData = [x.slice(0, 30), (target.y as number[]).slice(0, 30)] as const;
    const { history } = await model.fit(x, target.y, { classWeight: 'balanced', validationData });
    expect(history.valLoss![0]).toBeCloseTo(model.evaluate(...validationData).loss!, 6);
  });

  test('counts the rows that are trained on', async () => {
    const rows = kinds.flatMap((_, i) => (i % 2 === 0 || kinds[i] === 1 ? [i] : []));
    const chosen = rows.map((row) => target.classes[row]!);
    expect(await trained(target, { classWeight: 'balanced', rows })).toEqual(
      await trained(target, { classWeight: balanced(chosen), rows }),
    );
    const first = target.classes.slice(0, 30);
    expect(await trained(target, { classWeight: 'balanced', validationSplit: 0.5 })).toEqual(
      await trained(target, { classWeight: balanced(first), validationSplit: 0.5 }),
    );
    expect(balanced(first)).not.toEqual(balanced(target.classes));
  });

  test('a class without rows counts for none', async () => {
    const some = kinds.flatMap((kind, i) => (kind === 2 ? [] : [i]));
    const left = some.map((i) => target.classes[i]!);
    const rows = some.map((i) => x[i]!);
    const y = some.map((i) => (target.y as number[])[i]!);
    expect(await trained(target, { classWeight: 'balanced' }, rows, y)).toEqual(
      await trained(target, { classWeight: balanced(left) }, rows, y),
    );
  });

  test('streams are refused, and told to count; arrays go with them', async () => {
    const whole = (): readonly [Data, Data][] => [[x, target.y]];
    const model = build(target);
    await expect(model.fit(whole, { classWeight: 'balanced' })).rejects.toThrow(ValueError);
    await expect(model.fit(whole, { classWeight: 'balanced' })).rejects.toThrow(/Count the rows of each class/);
    await expect(model.partialFit(x, target.y, { classWeight: any('balanced') })).rejects.toThrow(/with partialFit/);
    await model.fit(whole, { classWeight: Object.values(weights) });
    const other = build(target);
    await other.fit(x, target.y, { batchSize: 60, shuffle: false, classWeight: 'balanced' });
    expect(weightHash(model)).toBe(weightHash(other));
  });
});

describe('several outputs', () => {
  const y = { kind: kinds, rare: isRare, size: x.map(([a]) => a!) };

  async function run(options: FitOptions): Promise<string> {
    const from = input({ shape: 2 });
    const h = dense({ units: 5, activation: 'tanh' }).apply(from);
    const [kind, rare, size] = [
      dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(h),
      dense({ units: 1, activation: 'sigmoid', name: 'rare' }).apply(h),
      dense({ units: 1, name: 'size' }).apply(h),
    ];
    const model = makeModel({ inputs: from, outputs: [kind!, rare!, size!], seed: 3, backend: typescript() });
    const loss = {
      kind: 'sparseCategoricalCrossentropy',
      rare: 'binaryCrossentropy',
      size: 'meanSquaredError',
    } as const;
    model.compile({ optimizer: 'adam', loss });
    await model.fit(x, y, { epochs: 2, ...options });
    return weightHash(model);
  }
  const rows = (classes: readonly number[]) => classes.map((c) => balanced(classes)[c]!);

  test('take weights by name, next to those of rows', async () => {
    const both = { kind: rows(kinds), rare: isRare.map((is) => (is ? 3 : 1)) };
    expect(await run({ classWeight: { kind: 'balanced', rare: [1, 3] } })).toBe(await run({ sampleWeight: both }));
    expect(await run({ classWeight: { kind: 'balanced' } })).toBe(await run({ sampleWeight: { kind: rows(kinds) } }));
    const product = { kind: rows(kinds).map((w, i) => Math.fround(w * own[i]!)), rare: own, size: own };
    expect(await run({ classWeight: { kind: 'balanced' }, sampleWeight: own })).toBe(
      await run({ sampleWeight: product }),
    );
  });

  test.each([
    ['balanced', ValueError, /by the name of an output: kind, rare, size/],
    [[1, 2, 3], ValueError, /by the name of an output/],
    [{ 0: 1, 1: 5 }, UnknownNameError, /kind, rare, size/],
    [{ size: 'balanced' }, ValueError, /classWeight.size.*meanSquaredError/],
    [{ kind: [1, 2] }, ShapeError, /classWeight.kind/],
    [{ kind: { 5: 1 } }, UnknownNameError, /classWeight.kind/],
  ] as const)('refuse %o', async (classWeight, kind, says) => {
    await expect(run({ classWeight: any(classWeight) })).rejects.toThrow(kind);
    await expect(run({ classWeight: any(classWeight) })).rejects.toThrow(says);
  });
});

test('a regression has no classes', async () => {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend: typescript() });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await expect(model.fit(x, isRare, { classWeight: 'balanced' })).rejects.toThrow(/'balanced' with the loss/);
});

test('a worker takes them', async () => {
  const target = targets['class indices']!;
  const layers = [dense({ units: 6, activation: 'tanh', inputShape: 2 }), dense({ units: 3, activation: 'softmax' })];
  const there = await worker.sequential({ layers, seed: 2, workerUrl, backend: worker.typescript() });
  await there.compile({ optimizer: 'adam', loss: target.loss });
  await there.fit(x, target.y, { epochs: 2, batchSize: 16, classWeight: 'balanced' });
  const here = build(target);
  await here.fit(x, target.y, { epochs: 2, batchSize: 16, classWeight: 'balanced' });
  expect(await there.getWeights()).toEqual(here.getWeights());
  await there.dispose();
});
