import { afterAll, expect, test } from 'vitest';
import { concatenate, dense, dropout, embedding, input, matrix, sequential } from '../../src/index.js';
import { model as graph } from '../../src/model/model.js';
import * as worker from '../../src/worker/index.js';
import { factories } from '../support/buffers.js';
import { clouds } from '../support/nn/models.js';

// Gradients out of a worker and into it, the same as on this side.

const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
const shared = new worker.TrainingWorker({ workerUrl });
afterAll(() => shared.terminate());

const ROWS = 9;
const { x, labels } = clouds(ROWS, 4, 3);
const layers = [
  dense({ units: 5, inputShape: 4, activation: 'gelu', name: 'hidden' }),
  dropout({ rate: 0.3 }),
  dense({ units: 3, activation: 'softmax' }),
];
const compile = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] } as const;

test('gradients with all options, a step by them, and outputs of layers', async () => {
  const here = sequential({ layers, seed: 5, backend: factories.wasm });
  here.compile(compile);
  const there = await worker.sequential({ layers, seed: 5, worker: shared });
  await there.compile(compile);

  const options = { inputs: true, perRow: true, nodes: true, sampleWeight: labels.map((_, i) => i / ROWS) } as const;
  const [far, near] = [await there.gradients(x, labels, options), here.gradients(x, labels, options)];
  expect(far).toEqual(near);
  expect(far.inputs.input!.row(2)).toEqual(near.inputs.input!.row(2));
  expect(await there.applyGradients(far.gradients)).toEqual(here.applyGradients(near.gradients));
  expect(await there.getWeights()).toEqual(here.getWeights());

  for (const outputGradient of [clouds(ROWS, 3, 2, 4).x, Array.from(labels, (label) => [label, 1, -1])]) {
    const given = { outputGradient, inputs: true, training: false } as const;
    expect(await there.gradients(x, given)).toEqual(here.gradients(x, given));
  }
  expect(await there.layerOutputs(x)).toEqual(here.layerOutputs(x));
  expect(await there.layerOutputs(x, ['hidden'])).toEqual(here.layerOutputs(x, ['hidden']));
  await expect(there.layerOutputs(x, 'hiden')).rejects.toThrow(/Did you mean 'hidden'/);
  const bad = { 'layers.0.bias': [1, 2] };
  await expect(there.applyGradients(bad)).rejects.toThrow(/gradients\['layers.0.bias'\]: expected 1 x 5/);
  await expect(there.gradients(x, { outputGradient: [[Number.NaN]] })).rejects.toThrow(/outputGradient/);
});

test('several inputs and outputs by name', async () => {
  const build = () => {
    const [ids, others] = [input({ shape: 1, name: 'ids' }), input({ shape: 4, name: 'others' })];
    const h = concatenate().apply([embedding({ inputDim: 4, outputDim: 2 }).apply(ids), others]);
    const outputs = [dense({ units: 2, name: 'a' }).apply(h), dense({ units: 1, name: 'b' }).apply(h)];
    return { inputs: [ids, others], outputs, seed: 3 };
  };
  const here = graph({ ...build(), backend: factories.wasm });
  const there = await worker.model({ ...build(), worker: shared });
  const data = { ids: labels, others: x };
  for (const outputGradient of [
    { b: matrix(new Float32Array(ROWS).fill(1), ROWS, 1) },
    [clouds(ROWS, 2, 2).x, labels],
  ]) {
    const options = { outputGradient, inputs: true, perRow: true } as const;
    expect(await there.gradients(data, options)).toEqual(here.gradients(data, options));
  }
  await expect(there.gradients(data, { outputGradient: labels })).rejects.toThrow(/an array of 2/);
});
