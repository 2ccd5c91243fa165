import { expect, test } from 'vitest';
import type { OptionRange } from '../src/kernels/definition.js';
import { allOptimizers } from '../src/model/optimizers.js';
import { scheduleTable } from '../src/model/schedules.js';
import { docstring, optionsText, page } from './support/docs.js';

// The pages are written by `npx vitest run test/docs.test.ts --update`; a page that lags behind its table fails.

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
  const files = ['kernels/optimizers.ts', 'kernels/adam.ts', 'model/lbfgs.ts'];
  const text = page(
    'Optimizers',
    'Defaults, with the range of each option. `learningRate` also takes a [schedule](schedules.md). `weightDecay` is ' +
      'decoupled: before each update kernels lose `learningRate weightDecay` of themselves; biases and the vectors of ' +
      "normalizations do not. Names do as well as functions: `optimizer: 'adam'`.",
    heads,
    rowsOf(allOptimizers, files),
  );
  await expect(text).toMatchFileSnapshot('../docs/optimizers.md');
});

test('schedules', async () => {
  const text = page(
    'Schedules',
    'What `learningRate` of an optimizer takes instead of a number. The rate is computed anew for each step t, which ' +
      "counts from 0 at `compile`. `polynomialDecay`, `cosineDecay` and `cosineDecayRestarts` are Keras's names of " +
      '`polynomial`, `cosine` and `cosineRestarts`. `model.learningRate` tells the rate of the next step; setting it ' +
      'ends the schedule.',
    heads,
    rowsOf(scheduleTable, ['model/schedules.ts'], { constant: 'constantRate' }),
  );
  await expect(text).toMatchFileSnapshot('../docs/schedules.md');
});
