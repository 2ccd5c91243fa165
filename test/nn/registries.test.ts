import { describe, expect, test } from 'vitest';
import * as api from '../../src/api.js';
import { ALIASES } from '../../src/errors.js';
import type { Maker } from '../../src/kernels/definition.js';
import { activationTable, constraintTable, lossTable } from '../../src/kernels/tables.js';
import { metricNames } from '../../src/nn/metrics/counted.js';
import { metricModes } from '../../src/nn/metrics/modes.js';
import * as names from '../../src/nn/names.js';
import * as schedules from '../../src/nn/optimizers/schedules.js';
import {
  allOptimizers,
  averagingTable,
  initializerTable,
  metricTable,
  regularizerTable,
  scheduleTable,
} from '../../src/nn/registry.js';

// src/nn/rare/function-names.ts and src/nn/metrics/modes.ts are written by `npx vitest run test/nn/registries.test.ts --update`;
// where they are out of date, this fails.

type Table = Readonly<Record<string, unknown>>;

/** Names of a registry that stand for nothing by themselves. */
const functionsOf = (registry: Table, named: Table) =>
  Object.keys(registry)
    .filter((name) => !(name in named))
    .sort();

/** What schedules are exported as: `constant` is an initializer. */
const scheduleNames = Object.entries(scheduleTable).map(([name, made]) =>
  name in schedules ? name : Object.entries(schedules).find(([, other]) => other === made)![0],
);

test('names that errors give for what only functions return follow from the registries', async () => {
  const list = (name: string, items: readonly string[]) => {
    const line = `export const ${name}: readonly string[] = [${items.map((item) => `'${item}'`).join(', ')}];`;
    const lines = items.map((item) => `  '${item}',\n`).join('');
    return line.length <= 120 ? `${line}\n` : `export const ${name}: readonly string[] = [\n${lines}];\n`;
  };
  const text = [
    '// `npx vitest run test/nn/registries.test.ts --update` writes this file from the registries. Every program that trains holds\n' +
      '// these names, for errors that suggest the nearest one, but not the definitions: so the names are repeated here as text.\n',
    list('optimizerFunctions', functionsOf(allOptimizers, names.optimizerNames)),
    list('initializerFunctions', functionsOf(initializerTable, names.initializerNames)),
    list('metricFunctions', functionsOf(metricTable, metricNames)),
    list('scheduleFunctions', scheduleNames.sort()),
    list('averagingFunctions', functionsOf(averagingTable, {})),
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../../src/nn/rare/function-names.ts');
});

test('what the name of a metric tells monitors follows from its definition', async () => {
  const modes = Object.entries(metricTable).map(([name, { definition }]) => `  ${name}: '${definition.best}',\n`);
  const text = [
    "import type { Direction } from './metric.js';\n\n",
    '// `npx vitest run test/nn/registries.test.ts --update` writes this file from the registry, so that a program which monitors\n',
    '// one metric holds no others.\n\n',
    '/** Says whether the least or the greatest value of a metric is the best. */\n',
    `export const metricModes: Readonly<Record<string, Direction>> = {\n${modes.sort().join('')}};\n`,
  ].join('');
  await expect(text).toMatchFileSnapshot('../../src/nn/metrics/modes.ts');
});

/** Everything that has a name, with what a name alone may stand for. */
const registries: Readonly<Record<string, readonly [registry: Table, named: Table]>> = {
  activations: [activationTable, names.activationNames],
  losses: [lossTable, names.lossNames],
  optimizers: [allOptimizers, names.optimizerNames],
  initializers: [initializerTable, names.initializerNames],
  regularizers: [regularizerTable, names.regularizerNames],
  constraints: [constraintTable, names.constraintNames],
  metrics: [metricTable, {}],
  schedules: [scheduleTable, {}],
  averaging: [averagingTable, {}],
};

/** What schedules must be given. */
const needed: Readonly<Record<string, object>> = {
  constant: { learningRate: 1 },
  stepDecay: { initialLearningRate: 1, decaySteps: 1 },
  exponentialDecay: { initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 },
  inverseTimeDecay: { initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 },
  polynomial: { initialLearningRate: 1, decaySteps: 1 },
  cosine: { initialLearningRate: 1, decaySteps: 1 },
  cosineRestarts: { initialLearningRate: 1, firstDecaySteps: 1 },
  oneCycle: { maxLearningRate: 1, totalSteps: 2 },
  warmup: { schedule: schedules.constantRate({ learningRate: 1 }), warmupSteps: 1 },
};

describe.each(Object.entries(registries))('%s', (family, [registry, named]) => {
  test('are registered under the names of their specs', () => {
    for (const [name, make] of Object.entries(registry) as [string, Maker][]) {
      expect(make.definition, name).toBeTypeOf('object');
      const spec = make(family === 'schedules' ? needed[name]! : {});
      const { name: called, ...options } = spec;
      // What is a variant of another, such as momentum of sgd, makes specs of that.
      expect((registry[called] as Maker)(options), name).toEqual(spec);
    }
  });

  test('what a name stands for is what it stands for in the registry', () => {
    for (const [name, make] of Object.entries(named)) {
      expect(Object.values(registry), name).toContain(make);
      if (name in registry) expect(registry[name]).toBe(make);
    }
  });

  test('are exported, under their names', () => {
    const exported = Object.values(api);
    for (const [name, make] of Object.entries(registry)) {
      expect(exported, name).toContain(make);
      if (name !== 'constant' || family !== 'schedules') expect((api as Table)[name], name).toBe(make);
    }
  });
});

test('all activations, losses, regularizers and constraints may be named, and swish is another name of silu', () => {
  const keys = (table: Table) => Object.keys(table).sort();
  expect(keys(names.activationNames)).toEqual([...keys(activationTable), 'swish'].sort());
  expect(names.activationNames.swish).toBe(activationTable.silu);
  expect(keys(names.lossNames)).toEqual(keys(lossTable));
  expect(keys(names.regularizerNames)).toEqual(keys(regularizerTable));
  expect(keys(names.constraintNames)).toEqual(keys(constraintTable));
  expect(metricNames.accuracy.definition.best).toBe(metricTable.accuracy.definition.best);
});

test('names that other libraries use are hints to names that exist', () => {
  const known = [...Object.values(registries).flatMap(([registry]) => Object.keys(registry)), 'learningRate'];
  for (const [alias, name] of Object.entries(ALIASES)) expect(known, alias).toContain(name);
});

test('no name of a metric ends like another that is better the other way, nor one that should be large like a loss', () => {
  const modes = { ...metricModes, loss: 'min', penalty: 'min', gradientNorm: 'min', learningRate: 'min' };
  for (const [name, mode] of Object.entries(modes)) {
    for (const [end, other] of Object.entries(modes)) {
      if (name.toLowerCase().endsWith(end.toLowerCase())) expect(mode, `${name} ends like ${end}`).toBe(other);
    }
  }
});
