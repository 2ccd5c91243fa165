import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { deserializeTabular, loadTabular } from '../../src/data/tabular/load.js';
import { FileFormatError } from '../../src/errors.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { carry } from '../../src/kernels/definition.js';
import { power } from '../../src/kernels/lib/power.js';
import { nadam } from '../../src/kernels/twins/adam.js';
import { sequential } from '../../src/model/model.js';
import { dense, dropout } from '../../src/nn/layers/index.js';
import { ece } from '../../src/nn/metrics/index.js';
import { makeRate } from '../../src/nn/optimizers/rate.js';
import { cosineRestarts, warmup } from '../../src/nn/optimizers/schedules.js';
import { fuzzMeaning } from '../fuzz/fuzz-meaning.js';
import { put, samples, take, withPart } from '../fuzz/hostile.js';
import { byEffort } from '../support/effort.js';

// Files that are whole and well-formed, and say what no build would have written.

const backend = typescript();
const saved = join(import.meta.dirname, '../fixtures/saved/2026-11-21');

function compiled(optimizer: unknown, more: object = {}) {
  const model = sequential({ layers: [dense({ units: 2, activation: 'softmax', inputShape: 2 })], seed: 1, backend });
  model.compile({ optimizer: optimizer as never, loss: 'sparseCategoricalCrossentropy', ...more });
  return model;
}
const x = [
  [1, 2],
  [2, 1],
];

/** How often a number is asked of an options object: work, not time. */
function counting<T extends object>(options: T) {
  const count = { reads: 0 };
  const watched = new Proxy(options, {
    get(target, key, receiver) {
      count.reads++;
      return Reflect.get(target, key, receiver);
    },
  });
  return { watched, count };
}

const nest = (levels: number): unknown =>
  levels === 0 ? 0.1 : { name: 'warmup', warmupSteps: 2, initialLearningRate: 0, schedule: nest(levels - 1) };

describe('schedules', () => {
  test('warm-ups within warm-ups load and train', () => {
    const bytes = withPart(serialize(compiled('sgd')), 'compile', (options: object) => ({
      ...options,
      optimizer: { name: 'sgd', learningRate: nest(60) },
    }));
    const model = deserialize(bytes, { backend });
    expect(model.trainOnBatch(x, [0, 1]).loss).toBeGreaterThan(0);
  });

  test('their cost is that of their levels', () => {
    const reads = [10, 20].map((levels) => {
      let count = 0;
      const watched = (left: number): unknown => {
        if (left === 0) return 0.1;
        const inner = watched(left - 1);
        const schedule = {
          enumerable: true,
          get() {
            count++;
            return inner;
          },
        };
        return carry(Object.defineProperty({ name: 'warmup', warmupSteps: 2 }, 'schedule', schedule), warmup);
      };
      makeRate(warmup({ warmupSteps: 1, schedule: watched(levels) as never }), 'rate');
      return count;
    });
    // Twice the levels: four times the work, where each was made twice a thousand times.
    expect(reads[1]! / reads[0]!).toBeLessThan(6);
  });

  test.each([1 + 2 ** -52, 1 + 1e-12, 1.0000001, 1.001, 1.5, 2, 1e300])(
    'cosine restarts that grow by %d at steps of any size',
    (tMul) => {
      const rate = makeRate(cosineRestarts({ initialLearningRate: 1, firstDecaySteps: 1, tMul }), 'rate');
      for (const t of [0, 1, 2, 1000, 1e6, 1e9, 2 ** 40, 2 ** 53]) {
        const value = rate(t);
        expect(value, `step ${t}`).toBeGreaterThanOrEqual(0);
        expect(value, `step ${t}`).toBeLessThanOrEqual(1);
      }
    },
  );

  test('beyond the periods that are counted one by one restarts go on as before', () => {
    const tMul = 1 + 1e-7;
    const rate = makeRate(cosineRestarts({ initialLearningRate: 1, firstDecaySteps: 1000, tMul }), 'rate');
    // Where period n begins, by the sum of the series; the rate starts at 1 there and has fallen to a half in its middle.
    for (const n of [60_000, 65_536, 70_000, 500_000]) {
      const begins = (1000 * (power(tMul, n) - 1)) / (tMul - 1);
      expect(rate(Math.ceil(begins + 1))).toBeGreaterThan(0.99);
      expect(rate(Math.round(begins + 500 * power(tMul, n)))).toBeCloseTo(0.5, 2);
    }
  });
});

describe('nadam', () => {
  test.each([0, 1e-300, 0.004, 1, 1e9, 1e308])(
    'near beta 1, with a momentum decay of %d, at steps of any size',
    (momentumDecay) => {
      const { definition, ...spec } = Object.assign(nadam({ beta1: 1 - 2 ** -53, momentumDecay }), {
        definition: nadam.definition,
      });
      for (const t of [1, 2, 2 ** 20, 2 ** 20 + 1, 2 ** 53]) {
        const { watched, count } = counting(spec);
        const heap = new Float32Array(16);
        definition.fill(heap, 0, watched as never, 0.001, t);
        expect(
          heap.every((value) => !Number.isNaN(value)),
          `step ${t}`,
        ).toBe(true);
        expect(count.reads).toBeLessThan(2 ** 22);
      }
    },
  );
});

test('the bins of ece have a bound', () => {
  expect(() => ece({ bins: 65_537 })).toThrow(/ece\.bins: expected an integer >= 1 and <= 65536/);
  const bytes = withPart(serialize(compiled('sgd', { metrics: [ece()] })), 'compile', (options: object) => ({
    ...options,
    metrics: [{ name: 'ece', bins: 1e15 }],
  }));
  expect(() => deserialize(bytes, { backend })).toThrow(FileFormatError);
});

// biome-ignore lint/suspicious/noExplicitAny: what files say may be anything
type Any = any;
const open = (name: string) => new Uint8Array(readFileSync(join(saved, name)));
const classifier = open('pipelines/three-classes.myelin');
const regressor = open('pipelines/regression.myelin');

describe('the record of a pipeline', () => {
  const cases: readonly (readonly [string, (record: Any) => unknown, RegExp])[] = [
    ['none', () => undefined, /record: undefined in place of an object/],
    ['a list', () => [], /record: an array of length 0 in place of an object/],
    ['a target that is no text', (r) => ({ ...r, target: 3 }), /record\.target: 3 in place of a text/],
    ['another target', (r) => ({ ...r, target: 'x' }), /target: preprocessing of .* for the target 'x'/],
    ['another task', (r) => ({ ...r, task: 'ranking' }), /record\.task: 'ranking' in place of one of/],
    ['the other task', (r) => ({ ...r, task: 'regression' }), /record\.task: regression by a model of 3 columns/],
    ['no classes', ({ classes: _, ...r }) => r, /record\.(classes|validation)/],
    ['classes that are numbers', (r) => ({ ...r, classes: [1, 2, 3] }), /record\.classes\[0\]: 1 in place of a text/],
    ['a class less', (r) => ({ ...r, classes: ['a', 'b'] }), /record\.(validation|classes)/],
    [
      'a class less, without figures',
      (r) => ({ ...r, classes: ['a', 'b'], validation: { rows: 1 } }),
      /2 classes for a model of 3 columns/,
    ],
    ['a class twice', (r) => ({ ...r, classes: ['a', 'a', 'b'] }), /record\.classes: a class twice/],
    [
      'classes in another order',
      (r) => ({ ...r, classes: [...r.classes].reverse() }),
      /other classes than those of the target/,
    ],
    ['rows that are no number', (r) => ({ ...r, rows: '9' }), /record\.rows: '9' in place of a whole number/],
    ['no design', (r) => ({ ...r, design: null }), /record\.design: null in place of an object/],
    ['layers of text', (r) => ({ ...r, design: { ...r.design, layers: 'x' } }), /record\.design\.layers/],
    ['a batch of nothing', (r) => ({ ...r, design: { ...r.design, batchSize: 0 } }), /record\.design\.batchSize: 0/],
    ['members that are none', (r) => ({ ...r, members: [] }), /record\.members: none/],
    [
      'a best epoch that no network has reached',
      (r) => ({ ...r, members: r.members.map((m: Any) => ({ ...m, bestEpoch: 3e9 })) }),
      /record\.members\[0\]\.bestEpoch: epoch 3000000000 as the best of \d+/,
    ],
    ['a member of null', (r) => ({ ...r, members: [null] }), /record\.members\[0\]: null/],
    [
      'a history of text',
      (r) => ({ ...r, members: [{ bestEpoch: 0, history: { valLoss: 'x' } }] }),
      /history\.valLoss: 'x' in place of an array/,
    ],
    ['half a best epoch', (r) => ({ ...r, members: [{ bestEpoch: 0.5, history: {} }] }), /bestEpoch: 0\.5/],
    ['validation of text', (r) => ({ ...r, validation: 'good' }), /record\.validation: 'good'/],
    [
      'an accuracy of text',
      (r) => ({ ...r, validation: { rows: 3, accuracy: '1' } }),
      /validation\.accuracy: '1' in place of a number or null/,
    ],
    [
      'a confusion of another size',
      (r) => ({ ...r, validation: { rows: 3, confusion: [[1]] } }),
      /validation\.confusion: .* an array of length 3/,
    ],
    [
      'a confusion of rows of another size',
      (r) => ({ ...r, validation: { rows: 3, confusion: [[1], [2], [3]] } }),
      /confusion\[0\]/,
    ],
    ['no inputs', (r) => ({ ...r, inputs: [] }), /record\.inputs: 0 columns, where the preprocessing takes/],
    ['an input of null', (r) => ({ ...r, inputs: [null] }), /record\.inputs\[0\]: null/],
    ['an input twice', (r) => ({ ...r, inputs: [...r.inputs, r.inputs[0]] }), /record\.inputs/],
    [
      'an input of another name',
      (r) => renamed(r, { name: 'other' }),
      /a column 'other', which the preprocessing does not take/,
    ],
    ['an input of another kind', (r) => renamed(r, { kind: 'date' }), /kind: date, where the preprocessing takes/],
    ['a kind that is none', (r) => renamed(r, { kind: 'color' }), /inputs\[0\]\.kind: 'color'/],
    ['a range of text', (r) => renamed(r, { min: 'low' }), /inputs\[0\]\.min: 'low'/],
    ['counts without categories', (r) => renamed(r, { counts: [1] }), /counts: not one for each/],
    ['reading of text', (r) => ({ ...r, reading: 'csv' }), /record\.reading: 'csv'/],
    ['a missing marker of null', (r) => ({ ...r, reading: { missing: [null] } }), /reading\.missing\[0\]: null/],
    ['a decimal of its own', (r) => ({ ...r, reading: { decimal: ';' } }), /reading\.decimal: ';'/],
    ['an encoding that is none', (r) => ({ ...r, reading: { encoding: 'utf-9' } }), /reading\.encoding: 'utf-9'/],
    ['a precision of its own', (r) => ({ ...r, precision: 'int4' }), /record\.precision: 'int4'/],
    ['a prior of another size', (r) => ({ ...r, prior: { shares: [1] } }), /record\.prior/],
    ['notes of numbers', (r) => ({ ...r, notes: [1] }), /record\.notes\[0\]: 1/],
  ];
  const renamed = (record: Any, change: object) => {
    const inputs = record.inputs;
    return { ...record, inputs: inputs.map((item: Any, i: number) => (i === 0 ? { ...item, ...change } : item)) };
  };
  const withRecord = (bytes: Uint8Array, change: (record: Any) => unknown) =>
    withPart(bytes, 'preprocessing', (saved: Any) => ({ ...saved, record: change(saved.record!) }));

  test.each(cases)('%s', (_, change, message) => {
    const bytes = withRecord(classifier, change);
    let error: unknown;
    try {
      deserializeTabular(bytes, { backend });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FileFormatError);
    expect((error as FileFormatError).where).toMatch(/^metadata\.preprocessing\./);
    expect((error as FileFormatError).message).toMatch(message);
  });

  test('what later builds add is let be, and null stands for what is no number', () => {
    const bytes = withRecord(classifier, (r) => ({
      ...r,
      later: { a: [1] },
      validation: { rows: 3, logLoss: null, later: 'x' },
    }));
    expect(deserializeTabular(bytes, { backend }).record.classes).toHaveLength(3);
  });

  test('preprocessing of other columns than the model has', () => {
    const columns = (saved: Any) => saved.inputs!.columns;
    const fewer = withPart(regressor, 'preprocessing', (saved: Any) => ({
      ...saved,
      inputs: { ...saved.inputs, columns: columns(saved).slice(1) },
    }));
    expect(() => deserializeTabular(fewer, { backend })).toThrow(
      /metadata\.preprocessing\.inputs: \d+ columns for a model of \d+/,
    );
    const none = withPart(regressor, 'preprocessing', (saved: Any) => ({
      ...saved,
      inputs: { columns: null },
    }));
    expect(() => deserializeTabular(none, { backend })).toThrow(FileFormatError);
  });

  test('a file of it is refused as its bytes are', async () => {
    const bytes = withRecord(classifier, (r) => ({ ...r, rows: -1 }));
    await expect(loadTabular(bytes, { backend })).rejects.toThrow(/^metadata\.preprocessing\.record\.rows: -1/);
  });
});

describe('what a file says is checked in time linear in its bytes', () => {
  test('a file of many layers loads, since its cost is that of its bytes', () => {
    const many = Array.from({ length: 20_000 }, () => ({ type: 'dropout', rate: 0.1 }));
    const bytes = withPart(serialize(compiled('sgd')), 'spec', (spec: { layers: unknown[] }) => ({
      ...spec,
      layers: [...many.map((layer, i) => (i === 0 ? { ...layer, inputShape: 2 } : layer)), ...spec.layers],
    }));
    expect(() => deserialize(bytes, { backend })).toThrow(/tensor layers\.20000\.kernel: missing/);
    const layers = [...many.slice(1).map(() => dropout({ rate: 0.1 })), dense({ units: 1 })];
    const deep = sequential({ layers: [dense({ units: 2, inputShape: 2 }), ...layers], seed: 3, backend });
    const again = deserialize(serialize(deep), { backend });
    expect(again.predict(x).data).toEqual(deep.predict(x).data);
  });

  const outputs = ['layers.2', 'layers.3'];
  const numbers = { name: 'numbers', shape: 6 };
  const ids = { name: 'ids', shape: 1 };
  test.each<[string, object, RegExp]>([
    ['no outputs', { outputs: [] }, /outputs: expected at least one/],
    ['an output twice', { outputs: [...outputs, 'layers.2'] }, /outputs: .*twice/],
    ['two outputs 10,000 times', { outputs: Array.from({ length: 10_000 }, () => outputs).flat() }, /outputs: .*twice/],
    ['an input as an output', { outputs: [...outputs, 'numbers'] }, /outputs\[2\]: .*an input/],
    ['outputs that are a text', { outputs: 'layers.2' }, /outputs: expected an array/],
    ['outputs that are an object', { outputs: { length: 2 } }, /outputs: expected an array/],
    ['inputs that are a number', { inputs: 5 }, /inputs: expected an array/],
    ['an input that is null', { inputs: [numbers, ids, null] }, /inputs\[2\]: /],
    ['an input without a name', { inputs: [numbers, ids, { shape: 1 }] }, /inputs\[2\]: /],
    ['an input of half a column', { inputs: [numbers, ids, { name: 'more', shape: 0.5 }] }, /inputs\[2\].shape: /],
    ['an input of no column', { inputs: [numbers, ids, { name: 'more', shape: 0 }] }, /inputs\[2\].shape: /],
    ['an input of a text', { inputs: [numbers, ids, { name: 'more', shape: '5' }] }, /inputs\[2\].shape: /],
    ['an input twice', { inputs: [numbers, ids, numbers] }, /'numbers' twice/],
  ])('%s', (_, change, message) => {
    const bytes = withPart(samples()[2]!, 'spec', (spec: object) => ({ ...spec, ...change }));
    expect(() => deserialize(bytes, { backend })).toThrow(message);
    expect(() => deserialize(bytes, { backend })).toThrow(FileFormatError);
  });

  test('a header with tensors that nobody asks for', () => {
    const { header, data } = take(serialize(compiled('sgd')));
    const parsed = JSON.parse(header) as Record<string, unknown>;
    for (let i = 0; i < 20_000; i++)
      parsed[`t${i}`] = { dtype: 'F32', shape: [0], data_offsets: [data.length, data.length] };
    expect(() => deserialize(put(JSON.stringify(parsed), data), { backend })).toThrow(/no part of this model/);
  });
});

const FILES = byEffort(300, 1000);

test(`${FILES} files that mean something else load and train, or are refused`, async () => {
  const { inputs, used } = await fuzzMeaning(saved, FILES, 11);
  expect(inputs).toBe(FILES);
  expect(used).toBeGreaterThan(FILES / 20);
}, 300_000);
