import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionRange } from '../../src/kernels/definition.js';
import { type ActivationEntry, activationTable, constraintTable } from '../../src/kernels/tables.js';
import * as gates from '../../src/kernels/twins/gates.js';
import * as leaky from '../../src/kernels/twins/leaky.js';
import { kindOf } from '../../src/nn/layers/kind.js';
import { layerTable } from '../../src/nn/layers/registry.js';
import { ENDINGS } from '../../src/nn/metrics/registry.js';
import {
  allOptimizers,
  averagingTable,
  initializerTable,
  metricTable,
  regularizerTable,
  scheduleTable,
} from '../../src/nn/registry.js';
import { docstring, optionDocs, optionsText, page, sourceOf } from '../support/docs.js';
import { definitionOf, lossNames } from '../support/nn/losses.js';
import { declaredKernels, signatureTable } from '../support/nn/signatures.js';

// The pages are written by `npx vitest run test/package/docs.test.ts --update`; a page that lags behind its table fails.

interface Entry {
  readonly definition: { readonly options: Readonly<Record<string, OptionRange>> };
}

/** A row for each entry of a table of functions with options; they may be named otherwise than their specs. */
function rowsOf(table: object, files: readonly string[], names: Readonly<Record<string, string>> = {}) {
  return Object.entries(table as Readonly<Record<string, Entry>>).map(([name, { definition }]) => {
    const exported = names[name] ?? name;
    return [`\`${exported}\``, docstring(files, exported), optionsText(definition.options)];
  });
}

const heads = ['name', 'what it does', 'options'];

test('optimizers', async () => {
  const files = ['kernels/twins/optimizers.ts', 'kernels/twins/adam.ts', 'nn/optimizers/lbfgs.ts'];
  const text = page(
    'Optimizers',
    'Defaults, with the range of each option. `learningRate` also takes a [schedule](schedules.md). `weightDecay` is ' +
      'decoupled: before each update kernels lose `learningRate weightDecay` of themselves; biases and the vectors of ' +
      "normalizations do not. `'sgd'`, `'rmsprop'`, `'adam'` and `'adamw'` do as names, too: `optimizer: 'adam'`.",
    heads,
    rowsOf(allOptimizers, files),
  );
  await expect(text).toMatchFileSnapshot('../../docs/optimizers.md');
});

test('averaging', async () => {
  const text = page(
    'Averaging',
    'What `averaging` of `compile` takes: what these functions return. Updates count from 1 at `compile`; with ' +
      '`gradientAccumulationSteps` an update takes several batches. [update.md](update.md) says how averages are used.',
    heads,
    rowsOf(averagingTable, ['nn/optimizers/averaging.ts']),
  );
  await expect(text).toMatchFileSnapshot('../../docs/averaging.md');
});

test('initializers', async () => {
  const rows = Object.entries(initializerTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring('nn/initializers/initializers.ts', name),
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
  await expect(text).toMatchFileSnapshot('../../docs/initializers.md');
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
      ...Object.entries(regularizerTable).map(row('nn/regularizers.ts', 'regularizer')),
      ...Object.entries(constraintTable).map(row('kernels/twins/constraints.ts', 'constraint')),
    ],
  );
  await expect(text).toMatchFileSnapshot('../../docs/regularizers.md');
});

test('schedules', async () => {
  const text = page(
    'Schedules',
    'What `learningRate` of an optimizer takes instead of a number. The rate is computed anew for each step t, which ' +
      "counts from 0 at `compile`. `polynomialDecay`, `cosineDecay` and `cosineDecayRestarts` are Keras's names of " +
      '`polynomial`, `cosine` and `cosineRestarts`. `model.learningRate` tells the rate of the next step; setting it ' +
      'ends the schedule.',
    heads,
    rowsOf(scheduleTable, ['nn/optimizers/schedules.ts'], { constant: 'constantRate' }),
  );
  await expect(text).toMatchFileSnapshot('../../docs/schedules.md');
});

test('activations', async () => {
  const saved = (entry: ActivationEntry) => {
    const plan = entry.definition.plan(entry());
    if (plan.shape === 'elementwise') return plan.saves;
    return { identity: 'nothing', rows: 'y', units: 'x', random: 'slopes' }[plan.shape];
  };
  const rows = Object.entries(activationTable as unknown as Record<string, ActivationEntry>).map(([name, entry]) => [
    `\`${name}\``,
    docstring(`kernels/twins/${name in gates ? 'gates' : name in leaky ? 'leaky' : 'activations'}.ts`, name),
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
  await expect(text).toMatchFileSnapshot('../../docs/activations.md');
});

test('losses', async () => {
  const files = ['losses', 'losses-binary', 'losses-regression', 'losses-rows'];
  const fileOf = (name: string) => {
    const named = (file: string) =>
      readFileSync(new URL(`../../src/kernels/twins/${file}.ts`, import.meta.url), 'utf8');
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
      docstring(`kernels/twins/${fileOf(name)}.ts`, name),
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
  await expect(text).toMatchFileSnapshot('../../docs/losses.md');
});

test('metrics', async () => {
  const rows = Object.entries(metricTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring(`nn/metrics/${definition.reads === 'values' ? 'regression' : 'classification'}.ts`, name),
    optionsText(definition.options as Readonly<Record<string, OptionRange>>),
    definition.fits.length === Object.keys(ENDINGS).length
      ? 'all'
      : definition.fits.map((kind) => ENDINGS[kind]).join(', '),
  ]);
  const text = page(
    'Metrics',
    [
      "For `model.compile({ metrics })`, `'accuracy'`, or what a function returns (`f1()`, `f1({ average: 'micro' })`, with a",
      '`label` of its own where two would share a name), of a model with several outputs one list for all or one for each',
      'by name (`{ kind: [f1()], price: [mae()] }`); and as functions of targets and predictions:',
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
  await expect(text).toMatchFileSnapshot('../../docs/metrics.md');
});

test('layers', async () => {
  const rows = Object.entries(layerTable).map(([name, make]) => {
    const file = sourceOf('nn/layers', name);
    const { options } = kindOf((make as (options: object) => object)({}))!;
    return [`\`${name}\``, docstring(file, name), optionDocs(file, options)];
  });
  const text = page(
    'Layers',
    'Every layer also takes `inputShape`, the columns of its input, and `name`; layers that learn take `trainable` and ' +
      '`learningRateMultiplier`, see [update.md](update.md).',
    ['name', 'what it does', 'options'],
    rows,
  );
  // Where a member has no comment, its type would stand in place of an explanation.
  expect(text.match(/`\w+`: (?:[A-Z]\w* \\?\|[^.]*?|boolean|number|string)(?=<br>| \|)/g)).toBeNull();
  await expect(text).toMatchFileSnapshot('../../docs/layers.md');
});

test('calls of kernels', async () => {
  const kernels = new Map<string, string[]>();
  const table = signatureTable();
  for (const { kernel } of declaredKernels()) {
    const signature = table[kernel] as string;
    kernels.set(signature, [...(kernels.get(signature) ?? []), kernel]);
  }
  const text = page(
    'Operands of kernels',
    'What each kernel of a program is called with, in this order: `model.program(...)` prints such calls, and ' +
      '[the raw kernels](kernels.md#the-raw-kernels) take them. Tensors are given as offsets on the heap; `n = w.size` is a ' +
      'number that a program takes from a tensor. Where threads share a call, those in parentheses are the same for all ' +
      "parts; of the others each part has its own. `states ...` are the optimizer's, `numbers ...` follow from the options of an " +
      'activation or a loss; `weights` are -1 where rows have none.',
    ['kernels', 'operands'],
    [...kernels].map(([signature, names]) => {
      const [, ...tokens] = signature.split(' ');
      const operands = tokens.map((token) => {
        const [name, from] = token.split('=') as [string, string?];
        if (name.startsWith('@')) return `(${name.slice(1)})`;
        if (name.includes('.')) return `${name.split('.')[1]} = ${name}`;
        if (name.endsWith('*')) return `${name.replace(/\W/g, '')} ...`;
        return from === undefined ? name.replace('#', '') : from === '-1' ? `(${name})` : `${name} = ${from}`;
      });
      return [names.map((name) => `\`${name}\``).join(', '), `\`${operands.join(', ')}\``];
    }),
  );
  await expect(text).toMatchFileSnapshot('../../docs/kernel-calls.md');
});
