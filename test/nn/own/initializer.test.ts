import { describe, expect, test, vi } from 'vitest';
import type { Model } from '../../../src/callbacks/interfaces.js';
import { ShapeError, StateError, UnknownNameError, ValueError } from '../../../src/errors.js';
import { deserialize, serialize } from '../../../src/io/save.js';
import type { BackendFactory } from '../../../src/kernels/contract.js';
import { type MatrixLike, matrix } from '../../../src/matrix.js';
import { modelFromSpec } from '../../../src/model/from-spec.js';
import { sequential } from '../../../src/model/model.js';
import { customInitializer, type InitializerFunction } from '../../../src/nn/initializers/own-initializer.js';
import { batchNormalization, dense, embedding } from '../../../src/nn/layers/index.js';
import { register } from '../../../src/nn/registrations.js';
import * as worker from '../../../src/worker/index.js';
import { any } from '../../support/any.js';
import { factories } from '../../support/buffers.js';
import { weightHash } from '../../support/nn/models.js';
import { workerUrl } from '../../support/remote.js';

const list = (rows: number, columns: number, draw: () => number) => Array.from({ length: rows * columns }, draw);

/** He's normal distribution on every other row, where an integer says so, and half of one elsewhere. */
const mixed: InitializerFunction = ([rows, columns], random) =>
  list(rows, columns, () => (random.integer(3) === 0 ? random.normal(1, 0.5) : random.uniform(-0.5, 0.25)));

type Layers = Parameters<typeof sequential>[0]['layers'];

const places: Readonly<Record<string, (initializer: ReturnType<typeof customInitializer>) => Layers>> = {
  'a kernel': (kernelInitializer) => [dense({ units: 9, inputShape: 5, kernelInitializer })],
  'a bias': (biasInitializer) => [dense({ units: 9, inputShape: 5, biasInitializer })],
  'an embedding by rows': (embeddingsInitializer) => [
    embedding({ inputDim: 12, outputDim: 3, inputShape: 2, embeddingsInitializer }),
    dense({ units: 1 }),
  ],
  'a whole embedding': (embeddingsInitializer) => [
    embedding({ inputDim: 12, outputDim: 3, inputShape: 2, embeddingsInitializer, sparse: false }),
    dense({ units: 1 }),
  ],
  'all of several layers': (made) => [
    dense({ units: 4, inputShape: 5, activation: 'relu', kernelInitializer: made, biasInitializer: made }),
    batchNormalization(),
    dense({ units: 17, kernelInitializer: made, biasInitializer: made }),
  ],
};

const build = (layers: Layers, backend: BackendFactory = factories.wasm, seed = 6): Model =>
  sequential({ layers, seed, backend });

describe.each(Object.entries(places))('%s', (_, layers) => {
  test('has the same bits on every backend, by the seed', () => {
    const of = (backend: BackendFactory, seed?: number) =>
      weightHash(build(layers(customInitializer(mixed)), backend, seed));
    expect(of(factories.typescript)).toBe(of(factories.wasm));
    expect(of(factories.wasm, 7)).not.toBe(of(factories.wasm));
    const own = (seed?: number) =>
      weightHash(build(layers(customInitializer(mixed, { seed: 3 })), factories.wasm, seed));
    expect(own(1)).not.toBe(of(factories.wasm, 1));
  });

  test('has the values of the function, in its shape', () => {
    const shapes: (readonly [number, number])[] = [];
    let count = 100;
    const numbered = customInitializer((shape) => {
      shapes.push(shape);
      return list(...shape, () => count++);
    });
    const weights = build(layers(numbered)).getWeights();
    const drawn = Object.values(weights).flatMap(({ data }) => Array.from(data).filter((value) => value >= 100));
    expect(shapes.length).toBeGreaterThan(0);
    expect(drawn).toEqual(Array.from({ length: count - 100 }, (_, i) => 100 + i));
  });
});

test('its own seed replaces that of the model', () => {
  const layers = () => [dense({ units: 9, inputShape: 5, kernelInitializer: customInitializer(mixed, { seed: 3 }) })];
  expect(weightHash(build(layers(), factories.wasm, 1))).toBe(weightHash(build(layers(), factories.wasm, 2)));
});

test('draws have the distributions that they say', () => {
  const draws: Record<string, number[]> = { uniform: [], normal: [], integer: [] };
  const spy = customInitializer(([rows, columns], random) => {
    for (let i = 0; i < 40_000; i++) {
      draws.uniform!.push(random.uniform(-2, 4));
      draws.normal!.push(random.normal(3, 2));
      draws.integer!.push(random.integer(5));
    }
    return new Float32Array(rows * columns);
  });
  build([dense({ units: 1, inputShape: 1, kernelInitializer: spy })]);
  const moments = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)] as const;
  };
  const expected = { uniform: [1, 6 / Math.sqrt(12)], normal: [3, 2], integer: [2, Math.SQRT2] } as const;
  for (const [name, [mean, deviation]] of Object.entries(expected)) {
    const [m, d] = moments(draws[name]!);
    expect(m).toBeCloseTo(mean, 1);
    expect(d).toBeCloseTo(deviation, 1);
  }
  expect(Math.min(...draws.uniform!)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...draws.uniform!)).toBeLessThan(4);
  expect([...new Set(draws.integer)].sort()).toEqual([0, 1, 2, 3, 4]);
});

test.each<[string, (rows: number, columns: number) => ArrayLike<number> | MatrixLike]>([
  ['a flat array', (rows, columns) => list(rows, columns, () => 0.5)],
  ['a Float64Array', (rows, columns) => new Float64Array(rows * columns).fill(0.5)],
  ['rows', (rows, columns) => Array.from({ length: rows }, () => list(1, columns, () => 0.5))],
  ['rows of typed arrays', (rows, columns) => Array.from({ length: rows }, () => new Float32Array(columns).fill(0.5))],
  ['a matrix', (rows, columns) => matrix(new Float32Array(rows * columns).fill(0.5), rows, columns)],
])('values may be %s', (_, values) => {
  const made = customInitializer(([rows, columns]) => values(rows, columns));
  const weights = build([
    dense({ units: 3, inputShape: 2, kernelInitializer: made, biasInitializer: made }),
  ]).getWeights();
  for (const { data } of Object.values(weights)) expect([...new Set(data)]).toEqual([0.5]);
});

describe('errors', () => {
  test.each<[string, unknown, typeof ValueError | typeof ShapeError, RegExp]>([
    ['nothing', undefined, ValueError, /customInitializer of 2 x 3.*6 numbers.*undefined.*return missing/],
    ['a number', 3, ValueError, /6 numbers/],
    ['too few numbers', [1, 2, 3], ShapeError, /3 numbers/],
    ['too many numbers', new Float32Array(7), ShapeError, /7 numbers/],
    ['rows of another shape', [[1, 2], [3, 4], [5, 6]], ShapeError, /3 rows of 2/], // biome-ignore format: a row
    ['ragged rows', [[1, 2, 3], [4, 5]], ShapeError, /customInitializer of 2 x 3/], // biome-ignore format: a row
    ['NaN', [1, 2, 3, 4, Number.NaN, 6], ValueError, /row 1, column 1.*NaN/],
    ['beyond float32', [1, 2, 3, 4, 5, 1e39], ValueError, /row 1, column 2.*Infinity/],
    ['texts', ['a', 'b', 'c', 'd', 'e', 'f'], ValueError, /customInitializer of 2 x 3/],
  ])('%s', (_, values, kind, says) => {
    const made = customInitializer(() => any(values));
    const draw = () => build([dense({ units: 3, inputShape: 2, kernelInitializer: made })]);
    expect(draw).toThrow(kind);
    expect(draw).toThrow(says);
  });

  test('of what is no function, and of its options', () => {
    expect(() => customInitializer(any('zeros'))).toThrow(ValueError);
    expect(() => customInitializer(mixed, { seed: -1 })).toThrow(/customInitializer.seed/);
    expect(() => customInitializer(mixed, any({ sed: 1 }))).toThrow(UnknownNameError);
    const below = (n: number) => customInitializer((_, random) => [random.integer(n)]);
    for (const n of [0, 1.5, 2 ** 33, Number.NaN]) {
      expect(() => build([dense({ units: 1, inputShape: 1, kernelInitializer: below(n) })])).toThrow(/random.integer/);
    }
    expect(() => build([dense({ units: 1, inputShape: 1, kernelInitializer: any(mixed) })])).toThrow(ValueError);
  });
});

describe('files and specs', () => {
  const of = (kernelInitializer: unknown) => {
    const model = build([dense({ units: 3, inputShape: 2, kernelInitializer: any(kernelInitializer) })]);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    return model;
  };
  const x = [[1, 2], [3, 4]]; // biome-ignore format: rows

  test('hold the name, and without one nothing is saved', () => {
    expect(() => serialize(of(customInitializer(mixed)))).toThrow(StateError);
    expect(() => serialize(of(customInitializer(mixed)))).toThrow(/register\('name', customInitializer/);
    const item = register('mixed', customInitializer(mixed));
    const model = of(item);
    expect(weightHash(of('mixed'))).toBe(weightHash(model));
    for (const saved of [model, of('mixed')]) {
      const loaded = deserialize(serialize(saved), { backend: factories.typescript });
      expect(loaded.predict(x)).toEqual(model.predict(x));
      expect(weightHash(modelFromSpec(JSON.parse(JSON.stringify(loaded.spec)), { backend: factories.wasm }))).toBe(
        weightHash(model),
      );
    }
  });

  test('load where the name is not registered, but draw no new weights', async () => {
    register('gone', customInitializer(mixed));
    const model = of('gone');
    vi.resetModules();
    const elsewhere = await import('../../../src/index.js');
    const backend = elsewhere.typescript();
    const loaded = elsewhere.deserialize(serialize(model), { backend });
    expect(loaded.predict(x).data).toEqual(model.predict(x).data);
    const again = elsewhere.deserialize(elsewhere.serialize(loaded), { backend });
    expect(again.predict(x).data).toEqual(model.predict(x).data);
    for (const spec of [loaded.spec, JSON.parse(JSON.stringify(loaded.spec))]) {
      expect(() => elsewhere.modelFromSpec(spec, { backend })).toThrow(elsewhere.UnknownNameError);
      expect(() => elsewhere.modelFromSpec(spec, { backend })).toThrow(/register\('gone', customInitializer/);
    }
    elsewhere.register('gone', elsewhere.customInitializer(mixed));
    expect(weightHash(any(elsewhere.modelFromSpec(loaded.spec, { backend })))).toBe(weightHash(model));
  });

  test('do not go to a worker', async () => {
    const layers = [dense({ units: 3, inputShape: 2, kernelInitializer: customInitializer(mixed) })];
    await expect(worker.sequential({ layers, workerUrl })).rejects.toThrow(ValueError);
    await expect(worker.sequential({ layers, workerUrl })).rejects.toThrow(/worker/);
  });
});
