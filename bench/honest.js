// Whether the log loss that `tabular` says to expect is that of rows it has not seen. Build first.
//   node bench/honest.js [--data FOLDER] [--seeds 5] [--first 0] [--folds 5] [--only iris,wine] [--json FILE]
//   node bench/honest.js --quick     one seed of three small sets
//   node bench/honest.js --develop   samples of large files, tested on other rows of them: for choosing how to estimate
// Five folds in turn are for testing; what the pipeline says of itself comes from the other four. Printed are the two log
// losses and their difference, its mean and its standard error over folds and seeds: as if all differences were independent, and
// corrected for the rows that the training sets of repeated folds share (Nadeau and Bengio, Machine Learning 52, 2003).

import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { kFold, readCsv, split, tabular } from '../build/data.js';
import { auto } from '../build/index.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: resolve(import.meta.dirname, '../../shared/data') },
    seeds: { type: 'string', default: '5' },
    folds: { type: 'string', default: '5' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    develop: { type: 'boolean', default: false },
    first: { type: 'string', default: '0' },
    json: { type: 'string' },
  },
});
if (!existsSync(values.data)) {
  console.log(`no data in ${values.data}: nothing to measure`);
  process.exit(0);
}
const backend = await auto();

/** A set by its file; a part of its rows, the same shares of classes, where it is large. */
const set =
  (file, { target, rows } = {}) =>
  async () => {
    const { table, name } = await read(file, target);
    const used = rows === undefined ? table : stratified(table, name, rows, 0).test;
    return { target: name, cases: (seed) => folds(used, name, seed) };
  };

/** So many rows of a file to train on, others of those classes to test on, anew for each seed. */
const sample =
  (file, { target, rows }) =>
  async () => {
    const { table, name } = await read(file, target);
    return {
      target: name,
      cases(seed) {
        const { test: used, train: others } = stratified(table, name, rows, seed + 100);
        const known = new Set(labels(used, name));
        const tested = stratified(others, name, 1000, seed).test;
        const rowsKnown = labels(tested, name).flatMap((label, row) => (known.has(label) ? [row] : []));
        return [{ train: used, test: tested.take(Uint32Array.from(rowsKnown)) }];
      },
    };
  };

async function read(file, target) {
  const table = await readCsv(join(values.data, 'uci', file));
  return { table, name: target === 'first' ? table.names[0] : (target ?? table.names.at(-1)) };
}

const labels = (table, name) => Array.from({ length: table.rows }, (_, row) => table.value(row, name));

function stratified(table, name, rows, seed) {
  const { train, test } = split(table, { test: rows, seed, stratify: table.column(name) });
  return { train: table.take(train), test: table.take(test) };
}

function folds(table, name, seed) {
  const parts = kFold(table, { folds: Number(values.folds), seed, stratify: table.column(name) });
  return parts.map(({ train, test }) => ({ train: table.take(train), test: table.take(test) }));
}

const sets = values.develop
  ? {
      'white wine': sample('winequality-white.csv', { rows: 200 }),
      'abalone, sex': sample('abalone.csv', { target: 'first', rows: 200 }),
      optdigits: sample('optdigits.tes', { rows: 150 }),
      adult: sample('adult-test.csv', { rows: 200 }),
    }
  : {
      iris: set('iris.csv'),
      wine: set('wine.csv'),
      'wheat seeds': set('wheat-seeds.csv'),
      'german credit': set('german-credit.csv'),
      sonar: set('sonar.csv'),
      ionosphere: set('ionosphere.csv'),
      optdigits: set('optdigits.tra', { target: 'Class', rows: 500 }),
      'wine quality': set('winequality-red.csv'),
      adult: set('adult-train.csv', { target: 'column15', rows: 1000 }),
    };

const chosen = values.only?.split(',') ?? (values.quick ? ['iris', 'sonar', 'wheat seeds'] : Object.keys(sets));
const seeds = values.quick ? 1 : Number(values.seeds);
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const error = (list) => Math.sqrt(mean(list.map((value) => (value - mean(list)) ** 2)) / (list.length - 1));
/** By what sharing rows lengthens the standard error of `count` differences: the variance is s2 (1/count + test / training rows). */
const shared = (count) => (values.develop ? 1 : Math.sqrt(1 + count / (Number(values.folds) - 1)));
const results = [];
console.log(
  'data           validation  test    difference         of its standard error  corrected  accuracy        seconds a fit  epoch  temperature',
);
const line = (name, runs, longer = shared(runs.length)) => {
  const of = (key) => mean(runs.map((run) => run[key]));
  const differences = runs.map(({ validation, test }) => validation - test);
  const [difference, deviation] = [mean(differences), error(differences)];
  console.log(
    [
      name.padEnd(14),
      of('validation').toFixed(4).padEnd(11),
      of('test').toFixed(4).padEnd(7),
      `${difference.toFixed(4)} +- ${deviation.toFixed(4)}`.padEnd(18),
      (difference / deviation).toFixed(2).padEnd(22),
      (difference / deviation / longer).toFixed(2).padEnd(10),
      `${of('expected').toFixed(4)} ${of('accuracy').toFixed(4)}`.padEnd(15),
      of('seconds').toFixed(2).padEnd(14),
      of('epoch').toFixed(0).padEnd(6),
      of('temperature').toFixed(1),
    ].join(' '),
  );
};
for (const name of chosen) {
  const { target, cases } = await sets[name]();
  const runs = [];
  for (let seed = Number(values.first); seed < Number(values.first) + seeds; seed++) {
    for (const { train, test } of cases(seed)) {
      const began = process.cpuUsage();
      const pipeline = await tabular({ target, task: 'classification', seed, backend }).fit(train);
      const { user, system } = process.cpuUsage(began);
      const seconds = (user + system) / 1e6;
      const { validation } = pipeline.record;
      const tested = pipeline.evaluate(test);
      runs.push({
        seed,
        validation: validation.logLoss,
        test: tested.logLoss,
        expected: validation.accuracy,
        accuracy: tested.accuracy,
        epoch: pipeline.record.members[0].bestEpoch + 1,
        temperature: pipeline.record.temperature,
        seconds,
      });
    }
  }
  line(name, runs);
  results.push({ name, runs });
}
line(
  'all',
  results.flatMap(({ runs }) => runs),
  shared(results[0].runs.length),
);
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
