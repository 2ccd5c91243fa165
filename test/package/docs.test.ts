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

// The tables of these pages are written by `npx vitest run test/package/docs.test.ts --update`; a table that differs from the code
// fails. What stands around a table is written by hand, and kept.

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
  const text = page('optimizers', heads, rowsOf(allOptimizers, files));
  await expect(text).toMatchFileSnapshot('../../docs/optimizers.md');
});

test('averaging', async () => {
  const text = page('averaging', heads, rowsOf(averagingTable, ['nn/optimizers/averaging.ts']));
  await expect(text).toMatchFileSnapshot('../../docs/averaging.md');
});

test('initializers', async () => {
  const rows = Object.entries(initializerTable).map(([name, { definition }]) => [
    `\`${name}\``,
    docstring('nn/initializers/initializers.ts', name),
    [optionsText(definition.options), definition.random ? 'seed' : ''].filter(Boolean).join('; '),
  ]);
  const text = page('initializers', ['name', 'what it draws', 'options'], rows);
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
    'regularizers',
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
    'schedules',
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
  const text = page('activations', ['name', 'what it does', 'options', 'saves', 'initializer'], rows);
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
  const text = page('losses', ['name', 'what it does', 'targets', 'last activation', 'options'], rows);
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
  const text = page('metrics', ['name', 'what it is', 'options', 'outputs'], rows);
  await expect(text).toMatchFileSnapshot('../../docs/metrics.md');
});

test('layers', async () => {
  const rows = Object.entries(layerTable).map(([name, make]) => {
    const file = sourceOf('nn/layers', name);
    const { options } = kindOf((make as (options: object) => object)({}))!;
    return [`\`${name}\``, docstring(file, name), optionDocs(file, options)];
  });
  const text = page('layers', ['name', 'what it does', 'options'], rows);
  // Where a member has no comment, its type would stand in place of an explanation.
  const cells = rows.map((row) => `${row.join(' | ')} |`).join('\n');
  expect(cells.match(/`\w+`: (?:[A-Z]\w* \\?\|[^.]*?|boolean|number|string)(?=<br>| \|)/g)).toBeNull();
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
    'kernel-calls',
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
