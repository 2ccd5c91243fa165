import { expect, test } from 'vitest';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
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
