import { expect, test } from 'vitest';
import { constraintTable } from '../src/kernels/constraints.js';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
import { initializerTable } from '../src/model/initializers.js';
import { regularizerTable } from '../src/model/regularizers.js';
import { docstring, optionsText, page } from './support/docs.js';

// The pages are written by `npx vitest run test/docs.test.ts --update`; a page that lags behind its table fails.

test('optimizers', async () => {
  const rows = Object.entries(optimizerTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring('kernels/optimizers.ts', name),
    optionsText((definition as unknown as OptimizerDefinition).options),
  ]);
  const text = page(
    'Optimizers',
    'Defaults, with the range of each option.',
    ['name', 'what it does', 'options'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/optimizers.md');
});

test('initializers', async () => {
  const rows = Object.entries(initializerTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring('model/initializers.ts', name),
    [optionsText(definition.options), definition.random ? 'seed' : ''].filter(Boolean).join('; '),
  ]);
  const text = page(
    'Initializers',
    "For `kernelInitializer` and `biasInitializer` of a dense layer: a name (`'heNormal'`), or what its function returns " +
      '(`orthogonal({ gain: Math.SQRT2 })`). N(mean, variance) and U(low, high); a kernel is fanIn x fanOut, inputs x ' +
      "units, and a bias 1 x units. Draws follow from the model's seed, or the `seed` given here, and the place of the " +
      'parameter in the model. Normal draws are plain where Keras truncates them; `varianceScaling` truncates as Keras ' +
      'does. `calculateGain(activation)` has the gains: tanh 5/3, relu sqrt 2, selu 3/4, leakyRelu sqrt(2 / (1 + alpha^2)). ' +
      '`layerSequentialUnitVariance(model, x)` draws anew, orthonormal and scaled by what the layers make of `x`.',
    ['name', 'what it draws', 'options'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/initializers.md');
});

test('regularizers and constraints', async () => {
  const row = (file: string, use: string) => {
    return ([name, { definition }]: [string, { definition: { options: Parameters<typeof optionsText>[0] } }]) => [
      `\`${name}\``,
      use,
      docstring(file, name),
      optionsText(definition.options),
    ];
  };
  const text = page(
    'Regularizers and constraints',
    'Regularizers: `kernelRegularizer`, `biasRegularizer` and `activityRegularizer` of dense layers, `activityRegularizer` ' +
      'of activations, `gammaRegularizer` and `betaRegularizer` of batch normalization. Constraints: `kernelConstraint` ' +
      "and `biasConstraint` of dense layers. Names (`'l2'`) or what a function returns (`l1(0.001)`, " +
      '`l1l2({ l1: 0.001, l2: 0.01 })`, `maxNorm({ maxValue: 3 })`). The loss that is reported includes penalties, and ' +
      'shows them apart as `penalty`. A penalty on outputs is the mean over the rows of the batch; the last layer takes ' +
      'none where the loss computes its activation. Constraints come into force after every step, not on weights that are ' +
      'initial or set; a norm is that of the weights into a unit, of a bias that of the whole vector.',
    ['name', 'use', 'what it does', 'options'],
    [
      ...Object.entries(regularizerTable).map(row('model/regularizers.ts', 'regularizer')),
      ...Object.entries(constraintTable).map(row('kernels/constraints.ts', 'constraint')),
    ],
  );
  await expect(text).toMatchFileSnapshot('../docs/regularizers.md');
});
