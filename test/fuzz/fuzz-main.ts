import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { fuzzMeaning } from './fuzz-meaning.js';
import { fuzzModels } from './fuzz-models.js';
import { fuzzTables } from './fuzz-tables.js';
import { fuzz } from './hostile.js';

// npm run fuzz -- files --count 1000000 --seed 5     mutated model files: refused or loaded, nothing else
// npm run fuzz -- meaning --count 100000 --seed 1   model files that say something else, loaded and used. --from N begins at input N
// npm run fuzz -- models --count 100000 --seed 1     random models on all paths: the same bits. --from N begins at run N
// npm run fuzz -- tables --count 100000 --seed 1     random tables, written and read back: the same cells
// --limit 60: seconds that an input of the last three may take; the one that takes longer is named, and ends the run

const { values, positionals } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    limit: { type: 'string', default: '60' },
  },
  allowPositionals: true,
});
const [count, seed, from, limit] = [values.count, values.seed, values.from, values.limit].map(Number) as [
  number,
  number,
  number,
  number,
];

/** The input that is under way, which the thread that waits sees. */
const tell = (input: number) => {
  Atomics.store(workerData as Int32Array, 0, input);
  if (input % 1000 === 0) console.log(`input ${input}`);
};

const fuzzers: Readonly<Record<string, () => object | Promise<object>>> = {
  files: () => fuzz(count, seed),
  tables: () => fuzzTables(count, seed, from, tell),
  meaning: () => fuzzMeaning('test/fixtures/saved/2026-11-21', count, seed, { from, tell }),
  models: () => fuzzModels(count, seed, { from, tell }),
};

const [kind = 'files'] = positionals;
const run = fuzzers[kind];
if (!run) throw new Error(`npm run fuzz -- ${Object.keys(fuzzers).join(' | ')}: there is no fuzzer ${kind}.`);
if (isMainThread) watch();
else {
  const began = performance.now();
  const result = await run();
  const told = Object.entries(result).map(([name, value]) => `${value} ${name}`);
  console.log(`${kind} of seed ${seed} in ${((performance.now() - began) / 1000).toFixed(1)} s: ${told.join(', ')}`);
}

/** Runs the fuzzer in a thread of its own: one input that hangs would keep this one from saying which. */
function watch(): void {
  const current = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const thread = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: current });
  let [input, since] = [-1, performance.now()];
  const timer = setInterval(() => {
    const now = Atomics.load(current, 0);
    if (now !== input) [input, since] = [now, performance.now()];
    else if (input >= 0 && performance.now() - since > limit * 1000) {
      console.error(`input ${input} of seed ${seed} takes more than ${limit} s: --from ${input} --count 1`);
      process.exit(1);
    }
  }, 200);
  thread.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  thread.on('exit', () => clearInterval(timer));
}
