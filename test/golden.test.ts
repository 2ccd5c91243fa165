import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type BackendFactory,
  type LayerSpec,
  type LossName,
  type MatrixLike,
  type Model,
  modelFromSpec,
  type OptimizerName,
  type OptimizerSpec,
} from '../src/index.js';
import { allFactories } from './support/buffers.js';

type Values = number[] | number[][];

/** As fixtures/golden.py describes it. */
interface Case {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly loss: LossName;
  readonly optimizer: OptimizerName | OptimizerSpec;
  readonly globalClipNorm: number | null;
  readonly batches: readonly { readonly x: number[][]; readonly y: Values }[];
  readonly weights: Record<string, Values>;
  readonly predicted: number[][];
  readonly gradients: Record<string, Values>;
  readonly losses: readonly number[];
  readonly after: Record<string, readonly Values[]>;
}

const { cases } = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[];
};

const flat = (values: Values | undefined): number[] => (values ?? []).flat();
const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Names the element that is farthest outside its tolerance; NaN is. */
function expectClose(
  what: string,
  actual: ArrayLike<number>,
  reference: readonly number[],
  tolerance: (index: number) => number,
): void {
  expect(actual.length, `${what}: elements`).toBe(reference.length);
  const excess = reference.map((value, i) => Math.abs((actual[i] as number) - value) / tolerance(i));
  const bad = excess.findIndex((value) => !(value <= 1) && !excess.some((other) => other > value));
  const told = bad < 0 ? 'close' : `${actual[bad]} for ${reference[bad]}, ${excess[bad]} tolerances off`;
  expect(`${what}[${bad}]: ${told}`).toBe(`${what}[-1]: close`);
}

/**
 * A float32 computation against a float64 one: rtol 1.3e-6 and atol 1e-5, where atol shrinks with the tensor so that
 * small gradients are checked too, down to the rounding of sums of terms around 1 that cancel.
 */
function expectComputed(what: string, actual: ArrayLike<number>, reference: readonly number[]): void {
  const absolute = clamp(1e-6 * largest(reference), 1e-7, 1e-5);
  expectClose(what, actual, reference, (i) => 1.3e-6 * Math.abs(reference[i] as number) + absolute);
}

/**
 * Weights after a step that both sides began with the same weights. Measured by what the step changed: 1e-5 of the
 * weights would let an update be wrong by a percent. 2e-6 of the tensor's largest change tells a `1 - beta2` taken from
 * a float32 beta2 (6e-6 off); one and a half spacings of float32 are the three roundings of a moving moment's two terms
 * and their sum, and 1e-8 is for gradients that are 0 but for rounding.
 */
function expectStep(
  what: string,
  actual: ArrayLike<number>,
  reference: readonly number[],
  before: readonly number[],
): void {
  const change = largest(reference.map((value, i) => value - (before[i] as number)));
  const rounding = (i: number) =>
    1.5 * 2 ** -23 * Math.max(Math.abs(reference[i] as number), Math.abs(before[i] as number));
  expectClose(what, actual, reference, (i) => 2e-6 * change + rounding(i) + 1e-8);
}

function build({ layers, optimizer, loss, globalClipNorm, weights }: Case, backend: BackendFactory): Model {
  const model = modelFromSpec({ layers }, { backend });
  model.compile({ optimizer, loss, ...(globalClipNorm === null ? {} : { globalClipNorm }) });
  model.setWeights(weights);
  return model;
}

test('there are cases', () => {
  expect(cases.length).toBeGreaterThan(20);
});

describe.each(Object.entries(allFactories))('%s computes what PyTorch does', (_, backend) => {
  describe.each(cases)('$name', (golden) => {
    const [first] = golden.batches as [Case['batches'][number]];

    test('predict', () => {
      const predicted = build(golden, backend).predict(first.x);
      expect(predicted.rows).toBe(golden.predicted.length);
      expectComputed('predicted', predicted.data, flat(golden.predicted));
    });

    test('gradients', () => {
      const { logs, gradients } = build(golden, backend).gradients(first.x, first.y);
      expectComputed('loss', [logs.loss as number], golden.losses.slice(0, 1));
      expect(Object.keys(gradients)).toEqual(Object.keys(golden.gradients));
      for (const [name, { data }] of Object.entries(gradients)) {
        expectComputed(name, data, flat(golden.gradients[name]));
      }
    });

    test('steps', () => {
      const model = build(golden, backend);
      let before = golden.weights;
      golden.losses.forEach((loss, t) => {
        const { x, y } = golden.batches[t % golden.batches.length] as { x: MatrixLike; y: MatrixLike };
        const logs = model.trainOnBatch(x, y);
        expectComputed(`step ${t + 1}, loss`, [logs.loss as number], [loss]);
        const weights = model.getWeights();
        const after = Object.fromEntries(Object.entries(golden.after).map(([name, steps]) => [name, steps[t] ?? []]));
        expect(Object.keys(weights)).toEqual(Object.keys(after));
        for (const [name, { data }] of Object.entries(weights)) {
          expectStep(`step ${t + 1}, ${name}`, data, flat(after[name]), flat(before[name]));
        }
        model.setWeights(after);
        before = after;
      });
    });
  });
});
