import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  backupAndRestore,
  dense,
  deserialize,
  load,
  type Model,
  NonFiniteError,
  restore,
  StateError,
  save,
  sequential,
  serialize,
  UnknownNameError,
  ValueError,
} from '../../src/index.js';
import { withPart } from '../fuzz/hostile.js';
import { any } from '../support/any.js';
import { factories } from '../support/buffers.js';

// The names of classes: where they come from, what is refused, and where they go.

const folder = mkdtempSync(join(tmpdir(), 'myelin-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

const x = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(i)]);
const y = x.map((_, i) => ['dog', 'cat', 'ape'][i % 3] as string);
const backend = factories.wasm;

const plain = (units: number, activation: 'softmax' | 'sigmoid' | 'linear') =>
  sequential({ layers: [dense({ units, inputShape: 2, activation })], seed: 1, backend });

/** Ends a run after its second epoch. */
const cut = (epoch: number) => {
  if (epoch === 2) throw new Error('power cut');
};

function classifier(compile: object = {}): Model {
  const model = plain(3, 'softmax');
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', ...compile });
  return model;
}

function binary(): Model {
  const model = plain(1, 'sigmoid');
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' });
  return model;
}

describe('where they come from', () => {
  test('fit finds them, sorted, and later calls go by them', async () => {
    const model = classifier();
    await model.fit(x, y, { lint: false });
    expect(model.classNames).toEqual(['ape', 'cat', 'dog']);
    await model.partialFit(x.slice(0, 1), ['dog']);
    expect(model.classNames).toEqual(['ape', 'cat', 'dog']);
    expect(() => model.evaluate(x.slice(0, 1), ['ant'])).toThrow(UnknownNameError);
  });

  test.each([
    ['compile', (model: Model) => void model, { classNames: ['dog', 'ape', 'cat'] }],
    ['fit', (model: Model) => model.fit(x, y, { classNames: ['dog', 'ape', 'cat'], lint: false }), {}],
    ['partialFit', (model: Model) => model.partialFit(x, y, { classNames: ['dog', 'ape', 'cat'] }), {}],
    ['a property', (model: Model) => Object.assign(model, { classNames: ['dog', 'ape', 'cat'] }), {}],
  ])('%s takes them in the order of the columns', async (_, give, options) => {
    const model = classifier(options);
    await give(model);
    expect(model.classNames).toEqual(['dog', 'ape', 'cat']);
    const first = {
      'layers.0.kernel': [
        [0, 0, 0],
        [0, 0, 0],
      ],
      'layers.0.bias': [5, 0, 0],
    };
    model.setWeights({ ...first, 'layers.0.bias': [[5, 0, 0]] });
    expect(model.predictClasses(x.slice(0, 1))).toEqual(['dog']);
  });

  test('compile without them leaves those that there are', () => {
    const model = classifier({ classNames: ['a', 'b', 'c'] });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    expect(model.classNames).toEqual(['a', 'b', 'c']);
  });

  test('a stream has them in its first batch, or is told them', async () => {
    const model = classifier();
    await model.fit(() => [[x, y]], { epochs: 2 });
    expect(model.classNames).toEqual(['ape', 'cat', 'dog']);
    const few = () => [[x.slice(0, 2), y.slice(0, 2)] as const, [x, y] as const];
    await expect(classifier().fit(few)).rejects.toThrow(
      /epoch 0, batch 0: y: expected 3, .*got 2 different labels: 'cat', 'dog'/,
    );
    const told = classifier();
    await told.fit(few, { classNames: ['dog', 'cat', 'ape'] });
    expect(told.classNames).toEqual(['dog', 'cat', 'ape']);
  });

  test('true and false need none, and become those of the model in fit', async () => {
    const model = binary();
    const yes = x.map((_, i) => i % 4 === 0);
    const { loss } = model.trainOnBatch(x, yes);
    expect(loss).toBe(binary().trainOnBatch(x, yes.map(Number)).loss);
    expect([model.classNames, model.predictClasses(x.slice(0, 1))]).toEqual([undefined, [expect.any(Number)]]);
    await model.fit(
      x,
      yes.map(() => true),
      { lint: false },
    );
    expect(model.classNames).toEqual([false, true]);
    expect(model.predictClasses(x).every((value) => typeof value === 'boolean')).toBe(true);
  });
});

describe('what is refused', () => {
  test.each<[string, unknown, RegExp]>([
    [
      'a label that is misspelt',
      ['dog', 'cta'],
      /^y\[1\]: expected one of 'ape', 'cat', 'dog', got 'cta'\. Did you mean 'cat'\?$/,
    ],
    ['a label of another type', ['dog', true], /^y\[1\]: expected one of 'ape', 'cat', 'dog', got true\.$/],
    [
      'a row without a label',
      ['dog', null],
      /^y\[1\]: expected one of .* got null\. Leave out rows without a label\.$/,
    ],
    ['a number among labels', ['dog', 2], /^y\[1\]: .* got 2\. /],
    ['a label among numbers', [0, 'dog'], /^y\[1\]: expected a number, got 'dog'\.$/],
    [
      'several labels a row',
      [['dog', 'cat'], ['ape']],
      /^y\[0\]: expected one label for each row, .* take binaryCrossentropy\.$/,
    ],
    ['labels for other rows', ['dog'], /^y: expected 2, as many as there are input rows, got 1 rows\.$/],
  ])('%s', (_, labels, message) => {
    const model = classifier({ classNames: ['ape', 'cat', 'dog'] });
    const before = model.getWeights();
    for (const call of ['evaluate', 'testOnBatch', 'trainOnBatch', 'gradients'] as const) {
      expect(() => model[call](x.slice(0, 2), any(labels))).toThrow(message);
    }
    expect(model.getWeights()).toEqual(before);
  });

  test.each<[string, unknown, RegExp]>([
    [
      'too few classes',
      x.map(() => 'dog'),
      /^y: expected 3, as the output 'layers\.0' has classes, got 1 different labels: 'dog'\. .*classNames/,
    ],
    ['too many', x.map((_, i) => `${i}`), /got 12 different labels: '0', .*end the model in 12 units/],
    [
      'labels of two types',
      x.map((_, i) => (i > 4 ? true : 'dog')),
      /^y\[5\]: expected a label, as 'dog' in row 0, got true/,
    ],
  ])('%s in fit', async (_, labels, message) => {
    const model = classifier();
    await expect(model.fit(x, any(labels))).rejects.toThrow(message);
    expect(model.classNames).toBeUndefined();
  });

  test('names stay as they were where fit is refused for something else', async () => {
    const model = classifier();
    await expect(model.fit(x, y, { batchSize: 0 })).rejects.toThrow(/batchSize/);
    expect(model.classNames).toBeUndefined();
    await expect(model.fit(x, y, { validationData: [x, ['ant']] })).rejects.toThrow(/validationData\[1\]\[0\]/);
    expect(model.classNames).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ['of another number', ['a', 'b'], /^classNames: expected 3 different texts, .* got 2 names\.$/],
    ['that repeat', ['a', 'b', 'a'], /got 'a' twice/],
    ['that are numbers', [1, 2, 3], /got 1 at 0/],
    ['of two types', ['a', true, false], /got 'a' and true/],
    ['that are a text', 'abc', /^classNames: expected an array of names, got 'abc'/],
    ['by an output that is not there', { a: ['a', 'b', 'c'] }, /layers\.0/],
    ['by an output, of which there are none', { 'layers.0': null }, /got null/],
  ])('names %s', async (_, classNames, message) => {
    expect(() => classifier({ classNames })).toThrow(message);
    const model = classifier({ classNames: ['a', 'b', 'c'] });
    expect(() =>
      model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', classNames: any(classNames) }),
    ).toThrow(message);
    await expect(model.fit(x, y, { classNames: any(classNames) })).rejects.toThrow(message);
    expect(model.classNames).toEqual(['a', 'b', 'c']);
    expect(
      model.evaluate(
        x,
        x.map(() => 1),
      ).loss,
    ).toBeGreaterThan(0);
  });

  test.each(['meanSquaredError', 'meanAbsoluteError', 'huber', 'poisson', 'cosineSimilarity'] as const)(
    'labels by %s',
    async (loss) => {
      const model = plain(2, 'linear');
      model.compile({ optimizer: 'adam', loss });
      const message = new RegExp(
        `^y: expected numbers, since the loss '${loss}' measures how far .* take sparseCategoricalCrossentropy`,
      );
      for (const labels of [y, x.map((_, i) => i > 3)]) {
        await expect(model.fit(x, labels)).rejects.toThrow(message);
        expect(() => model.evaluate(x, labels)).toThrow(message);
      }
      expect(() => model.predictClasses(x)).toThrow(
        /'layers\.0' is 2 numbers of linear, which are no classes; predict returns them/,
      );
    },
  );

  test('labels before the names are known', () => {
    for (const call of ['evaluate', 'testOnBatch', 'trainOnBatch', 'gradients'] as const) {
      expect(() => classifier()[call](x, y)).toThrow(StateError);
      expect(() => classifier()[call](x, y)).toThrow(/compile\(\{ \.\.\., classNames/);
    }
  });

  test('outputs that are NaN', () => {
    const model = classifier({ classNames: ['a', 'b', 'c'] });
    expect(() => model.predictClasses([[Number.NaN, 0]])).toThrow(ValueError);
    model.setWeights({
      'layers.0.kernel': [
        [3e38, 1, 1],
        [3e38, 1, 1],
      ],
      'layers.0.bias': [[0, 0, 0]],
    });
    const rows = [
      [0, 0],
      [3e38, 1],
    ];
    expect(() => model.predictClasses(rows)).toThrow(NonFiniteError);
    expect(() => model.predictClasses(rows)).toThrow(/'layers\.0' of row 1 is NaN/);
  });

  test.each<[string, object, RegExp]>([
    ['a threshold of softmax', { threshold: 0.3 }, /threshold: expected none/],
    ['a threshold that is no number', { threshold: 'high' }, /threshold: expected a finite number, got 'high'/],
    ['an option that there is not', { treshold: 0.3 }, /Did you mean 'threshold'/],
    ['no rows at a time', { batchSize: 0 }, /batchSize: expected an integer >= 1, got 0/],
  ])('%s', (_, options, message) => {
    expect(() => classifier().predictClasses(x, options)).toThrow(message);
  });
});

describe('classWeight by name', () => {
  test('is that by index', async () => {
    const [named, plain] = [classifier(), classifier()];
    await named.fit(x, y, { epochs: 2, classWeight: { cat: 3, ape: 0.5 }, lint: false });
    const places = ['ape', 'cat', 'dog'];
    await plain.fit(
      x,
      y.map((name) => places.indexOf(name)),
      { epochs: 2, classWeight: { 1: 3, 0: 0.5 }, lint: false },
    );
    expect(named.getWeights()).toEqual(plain.getWeights());
    await named.fit(() => [[x, y]], { classWeight: { 1: 3 } });
    await plain.fit(() => [[x, y.map((name) => places.indexOf(name))]], { classWeight: { 1: 3 } });
    expect(named.getWeights()).toEqual(plain.getWeights());
  });

  test('of true and false, and of names that are numbers', async () => {
    const [named, plain] = [binary(), binary()];
    await named.fit(
      x,
      x.map((_, i) => i > 3),
      { classWeight: { true: 4 }, lint: false },
    );
    await plain.fit(
      x,
      x.map((_, i) => Number(i > 3)),
      { classWeight: { 1: 4 }, lint: false },
    );
    expect(named.getWeights()).toEqual(plain.getWeights());
    const [texts, indices] = [classifier({ classNames: ['2', '1', '0'] }), classifier()];
    await texts.fit(
      x,
      x.map((_, i) => `${i % 3}`),
      { classWeight: { 2: 7 }, lint: false },
    );
    await indices.fit(
      x,
      x.map((_, i) => 2 - (i % 3)),
      { classWeight: { 0: 7 }, lint: false },
    );
    expect(texts.getWeights()).toEqual(indices.getWeights());
  });

  test('a name that is none is refused', async () => {
    const fit = classifier().fit(x, y, { classWeight: { cta: 3 } });
    await expect(fit).rejects.toThrow(
      /classWeight: expected one of 'ape', 'cat', 'dog', or class indices from 0 to 2, got the class 'cta'\. Did you mean 'cat'/,
    );
  });
});

describe('where they go', () => {
  const given: readonly [string, unknown][] = [
    ['texts', ['ape', 'cat', 'dog']],
    ['by output', { 'layers.0': ['ape', 'cat', 'dog'] }],
  ];
  test.each(given)('files have %s', async (_, classNames) => {
    const model = classifier();
    model.classNames = any(classNames);
    const path = join(folder, 'model.myelin');
    await save(model, path);
    for (const loaded of [await load(path, { backend }), deserialize(serialize(model), { backend })]) {
      expect(loaded.classNames).toEqual(classNames);
      expect(loaded.predictClasses(x)).toEqual(model.predictClasses(x));
      expect(loaded.evaluate(x, y)).toEqual(model.evaluate(x, y));
    }
    const other = classifier();
    await restore(other, path);
    expect(other.classNames).toEqual(classNames);
  });

  test('files have true and false, and what compile was given', async () => {
    const model = binary();
    await model.fit(
      x,
      x.map((_, i) => i > 3),
      { lint: false },
    );
    const loaded = deserialize(serialize(model), { backend });
    expect(loaded.classNames).toEqual([false, true]);
    expect(loaded.predictClasses(x)).toEqual(model.predictClasses(x));
    const told = deserialize(serialize(classifier({ classNames: ['a', 'b', 'c'] })), { backend });
    expect(told.classNames).toEqual(['a', 'b', 'c']);
  });

  test('files without any load as before, and leave those that there are', async () => {
    const bytes = serialize(classifier());
    expect(deserialize(bytes, { backend }).classNames).toBeUndefined();
    const named = classifier({ classNames: ['a', 'b', 'c'] });
    await restore(named, bytes);
    expect(named.classNames).toEqual(['a', 'b', 'c']);
  });

  test.each<[string, unknown]>([
    ['of another output', { other: ['a', 'b', 'c'] }],
    ['of another number', { 'layers.0': ['a', 'b'] }],
    ['that are numbers', { 'layers.0': [1, 2, 3] }],
  ])('files with names %s are refused', (_, classNames) => {
    const bytes = serialize(classifier({ classNames: ['a', 'b', 'c'] }));
    expect(() =>
      deserialize(
        withPart(bytes, 'classNames', () => any(classNames)),
        { backend },
      ),
    ).toThrow(/^metadata\.classNames/);
    const model = Object.assign(classifier(), { classNames });
    expect(() => serialize(model)).toThrow(/^model\.classNames/);
  });

  test('a run that goes on has the names that it had', async () => {
    const path = join(folder, 'run.myelin');
    const stop = { onEpochBegin: cut };
    const options = { epochs: 4, lint: false } as const;
    const run = (model: Model, more: readonly object[] = []) =>
      model.fit(x, y, { ...options, callbacks: [backupAndRestore({ path }), ...more] });
    const names = ['dog', 'cat', 'ape'];
    const whole = classifier({ classNames: names });
    await whole.fit(x, y, options);
    await expect(run(classifier({ classNames: names }), [stop])).rejects.toThrow('power cut');
    const next = classifier();
    await run(next);
    expect(next.classNames).toEqual(names);
    expect(next.getWeights()).toEqual(whole.getWeights());
  });

  test('a run cannot go on by other names', async () => {
    const path = join(folder, 'other.myelin');
    const callbacks = [backupAndRestore({ path }), { onEpochBegin: cut }];
    await expect(classifier().fit(x, y, { epochs: 3, callbacks, lint: false })).rejects.toThrow('power cut');
    const classNames = ['dog', 'cat', 'ape'];
    const again = classifier().fit(x, y, {
      epochs: 3,
      classNames,
      callbacks: [backupAndRestore({ path })],
      lint: false,
    });
    await expect(again).rejects.toThrow(/classNames: other names than those of the run to go on with/);
  });
});
