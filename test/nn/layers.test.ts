import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { matrix } from '../../src/matrix.js';
import { modelFromSpec } from '../../src/model/from-spec.js';
import { model, sequential } from '../../src/model/model.js';
import type { GraphSpec } from '../../src/nn/graph.js';
import {
  alphaDropout,
  average,
  concatenate,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  layerNormalization,
  maximum,
  subtract,
} from '../../src/nn/layers/index.js';
import { layerTable } from '../../src/nn/layers/registry.js';
import type { OptimizerSpec } from '../../src/nn/optimizers/optimizers.js';
import { allFactories, factories, Random } from '../support/buffers.js';
import { checkGradients } from '../support/nn/gradient-check.js';
import { layerCases, layerGradientCases } from '../support/nn/layer-cases.js';
import { weightHash } from '../support/nn/models.js';
import { expectComputed, expectStep, flat, type Values } from '../support/nn/reference.js';

/** As fixtures/pytorch/training/layers.py describes it. */
interface Case {
  readonly name: string;
  readonly spec: GraphSpec;
  readonly optimizer: OptimizerSpec;
  readonly globalClipNorm: number | null;
  readonly batches: readonly { readonly x: Record<string, number[][]>; readonly y: number[][] }[];
  readonly weights: Record<string, Values>;
  readonly predicted: number[][];
  readonly gradients: Record<string, Values>;
  readonly losses: readonly number[];
  readonly after: Record<string, readonly Values[]>;
}

const { cases, masks } = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/layers.json', import.meta.url), 'utf8'),
) as {
  cases: readonly Case[];
  masks: readonly { type: 'dropout' | 'alphaDropout'; rate: number; values: [number, number] }[];
};

describe('every kind of layer', () => {
  test('has gradient checks', () => {
    expect(Object.keys(layerCases).sort()).toEqual(Object.keys(layerTable).sort());
    for (const [kind, { gradients }] of Object.entries(layerCases)) {
      expect(gradients.length, kind).toBeGreaterThan(0);
      for (const item of gradients) if (!('output' in item)) expect(item.map(({ type }) => type)).toContain(kind);
    }
  });

  test('has fixtures where PyTorch has it', () => {
    const inCases = new Set(cases.flatMap(({ spec }) => spec.layers.map(({ type }) => type)));
    const inMasks = new Set<string>(masks.map(({ type }) => type));
    for (const [kind, { reference }] of Object.entries(layerCases)) {
      expect([inCases.has(kind), inMasks.has(kind)], kind).toEqual([reference === 'cases', reference === 'masks']);
    }
  });
});

describe('float64 central differences', () => {
  test.each(layerGradientCases)('$name', checkGradients);
});

function build({ spec, optimizer, globalClipNorm, weights }: Case, backend: BackendFactory): Model {
  const built = modelFromSpec(spec, { backend });
  built.compile({ optimizer, loss: 'meanSquaredError', ...(globalClipNorm === null ? {} : { globalClipNorm }) });
  built.setWeights(weights);
  return built;
}

describe.each(Object.entries(allFactories))('%s computes what PyTorch does', (_, backend) => {
  describe.each(cases)('$name', (item) => {
    const [first] = item.batches as [Case['batches'][number]];

    test('predict', () => {
      expectComputed('predicted', build(item, backend).predict(first.x).data, flat(item.predicted));
    });

    test('gradients', () => {
      const { logs, gradients } = build(item, backend).gradients(first.x, first.y);
      expectComputed('loss', [logs.loss as number], item.losses.slice(0, 1));
      expect(Object.keys(gradients)).toEqual(Object.keys(item.gradients));
      for (const [name, { data }] of Object.entries(gradients)) expectComputed(name, data, flat(item.gradients[name]));
    });

    test('steps', () => {
      const built = build(item, backend);
      let before = item.weights;
      item.losses.forEach((loss, t) => {
        const { x, y } = item.batches[t % item.batches.length]!;
        const logs = built.trainOnBatch(x, y);
        expectComputed(`step ${t + 1}, loss`, [logs.loss as number], [loss]);
        const after = Object.fromEntries(Object.entries(item.after).map(([name, steps]) => [name, steps[t] ?? []]));
        for (const [name, { data }] of Object.entries(built.getWeights())) {
          expectStep(`step ${t + 1}, ${name}`, data, flat(after[name]), flat(before[name]));
        }
        built.setWeights(after);
        before = after;
      });
    });

    test('spec and weights go through JSON and come back', () => {
      const built = build(item, backend);
      const copy = modelFromSpec(JSON.parse(JSON.stringify(built.spec)), { backend });
      copy.setWeights(JSON.parse(JSON.stringify(built.getWeights())));
      expect(copy.predict(first.x).data).toEqual(built.predict(first.x).data);
      expect(copy.summary().parameters).toBe(Object.values(item.weights).reduce((sum, w) => sum + flat(w).length, 0));
    });
  });

  test.each(masks)('$type of rate $rate', ({ type, rate, values }) => {
    const layer = layerTable[type]({ rate, inputShape: 40 });
    const built = sequential({ layers: [layer, dense({ units: 1 })], backend });
    built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = matrix(new Float32Array(4000).fill(1), 100, 40);
    const { data } = built.gradients(x, new Float32Array(100), { nodes: true }).nodes['layers.0']!.value;
    const [low, high, ...more] = [...new Set(data)].sort((a, b) => a - b);
    expect(more).toEqual([]);
    expectComputed('values', [low!, high!], values);
    const dropped = data.filter((value) => value === low).length / data.length;
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / data.length));
  });
});

test('the constants of alphaDropout of rate 0.1', () => {
  const built = sequential({ layers: [alphaDropout({ rate: 0.1, inputShape: 1 })], backend: factories.typescript });
  built.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [a, b] = /alphaDropoutForward.* 0\.1 (\S+) (\S+) \S+ 0$/m.exec(built.program('gradients', 1))!.slice(1);
  expect([Number(a).toFixed(10), Number(b).toFixed(10)]).toEqual(['0.9212845161', '0.1619709701']);
});

/** Every kind of layer that draws, normalizes, looks up or merges. */
function everything(backend: BackendFactory): Model {
  const [ids, x] = [input({ shape: 6, name: 'ids' }), input({ shape: 20, name: 'x' })];
  const noisy = gaussianNoise({ stddev: 0.1 }).apply(x);
  const joined = concatenate().apply([embedding({ inputDim: 90, outputDim: 17 }).apply(ids), noisy]);
  const wide = dense({ units: 150, activation: 'tanh' }).apply(joined);
  const normal = layerNormalization().apply(wide);
  const dropped = alphaDropout({ rate: 0.1 }).apply(normal);
  const scaled = gaussianDropout({ rate: 0.2 }).apply(normal);
  const merged = maximum().apply([dropped, scaled, average().apply([wide, normal])]);
  const outputs = dense({ units: 2 }).apply(dropout({ rate: 0.1 }).apply(subtract().apply([merged, wide])));
  const built = model({ inputs: [ids, x], outputs, seed: 5, backend });
  built.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'meanSquaredError', globalClipNorm: 1 });
  return built;
}

const open: BackendFactory[] = [];
afterAll(() => {
  for (const backend of open) backend.dispose?.();
});

test('both backends and any number of threads train to the same bits', async () => {
  const random = new Random(4);
  const rows = 300;
  const fill = (columns: number, draw: () => number) =>
    matrix(Float32Array.from({ length: rows * columns }, draw), rows, columns);
  const data = { ids: fill(6, () => random.integer(90)), x: fill(20, () => random.uniform() - 0.5) };
  const y = fill(2, () => random.uniform());
  const run = async (backend: BackendFactory) => {
    const built = everything(backend);
    const { history } = await built.fit(data, y, { epochs: 2, batchSize: 128, validationSplit: 0.1 });
    expect(history.valLoss!.at(-1)).toBeLessThan(10);
    const result = [weightHash(built), history.valLoss!.at(-1)];
    built.dispose();
    return result;
  };
  const threadUrl = new URL('../../build/thread.js', import.meta.url);
  for (const threads of [2, 3]) open.push(await wasm({ threads, threadUrl }));
  const expected = await run(factories.typescript);
  for (const backend of [factories.wasm, ...open]) expect(await run(backend)).toEqual(expected);
});

describe('inference', () => {
  test.each([
    ['gaussianNoise', gaussianNoise({ stddev: 3, inputShape: 4 })],
    ['gaussianDropout', gaussianDropout({ rate: 0.5, inputShape: 4 })],
    ['alphaDropout', alphaDropout({ rate: 0.5, inputShape: 4 })],
  ])('%s does nothing', (_, layer) => {
    const x = [[1, -2, 3, 0.5]];
    const built = sequential({ layers: [layer], backend: factories.wasm });
    expect([...built.predict(x).data]).toEqual(x[0]);
    expect(built.program('predict', 1)).not.toMatch(/random|Dropout/);
  });

  test('a row does not depend on the rows around it, and ids are whole numbers in any container', () => {
    const built = everything(factories.wasm);
    const random = new Random(9);
    const rows = Array.from({ length: 300 }, () => ({
      ids: Array.from({ length: 6 }, () => random.integer(90)),
      x: Array.from({ length: 20 }, () => random.uniform()),
    }));
    const all = built.predict({ ids: rows.map(({ ids }) => ids), x: rows.map(({ x }) => x) }).data;
    for (const r of [0, 1, 255, 256, 299]) {
      const { ids, x } = rows[r]!;
      const one = built.predict({ ids: [Uint8Array.from(ids)], x: [Float64Array.from(x)] });
      expect(one.data).toEqual(all.subarray(2 * r, 2 * r + 2));
    }
  });
});

describe('layerNormalization', () => {
  const normalize = (rows: number[][], options = {}) => {
    const layer = layerNormalization({ inputShape: rows[0]!.length, ...options });
    return sequential({ layers: [layer], backend: factories.wasm }).predict(rows).data;
  };

  test('of 1 to 4', () => {
    expectComputed('y', normalize([[1, 2, 3, 4]]), [-1.34163542, -0.44721181, 0.44721181, 1.34163542]);
  });

  test('of equal numbers, of one number, and of large numbers that differ little', () => {
    expect([...normalize([[7, 7, 7]])]).toEqual([0, 0, 0]);
    expect([...normalize([[7], [1e30]])]).toEqual([0, 0]);
    const root = Math.sqrt(2 / 3 + 1e-5);
    expectComputed('y', normalize([[9999, 10000, 10001]]), [-1 / root, 0, 1 / root]);
  });
});
