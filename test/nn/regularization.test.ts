import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { type ConstraintName, type ConstraintSpec, constraintTable } from '../../src/kernels/tables.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { maxNorm } from '../../src/kernels/twins/constraints.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { activation, batchNormalization, dense, dropout, type LayerSpec } from '../../src/nn/layers/index.js';
import { regularizerTable } from '../../src/nn/registry.js';
import { l1, l1l2, l2 } from '../../src/nn/regularizers.js';
import { allFactories, factories, wasmFactory } from '../support/buffers.js';
import { clouds } from '../support/nn/models.js';

interface Fixture {
  readonly x: number[][];
  readonly y: number[][];
  readonly weights: Record<string, number[][]>;
  readonly penalties: readonly {
    readonly name: string;
    readonly options: readonly object[];
    readonly loss: number;
    readonly penalty: number;
    readonly gradients: Record<string, number[][]>;
  }[];
  readonly kernel: number[][];
  readonly bias: number[][];
  readonly constraints: readonly {
    readonly constraint: ConstraintSpec;
    readonly kernel: number[][];
    readonly bias: number[][];
  }[];
}

/** As fixtures/pytorch/parts/regularization.py describes it. */
const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/parts/regularization.json', import.meta.url), 'utf8'),
);
const { x, y, weights } = fixture;

function expectClose(actual: ArrayLike<number>, reference: readonly number[], what: string): void {
  expect(actual.length).toBe(reference.length);
  reference.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value), `${what}[${i}]`).toBeLessThanOrEqual(1.3e-6 * Math.abs(value) + 1e-6);
  });
}

describe.each(Object.entries(allFactories))('against PyTorch, %s', (_, backend) => {
  test.each(fixture.penalties)('penalty and gradients: $name', ({ options, loss, penalty, gradients }) => {
    const model = sequential({
      layers: [
        { ...dense({ units: 11, inputShape: 5, activation: 'tanh' }), ...options[0] },
        { ...dense({ units: 3 }), ...options[1] },
      ] as LayerSpec[],
      backend,
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    model.setWeights(weights);
    const found = model.gradients(x, y);
    expectClose([found.logs.loss!, found.logs.penalty!], [loss, penalty], 'loss');
    for (const [name, values] of Object.entries(gradients)) {
      expectClose(found.gradients[name]!.data, values.flat(), name);
    }
    const evaluated = model.evaluate(x, y);
    expectClose([evaluated.loss!, evaluated.penalty!], [loss, penalty], 'evaluated');
  });

  test.each(fixture.constraints)('constraint $constraint', ({ constraint, kernel, bias }) => {
    const layers = [dense({ units: 11, inputShape: 5, kernelConstraint: constraint, biasConstraint: constraint })];
    const model = sequential({ layers, backend });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    model.setWeights({ 'layers.0.kernel': fixture.kernel, 'layers.0.bias': fixture.bias });
    model.trainOnBatch([[1, 2, 3, 4, 5]], [new Array(11).fill(0)]);
    const after = model.getWeights();
    expectClose(after['layers.0.kernel']!.data, kernel.flat(), 'kernel');
    expectClose(after['layers.0.bias']!.data, bias.flat(), 'bias');
  });
});

test('every regularizer and every constraint has a fixture', () => {
  const used = new Set(
    fixture.penalties.flatMap(({ options }) => options.flatMap(Object.values)).map(({ name }) => name),
  );
  expect([...used].sort()).toEqual(Object.keys(regularizerTable).sort());
  const held = new Set<string>(fixture.constraints.map(({ constraint }) => constraint.name));
  expect([...held].sort()).toEqual(Object.keys(constraintTable).sort());
});

const regression = (layers: readonly LayerSpec[], backend = wasmFactory): Model => {
  const model = sequential({ layers, backend });
  model.compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'meanSquaredError' });
  return model;
};

describe('penalties', () => {
  const data = clouds(40, 7, 3);

  test('names and functions say the same', () => {
    const penaltyOf = (kernelRegularizer: NonNullable<Parameters<typeof dense>[0]['kernelRegularizer']>) =>
      regression([dense({ units: 3, inputShape: 7, kernelRegularizer })]).evaluate(
        data.x,
        data.labels.map((label) => [label, 0, 1]),
      ).penalty;
    expect(penaltyOf('l1')).toBe(penaltyOf(l1(0.01)));
    expect(penaltyOf('l2')).toBe(penaltyOf(l2()));
    expect(penaltyOf({ name: 'l2' })).toBe(penaltyOf(l2()));
    expect(penaltyOf('l1l2')).toBeCloseTo(penaltyOf('l1')! + penaltyOf('l2')!, 6);
    expect(penaltyOf(l1l2({ l1: 0 }))).toBe(penaltyOf('l2'));
    expect(l1l2({ l2: 0.5 })).toEqual({ name: 'l1l2', l1: 0.01, l2: 0.5 });
  });

  test('the mean over rows does not depend on how they are batched', () => {
    const layers = [
      dense({ units: 9, inputShape: 7, activation: 'relu', activityRegularizer: l1(0.1) }),
      dropout({ rate: 0 }),
      activation({ activation: 'sigmoid', activityRegularizer: l2(0.1) }),
      dense({ units: 1 }),
    ];
    const model = regression(layers);
    const parts = [0, 10, 20, 30].map((start) =>
      model.evaluate(
        Array.from({ length: 10 }, (_, r) => [...data.x.data.slice((start + r) * 7, (start + r + 1) * 7)]),
        data.labels.slice(start, start + 10),
      ),
    );
    const mean = parts.reduce((sum, { penalty }) => sum + penalty! / 4, 0);
    expect(model.evaluate(data.x, data.labels).penalty).toBeCloseTo(mean, 5);
  });

  test('l1 drives useless weights to about 0', async () => {
    const targets = Array.from({ length: 40 }, (_, r) => data.x.data[r * 7]!);
    const model = regression([dense({ units: 1, inputShape: 7, kernelRegularizer: l1(0.05) })]);
    await model.fit(data.x, targets, { epochs: 300, batchSize: 40 });
    const [first, ...others] = model.getWeights()['layers.0.kernel']!.data;
    expect(first).toBeGreaterThan(0.8);
    expect(Math.max(...others.map(Math.abs))).toBeLessThan(0.05);
  });

  test('of a normalization', () => {
    const layers = [
      dense({ units: 4, inputShape: 7 }),
      batchNormalization({ gammaRegularizer: l2(0.5), betaRegularizer: l1(3) }),
    ];
    const model = regression(layers);
    const targets = data.labels.map(() => [0, 0, 0, 0]);
    expect(model.evaluate(data.x, targets).penalty).toBeCloseTo(2, 6);
    model.setWeights({ ...model.getWeights(), 'layers.1.beta': [1, -1, 0, 2] });
    expect(model.evaluate(data.x, targets).penalty).toBeCloseTo(14, 5);
  });
});

describe('constraints', () => {
  const data = clouds(60, 7, 3);
  const names = Object.keys(constraintTable) as ConstraintName[];

  const columns = (model: Model, name: string) => {
    const { data: values, rows, columns: count } = model.getWeights()[name]!;
    return Array.from({ length: count }, (_, c) => Array.from({ length: rows }, (_, r) => values[r * count + c]!));
  };
  const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  const holds: Record<ConstraintName, (values: readonly number[]) => boolean> = {
    maxNorm: (values) => norm(values) <= 2 + 1e-6,
    unitNorm: (values) => Math.abs(norm(values) - 1) < 1e-6,
    nonNeg: (values) => values.every((v) => v >= 0),
  };

  test.each(names)('%s holds after every step, on both backends to the bit', async (name) => {
    const layers = [
      dense({
        units: 20,
        inputShape: 7,
        activation: 'tanh',
        kernelInitializer: { name: 'randomNormal', stddev: 2 },
        biasInitializer: { name: 'randomNormal' },
        kernelConstraint: name,
        biasConstraint: { name },
      }),
      dense({ units: 1 }),
    ];
    const models = Object.values(factories).map((backend) => regression(layers, backend));
    for (const model of models) {
      await model.fit(data.x, data.labels, {
        epochs: 2,
        callbacks: [
          {
            onBatchEnd(_batch, _logs, trained) {
              expect(columns(trained as Model, 'layers.0.kernel').every(holds[name])).toBe(true);
              expect(holds[name]([...trained.getWeights()['layers.0.bias']!.data])).toBe(true);
            },
          },
        ],
      });
    }
    expect(models[0]!.getWeights()).toEqual(models[1]!.getWeights());
  });

  test('weights within bounds keep their bits', () => {
    const layers = [dense({ units: 9, inputShape: 7, kernelConstraint: maxNorm({ maxValue: 50 }) })];
    const model = sequential({ layers, backend: wasmFactory });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    const before = model.getWeights();
    model.trainOnBatch([[1, 1, 1, 1, 1, 1, 1]], [new Array(9).fill(0)]);
    expect(model.getWeights()).toEqual(before);
  });

  test('a refused step leaves weights out of bounds as they were', () => {
    for (const backend of Object.values(factories)) {
      const layers = names.map((name, i) =>
        dense({ units: 7, kernelConstraint: name, ...(i ? {} : { inputShape: 7 }) }),
      );
      const model = sequential({ layers, backend });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', globalClipNorm: 1 });
      const before = model.getWeights();
      expect(() => model.trainOnBatch([new Array(7).fill(3e38)], [new Array(7).fill(0)])).toThrow(/not applied/);
      expect(model.getWeights()).toEqual(before);
    }
  });
});
