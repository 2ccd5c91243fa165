import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { MyelinError } from '../../src/errors.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { modelFromSpec } from '../../src/model/from-spec.js';
import { model, sequential } from '../../src/model/model.js';
import { trace } from '../../src/nn/graph.js';
import {
  activation,
  add,
  batchNormalization,
  concatenate,
  dense,
  dropout,
  input,
  multiply,
} from '../../src/nn/layers/index.js';
import { any } from '../support/any.js';
import { factories, Random } from '../support/buffers.js';
import { checkGradients, type GradientCase } from '../support/nn/gradient-check.js';
import { weightHash } from '../support/nn/models.js';

const backend = factories.wasm;
const column = (...values: number[]) => matrix(values, values.length, 1);

function residual() {
  const x = input({ shape: 6 });
  const wide = dense({ units: 9, activation: 'tanh' }).apply(x);
  const h = dense({ units: 9, activation: 'sigmoid' }).apply(wide);
  return { inputs: [x], outputs: [dense({ units: 3 }).apply(add().apply([wide, h, wide]))] };
}

function wideAndDeep() {
  const [numbers, flags] = [input({ shape: 5, name: 'numbers' }), input({ shape: 3, name: 'flags' })];
  const deep = dense({ units: 8, activation: 'tanh' }).apply(numbers);
  const joined = concatenate().apply([deep, flags, numbers]);
  const kind = dense({ units: 4, activation: 'softmax', name: 'kind' }).apply(joined);
  const gate = dense({ units: 8, activation: 'sigmoid' }).apply(flags);
  const price = dense({ units: 1, name: 'price' }).apply(multiply().apply([deep, gate]));
  return { inputs: [numbers, flags], outputs: [kind, price] };
}

/** An output that another layer reads, with its activation in the loss. */
function chained() {
  const x = input({ shape: 6 });
  const first = dense({ units: 3, activation: 'softmax', name: 'first' }).apply(x);
  const second = dense({ units: 1, activation: 'sigmoid', name: 'second' }).apply(first);
  return { inputs: [x], outputs: [first, second] };
}

function products() {
  const x = input({ shape: 4 });
  const parts = ['tanh', 'sigmoid', 'linear'] as const;
  const branches = parts.map((activation) => dense({ units: 5, activation }).apply(x));
  return { inputs: [x], outputs: [dense({ units: 2 }).apply(multiply().apply(branches))] };
}

const cases: readonly (GradientCase & { graph: object })[] = (
  [
    ['residual', residual(), 'meanSquaredError'],
    ['wide and deep, two outputs', wideAndDeep(), ['sparseCategoricalCrossentropy', 'meanSquaredError']],
    ['an output that feeds another', chained(), ['categoricalCrossentropy', 'binaryCrossentropy']],
    ['a product of three', products(), 'meanSquaredError'],
  ] as const
).map(([name, { inputs, outputs }, loss]) => ({ name, graph: trace(inputs, outputs), loss }));

describe('gradients of graphs, by float64 central differences', () => {
  test.each(cases)('$name', checkGradients);
});

function twoOutputs(factory = backend): Model {
  const built = model({ ...wideAndDeep(), seed: 5, backend: factory });
  built.compile({
    optimizer: adam({ learningRate: 0.02 }),
    loss: { kind: 'sparseCategoricalCrossentropy', price: 'meanSquaredError' },
    metrics: ['accuracy'],
  });
  return built;
}

function twoOutputsData(rows: number) {
  const random = new Random(3);
  const fill = (columns: number) =>
    matrix(
      Float32Array.from({ length: rows * columns }, () => 2 * random.uniform() - 1),
      rows,
      columns,
    );
  const x = { numbers: fill(5), flags: fill(3) };
  const row = ({ data, columns }: Matrix, r: number) => data.subarray(r * columns, (r + 1) * columns);
  const kind = Array.from(
    { length: rows },
    (_, r) => (row(x.numbers, r)[0]! > 0 ? 2 : 0) + (row(x.flags, r)[1]! > 0 ? 1 : 0),
  );
  const price = Array.from({ length: rows }, (_, r) => row(x.numbers, r)[1]! * row(x.flags, r)[0]!);
  return { x, y: { kind, price } };
}

test('f = (x + y) z: the value and the gradient at every node', () => {
  const [x, y, z] = ['x', 'y', 'z'].map((name) => input({ shape: 1, name })) as [never, never, never];
  const q = add({ name: 'q' }).apply([x, y]);
  const f = multiply({ name: 'f' }).apply([q, z]);
  for (const factory of Object.values(factories)) {
    const built = model({ inputs: [x, y, z], outputs: f, backend: factory });
    built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    // f is -12. Half above its target, the derivative of the squared error is 1, and the gradients are those of f.
    const { nodes } = built.gradients({ x: [[-2]], y: [[5]], z: [[-4]] }, [[-12.5]], { nodes: true });
    const read = Object.entries(nodes).map(([name, { value, gradient }]) => [name, value.data[0], gradient?.data[0]]);
    expect(read).toEqual([
      ['z', -4, 3],
      ['y', 5, -4],
      ['x', -2, -4],
      ['q', 3, -4],
      ['f', -12, 1],
    ]);
  }
});

describe('a model with two inputs and two outputs', () => {
  const { x, y } = twoOutputsData(192);

  test('learns both, the same on both backends', async () => {
    const results = [];
    for (const factory of Object.values(factories)) {
      const built = twoOutputs(factory);
      const { history } = await built.fit(x, y, { epochs: 40, validationSplit: 0.2 });
      expect(history.kindAccuracy!.at(-1)).toBeGreaterThan(0.9);
      expect(history.priceLoss!.at(-1)).toBeLessThan(0.03);
      expect(history.loss!.at(-1)).toBeCloseTo(history.kindLoss!.at(-1)! + history.priceLoss!.at(-1)!, 5);
      expect(Object.keys(history)).toContain('valPriceLoss');
      results.push([weightHash(built), JSON.stringify(history)]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  test('predicts by name, row by row to the bit', () => {
    const built = twoOutputs();
    const whole = built.predictOutputs(x);
    expect(Object.entries(whole).map(([name, { rows, columns }]) => [name, rows, columns])).toEqual([
      ['kind', 192, 4],
      ['price', 192, 1],
    ]);
    const row = ({ data, columns }: Matrix, r: number) =>
      matrix(data.slice(r * columns, (r + 1) * columns), 1, columns);
    for (const r of [0, 77, 191]) {
      const alone = built.predictOutputs([row(x.numbers, r), row(x.flags, r)]);
      expect(alone.kind!.data).toEqual(row(whole.kind!, r).data);
      expect(alone.price!.data).toEqual(row(whole.price!, r).data);
    }
    expect(() => built.predict(x)).toThrow(/predictOutputs/);
  });

  test('sampleWeight by name weighs the loss of one output, and for all of them', async () => {
    const weights = Array.from({ length: 192 }, (_, r) => r % 3);
    const ones = weights.map(() => 1);
    for (const factory of Object.values(factories)) {
      const built = twoOutputs(factory);
      const read = (sampleWeight?: object) =>
        built.evaluate(x, y, sampleWeight ? { sampleWeight: any(sampleWeight) } : {});
      const [plain, all, kind] = [read(), read(weights), read({ kind: weights })];
      expect(kind.kindLoss).toBe(all.kindLoss);
      expect(kind.priceLoss).toBe(read(ones).priceLoss);
      expect(kind.priceLoss).toBeCloseTo(plain.priceLoss!, 6);
      expect(kind.loss).toBeCloseTo(kind.kindLoss! + kind.priceLoss!, 6);
      expect(kind.kindLoss).not.toBeCloseTo(plain.kindLoss!, 4);
      expect(read({ kind: weights, price: weights })).toEqual(all);

      const gradients = (sampleWeight: object) => built.gradients(x, y, { sampleWeight: any(sampleWeight) }).gradients;
      const [one, both] = [gradients({ price: weights }), gradients(weights)];
      expect(one['layers.4.kernel']).toEqual(both['layers.4.kernel']);
      expect(one['layers.2.kernel']).toEqual(gradients(ones)['layers.2.kernel']);
    }
  });

  test('sampleWeight by name comes through fit, streams and validation', async () => {
    const kind = Array.from({ length: 192 }, (_, r) => r % 3);
    const options = { epochs: 2, batchSize: 192, validationData: [x, y, { kind }] } as const;
    const [rows, stream] = [twoOutputs(), twoOutputs()];
    const { history } = await rows.fit(x, y, { ...options, shuffle: false, sampleWeight: { kind } });
    const { batchSize: _, ...rest } = options;
    const streamed = await stream.fit(() => [{ x, y, sampleWeight: { kind } }], rest);
    expect(streamed.history).toEqual(history);
    expect(history.valKindLoss!.at(-1)).toBe(rows.evaluate(x, y, { sampleWeight: { kind } }).kindLoss);
    expect(() => rows.evaluate(x, y, { sampleWeight: { kinds: kind } })).toThrow(/sampleWeight\.kinds.*mean 'kind'/);
    expect(() => rows.evaluate(x, y, { sampleWeight: { kind: [1] } })).toThrow(/sampleWeight\.kind: .*192/);
  });

  test('goes through JSON', () => {
    const built = twoOutputs();
    const copy = modelFromSpec(JSON.parse(JSON.stringify(built.spec)), { backend });
    expect(weightHash(copy)).toBe(weightHash(built));
    expect(copy.predictOutputs(x)).toEqual(built.predictOutputs(x));
    expect(JSON.stringify(copy.spec)).toBe(JSON.stringify(built.spec));
  });
});

test('a chain is the same model as a stack', async () => {
  const layers = [
    dense({ units: 12, activation: 'relu', inputShape: 4 }),
    batchNormalization(),
    dropout({ rate: 0.25 }),
    dense({ units: 3, activation: 'softmax' }),
  ] as const;
  const x = input({ shape: 4, name: 'input' });
  const chain = layers.reduce((value, layer) => layer.apply(value), x);
  const random = new Random(9);
  const rows = matrix(
    Float32Array.from({ length: 240 }, () => random.number()),
    60,
    4,
  );
  const labels = Array.from({ length: 60 }, () => random.integer(3));
  const hashes = [sequential({ layers, seed: 2, backend }), model({ inputs: x, outputs: chain, seed: 2, backend })].map(
    async (built) => {
      built.compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
      await built.fit(rows, labels, { epochs: 3 });
      return [weightHash(built), built.program('train', 7)];
    },
  );
  expect(await hashes[0]).toEqual(await hashes[1]);
});

test('a layer without weights may have several places', () => {
  const [a, relu] = [input({ shape: 2 }), activation({ activation: 'relu' })];
  const built = model({ inputs: a, outputs: add().apply([relu.apply(a), relu.apply(relu.apply(a))]), backend });
  expect([...built.predict([[1, -1]]).data]).toEqual([2, 0]);
});

describe('graphs that do not fit', () => {
  const [a, b] = [input({ shape: 2, name: 'a' }), input({ shape: 3, name: 'b' })];
  const build = (inputs: never, outputs: never) => () => model({ inputs, outputs, backend });
  const head = (x: typeof a) => dense({ units: 1 }).apply(x);
  const square = dense({ units: 2 });
  const shared = dense({ units: 2 }).apply(a);
  test.each<[string, () => unknown, RegExp]>([
    ['widths that differ', build([a, b] as never, head(add().apply([a, b])) as never), /layers\.0, input 1.*3 columns/],
    ['an input left out', build(a as never, head(concatenate().apply([a, b])) as never), /inputs.*'b'/],
    ['an input of no use', build([a, b] as never, head(a) as never), /inputs\[1\].*'b', which feeds no output/],
    ['one input to a merge', () => add().apply(a), /add\.apply.*1 input/],
    ['two inputs to a layer', () => dense({ units: 1 }).apply([a, b]), /dense\.apply.*2 inputs/],
    ['a matrix for an input', () => dense({ units: 1 }).apply(column(1) as never), /dense\.apply/],
    ['an input as an output', build(a as never, a as never), /outputs\[0\]/],
    ['two inputs of a name', build([a, input({ shape: 1, name: 'a' })] as never, head(a) as never), /'a' twice/],
    [
      'two layers of a name',
      build(a as never, dense({ units: 1, name: 'h' }).apply(dense({ units: 1, name: 'h' }).apply(a)) as never),
      /name: .*'h' twice/,
    ],
    [
      'a layer that is named like an input',
      build(a as never, dense({ units: 1, name: 'a' }).apply(a) as never),
      /'a' twice/,
    ],
    [
      'a stack with two layers of a name',
      () =>
        sequential({
          layers: [dense({ units: 1, name: 'h', inputShape: 2 }), dense({ units: 1, name: 'h' })],
          backend,
        }),
      /'h' twice/,
    ],
    ['an output twice', build(a as never, [shared, shared] as never), /outputs.*twice/],
    [
      'a layer with weights in two places',
      build(a as never, add().apply([square.apply(a), square.apply(shared)]) as never),
      /layers\.2: .*the dense layer layers\.0, applied a second time.*call dense\(/,
    ],
    ['data for one of two', () => twoOutputs().predictOutputs({ numbers: [[1, 2, 3, 4, 5]] }), /x\.flags.*nothing/],
    ['data by a wrong name', () => twoOutputs().predictOutputs({ numbers: [[1]], flag: [[1]] }), /mean 'flags'/],
    [
      'rows that differ',
      () =>
        twoOutputs().predictOutputs([
          [[1, 2, 3, 4, 5]],
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ]),
      /x\[1\].*2 rows/,
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(MyelinError);
  });
});
