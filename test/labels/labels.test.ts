import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { customLoss, dense, input, type LossOption, model as makeModel, sequential } from '../../src/index.js';
import type { ClassName } from '../../src/nn/class-names.js';
import type { LayerSpec } from '../../src/nn/layers/index.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';

// Targets may be labels of classes: each loss takes them as the numbers that it is for, in every call that takes targets.

const ROWS = 24;
const x = Array.from({ length: ROWS }, (_, i) => [Math.sin(i), Math.cos(2 * i), (i % 3) - 1]);

interface Case {
  readonly loss: LossOption;
  readonly last: Pick<Parameters<typeof dense>[0], 'units' | 'activation'>;
  /** The numbers of class `c`. */
  readonly numbers: (c: number) => number | number[];
}

const oneHot = (units: number) => (c: number) => Array.from({ length: units }, (_, i) => (i === c ? 1 : 0));
const squares = () => customLoss((yTrue, yPred, { mean, square, sub }) => mean(square(sub(yPred, yTrue))));

const cases: Readonly<Record<string, Case>> = {
  sparseCategoricalCrossentropy: {
    loss: 'sparseCategoricalCrossentropy',
    last: { units: 3, activation: 'softmax' },
    numbers: (c) => c,
  },
  'the same of two classes': {
    loss: 'sparseCategoricalCrossentropy',
    last: { units: 2, activation: 'softmax' },
    numbers: (c) => c,
  },
  categoricalCrossentropy: {
    loss: 'categoricalCrossentropy',
    last: { units: 3, activation: 'softmax' },
    numbers: oneHot(3),
  },
  categoricalFocalCrossentropy: {
    loss: 'categoricalFocalCrossentropy',
    last: { units: 2, activation: 'softmax' },
    numbers: oneHot(2),
  },
  categoricalHinge: { loss: 'categoricalHinge', last: { units: 3 }, numbers: oneHot(3) },
  klDivergence: { loss: 'klDivergence', last: { units: 3, activation: 'softmax' }, numbers: oneHot(3) },
  binaryCrossentropy: {
    loss: 'binaryCrossentropy',
    last: { units: 1, activation: 'sigmoid' },
    numbers: (c) => c,
  },
  binaryFocalCrossentropy: {
    loss: 'binaryFocalCrossentropy',
    last: { units: 1, activation: 'sigmoid' },
    numbers: (c) => c,
  },
  hinge: { loss: 'hinge', last: { units: 1 }, numbers: (c) => c },
  squaredHinge: { loss: 'squaredHinge', last: { units: 1, activation: 'tanh' }, numbers: (c) => c },
  'a custom loss of softmax': { loss: squares(), last: { units: 3, activation: 'softmax' }, numbers: oneHot(3) },
  'a custom loss of sigmoid': { loss: squares(), last: { units: 1, activation: 'sigmoid' }, numbers: (c) => c },
};

const classesOf = ({ last: { units } }: Case) => (units === 1 ? 2 : (units as number));
const texts = ['ape', 'bee', 'cat'];
const kinds: Readonly<Record<string, readonly ClassName[]>> = { texts, booleans: [false, true] };

function build(
  layers: readonly LayerSpec[],
  loss: LossOption,
  backend: keyof typeof factories,
  classNames?: readonly ClassName[],
) {
  const model = sequential({ layers, seed: 3, backend: factories[backend] });
  model.compile({ optimizer: 'adam', loss, ...(classNames && { classNames }) });
  return model;
}

const layersOf = ({ last }: Case) => [dense({ units: 5, inputShape: 3, activation: 'tanh' }), dense(last)];

type Y = Parameters<Model['evaluate']>[1];

/** Everything that takes targets, each on a model that knows its classes. */
const calls: Readonly<Record<string, (model: Model, y: Y) => unknown>> = {
  fit: async (model, y) => (await model.fit(x, y, { epochs: 2, batchSize: 7, lint: false })).history,
  'fit with validationData': async (model, y) =>
    (await model.fit(x, y, { epochs: 2, batchSize: 7, validationData: [x, y], lint: false })).history,
  'fit with validationSplit': async (model, y) =>
    (await model.fit(x, y, { epochs: 1, validationSplit: 0.25, lint: false })).history,
  partialFit: (model, y) => model.partialFit(x, y),
  'fit of a stream': async (model, y) =>
    (await model.fit(() => halves(y), { epochs: 2, validationData: () => halves(y) })).history,
  'fit of a stream by name': async (model, y) =>
    (await model.fit(() => [{ x, y, sampleWeight: x.map((_, i) => i) }], { epochs: 2 })).history,
  trainOnBatch: (model, y) => model.trainOnBatch(x, y),
  'trainOnBatch with sampleWeight': (model, y) => model.trainOnBatch(x, y, { sampleWeight: x.map((_, i) => i) }),
  testOnBatch: (model, y) => model.testOnBatch(x, y),
  evaluate: (model, y) => model.evaluate(x, y),
  gradients: (model, y) => model.gradients(x, y),
  evaluateBatches: (model, y) => model.evaluateBatches(() => halves(y)),
};

function* halves(y: Y): Generator<[number[][], Y]> {
  const list = y as readonly ClassName[];
  yield [x.slice(0, 10), list.slice(0, 10)];
  yield [x.slice(10), list.slice(10)];
}

describe.each(['typescript', 'wasm'] as const)('labels on %s', (backend) => {
  describe.each(Object.keys(cases))('%s', (name) => {
    const given = cases[name] as Case;
    const count = classesOf(given);
    test.each(Object.keys(kinds).filter((kind) => kind === 'texts' || count === 2))('%s', async (kind) => {
      const names = (kinds[kind] as readonly ClassName[]).slice(0, count);
      const rows = x.map((_, i) => (i * 5) % count);
      const labels = rows.map((c) => names[c] as ClassName);
      const numbers = rows.map(given.numbers) as number[];
      for (const [call, run] of Object.entries(calls)) {
        const [named, plain] = [
          build(layersOf(given), given.loss, backend, names),
          build(layersOf(given), given.loss, backend),
        ];
        expect([call, await run(named, labels)]).toEqual([call, await run(plain, numbers)]);
        expect([call, named.getWeights()]).toEqual([call, plain.getWeights()]);
        expect([call, named.classNames, plain.classNames]).toEqual([call, names, undefined]);
      }
      const fitted = build(layersOf(given), given.loss, backend);
      await fitted.fit(x, labels, { epochs: 1, lint: false });
      expect(fitted.classNames).toEqual(names);
      const predicted = fitted.predictClasses(x);
      const outputs = fitted.predict(x);
      const threshold = given.loss === 'hinge' || given.loss === 'squaredHinge' ? 0 : 0.5;
      const indices =
        count === 2 && outputs.columns === 1
          ? [...outputs.data].map((v) => Number(v > threshold))
          : [...outputs.argMax()];
      expect(predicted).toEqual(indices.map((c) => names[c]));
      fitted.classNames = undefined;
      expect(fitted.predictClasses(x)).toEqual(indices);
    });
  });
});

describe('several yes or no a row', () => {
  const layers = [dense({ units: 3, inputShape: 3, activation: 'sigmoid' })];
  const rows = x.map((_, i) => texts.filter((_, c) => (i >> c) & 1));
  const numbers = rows.map((row) => texts.map((text) => Number(row.includes(text))));

  test('names of those that a row has', async () => {
    expect(rows[0]).toEqual([]);
    const [named, plain] = [build(layers, 'binaryCrossentropy', 'wasm'), build(layers, 'binaryCrossentropy', 'wasm')];
    await named.fit(x, rows, { epochs: 3, lint: false });
    await plain.fit(x, numbers, { epochs: 3, lint: false });
    expect(named.getWeights()).toEqual(plain.getWeights());
    expect(named.classNames).toEqual(texts);
    const outputs = named.predict(x);
    const expected = Array.from(outputs, (row) => texts.filter((_, c) => (row[c] as number) > 0.4));
    expect(named.predictClasses<string[][]>(x, { threshold: 0.4 })).toEqual(expected);
  });

  test('true and false in each column', () => {
    const model = build(layers, 'binaryCrossentropy', 'wasm');
    const yesNo = numbers.map((row) => row.map(Boolean));
    expect(model.evaluate(x, yesNo)).toEqual(model.evaluate(x, numbers));
    expect(() => model.evaluate(x, any(x.map(() => 'ape')))).toThrow(/classes yet/);
    model.classNames = texts;
    expect(() =>
      model.evaluate(
        x,
        x.map(() => 'ape'),
      ),
    ).toThrow(/y\[0\]: expected an array of the labels that the row has/);
  });
});

describe('several outputs', () => {
  const make = (classNames?: Record<string, string[]>) => {
    const from = input({ shape: 3 });
    const outputs = [
      dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(from),
      dense({ units: 1, activation: 'sigmoid', name: 'sold' }).apply(from),
      dense({ units: 1, name: 'price' }).apply(from),
    ];
    const made = makeModel({ inputs: from, outputs, seed: 2, backend: factories.wasm });
    const loss = {
      kind: 'sparseCategoricalCrossentropy',
      sold: 'binaryCrossentropy',
      price: 'meanSquaredError',
    } as const;
    made.compile({ optimizer: 'adam', loss, ...(classNames && { classNames }) });
    return made;
  };
  const kind = x.map((_, i) => i % 3);
  const sold = x.map((_, i) => i % 2);
  const price = x.map((_, i) => i / 10);
  const named = { kind: kind.map((c) => texts[c] as string), sold: sold.map(Boolean), price };

  test.each([
    ['by name', named],
    ['in order', [named.kind, named.sold, price]],
  ])('%s', async (_, y) => {
    const [labelled, plain] = [make(), make()];
    await labelled.fit(x, y, { epochs: 2, lint: false });
    await plain.fit(x, { kind, sold, price }, { epochs: 2, lint: false });
    expect(labelled.getWeights()).toEqual(plain.getWeights());
    expect(labelled.classNames).toEqual({ kind: texts, sold: [false, true] });
    expect(labelled.evaluate(x, y)).toEqual(plain.evaluate(x, { kind, sold, price }));
    expect(() => labelled.predictClasses(x)).toThrow(/'price' is a number of linear, which is no class/);
  });

  test('names are checked by output, and predicted by it', () => {
    expect(() => make({ kind: ['ape'] })).toThrow(/classNames\.kind: expected 3 different texts/);
    expect(() => make({ kid: texts })).toThrow(/Did you mean 'kind'/);
    const from = input({ shape: 3 });
    const outputs = ['a', 'b'].map((name) => dense({ units: 1, activation: 'sigmoid', name }).apply(from));
    const made = makeModel({ inputs: from, outputs, backend: factories.wasm });
    made.classNames = { a: ['no', 'yes'] };
    const predicted = made.predictClasses<Record<string, unknown[]>>(x, { threshold: 0.3 });
    const { a, b } = made.predictOutputs(x);
    expect(predicted).toEqual({
      a: [...(a?.data ?? [])].map((v) => (v > 0.3 ? 'yes' : 'no')),
      b: [...(b?.data ?? [])].map((v) => (v > 0.3 ? 1 : 0)),
    });
  });
});
