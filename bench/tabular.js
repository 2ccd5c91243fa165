// What `tabular` reaches with nothing but a target, on the data of ../shared/data. Build first.
//   node bench/tabular.js [--data FOLDER] [--seeds 5] [--splits 20] [--rotate] [--only adult,sonar] [--json FILE]
// MNIST, by the command of docs/tabular.md, takes ten minutes and is left out unless named: --only mnist.
// Each seed goes over all folds or splits; with --rotate each fold or split has one seed in turn, which takes a fifth.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { kFold, readCsv, split, Table, tabular } from '../build/data.js';
import { auto } from '../build/index.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: resolve(import.meta.dirname, '../../shared/data') },
    seeds: { type: 'string', default: '5' },
    splits: { type: 'string', default: '20' },
    rotate: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
if (!existsSync(values.data)) {
  console.log(`no data in ${values.data}: nothing to measure`);
  process.exit(0);
}
const backend = await auto();
const file = (name) => join(values.data, 'uci', name);

/** Parts of one table, as `kFold` and `split` cut it. */
const parts = (table, folds) => folds.map(({ train, test }) => [table.take(train), table.take(test)]);

const folds = (name, target, stratified) => async (seed) => {
  const table = await readCsv(file(name));
  const last = target ?? table.names.at(-1);
  const stratify = stratified ? { stratify: table.column(last) } : {};
  return { target: last, cases: parts(table, kFold(table, { folds: 10, seed, ...stratify })) };
};

const given = (name) => async () => {
  const folder = join(values.data, 'uci-splits', name);
  const table = await readCsv(join(folder, 'data.txt'));
  const rows = (part, i) => {
    const text = readFileSync(join(folder, `index_${part}_${i}.txt`), 'utf8');
    return Uint32Array.from(text.trim().split(/\s+/), Number);
  };
  const column = Number(readFileSync(join(folder, 'index_target.txt'), 'utf8').trim());
  const features = readFileSync(join(folder, 'index_features.txt'), 'utf8').trim().split(/\s+/).map(Number);
  const names = [...features, column].map((i) => table.names[i]);
  const used = table.select(names);
  const count = Number(values.splits);
  const cases = Array.from({ length: count }, (_, i) => [used.take(rows('train', i)), used.take(rows('test', i))]);
  return { target: table.names[column], cases };
};

/** adult's test file ends its classes in a dot. */
function withoutDots(table) {
  return new Table(
    table.columns.map((column) =>
      column.name === 'column15'
        ? { ...column, categories: column.categories.map((text) => text.replace(/\.$/, '')) }
        : column,
    ),
  );
}

/** Per cent of MNIST's test digits, by the command of docs/tabular.md. */
function digits(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-bench-'));
  const model = join(folder, 'mnist.myelin');
  const path = (name) => join(values.data, 'mnist', `${name}-ubyte.gz`);
  const myelin = (...args) => {
    const script = resolve(import.meta.dirname, '../build/cli.js');
    return JSON.parse(execFileSync(process.execPath, [script, ...args, '--json'], { encoding: 'utf8' }));
  };
  try {
    const data = [path('train-images-idx3'), '--labels', path('train-labels-idx1'), '--target', 'label'];
    const options = ['--layers', '512,512', '--dropout', '0.4', '--epochs', '30', '--seed', String(seed)];
    const { seconds } = myelin('train', ...data, ...options, '--out', model);
    const { accuracy } = myelin('evaluate', model, path('t10k-images-idx3'), '--labels', path('t10k-labels-idx1'));
    return { found: [100 * accuracy], seconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const tasks = {
  adult: {
    least: 85.5,
    sklearn: 85.4,
    load: async () => ({
      target: 'column15',
      cases: [[await readCsv(file('adult-train.csv')), withoutDots(await readCsv(file('adult-test.csv')))]],
    }),
  },
  optdigits: {
    least: 97.5,
    sklearn: 96.4,
    load: async () => ({
      target: 'Class',
      cases: [[await readCsv(file('optdigits.tra')), await readCsv(file('optdigits.tes'))]],
    }),
  },
  sonar: { least: 86, sklearn: 85.6, load: folds('sonar.csv', undefined, true) },
  ionosphere: { least: 94, sklearn: 93.4, load: folds('ionosphere.csv', undefined, true) },
  'california-housing': {
    most: 50500,
    sklearn: 51340,
    load: async (seed) => {
      const table = await readCsv(file('california-housing.csv'));
      return { target: 'median_house_value', cases: parts(table, [split(table, { test: 0.2, seed })]) };
    },
  },
  'wine quality red': { most: 0.63, sklearn: 0.636, load: folds('winequality-red.csv') },
  abalone: { most: 2.1, sklearn: 2.105, load: folds('abalone.csv') },
  energy: { most: 0.6, sklearn: 0.61, load: given('energy') },
  concrete: { most: 4.85, sklearn: 4.88, load: given('concrete') },
  yacht: { most: 0.9, sklearn: 1.14, load: given('yacht') },
  mnist: { least: 98.4, sklearn: '', named: true, measure: digits },
};

/** Scores of a seed on all cases of a task, and the seconds of processor that fitting took. */
async function fits({ load, least }, seed) {
  const { target, cases } = await load(seed);
  const found = [];
  let seconds = 0;
  for (const [i, [train, test]] of cases.entries()) {
    if (values.rotate && cases.length > 1 && i % Number(values.seeds) !== seed) continue;
    const began = process.cpuUsage();
    const pipeline = await tabular({ target, seed, backend }).fit(train);
    const { user, system } = process.cpuUsage(began);
    seconds += (user + system) / 1e6;
    const metrics = pipeline.evaluate(test);
    found.push(least === undefined ? metrics.rmse : 100 * metrics.accuracy);
  }
  return { found, seconds };
}

const only = values.only?.split(',');
const results = [];
console.log('data                 reached          aim   scikit-learn  seconds a fit');
for (const [name, task] of Object.entries(tasks)) {
  const { least, most, sklearn, named, measure } = task;
  if (only ? !only.includes(name) : named) continue;
  const scores = [];
  let seconds = 0;
  let count = 0;
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const { found, seconds: taken } = measure ? measure(seed) : await fits(task, seed);
    seconds += taken;
    count += found.length;
    scores.push(found.reduce((sum, score) => sum + score, 0) / found.length);
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
  const places = mean > 1000 ? 0 : 3;
  const met = least === undefined ? mean <= most : mean >= least;
  const shown = `${mean.toFixed(places)} +- ${deviation.toFixed(places)}`;
  console.log(
    `${name.padEnd(20)} ${shown.padEnd(16)} ${String(least ?? most).padEnd(5)} ${String(sklearn).padEnd(13)} ${(seconds / count).toFixed(1).padEnd(6)} ${met ? 'met' : 'MISSED'}`,
  );
  results.push({ name, mean, deviation, scores, aim: least ?? most, sklearn, met, seconds: seconds / count });
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
