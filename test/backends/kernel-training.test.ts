import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { type ActivationSpec, dense, type Model, sequential } from '../../src/index.js';
import {
  activationTable,
  type LossName,
  lossTable,
  optimizerTable,
  type UpdateName,
} from '../../src/kernels/tables.js';
import * as entry from '../../src/kernels-entry/index.js';
import {
  activationBackward,
  activationForward,
  type KernelSet,
  kernelOptimizer,
  lossAndGradient,
  openKernels,
  type Tensor,
} from '../../src/kernels-entry/index.js';
import { Random } from '../support/buffers.js';
import { definitionOf, drawTarget, lossNames } from '../support/nn/losses.js';

const [ROWS, INPUTS, UNITS, STEPS] = [13, 11, 5, 4];
const sets: readonly KernelSet[] = [await openKernels(), await openKernels({ backend: 'typescript' })];

interface Case {
  readonly activation?: string;
  readonly loss?: LossName;
  readonly optimizer?: UpdateName | { readonly name: UpdateName; readonly [option: string]: unknown };
  readonly clipNorm?: number;
}

function draw({ loss = 'meanSquaredError' }: Case) {
  const random = new Random(3);
  const definition = definitionOf(loss);
  const labels = definition.targets === 'label';
  const numbers = (n: number, of = () => 4 * random.uniform() - 2) => Float32Array.from({ length: n }, of);
  const targets = numbers(ROWS * (labels ? 1 : UNITS), () => drawTarget(random, definition, UNITS));
  return { labels, fuses: definition.fuses, x: numbers(ROWS * INPUTS), targets };
}

const rowsOf = (data: Float32Array, columns: number) =>
  Array.from({ length: data.length / columns }, (_, r) => [...data.subarray(r * columns, (r + 1) * columns)]);

const spec = (given: Case['optimizer'] = 'sgd') => {
  const { name, ...options } = typeof given === 'string' ? { name: given } : given;
  return optimizerTable[name](options as never);
};

/** The library's model: losses and weights after some steps. */
function byModel(given: Case) {
  const { activation, loss = 'meanSquaredError', clipNorm } = given;
  const { fuses, labels, x, targets } = draw(given);
  const own = activation ? activationTable[activation as keyof typeof activationTable]() : undefined;
  const model: Model = sequential({
    layers: [dense({ units: UNITS, inputShape: INPUTS, activation: (fuses ?? own ?? 'linear') as ActivationSpec })],
    seed: 5,
    backend: typescript(),
  });
  const initial = model.getWeights();
  const clip = clipNorm === undefined ? {} : { globalClipNorm: clipNorm };
  model.compile({ optimizer: spec(given.optimizer), loss: lossTable[loss]() as never, ...clip });
  const y = rowsOf(targets, labels ? 1 : UNITS);
  const losses = Array.from({ length: STEPS }, () => model.trainOnBatch(rowsOf(x, INPUTS), y).loss);
  return { losses, initial, weights: model.getWeights() };
}

/** The same by the operations of the entry. */
function byHand({ heap }: KernelSet, given: Case, initial: ReturnType<Model['getWeights']>) {
  const { activation = 'linear', loss = 'meanSquaredError', clipNorm } = given;
  const { labels, x: inputs, targets: wanted } = draw(given);
  heap.reset();
  const x = heap.matrix(ROWS, INPUTS).set(inputs);
  const targets = (labels ? heap.vector(ROWS) : heap.matrix(ROWS, UNITS)).set(wanted);
  const [kernel, dkernel, bias, dbias] = [
    heap.kernel(INPUTS, UNITS).set(initial['layers.0.kernel']!.data),
    heap.kernel(INPUTS, UNITS),
    heap.vector(UNITS).set(initial['layers.0.bias']!.data),
    heap.vector(UNITS),
  ];
  const [z, y, dy, dz] = Array.from({ length: 4 }, () => heap.matrix(ROWS, UNITS)) as [Tensor, Tensor, Tensor, Tensor];
  const [result, norm, factor] = [heap.scalar(), heap.scalar(), heap.scalar().set([1])];
  const alpha = initial['layers.0.alpha'];
  const slopes = alpha ? { slopes: heap.vector(UNITS).set(alpha.data), dslopes: heap.vector(UNITS) } : undefined;
  const parameters = [kernel, bias, ...(slopes ? [slopes.slopes] : [])];
  const gradients = [dkernel, dbias, ...(slopes ? [slopes.dslopes] : [])];
  const optimizer = kernelOptimizer({ optimizer: spec(given.optimizer), parameters, gradients, factor });
  const name = activation as 'relu';
  const forward = entry.denseForward.prepare({ x, kernel, bias, y: z });
  const losses = Array.from({ length: STEPS }, () => {
    forward();
    activationForward({ activation: name, x: z, y, ...slopes });
    lossAndGradient({ loss, y, targets, dy, result });
    activationBackward({ activation: name, x: z, y, dy, dx: dz, ...slopes });
    entry.denseKernelGradient({ x, dy: dz, dkernel });
    entry.denseBiasGradient({ dy: dz, dbias });
    if (clipNorm !== undefined) {
      entry.gradientNorm({ gradients, result: norm });
      entry.clipFactor({ norm, limit: clipNorm, factor });
    }
    optimizer.step();
    return result.get()[0];
  });
  expect(optimizer.steps).toBe(STEPS);
  return { losses, weights: parameters.map((parameter) => [...parameter.get()]) };
}

describe('a training loop of the entry has the losses and weights of the library, to the bit', () => {
  const activations = Object.keys(activationTable).filter((name) => name !== 'rrelu');
  const cases: readonly Case[] = [
    ...activations.map((activation) => ({ activation })),
    // Outputs must be above 0 for the logarithm in it.
    ...lossNames.map((loss) => (loss === 'poisson' ? { loss, activation: 'softplus' } : { loss })),
    ...Object.keys(optimizerTable).map((optimizer) => ({ optimizer: optimizer as UpdateName })),
    { optimizer: { name: 'adamw', learningRate: 0.1, weightDecay: 0.3 } },
    { optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 } },
    { optimizer: { name: 'adam', amsgrad: true } },
  ];

  test.each(cases.map((given) => [JSON.stringify(given), given] as const))('%s', (_, given) => {
    const { losses, initial, weights } = byModel(given);
    expect(losses[0]).not.toBe(losses[STEPS - 1]);
    for (const set of sets) {
      const found = byHand(set, given, initial);
      expect(found.losses).toEqual(losses);
      expect(found.weights).toEqual(Object.values(weights).map(({ data }) => [...data]));
    }
  });
});

test('clipping by the norm of all gradients takes the steps of the library, but for the last bits of that norm', () => {
  const given = { optimizer: 'sgd', clipNorm: 0.1 } as const;
  const { initial, losses, weights } = byModel(given);
  expect(losses).not.toEqual(byModel({ optimizer: 'sgd' }).losses);
  const found = sets.map((set) => byHand(set, given, initial));
  expect(found[0]).toEqual(found[1]);
  Object.values(weights).forEach(({ data }, i) => {
    data.forEach((weight, k) => {
      expect(found[0]?.weights[i]?.[k]).toBeCloseTo(weight, 6);
    });
  });
});
