import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionRange } from '../src/kernels/definition.js';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
import { docstring, optionsText, page } from './support/docs.js';
import { definitionOf, lossNames } from './support/losses.js';

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

test('losses', async () => {
  const files = ['losses', 'losses-binary', 'losses-regression', 'losses-rows'];
  const fileOf = (name: string) => {
    const named = (file: string) => readFileSync(new URL(`../src/kernels/${file}.ts`, import.meta.url), 'utf8');
    return files.find((file) => named(file).includes(`export const ${name} =`));
  };
  const targets = {
    label: 'a class index',
    class: 'a number per class',
    yesNo: 'a yes or no per output',
    numbers: 'numbers',
  };
  const domains = { any: '', nonNegative: ', 0 or more', probability: ', 0 to 1', sign: ', -1 and 1 or 0 and 1' };
  const rows = lossNames.map((name) => {
    const { options, targets: kind, domain, fuses } = definitionOf(name);
    return [
      `\`${name}\``,
      docstring(`kernels/${fileOf(name)}.ts`, name),
      `${targets[kind]}${kind === 'label' ? '' : domains[domain]}`,
      fuses ? `\`${fuses}\`` : 'any',
      optionsText(options as Record<string, OptionRange>),
    ];
  });
  const text = page(
    'Losses',
    "By name, `loss: 'huber'`, or with options, `loss: huber({ delta: 2 })`. Besides its own each takes `reduction`: " +
      "`'mean'` (the default) is the sum of the rows' losses, each times its weight, divided by the number of rows; " +
      "`'sum'` is not divided, and over several batches, an epoch or an evaluation it is the sum of all rows. " +
      'A row with several outputs counts with the mean of their losses, unless said otherwise. ' +
      'Where an activation is named the model must end in it, and loss and gradient are computed from its inputs, ' +
      'the logits, together. The reported loss is the one that is trained: weighted by `sampleWeight` and `classWeight`, ' +
      'with penalties; of several outputs the sum, each times its `lossWeights`, beside the loss of each without them. ' +
      'Metrics are not weighted.',
    ['name', 'what it does', 'targets', 'last activation', 'options'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/losses.md');
});
