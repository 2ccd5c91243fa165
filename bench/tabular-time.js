// How long it takes from a file to a model. Build first.
//   node bench/tabular-time.js --scaling [--rows 40000]     reading and fitting n, 2n, 4n and 8n rows, and the exponent
//   node bench/tabular-time.js --predict 1000              `myelin predict` of a file of so many MB: its memory and pace
//   node bench/tabular-time.js --adult [--before FOLDER] [--data FOLDER] [--python /usr/bin/python3] [--rounds 5] [--json FILE]
//     `myelin train --report` on adult, all of it, next to the training alone of scikit-learn's MLPClassifier with the same
//     layers, batches and epochs; in turns, on one core where there is `taskset`
//   node bench/tabular-time.js --pixels [--before FOLDER] [--data FOLDER] [--rounds 3]
//     `myelin train` of MNIST as idx: its memory, and the processor's time for an epoch and for all else, by runs of 2 and 4
//   node bench/tabular-time.js --before FOLDER [--reading] [--rows 40000] [--data FOLDER] [--rounds 5]
//     reading those files, adult and california-housing, and default fits of these two, next to another built copy of the
//     package in the same process, in turns, and the ratio of both; --reading leaves the fits out. Pin it: taskset -c 0 node ...

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCsv, tabular } from '../build/data.js';
import { auto } from '../build/index.js';
import { compare } from './tabular-before.js';

const { values } = parseArgs({
  options: {
    scaling: { type: 'boolean' },
    rows: { type: 'string', default: '40000' },
    predict: { type: 'string' },
    adult: { type: 'boolean' },
    before: { type: 'string' },
    pixels: { type: 'boolean' },
    reading: { type: 'boolean' },
    data: { type: 'string', default: resolve(import.meta.dirname, '../../shared/data') },
    python: { type: 'string', default: '/usr/bin/python3' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'myelin-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** A CSV of numbers, texts and missing values, the same for the same count. */
function rowsOf(count) {
  const lines = ['age,city,income,height,product,returned'];
  for (let i = 0; i < count; i++) {
    const noise = Math.sin(i * i + 0.1);
    const age = 18 + ((i * 7) % 60);
    const income = i % 50 === 0 ? '' : (20000 + 900 * age * (1 + noise)).toFixed(2);
    const product = `article ${(i * 31) % 40}`;
    lines.push(
      `${age},city ${(i * 13) % 25},${income},${(1.7 + 0.2 * noise).toFixed(3)},${product},${(i * 13) % 5 < 2 ? 'yes' : 'no'}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const counts = [1, 2, 4, 8].map((factor) => factor * Number(values.rows));

/** Files of so many rows. */
function files() {
  return counts.map((count) => {
    const path = join(folder, `${count}.csv`);
    writeFileSync(path, rowsOf(count));
    return path;
  });
}

async function scaling() {
  const backend = await auto();
  const paths = files();
  // The same design for all, as defaults choose fewer epochs for more rows.
  const design = { target: 'returned', members: 1, epochs: 2, batchSize: 64, backend };
  const times = counts.map(() => ({ read: [], fit: [] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, path] of paths.entries()) {
      const began = process.cpuUsage();
      const table = await readCsv(path);
      const read = process.cpuUsage(began);
      await tabular(design).fit(table);
      const all = process.cpuUsage(began);
      if (round === 0) continue;
      times[i].read.push((read.user + read.system) / 1e6);
      times[i].fit.push((all.user + all.system - read.user - read.system) / 1e6);
    }
  }
  /** The slope of a line through logarithms. */
  const exponent = (seconds) => {
    const x = counts.map(Math.log);
    const y = seconds.map(Math.log);
    const [mx, my] = [x, y].map((list) => list.reduce((a, b) => a + b) / list.length);
    const top = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
    return top / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  };
  const read = times.map((time) => median(time.read));
  const fit = times.map((time) => median(time.fit));
  console.log('rows      reading, s  fitting, s  both, us a row');
  counts.forEach((count, i) => {
    const both = ((read[i] + fit[i]) / count) * 1e6;
    console.log(
      `${String(count).padEnd(9)} ${read[i].toFixed(4).padEnd(11)} ${fit[i].toFixed(3).padEnd(11)} ${both.toFixed(1)}`,
    );
  });
  const both = exponent(read.map((seconds, i) => seconds + fit[i]));
  console.log(
    `exponent  ${exponent(read).toFixed(2).padEnd(11)} ${exponent(fit).toFixed(2).padEnd(11)} ${both.toFixed(2)}`,
  );
}

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

/** Runs a command on one core; returns what it printed, and how long it took. */
function run(command, args) {
  const pinned = hasTaskset ? ['taskset', '-c', '0', command, ...args] : [command, ...args];
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(pinned[0], pinned.slice(1), { encoding: 'utf8', cwd: folder, env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return { stdout, stderr, wall: (performance.now() - began) / 1000 };
}

const script = resolve(import.meta.dirname, '../build/cli.js');

/** The command of `args`, with what the process says of its use of `what` as it ends. */
function measured(what, args, command = script) {
  const usage = `process.on('exit', () => console.error('usage ' + JSON.stringify(process.${what}())))`;
  const { stdout, stderr, wall } = run(process.execPath, [
    '--import',
    `data:text/javascript,${usage}`,
    command,
    ...args,
  ]);
  return { stdout, wall, usage: JSON.parse(/^usage (.*)$/m.exec(stderr)[1]) };
}

function predict(megabytes) {
  const rows = 20_000;
  const text = rowsOf(rows);
  const train = join(folder, 'train.csv');
  writeFileSync(train, text);
  run(process.execPath, [
    script,
    'train',
    train,
    '--target',
    'returned',
    '--out',
    'model.myelin',
    '--epochs',
    '2',
    '--quiet',
  ]);
  const header = text.indexOf('\n') + 1;
  const block = text.slice(header);
  const path = join(folder, 'long.csv');
  const file = openSync(path, 'w');
  writeSync(file, text.slice(0, header));
  const blocks = Math.ceil((megabytes * 1e6) / block.length);
  for (let i = 0; i < blocks; i++) writeSync(file, block);
  closeSync(file);
  const { usage, wall } = measured('resourceUsage', ['predict', 'model.myelin', path, '--out', 'out.csv', '--quiet']);
  const size = statSync(path).size / 1e6;
  const resident = (usage.maxRSS * 1024) / 1e6;
  console.log(
    `predict of ${size.toFixed(0)} MB, ${blocks * rows} rows: ${resident.toFixed(0)} MB resident at most, ${wall.toFixed(0)} s, ${(size / wall).toFixed(1)} MB/s`,
  );
}

function adult() {
  const path = join(values.data, 'uci/adult-train.csv');
  if (!existsSync(path) || spawnSync(values.python, ['-c', 'import sklearn']).status !== 0) {
    console.log(`needs ${path} and ${values.python} with scikit-learn: nothing to measure`);
    return;
  }
  const train = ['train', path, '--target', 'last', '--report', 'report.html', '--json'];
  const trained = (command) => () => {
    const { stdout, usage, wall } = measured('cpuUsage', train, command);
    const { user, system } = usage;
    return { wall, cpu: (user + system) / 1e6, result: JSON.parse(stdout) };
  };
  const myelin = trained(script);
  const { design, members } = myelin().result.record;
  const epochs = members[0].history.loss.length;
  const sklearn = (dtype) => () => {
    const args = [path, design.layers.join(), String(design.batchSize), String(epochs), dtype];
    return JSON.parse(run(values.python, [resolve(import.meta.dirname, 'adult.py'), ...args]).stdout);
  };
  const earlier = values.before && { before: trained(resolve(values.before, 'build/cli.js')) };
  const subjects = { myelin, ...earlier, float64: sklearn('float64'), float32: sklearn('float32') };
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, subject] of Object.entries(subjects)) times[name].push(subject());
  }
  const of = (name, what) => median(times[name].map((time) => time[what]));
  console.log(
    `adult, layers ${design.layers}, batches of ${design.batchSize}, ${epochs} epochs; seconds of processor (and clock)`,
  );
  const line = (text, name) =>
    console.log(`${text.padEnd(58)} ${of(name, 'cpu').toFixed(2)} (${of(name, 'wall').toFixed(2)})`);
  line('Myelin: start, file, preprocessing, training, report', 'myelin');
  for (const name of ['float64', 'float32']) line(`scikit-learn: training alone, ${name}`, name);
  const ratios = {};
  for (const name of Object.keys(subjects).slice(1)) {
    ratios[name] = median(times.myelin.map(({ cpu }, i) => cpu / times[name][i].cpu));
    console.log(`ratio to ${name}: ${ratios[name].toFixed(2)}`);
  }
  if (values.json) writeFileSync(values.json, JSON.stringify(ratios));
}

function pixels() {
  const path = (name) => join(values.data, 'mnist', `${name}-ubyte.gz`);
  const data = [path('train-images-idx3'), '--labels', path('train-labels-idx1'), '--target', 'label'];
  const builds = { now: script, ...(values.before && { before: join(resolve(values.before), 'build/cli.js') }) };
  const seen = Object.fromEntries(Object.keys(builds).map((name) => [name, { resident: [], two: [], four: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(builds)) {
      for (const [epochs, times] of Object.entries({ 2: seen[name].two, 4: seen[name].four })) {
        const args = ['train', ...data, '--out', 'pixels.myelin', '--quiet', '--epochs', epochs];
        const { userCPUTime, systemCPUTime, maxRSS } = measured('resourceUsage', args, command).usage;
        times.push((userCPUTime + systemCPUTime) / 1e6);
        seen[name].resident.push(maxRSS / 1024);
      }
    }
  }
  const epochs = 8;
  for (const [name, { resident, two, four }] of Object.entries(seen)) {
    const epoch = (median(four) - median(two)) / 2;
    const rest = median(two) - 2 * epoch;
    const share = (100 * rest) / (rest + epochs * epoch);
    console.log(
      `${name.padEnd(7)} ${Math.max(...resident).toFixed(0)} MB resident at most, ${epoch.toFixed(2)} s an epoch, ${rest.toFixed(2)} s beside: ${share.toFixed(0)}% of ${epochs} epochs`,
    );
  }
}

if (values.scaling) await scaling();
if (values.pixels) pixels();
if (values.adult) adult();
if (values.predict) predict(Number(values.predict));
if (values.before && !values.pixels && !values.adult) {
  const { before, data, reading } = values;
  await compare({ before, paths: files(), data, rounds, fits: !reading });
}
if (!values.scaling && !values.adult && !values.predict && !values.pixels && !values.before)
  console.log('say --scaling, --adult, --predict 1000, --pixels or --before FOLDER');
