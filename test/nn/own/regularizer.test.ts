import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../../src/backends/wasm.js';
import type { Model } from '../../../src/callbacks/interfaces.js';
import { NonFiniteError, ShapeError, UnknownNameError, ValueError } from '../../../src/errors.js';
import { deserialize, serialize } from '../../../src/io/save.js';
import type { BackendFactory } from '../../../src/kernels/contract.js';
import type { Matrix } from '../../../src/matrix.js';
import { modelFromSpec } from '../../../src/model/from-spec.js';
import { sequential } from '../../../src/model/model.js';
import { customRegularizer } from '../../../src/nn/expressions/custom-regularizer.js';
import { customInitializer } from '../../../src/nn/initializers/own-initializer.js';
import { customLayer } from '../../../src/nn/layers/custom-layer.js';
import { activation, batchNormalization, dense, type LayerSpec } from '../../../src/nn/layers/index.js';
import { register } from '../../../src/nn/registrations.js';
import { type CustomRegularizer, l1, l2 } from '../../../src/nn/regularizers.js';
import * as worker from '../../../src/worker/index.js';
import { any } from '../../support/any.js';
import { factories } from '../../support/buffers.js';
import { checkGradients, INPUTS } from '../../support/nn/gradient-check.js';
import { weightHash } from '../../support/nn/models.js';
import { workerUrl } from '../../support/remote.js';

interface Item {
  readonly regularizer: CustomRegularizer;
  /** The penalty by rows of weights, in float64. */
  readonly value: (rows: readonly (readonly number[])[]) => number;
  /** The sum over rows of what each row comes to: `value` of an output is divided by their number. */
  readonly rowwise?: true;
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const perElement = (f: (w: number) => number) => (rows: readonly (readonly number[])[]) =>
  total(rows.flat().map((w) => f(w)));

const regularizers: Readonly<Record<string, Item>> = {
  'elements, summed': {
    regularizer: customRegularizer((w, { abs, mul, sum }) => mul(0.02, sum(abs(w)))),
    value: perElement((w) => 0.02 * Math.abs(w)),
    rowwise: true,
  },
  'elements as they are': {
    regularizer: customRegularizer((w, { mul, square }) => mul(square(w), 0.03)),
    value: perElement((w) => 0.03 * w * w),
    rowwise: true,
  },
  'what is not 0 where weights are': {
    regularizer: customRegularizer((w, { exp, mul, sub }) => mul(0.01, exp(sub(0, w)))),
    value: perElement((w) => 0.01 * Math.exp(-w)),
    rowwise: true,
  },
  'norms of rows': {
    regularizer: customRegularizer((w, { add, mul, sqrt, square, sum }) =>
      mul(0.1, sqrt(add(1e-3, sum(square(w), { axis: 1 })))),
    ),
    value: (rows) => total(rows.map((row) => 0.1 * Math.sqrt(1e-3 + total(row.map((w) => w * w))))),
    rowwise: true,
  },
  'norms of columns': {
    regularizer: customRegularizer((w, { add, mul, sqrt, square, sum }) =>
      mul(0.1, sqrt(add(1e-3, sum(square(w), { axis: 0 })))),
    ),
    value: (rows) =>
      total((rows[0] ?? []).map((_, c) => 0.1 * Math.sqrt(1e-3 + total(rows.map((row) => row[c]! ** 2))))),
  },
  'the distance from a mean': {
    regularizer: customRegularizer((w, { mean, mul, square, sub }) => mul(0.5, mean(square(sub(w, mean(w)))))),
    value(rows) {
      const all = rows.flat();
      const mean = total(all) / all.length;
      return (0.5 * total(all.map((w) => (w - mean) ** 2))) / all.length;
    },
  },
  choices: {
    regularizer: customRegularizer((w, { greater, mul, square, where }) =>
      where(greater(w, 0.1), mul(0.2, square(w)), w),
    ),
    value: perElement((w) => (w > Math.fround(0.1) ? 0.2 * w * w : w)),
    rowwise: true,
  },
};

const UNITS = 11;

/** Where penalties go, and the weights or outputs that they are of. */
const places: Readonly<Record<string, (regularizer: CustomRegularizer) => readonly LayerSpec[]>> = {
  'a kernel of whole panels': (kernelRegularizer) => [
    dense({ units: 16, inputShape: INPUTS, activation: 'tanh', kernelRegularizer }),
  ],
  'a kernel': (kernelRegularizer) => [
    dense({ units: UNITS, inputShape: INPUTS, activation: 'tanh', kernelRegularizer }),
  ],
  'a kernel of one column': (kernelRegularizer) => [dense({ units: 1, inputShape: INPUTS, kernelRegularizer })],
  'a bias': (biasRegularizer) => [dense({ units: UNITS, inputShape: INPUTS, biasRegularizer })],
  'a bias of one column': (biasRegularizer) => [dense({ units: 1, inputShape: INPUTS, biasRegularizer })],
  'an output': (activityRegularizer) => [
    dense({ units: UNITS, inputShape: INPUTS, activation: 'tanh', activityRegularizer }),
  ],
  'an output of one column': (activityRegularizer) => [dense({ units: 1, inputShape: INPUTS, activityRegularizer })],
  'an activation': (activityRegularizer) => [
    dense({ units: UNITS, inputShape: INPUTS }),
    activation({ activation: 'sigmoid', activityRegularizer }),
  ],
  'gamma and beta': (own) => [
    dense({ units: UNITS, inputShape: INPUTS }),
    batchNormalization({ gammaRegularizer: own, betaRegularizer: own }),
  ],
  'all at once': (own) => [
    dense({ units: UNITS, inputShape: INPUTS, activation: 'tanh', kernelRegularizer: own, biasRegularizer: own, activityRegularizer: own }), // biome-ignore format: a row
  ],
};

const pairs = Object.entries(places).flatMap(([place, layers]) =>
  Object.entries(regularizers).map(([name, item]) => [`${name}, of ${place}`, layers, item, place] as const),
);

describe('float64 central differences', () => {
  test.each(pairs)('%s', (name, layers, { regularizer }) => {
    checkGradients({ name, layers: [...layers(regularizer), dense({ units: 8 })], loss: 'meanSquaredError' });
  });
});

const ROWS = 40;
const x = Array.from({ length: ROWS }, (_, i) => Array.from({ length: INPUTS }, (_, c) => Math.sin(i * (c + 2))));
const y = x.map(([a, b]) => [a! * b!, a! - b!]);
const rowsOf = ({ data, rows, columns }: Matrix) =>
  Array.from({ length: rows }, (_, r) => Array.from(data.subarray(r * columns, (r + 1) * columns)));

function build(layers: readonly LayerSpec[], backend: BackendFactory = factories.wasm, options: object = {}): Model {
  const model = sequential({ layers: [...layers, dense({ units: 2 })], seed: 3, backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', ...options });
  return model;
}

describe('values', () => {
  const weightsIn: Readonly<Record<string, string>> = {
    'a kernel of whole panels': 'layers.0.kernel',
    'a kernel': 'layers.0.kernel',
    'a kernel of one column': 'layers.0.kernel',
    'a bias': 'layers.0.bias',
  };
  test.each(pairs.filter(([, , , place]) => weightsIn[place]))('%s', (_, layers, { regularizer, value }, place) => {
    const model = build(layers(regularizer));
    model.trainOnBatch(x, y);
    const { loss, penalty } = model.evaluate(x, y);
    const weights = rowsOf(model.getWeights()[weightsIn[place]!]!);
    expect(penalty).toBeCloseTo(value(weights), 5);
    const plain = build(
      layers(regularizer).map((layer) => ({ ...layer, kernelRegularizer: undefined, biasRegularizer: undefined })),
    );
    plain.setWeights(model.getWeights());
    expect(loss).toBeCloseTo(plain.evaluate(x, y).loss! + penalty!, 5);
  });

  test.each(Object.entries(regularizers).filter(([, { rowwise }]) => rowwise))(
    'of an output are a mean over rows: %s',
    (_, { regularizer, value }) => {
      const layer = dense({ units: 2, inputShape: INPUTS, activation: 'tanh', activityRegularizer: regularizer });
      const model = sequential({ layers: [layer], backend: factories.wasm });
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      expect(model.evaluate(x, y).penalty).toBeCloseTo(value(rowsOf(model.predict(x))) / ROWS, 5);
    },
  );

  test('and steps are those of l1 and l2', async () => {
    const own = [
      customRegularizer((w, { abs, mul, sum }) => mul(0.02, sum(abs(w)))),
      customRegularizer((w, { mul, square, sum }) => mul(0.02, sum(square(w)))),
    ];
    for (const [i, known] of [l1(0.02), l2(0.02)].entries()) {
      const [a, b] = await Promise.all(
        [known, own[i]].map(async (regularizer) => {
          const layers = places['all at once']!(any(regularizer));
          const model = build(layers, factories.wasm, { gradientAccumulationSteps: 2, globalClipNorm: 0.5 });
          const { history } = await model.fit(x, y, { epochs: 3, batchSize: 8 });
          return [model, history] as const;
        }),
      );
      expect(b![1].penalty![2]).toBeCloseTo(a![1].penalty![2]!, 4);
      const [known0, own0] = [a![0], b![0]].map((model) => model.getWeights()['layers.0.kernel']!.data);
      known0!.forEach((weight, at) => {
        expect(own0![at]).toBeCloseTo(weight, 4);
      });
    }
  });
});

describe('training', async () => {
  const threads = await wasm({ threads: 2 });
  afterAll(() => threads.dispose?.());

  test.each(Object.entries(places))(
    '%s: the same bits on every backend and any number of threads',
    async (place, layers) => {
      for (const [name, { regularizer }] of Object.entries(regularizers)) {
        const hashes = await Promise.all(
          [factories.wasm, factories.typescript, threads].map(async (backend) => {
            const model = build(layers(regularizer), backend);
            const { history } = await model.fit(x, y, { epochs: 2, batchSize: 16, validationSplit: 0.25 });
            return [weightHash(model), history];
          }),
        );
        expect(hashes[1]).toEqual(hashes[0]);
        expect(hashes[2]).toEqual(hashes[0]);
        // One number lies at its mean.
        if (name === 'the distance from a mean' && place === 'a bias of one column') continue;
        const plain = build(layers(customRegularizer((w, { mul, sum }) => mul(0, sum(w)))));
        await plain.fit(x, y, { epochs: 2, batchSize: 16, validationSplit: 0.25 });
        expect(hashes[0]![0]).not.toBe(weightHash(plain));
      }
    },
  );

  test('what is frozen has no penalty', () => {
    const model = build(places['a kernel']!(regularizers['elements, summed']!.regularizer));
    expect(model.evaluate(x, y).penalty).toBeGreaterThan(0);
    model.setTrainable('layers.0', false);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(model.trainOnBatch(x, y)).not.toHaveProperty('penalty');
    model.setTrainable('layers.0', true);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(model.trainOnBatch(x, y).penalty).toBeGreaterThan(0);
  });

  test.each([
    ['a penalty that is infinite', customRegularizer((w, { exp, mul }) => exp(mul(w, 1e4)))],
    ['a gradient that is', customRegularizer((w, { mul }) => mul(mul(w, 1e-30), mul(1e30, mul(w, 1e38))))],
  ])('%s stops it, and weights stay', (_, kernelRegularizer) => {
    for (const units of [8, 300]) {
      const model = build([dense({ units, inputShape: INPUTS, activation: 'tanh', kernelRegularizer })]);
      const before = weightHash(model);
      expect(() => model.trainOnBatch(x, y)).toThrow(NonFiniteError);
      expect(weightHash(model)).toBe(before);
    }
  });

  test('of a penalty with a large gradient not only the operands of the product are looked at', () => {
    // In a network of this size the gradients of kernels are not looked at one by one. The penalty is finite, and the square of its gradient is not.
    const layers = (kernelRegularizer?: CustomRegularizer) => [
      dense({ units: 300, inputShape: INPUTS, activation: 'tanh' }),
      dense({ units: 300, activation: 'tanh', ...(kernelRegularizer && { kernelRegularizer }) }),
    ];
    const plain = build(layers());
    expect(plain.program('train', ROWS)).not.toMatch(/guard %gradients /);
    const steep = customRegularizer((w, { mul }) => mul(w, 1e25));
    const model = build(layers(steep));
    const before = weightHash(model);
    for (let step = 0; step < 3; step++) {
      expect(() => model.trainOnBatch(x, y)).toThrow(NonFiniteError);
      expect(weightHash(model)).toBe(before);
    }
  });
});

describe('plain data', () => {
  const { regularizer } = regularizers['norms of rows']!;

  test('of parameters of custom layers, by name or whole, with initializers of their own', () => {
    register('ownRows', customRegularizer(JSON.parse(JSON.stringify(regularizer))));
    const half = customInitializer(([rows, columns]) => new Float32Array(rows * columns).fill(0.5));
    register('half', half);
    const made = [
      { regularizer, initializer: half },
      { regularizer: any('ownRows'), initializer: any('half') },
    ].map((options) => {
      const layer = customLayer({
        parameters: ({ x: columns }) => ({ w: { shape: [columns, 9], ...options }, b: { shape: [9], ...options } }),
        forward: ({ x: from, w, b }, { add, matmul, tanh }) => tanh(add(matmul(from, w), b)),
      });
      return build([layer({ inputShape: INPUTS })]);
    });
    const [first, second] = made.map((model) => model.trainOnBatch(x, y));
    expect(second).toEqual(first);
    const value = (rows: number, columns: number) => rows * 0.1 * Math.sqrt(1e-3 + columns / 4);
    expect(first!.penalty).toBeCloseTo(value(INPUTS, 9) + value(1, 9), 5);
    for (const model of made) {
      const loaded = deserialize(serialize(model), { backend: factories.typescript });
      expect(loaded.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
      expect(weightHash(loaded)).toBe(weightHash(model));
    }
  });

  test('go through JSON and files, and to a worker', async () => {
    expect(customRegularizer(JSON.parse(JSON.stringify(regularizer)))).toEqual(regularizer);
    const model = build(places['all at once']!(regularizer));
    await model.fit(x, y, { epochs: 1 });
    const saved = deserialize(serialize(model), { backend: factories.typescript });
    const spec = JSON.parse(JSON.stringify(model.spec));
    const copy = modelFromSpec(spec, { backend: factories.wasm });
    copy.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(copy.evaluate(x, y).penalty).toBe(build(places['all at once']!(regularizer)).evaluate(x, y).penalty);
    expect(saved.evaluate(x, y)).toEqual(model.evaluate(x, y));
    const there = await worker.sequential({ layers: [...places['all at once']!(regularizer), dense({ units: 2 })], seed: 3, workerUrl, backend: worker.typescript() }); // biome-ignore format: a row
    await there.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    await there.fit(x, y, { epochs: 1 });
    expect(await there.getWeights()).toEqual(model.getWeights());
    await there.dispose();
    await Promise.all([model, saved].map((each) => each.fit(x, y, { epochs: 2 })));
    expect(weightHash(saved)).toBe(weightHash(model));
  });
});

describe('errors', () => {
  const kernel = (given: unknown) => build([dense({ units: 3, inputShape: INPUTS, kernelRegularizer: any(given) })]);
  test.each<[string, () => unknown, typeof ValueError | typeof ShapeError | typeof UnknownNameError, RegExp]>([
    ['no function', () => customRegularizer(any('l3')), ValueError, /customRegularizer.*a function of w/],
    ['no expression', () => customRegularizer(() => any(3)), ValueError, /customRegularizer/],
    ['other data', () => customRegularizer(any({ name: 'custom', step: [] })), UnknownNameError, /customRegularizer.*step/],
    ['a function itself', () => kernel(() => 1), ValueError, /kernelRegularizer/],
    ['columns that do not fit', () => kernel(customRegularizer((w, { add }) => add(w, [1, 2]))), ShapeError, /layers.0.kernel.regularizer/],
    ['no w', () => kernel(customRegularizer(any((_: unknown, { exp }: { exp: (x: number) => unknown }) => exp(1)))), ValueError, /does not depend/],
    ['dropout', () => kernel(customRegularizer((w, { dropout }) => dropout(w, 0.5))), ValueError, /layers.0.kernel/],
    ['a fused last layer', () => {
      const activityRegularizer = regularizers['elements, summed']!.regularizer;
      sequential({ layers: [dense({ units: 3, inputShape: 1, activation: 'softmax', activityRegularizer })], backend: factories.wasm })
        .compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    }, ValueError, /activityRegularizer/],
  ])('%s', (_, make, kind, says) => {
    expect(make).toThrow(kind);
    expect(make).toThrow(says);
  }); // biome-ignore format: rows
});
