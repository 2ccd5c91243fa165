import { expect, test } from 'vitest';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
import { kindOf } from '../src/model/layers/kind.js';
import { layerTable } from '../src/model/layers/registry.js';
import { docstring, optionDocs, optionsText, page, sourceOf } from './support/docs.js';

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

test('layers', async () => {
  const rows = Object.entries(layerTable).map(([name, make]) => {
    const file = sourceOf('model/layers', name);
    const { options } = kindOf((make as (options: object) => object)({}))!;
    return [`\`${name}\``, docstring(file, name), optionDocs(file, options)];
  });
  const text = page(
    'Layers',
    'Every layer also takes `inputShape`, the columns of its input, and `name`.',
    ['name', 'what it does', 'options'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/layers.md');
});
