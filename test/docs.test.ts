import { expect, test } from 'vitest';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
import { initializerTable } from '../src/model/initializers.js';
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
      'does. `calculateGain(activation)` has the gains: tanh 5/3, relu sqrt 2, selu 3/4, leakyRelu sqrt(2 / (1 + alpha^2)).',
    ['name', 'what it draws', 'options'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/initializers.md');
});
