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
} from '../../src/index.js';
import { allFactories } from '../support/buffers.js';
import { expectComputed, expectStep, flat, type Values } from '../support/nn/reference.js';

/** As fixtures/pytorch/training/golden.py describes it. */
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

const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/training/golden.json', import.meta.url), 'utf8'),
) as {
  cases: readonly Case[];
};

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
