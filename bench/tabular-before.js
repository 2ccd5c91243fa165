// Reading and default fits of this build and of another, in turns in one process: `tabular-time.js --before FOLDER`.
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from './bundle-before.js';

/** Default fits that are compared: the file, its target, options of reading. */
const FITS = [
  { file: 'uci/adult-train.csv', target: 'last', read: { header: false } },
  { file: 'uci/california-housing.csv', target: 'median_house_value', read: {} },
];

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

async function libraryOf(root) {
  const open = (name) => import(pathToFileURL(join(root, 'build', name)).href);
  const [{ readCsv, tabular }, { auto }] = [await open('data.js'), await open('index.js')];
  return { readCsv, tabular, backend: await auto() };
}

/** Seconds of the processor. */
async function time(work) {
  const began = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(began);
  return { seconds: (user + system) / 1e6, result };
}

/**
 * Median seconds of both, and the median ratio of their pairs, which a slow spell of the machine disturbs less. They change
 * places in every other round; the first round only warms up.
 */
async function inTurns(rounds, now, before) {
  const spent = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const turns = [
      [0, now],
      [1, before],
    ];
    for (const [i, work] of round % 2 === 0 ? turns : turns.toReversed()) {
      const { seconds } = await time(work);
      if (round > 0) spent[i].push(seconds);
    }
  }
  const [ours, theirs] = spent;
  return { now: median(ours), before: median(theirs), ratio: median(ours.map((seconds, i) => seconds / theirs[i])) };
}

const cell = (value, width) => String(value).padStart(width);

function line(name, { now, before, ratio }, times = 1) {
  const seconds = [now, before].map((all) => cell((all / times).toFixed(4), 10));
  console.log([name.padEnd(34), ...seconds, cell(ratio.toFixed(3), 7)].join(' '));
}

function head(name) {
  console.log(`${name.padEnd(34)} ${cell('now, s', 10)} ${cell('before, s', 10)} ${cell('ratio', 7)}`);
}

/** `paths` are read; `data` is the folder of data sets. */
export async function compare({ before, paths, data, rounds, fits }) {
  const ours = await libraryOf(join(import.meta.dirname, '..'));
  const theirs = await libraryOf(packageRoot(before));
  const known = FITS.filter(({ file }) => existsSync(join(data, file)));
  for (const { file } of FITS) if (!known.some((fit) => fit.file === file)) console.log(`no ${join(data, file)}`);
  const files = [
    ...paths.map((path) => ({ path, read: {} })),
    ...known.map((fit) => ({ ...fit, path: join(data, fit.file) })),
  ];
  head('reading');
  for (const { path, read } of files) {
    // Short readings are repeated, since the processor's time has steps.
    const { seconds } = await time(() => ours.readCsv(path, read));
    const times = Math.max(1, Math.ceil(0.1 / seconds));
    const work =
      ({ readCsv }) =>
      async () => {
        for (let i = 0; i < times; i++) await readCsv(path, read);
      };
    const size = (statSync(path).size / 1e6).toFixed(1);
    line(`${basename(path)}, ${size} MB`, await inTurns(10 * rounds, work(ours), work(theirs)), times);
  }
  if (!fits) return;
  head('default fit');
  for (const { file, target, read } of known) {
    const work = async (library) => {
      const table = await library.readCsv(join(data, file), read);
      const column = target === 'last' ? table.columns.at(-1).name : target;
      return () => library.tabular({ target: column, backend: library.backend }).fit(table);
    };
    line(basename(file), await inTurns(rounds, await work(ours), await work(theirs)));
  }
}
