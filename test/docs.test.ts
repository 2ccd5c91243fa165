import { expect, test } from 'vitest';
import type { OptionRange } from '../src/kernels/definition.js';
import type { OptimizerDefinition } from '../src/kernels/optimizers.js';
import { optimizerTable } from '../src/kernels/optimizers.js';
import { ENDINGS, metricTable } from '../src/model/metrics/table.js';
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

test('metrics', async () => {
  const rows = Object.entries(metricTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring(`model/metrics/${definition.reads === 'values' ? 'regression' : 'classification'}.ts`, name),
    optionsText(definition.options as Readonly<Record<string, OptionRange>>),
    definition.fits.length === Object.keys(ENDINGS).length
      ? 'all'
      : definition.fits.map((kind) => ENDINGS[kind]).join(', '),
  ]);
  const text = page(
    'Metrics',
    [
      "For `model.compile({ metrics })`, by name (`metrics: ['f1']`), configured (`f1({ average: 'micro' })`, with a",
      '`label` of its own where two would share a name), of a model with several outputs one list for all or one for each',
      "by name (`{ kind: ['f1'], price: ['mae'] }`); and as functions of targets and predictions:",
      "`f1(y, model.predict(x), { average: 'micro' })`, with `multiLabel: true` where columns are labels of which a row",
      'may have any number. `confusionMatrix(y, model.predict(x))` is a function only: logs hold numbers.',
      '',
      'Every value is exact over all rows of an evaluation, sums in float64, and never a mean over batches. Those of a',
      'training epoch are over the predictions that its steps made, each before its update, dropout and all; where',
      '`stopTraining` ends an epoch early, over the rows it came to. `trainOnBatch` and `gradients` return them of their',
      'batch; batches of `fit` report `accuracy` alone. Numbers agree with scikit-learn 1.2 (`zero_division=0`) to 1e-12',
      'where it has the metric, and are the same to the bit on both backends. Sample weights play no part. Where a',
      'prediction is NaN, so is every metric but those that count right answers.',
    ].join('\n'),
    ['name', 'what it is', 'options', 'outputs'],
    rows,
  );
  await expect(text).toMatchFileSnapshot('../docs/metrics.md');
});
