import { customActivation, customLoss, dense, type Expression, sequential, typescript } from '../../src/index.js';
import { any } from '../support/any.js';
import { testThrows } from '../support/errors.js';
import { losses } from '../support/nn/expressions.js';

const backend = typescript();

const compile =
  (loss: unknown, units = 3, metrics: readonly 'accuracy'[] = []) =>
  () =>
    sequential({ layers: [dense({ units, inputShape: 2 })], backend }).compile({
      optimizer: 'sgd',
      loss: any(loss),
      metrics,
    });
const weighted = (loss: unknown) => () => {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
  model.compile({ optimizer: 'sgd', loss: any(loss) });
  model.evaluate([[1, 2]], [1], { sampleWeight: [1] });
};
const apply = (custom: unknown) => () =>
  sequential({ layers: [dense({ units: 3, inputShape: 2, activation: any(custom) })], backend });
const steps = (...list: unknown[]) => customLoss(any({ name: 'custom', steps: list }));

testThrows([
  ['no function', () => customLoss(any(3)), 'ValueError', /customLoss/, /got 3/],
  ['a function of nothing', () => customLoss(any(() => {})), 'ValueError', /undefined/, /return missing/],
  ['a number for a loss', () => customLoss(any(() => 3)), 'ValueError', /returns 3/],
  ['Math.exp', () => customActivation(any((x: number) => Math.exp(x))), 'ValueError', /^x:/, /Write exp\(x\)/],
  ['a product by *', () => customLoss(any((t: number, p: number) => t * p)), 'ValueError', /yTrue/, /mul\(x, 2\)/],
  ['a comparison', () => customActivation(any((x: number) => (x > 0 ? x : 0))), 'ValueError', /max\(x, 0\)/],
  ['an operation that is none', () => customLoss((_t, _p, ops) => any(ops).sqare), 'UnknownNameError', /'sqare'/, /mean 'square'/], // biome-ignore format: a row
  ['NaN among operands', () => customActivation((x, { mul }) => mul(x, Number.NaN)), 'ValueError', /mul, operand 1/],
  ['a missing operand', () => customActivation((x, { mul }) => any(mul)(x)), 'ValueError', /mul/, /1 arguments/],
  ['rows of unequal length', () => customActivation((x, { matmul }) => matmul(x, [[1, 2], [3]])), 'ShapeError', /matmul, operand 1/], // biome-ignore format: a row
  ['an axis that is none', () => customActivation((x, { sum }) => sum(x, any({ axis: 2 }))), 'ValueError', /sum\.axis/],
  ['an option that is none', () => customActivation((x, { sum }) => sum(x, any({ axes: 1 }))), 'UnknownNameError', /mean 'axis'/], // biome-ignore format: a row
  ['a symbol of another function', () => { let kept: Expression | undefined; customActivation((x) => { kept = x; return x; }); customActivation((x, { add }) => add(x, kept!)); }, 'ValueError', /'x' of another function/], // biome-ignore format: a row
  ['columns that do not fit', compile(customLoss((_, p, { mul }) => mul(p, [1, 2]))), 'ShapeError', /step %0 \(mul\)/, /rows x 3 and 1 x 2/], // biome-ignore format: a row
  ['a matrix that does not fit', compile(customLoss((_, p, { matmul }) => matmul(p, [[1], [2]]))), 'ShapeError', /step %0 \(matmul\)/, /rows x 3 and 2 x 1/, /3 rows/], // biome-ignore format: a row
  ['a matrix for a row', compile(customLoss((_, p, { add }) => add(p, any([[1, 2, 3], [1, 2, 3]])))), 'ShapeError', /\(add\), operand 1/, /matmul/], // biome-ignore format: a row
  ['a product of expressions', compile(customLoss((t, p, { matmul }) => matmul(p, any(t)))), 'ValueError', /constant matrix/, /sum\(mul\(a, b\)/], // biome-ignore format: a row
  ['a loss of targets alone', compile(customLoss((t, _, { mean }) => mean(t))), 'ValueError', /does not depend/, /yPred/], // biome-ignore format: a row
  ['accuracy of two columns against one', compile(losses.gaussian, 2, ['accuracy']), 'ValueError', /metrics/],
  ['targetColumns of 0', () => customLoss((_, p) => p, { targetColumns: 0 }), 'ValueError', /targetColumns/],
  ['an activation across rows', apply(customActivation((x, { sub, mean }) => sub(x, mean(x)))), 'ShapeError', /layers\.0\.activation, step %0 \(mean\)/, /\{ axis: 1 \}/], // biome-ignore format: a row
  ['an activation that narrows', apply(customActivation((x, { mean }) => mean(x, { axis: 1 }))), 'ShapeError', /rows x 1 from rows x 3/], // biome-ignore format: a row
  [
    'plain data for an activation',
    apply({ name: 'custom', steps: [] }),
    'ValueError',
    /layers\.0\.activation/,
    /customActivation\(spec\)/,
  ],
  ['plain data for a loss', compile({ name: 'custom', steps: [] }), 'ValueError', /loss/, /customLoss\(spec\)/],
  ['a bare function for a loss', compile(() => 1), 'ValueError', /^loss/, /a function/, /of your own: customLoss/],
  ['a bare function for an activation', apply(() => 1), 'ValueError', /activation/, /of your own: customActivation/],
  ['weights of rows for a number', weighted(customLoss((t, p, { sqrt, mean, square, sub }) => sqrt(mean(square(sub(p, t)))))), 'ValueError', /sampleWeight/, /one number/, /a mean or a sum over rows/], // biome-ignore format: a row
  ['no steps', compile(steps()), 'ValueError', /loss/, /at least one step/],
  ['an unknown operation in JSON', compile(steps({ op: 'tan', args: ['yPred'] })), 'UnknownNameError', /step %0, op/, /'tan'/, /mean 'tanh'/], // biome-ignore format: a row
  ['an unknown operand in JSON', compile(steps({ op: 'exp', args: ['ypred'] })), 'UnknownNameError', /mean 'yPred'/],
  ['a later step in JSON', compile(steps({ op: 'exp', args: ['%0'] })), 'UnknownNameError', /'%0'/],
  ['too few operands in JSON', compile(steps({ op: 'add', args: ['yPred'] })), 'ValueError', /\(add\)/, /2 operands/],
  ['an axis in JSON', compile(steps({ op: 'exp', args: ['yPred'], axis: 1 })), 'ValueError', /\.axis/],
  ['a string of digits in JSON', compile(steps({ op: 'mul', args: ['yPred', '2'] })), 'UnknownNameError', /'2'/],
  ['an option too many in JSON', compile({ ...losses.huber, delta: 1 }), 'UnknownNameError', /loss\.delta/],
]);
