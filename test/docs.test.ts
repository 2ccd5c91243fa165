import { expect, test } from 'vitest';
import { type ActivationEntry, activationTable } from '../src/kernels/activations.js';
import type { OptionRange } from '../src/kernels/definition.js';
import * as gates from '../src/kernels/gates.js';
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

test('activations', async () => {
  const saved = (entry: ActivationEntry) => {
    const plan = entry.definition.plan(entry());
    if (plan.shape === 'elementwise') return plan.saves;
    return { identity: 'nothing', rows: 'y', units: 'x', random: 'slopes' }[plan.shape];
  };
  const rows = Object.entries(activationTable as unknown as Record<string, ActivationEntry>).map(([name, entry]) => [
    `\`${name}\``,
    docstring(name in gates ? 'kernels/gates.ts' : 'kernels/activations.ts', name),
    optionsText(entry.definition.options as Record<string, OptionRange>),
    saved(entry),
    `\`${entry.definition.initializer}\``,
  ]);
  const text = page(
    'Activations',
    "Of a dense layer or as a layer: `dense({ units: 8, activation: 'elu' })`, `activation({ activation: elu({ alpha: 0.5 }) })`. " +
      '`swish` is another name of `silu`. The gradient is computed from what is saved: an activation that saves x takes ' +
      'a matrix more in training, since it cannot overwrite its input. The initializer is the default of a dense ' +
      "layer's kernel.",
    ['name', 'what it does', 'options', 'saves', 'initializer'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/activations.md');
});
