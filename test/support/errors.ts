import { expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, embedding } from '../../src/nn/layers/index.js';
import { any } from './any.js';

/** What was done, the error's type, and what its message must hold: argument, what came, what is expected. */
export type Refusal<Result = unknown> = readonly [what: string, act: () => Result, name: string, ...says: RegExp[]];

function named<Result>(refusals: readonly Refusal<Result>[]) {
  return refusals.map(([what, act, name, ...says]) => ({ what, act, name, says }));
}

function check(caught: unknown, name: string, says: readonly RegExp[]): void {
  expect(caught).toBeInstanceOf(Error);
  expect((caught as Error).name).toBe(name);
  for (const pattern of says) expect((caught as Error).message).toMatch(pattern);
}

/** A test for each of what throws at once. */
export function testThrows(refusals: readonly Refusal[]): void {
  test.each(named(refusals))('$what', ({ act, name, says }) => {
    let caught: unknown;
    try {
      act();
    } catch (error) {
      caught = error;
    }
    check(caught, name, says);
  });
}

/** A test for each of what returns a promise that is rejected. */
export function testRejects(prefix: string, refusals: readonly Refusal<Promise<unknown>>[]): void {
  test.each(named(refusals))(`${prefix}: $what`, async ({ act, name, says }) => {
    const caught: unknown = await act().then(
      () => undefined,
      (error) => error,
    );
    check(caught, name, says);
  });
}

export const backend = typescript();

export const rows = [
  [0, 1],
  [1, 0],
  [1, 1],
];

export function classifier(): Model {
  const model = sequential({ layers: [dense({ units: 3, inputShape: 2, activation: 'softmax' })], backend });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

export function normalized(): Model {
  const model = sequential({ layers: [batchNormalization({ inputShape: 2 }), dense({ units: 1 })], backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  return model;
}

export function lookUps(options: object = {}, embedded: object = {}): Model {
  const layers = [embedding({ inputDim: 3, outputDim: 2, inputShape: 2, ...embedded }), dense({ units: 1 })];
  const model = sequential({ layers, backend });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', ...options });
  return model;
}

export const withLayer = (layer: unknown) => () => sequential({ layers: [any(layer)], backend });

export const withCompile =
  (options: unknown, last: Parameters<typeof dense>[0] = { units: 3, activation: 'softmax' }) =>
  () =>
    sequential({ layers: [dense({ ...last, inputShape: 2 })], backend }).compile(any(options));

/** Options of `compile` that fit, to spoil one of. */
export const good = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' };
