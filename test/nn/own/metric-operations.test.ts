import { describe, expect, test } from 'vitest';
import { sequential } from '../../../src/model/model.js';
import { customLoss } from '../../../src/nn/expressions/custom.js';
import type { Expression, Operations } from '../../../src/nn/expressions/expression.js';
import { operations } from '../../../src/nn/expressions/operations.js';
import { dense } from '../../../src/nn/layers/index.js';
import { customMetric } from '../../../src/nn/metrics/index.js';
import { factories } from '../../support/buffers.js';

const x = Array.from({ length: 300 }, (_, i) => [Math.sin(i), Math.cos(3 * i), ((i * 7) % 11) / 11]);
const y = x.map(([a, b, c]) => [a! * b! + c!, Math.abs(a! - c!)]);

describe('expressions outside of programs', () => {
  // Each as the loss of a model, which programs compute, and as its metric: a number for each row, averaged.
  type Define = (t: Expression, p: Expression, operations: Operations) => Expression;
  const expressions: Readonly<Record<string, Define>> = {
    add: (t, p, { add }) => add(add(t, p), [1, 2]),
    sub: (t, p, { sub }) => sub(3, sub(t, p)),
    mul: (t, p, { mul }) => mul(mul(t, p), [2, 0.5]),
    div: (t, p, { add, div, square }) => div(p, add(square(t), 1)),
    max: (t, p, { max }) => max(t, p),
    min: (t, p, { min }) => min(t, p),
    exp: (_, p, { exp }) => exp(p),
    log: (_, p, { add, log, square }) => log(add(1, square(p))),
    tanh: (_, p, { tanh }) => tanh(p),
    sigmoid: (_, p, { sigmoid }) => sigmoid(p),
    relu: (_, p, { relu }) => relu(p),
    abs: (t, p, { abs, sub }) => abs(sub(t, p)),
    square: (t, p, { square, sub }) => square(sub(t, p)),
    sqrt: (_, p, { add, sqrt, square }) => sqrt(add(1, square(p))),
    sum: (t, p, { mul, sum }) => sum(mul(t, p), { axis: 1 }),
    mean: (t, p, { mul, mean }) => mul(t, mean(p, { axis: 1 })),
    matmul: (_, p, { matmul }) => matmul(p, [[1, 2, 3], [-1, 0.5, 2]]), // biome-ignore format: a matrix
    greater: (t, p, { greater, mul }) => mul(p, greater(t, p)),
    greaterEqual: (t, p, { greaterEqual, mul }) => mul(p, greaterEqual(t, p)),
    less: (t, p, { less, mul }) => mul(p, less(t, p)),
    lessEqual: (t, p, { lessEqual, mul }) => mul(p, lessEqual(t, p)),
    equal: (t, p, { equal, mul }) => mul(p, equal(t, t)),
    notEqual: (t, p, { mul, notEqual }) => mul(p, notEqual(t, p)),
    where: (t, p, { greater, where }) => where(greater(t, 0.3), p, 2),
    slice: (t, p, { mul, slice }) => mul(slice(p, -1), slice(t, 0, 1)),
    concatenate: (t, p, { concatenate, square }) => concatenate(t, square(p), 1),
    pow: (t, p, { abs, add, mul, pow }) => mul(t, pow(add(0.5, abs(p)), add(0.5, abs(t)))),
    sign: (t, p, { mul, sign, sub }) => mul(p, sign(sub(t, p))),
    softmax: (t, p, { mul, softmax }) => mul(t, softmax(p)),
  };

  test('every operation has a case', () => {
    const ofLayers = ['dropout', 'inTraining'];
    expect([...Object.keys(expressions), ...ofLayers].sort()).toEqual(Object.keys(operations).sort());
  });

  test.each(Object.keys(expressions))('%s comes to what the program computes', (op) => {
    const define = expressions[op] as Define;
    const metric = customMetric({ name: 'same', mode: 'min', value: define });
    const layers = [dense({ units: 16, activation: 'tanh', inputShape: 3 }), dense({ units: 2 })];
    const model = sequential({ layers, seed: 4, backend: factories.wasm });
    model.compile({ optimizer: 'adam', loss: customLoss(define), metrics: [metric] });
    const { loss, same } = model.evaluate(x, y);
    expect(same).toBeCloseTo(loss!, 5);
    expect(loss).not.toBe(0);
  });
});
