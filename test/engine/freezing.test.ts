import { describe, expect, test } from 'vitest';
import { adam } from '../../src/kernels/twins/adam.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import {
  activation,
  batchNormalization,
  dense,
  embedding,
  type LayerSpec,
  layerNormalization,
} from '../../src/nn/layers/index.js';
import { layerTable } from '../../src/nn/layers/registry.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { l2 } from '../../src/nn/regularizers.js';
import { factories } from '../support/buffers.js';
import { checkGradients, type GradientCase, INPUTS } from '../support/nn/gradient-check.js';
import { clouds, weightHash } from '../support/nn/models.js';

const { x, labels } = clouds(96, 7, 3);
const head = (options: object = {}) => dense({ units: 3, activation: 'softmax', ...options });
const loss = 'sparseCategoricalCrossentropy';

describe('freezing', () => {
  const base = (): LayerSpec[] => [
    dense({ units: 20, inputShape: 7, activation: 'relu', name: 'base' }),
    batchNormalization(),
    dense({ units: 9, activation: 'tanh' }),
  ];
  const compile = { optimizer: adam({ learningRate: 0.02 }), loss } as const;
  const compiled = (layers: readonly LayerSpec[]) => {
    const model = sequential({ layers, seed: 5, backend: factories.wasm });
    model.compile(compile);
    return model;
  };

  test('a frozen base keeps its weights while a new head learns', async () => {
    const whole = compiled([...base(), head()]);
    await whole.fit(x, labels, { epochs: 2 });
    const tuned = compiled([...base(), head()]);
    tuned.setWeights({ ...whole.getWeights(), ...Object.fromEntries(Object.entries(tuned.getWeights()).slice(8)) });
    tuned.setTrainable(({ index }) => index < 3, false);
    expect(() => tuned.evaluate(x, labels)).toThrow(/call compile.* again/);
    tuned.compile(compile);
    const before = tuned.getWeights();
    const { history } = await tuned.fit(x, labels, { epochs: 8 });
    expect(history.loss!.at(-1)!).toBeLessThan(history.loss![0]! / 2);
    const after = tuned.getWeights();
    for (const name of Object.keys(before)) {
      if (name.startsWith('layers.3')) expect(after[name]).not.toEqual(before[name]);
      else expect(after[name]).toEqual(before[name]);
    }
    expect(Object.keys(tuned.gradients(x, labels).gradients)).toEqual(['layers.3.kernel', 'layers.3.bias']);
    expect(Object.keys(tuned.gradients(x, labels, { nodes: true }).nodes).length).toBe(5);
    expect(tuned.summary().trainableParameters).toBe(9 * 3 + 3);
    const program = tuned.program('train', 32);
    expect(program.match(/denseKernelGradient/g)!.length).toBe(1);
    expect(program).not.toMatch(/denseInputGradient|Moments|NormalizationUpdate|Backward/);
    tuned.setTrainable(() => true, true);
    tuned.compile(compile);
    expect(tuned.getWeights()).toEqual(after);
    await tuned.fit(x, labels, { epochs: 1 });
    expect(tuned.getWeights()['layers.0.kernel']).not.toEqual(after['layers.0.kernel']);
  });

  test('moves weights around but changes none, whatever is frozen', () => {
    const model = sequential({ layers: [...base(), head()], seed: 5, backend: factories.wasm });
    const [hash, rows] = [weightHash(model), model.predict(x)];
    for (const names of [['base'], ['layers.2'], ['layers.1', 'layers.3'], []]) {
      model.setTrainable(() => true, true);
      for (const name of names) model.setTrainable(name, false);
      model.compile(compile);
      expect(weightHash(model)).toBe(hash);
      expect(model.predict(x)).toEqual(rows);
      model.evaluate(x, labels);
    }
  });

  test('goes into the spec, and into models made of it', () => {
    const model = sequential({ layers: [...base(), head({ learningRateMultiplier: 2 })], backend: factories.wasm });
    model.setTrainable('base', false);
    const { layers } = JSON.parse(JSON.stringify(model.spec)) as { layers: Record<string, unknown>[] };
    expect(layers.map(({ trainable }) => trainable)).toEqual([false, undefined, undefined, undefined]);
    expect(layers[3]!.learningRateMultiplier).toBe(2);
    const copy = sequential({ ...model.spec, backend: factories.wasm });
    expect(copy.summary().trainableParameters).toBe(model.summary().trainableParameters);
  });

  test('all of it leaves nothing to learn', () => {
    const model = sequential({ layers: [...base(), head()], backend: factories.wasm });
    model.setTrainable(() => true, false);
    model.compile({ ...compile, globalClipNorm: 1, averaging: exponentialMovingAverage() });
    const hash = weightHash(model);
    expect(model.trainOnBatch(x, labels).gradientNorm).toBe(0);
    expect(weightHash(model)).toBe(hash);
    expect(model.gradients(x, labels).gradients).toEqual({});
  });

  test('takes no penalty of frozen weights, and one row where all normalization is frozen', () => {
    const layers = [dense({ units: 3, inputShape: 7, kernelRegularizer: l2(1), trainable: false }), head()];
    expect(compiled(layers).trainOnBatch(x, labels).penalty).toBeUndefined();
    const model = compiled([...base().slice(0, 1), batchNormalization({ trainable: false }), head()]);
    expect(model.trainOnBatch(matrix(x.data.slice(0, 7), 1, 7), [0]).loss).toBeGreaterThan(0);
  });

  const cases: GradientCase[] = [
    {
      name: 'a frozen dense layer',
      layers: [dense({ units: 6, inputShape: INPUTS, activation: 'tanh' }), dense({ units: 3, trainable: false })],
      loss: 'meanSquaredError',
    },
    {
      name: 'a frozen normalization',
      layers: [
        dense({ units: 6, inputShape: INPUTS }),
        batchNormalization({ trainable: false }),
        activation({ activation: 'tanh' }),
        dense({ units: 3 }),
      ],
      loss: 'meanSquaredError',
    },
  ];
  test.each(cases)('gradients around $name', (item) => checkGradients(item));

  /** Every layer that may have weights, frozen above one that learns. */
  const frozen: Record<string, readonly LayerSpec[]> = {
    dense: [dense({ units: 4 }), dense({ units: 4, activation: 'prelu' })],
    activation: [activation({ activation: 'prelu' })],
    batchNormalization: [batchNormalization()],
    layerNormalization: [layerNormalization()],
  };
  /** Embeddings stand below everything else: see the test of a frozen table. */
  const bottom = ['embedding'];
  const without = [
    ...['dropout', 'alphaDropout', 'gaussianDropout', 'gaussianNoise'],
    ...['concatenate', 'add', 'subtract', 'multiply', 'average', 'maximum'],
  ];

  test('every type of layer has a case', () => {
    expect(Object.keys(layerTable).sort()).toEqual([...Object.keys(frozen), ...bottom, ...without].sort());
  });

  test('a frozen table has no gradients, no state and no updates, and thaws', () => {
    const ids = [
      [0, 3],
      [4, 0],
    ];
    const layers = [embedding({ inputDim: 5, outputDim: 3, inputShape: 2, trainable: false }), head()];
    const model = sequential({ layers, seed: 5, backend: factories.wasm });
    const options = { optimizer: adam({ learningRate: 0.02 }), loss, gradientAccumulationSteps: 2 } as const;
    model.compile({ ...options, averaging: exponentialMovingAverage(), globalClipNorm: 1 });
    const before = model.getWeights();
    for (const mode of ['train', 'gradients', 'inspect'] as const) {
      expect(model.program(mode, 2)).not.toMatch(/embeddingRows|embeddingGradient|gatherRows|scatterRows/);
    }
    for (let i = 0; i < 4; i++) model.trainOnBatch(ids, [0, 2]);
    expect(model.getWeights()['layers.0.embeddings']).toEqual(before['layers.0.embeddings']);
    expect(model.averagedWeights()['layers.0.embeddings']).toEqual(before['layers.0.embeddings']);
    expect(model.getWeights()['layers.1.kernel']).not.toEqual(before['layers.1.kernel']);
    expect(Object.keys(model.gradients(ids, [0, 2]).gradients)).toEqual(['layers.1.kernel', 'layers.1.bias']);
    model.setTrainable('layers.0', true);
    expect(() => model.compile(options)).toThrow(/gradientAccumulationSteps.*layers\.0, an embedding/);
    model.compile({ ...options, gradientAccumulationSteps: 1 });
    expect(model.getWeights()['layers.0.embeddings']).toEqual(before['layers.0.embeddings']);
    model.trainOnBatch(ids, [0, 2]);
    const [from, to] = [before, model.getWeights()].map((weights) => weights['layers.0.embeddings']!.data);
    for (let row = 0; row < 5; row++) {
      const same = from!.slice(3 * row, 3 * row + 3).every((value, k) => value === to![3 * row + k]);
      expect(same, `row ${row}`).toBe(![0, 3, 4].includes(row));
    }
  });

  test.each(Object.values(frozen).flat())('writes no gradients of %j', (layer) => {
    const model = sequential({ layers: [dense({ units: 8, inputShape: 7 }), layer, head()], backend: factories.wasm });
    model.setTrainable('layers.1', false);
    model.compile(compile);
    for (const mode of ['train', 'gradients', 'inspect'] as const) {
      expect(model.program(mode, 8)).not.toMatch(/layers\.1\.\w+\.gradient/);
      expect(model.program(mode, 8)).toMatch(/layers\.0\.\w+\.gradient/);
    }
    const before = model.getWeights();
    model.trainOnBatch(x, labels);
    const after = model.getWeights();
    for (const name of Object.keys(before)) {
      if (name.startsWith('layers.1.')) expect(after[name]).toEqual(before[name]);
      else expect(after[name]).not.toEqual(before[name]);
    }
  });
});
