import { expect, test, vi } from 'vitest';
import {
  customActivation,
  customLayer,
  dense,
  type InitializerName,
  type InitializerSpec,
  input,
  type LayerSpec,
  model,
  modelFromSpec,
  sequential,
  typescript,
} from '../../../src/index.js';
import { any } from '../../support/any.js';
import { testThrows } from '../../support/errors.js';
import { featureModulation, rmsNormalization } from '../../support/nn/own-layers.js';

const backend = typescript();
type Definition = Parameters<typeof customLayer>[0];

const build = (layer: LayerSpec) => sequential({ layers: [dense({ units: 3, inputShape: 2 }), layer], backend });
/** Builds a model of a layer that is described so. */
const described =
  (definition: unknown, options: object = {}) =>
  () =>
    build(customLayer(definition as Definition)(options));
/** Values and operations, some of which do not exist. */
type Loose = ReturnType<typeof any>;
type Run = (values: Loose, operations: Loose) => unknown;
const forward = (run: Run) => described({ type: 'mine', forward: run });
const weighted = (parameters: unknown, run: Run = ({ x, w }, { mul }) => mul(x, w)) =>
  described({ type: 'mine', parameters: () => parameters, forward: run });
const data = (change: object) => () => {
  const { spec } = build(rmsNormalization());
  const [first, second] = JSON.parse(JSON.stringify(spec.layers));
  return modelFromSpec({ layers: [first, { ...second, ...change }] }, { backend });
};

testThrows([
  ['nothing', () => customLayer(any(undefined)), 'ValueError', /customLayer/],
  ['a function', () => customLayer(any(() => 1)), 'ValueError', /customLayer/],
  ['no forward', () => customLayer(any({})), 'ValueError', /customLayer\.forward/, /a function/],
  [
    'an option that is none',
    () => customLayer(any({ forward: () => 1, units: 3 })),
    'UnknownNameError',
    /customLayer\.units/,
  ],
  [
    'a type of the library',
    () => customLayer(any({ forward: () => 1, type: 'dense' })),
    'ValueError',
    /customLayer\.type/,
    /'dense'/,
  ],
  ['no inputs', () => customLayer(any({ forward: () => 1, inputs: [] })), 'ValueError', /customLayer\.inputs/],
  ['an input twice', () => customLayer(any({ forward: () => 1, inputs: ['x', 'x'] })), 'ValueError', /'x' twice/],
  [
    'an input that is no name',
    () => customLayer(any({ forward: () => 1, inputs: ['%0'] })),
    'ValueError',
    /'%0'/,
    /letters/,
  ],
  [
    'an option that all layers have',
    () => customLayer(any({ forward: () => 1, options: { trainable: 1 } })),
    'ValueError',
    /options\.trainable/,
  ],
  [
    'an option that the layer does not have',
    () => build(rmsNormalization(any({ epsilom: 1 }))),
    'UnknownNameError',
    /layers\.1\.epsilom/,
    /mean 'epsilon'/,
  ],
  ['a result that is none', forward(() => 3), 'ValueError', /layers\.1 \(mine\), forward/, /returns 3/],
  [
    'an operand that is none',
    weighted({ w: { shape: [3] } }, ({ x, gamma }, { mul }) => mul(x, gamma)),
    'UnknownNameError',
    /layers\.1 \(mine\), operand/,
    /gamma/,
    /x, w/,
  ],
  [
    'a number that is none',
    forward(({ x }, { mul }) => mul(x, Number.NaN)),
    'ValueError',
    /layers\.1 \(mine\), mul, operand 1/,
  ],
  [
    'columns that do not fit',
    weighted({ w: { shape: [4] } }),
    'ShapeError',
    /layers\.1 \(mine\), step %0 \(mul\)/,
    /rows x 3 and 1 x 4/,
  ],
  [
    'a product that does not fit',
    weighted({ w: { shape: [4, 2] } }, ({ x, w }, { matmul }) => matmul(x, w)),
    'ShapeError',
    /\(matmul\)/,
    /rows x 3 and 4 x 2/,
    /3 rows/,
  ],
  [
    'a matrix in a sum',
    weighted({ w: { shape: [3, 3] } }, ({ x, w }, { add }) => add(x, w)),
    'ShapeError',
    /\(add\), operand 1/,
    /'w', which is 3 x 3/,
    /matmul/,
  ],
  [
    'a product of two results',
    forward(({ x }, { matmul, square }) => matmul(x, square(x))),
    'ValueError',
    /a parameter or a constant matrix/,
  ],
  [
    'a parameter without use',
    weighted({ w: { shape: [3] }, v: { shape: [3] } }),
    'ValueError',
    /layers\.1 \(mine\)/,
    /the parameter 'v'/,
  ],
  [
    'an input without use',
    () => {
      const layer = customLayer({ inputs: ['a', 'b'], forward: ({ a }, { square }) => square(a) });
      const [a, b] = [input({ shape: 2 }), input({ shape: 2 })];
      return model({ inputs: [a, b], outputs: layer().apply([a, b]), backend });
    },
    'ValueError',
    /layers\.0 \(custom\)/,
    /the input 'b'/,
  ],
  [
    'a parameter without a gradient',
    weighted({ w: { shape: [3] } }, ({ x, w }, { greater, mul }) => mul(x, greater(x, w))),
    'ValueError',
    /no gradient comes to 'w'/,
    /trainable: false/,
  ],
  ['no shape', weighted({ w: {} }), 'ShapeError', /layers\.1\.w\.shape/, /\[columns\]/],
  ['a shape of three', weighted({ w: { shape: [1, 2, 3] } }), 'ShapeError', /layers\.1\.w\.shape/],
  ['a size of half a column', weighted({ w: { shape: [1.5] } }), 'ValueError', /layers\.1\.w\.shape\[0\]/],
  [
    'an initializer that is none',
    weighted({ w: { shape: [3], initializer: 'one' } }),
    'UnknownNameError',
    /layers\.1\.w\.initializer/,
    /mean 'ones'/,
  ],
  [
    'a part of a parameter that is none',
    weighted({ w: { shape: [3], initialiser: 'ones' } }),
    'UnknownNameError',
    /layers\.1\.w\.initialiser/,
  ],
  [
    'a rate of 0',
    weighted({ w: { shape: [3], learningRateMultiplier: 0 } }),
    'ValueError',
    /layers\.1\.w\.learningRateMultiplier/,
  ],
  [
    'a parameter with the name of an input',
    weighted({ x: { shape: [3] } }, ({ x }, { square }) => square(x)),
    'ValueError',
    /'x' twice/,
  ],
  ['parameters that are none', weighted([1]), 'ValueError', /layers\.1 \(mine\)\.parameters/],
  [
    'a mean over rows',
    forward(({ x }, { mean, sub }) => sub(x, mean(x, { axis: 0 }))),
    'ShapeError',
    /step %0 \(mean\)/,
    /axis: 1/,
    /layer does to one row/,
  ],
  ['a sum of all', forward(({ x }, { div, sum }) => div(x, sum(x))), 'ShapeError', /step %0 \(sum\)/],
  [
    'a mean over rows that inference takes',
    forward(({ x }, { inTraining, mean, mul, sub }) => inTraining(x, sub(x, mul(2, mean(x, { axis: 0 }))))),
    'ShapeError',
    /\(mean\)/,
  ],
  [
    'a result of one row',
    weighted({ w: { shape: [3] } }, ({ x, w }, { inTraining, mean, add }) =>
      inTraining(add(w, mean(x, { axis: 0 })), w),
    ),
    'ShapeError',
    /a result of 1 x 3/,
  ],
  [
    'other columns in inference',
    forward(({ x }, { inTraining, slice }) => inTraining(x, slice(x, 1))),
    'ShapeError',
    /\(inTraining\)/,
    /same shape/,
  ],
  [
    'columns that are not there',
    forward(({ x }, { slice }) => slice(x, 1, 4)),
    'ShapeError',
    /\(slice\)/,
    /rows x 3 with 1, 4/,
    /from 0 to 3/,
  ],
  ['a slice from no number', forward(({ x }, { slice }) => slice(x, any('1'))), 'ValueError', /slice, from/],
  ['a slice without numbers', forward(({ x }, ops) => ops.slice(x)), 'ValueError', /slice/, /2 or 3 arguments/],
  ['a rate of 1', forward(({ x }, { dropout }) => dropout(x, 1)), 'ShapeError', /\(dropout\)/, /below 1/],
  [
    'softmax of one column',
    forward(({ x }, { mean, softmax }) => softmax(mean(x, { axis: 1 }))),
    'ShapeError',
    /\(softmax\)/,
    /two columns/,
  ],
  ['nothing to join', forward((_, ops) => ops.concatenate()), 'ValueError', /concatenate/, /at least 1 argument/],
  [
    'dropout in an activation',
    () => build(dense({ units: 1, activation: customActivation((x, { dropout }) => dropout(x, 0.5)) })),
    'ValueError',
    /\(dropout\)/,
    /customLayer/,
  ],
  [
    'one input of two',
    () => build(featureModulation()),
    'ShapeError',
    /layers\.1 \(custom\), inputs/,
    /2: x, condition/,
  ],
  [
    'three inputs of two',
    () => {
      const all = [1, 2, 3].map((shape) => input({ shape }));
      return model({ inputs: all, outputs: featureModulation().apply(all), backend });
    },
    'ShapeError',
    /got 3/,
    /x, condition/,
  ],
  [
    'a layer applied twice',
    () => {
      const [a, layer] = [input({ shape: 2 }), rmsNormalization()];
      return model({ inputs: a, outputs: layer.apply(layer.apply(a)), backend });
    },
    'ValueError',
    /rmsNormalization/,
    /second time/,
  ],
  [
    'other widths in JSON',
    data({ widths: { x: 4 } }),
    'ShapeError',
    /layers\.1 \(rmsNormalization\), inputs/,
    /inputs of 3 columns/,
    /x of 4 columns/,
  ],
  ['no widths in JSON', data({ widths: undefined }), 'ValueError', /widths/],
  ['no parameters in JSON', data({ parameters: undefined }), 'ValueError', /layers\.1\.parameters/],
  ['no steps in JSON', data({ steps: [] }), 'ValueError', /at least one step/],
  [
    'an operand of JSON that is none',
    data({ steps: [{ op: 'mul', args: ['x', 'gama'] }] }),
    'UnknownNameError',
    /mean 'gamma'/,
  ],
  ['a part of JSON that no one reads', data({ epsilon: 3 }), 'UnknownNameError', /layers\.1\.epsilon/],
  [
    'a type that no one registered',
    () => modelFromSpec({ layers: [any({ type: 'mine', inputShape: 3 })] }, { backend }),
    'UnknownNameError',
    /layers\.0\.type/,
    /'mine'/,
    /register/,
  ],
]);

test('a name of its own makes layers from JSON, and files say it', async () => {
  vi.resetModules();
  const from = await import('../../../src/index.js');
  const make = () =>
    from.customLayer({
      options: { rate: 2, kernelInitializer: 'zeros' as InitializerName | InitializerSpec },
      parameters: ({ x }, { kernelInitializer }) => ({ w: { shape: [x, x], initializer: kernelInitializer } }),
      forward: ({ x, w }, { add, matmul, mul }, { rate }) => add(x, mul(rate, matmul(x, w))),
    });
  const residual = make();
  expect(from.register('residual', residual)).toBe(residual);
  expect(from.register('residual', residual)).toBe(residual);
  const item = { type: 'residual', rate: 3, kernelInitializer: 'orthogonal', name: 'skip' };
  const spec = JSON.parse(JSON.stringify({ layers: [{ type: 'dense', units: 4, inputShape: 2 }, item] }));
  const named = from.modelFromSpec(spec, { backend: from.typescript() });
  const direct = from.sequential({
    layers: [
      from.dense({ units: 4, inputShape: 2 }),
      residual({ rate: 3, kernelInitializer: from.orthogonal(), name: 'skip' }),
    ],
    backend: from.typescript(),
  });
  expect(named.predict([[1, 2]])).toEqual(direct.predict([[1, 2]]));
  expect(named.spec.layers[1]).toMatchObject({ type: 'residual', name: 'skip', widths: { x: 4 } });
  const bytes = from.serialize(named);
  // A program that has not registered it reads the layer whole.
  vi.resetModules();
  const other = await import('../../../src/index.js');
  const loaded = other.deserialize(bytes, { backend: other.typescript() });
  expect(loaded.predict([[1, 2]]).data).toEqual(named.predict([[1, 2]]).data);
  expect(JSON.stringify(loaded.spec)).toBe(JSON.stringify(named.spec));

  const second = make();
  for (const [name, given] of [
    ['residual', second],
    ['dense', second],
    ['custom', second],
    ['another', residual],
    ['', second],
  ] as const) {
    expect(() => from.register(name, given)).toThrow(from.ValueError);
  }
  expect(() => from.customLayer(any({ forward: () => 1, type: '' }))).toThrow(/customLayer\.type/);
});
