import { parseArgs } from 'node:util';
import { fuzzMeaning } from './fuzz-meaning.js';
import { fuzzModels } from './fuzz-models.js';
import { fuzzTables } from './fuzz-tables.js';
import { fuzz } from './hostile.js';

// npm run fuzz -- files --count 1000000 --seed 5     mutated model files: refused or loaded, nothing else
// npm run fuzz -- meaning --count 100000 --seed 1   model files that say something else, loaded and used. --from N begins at input N
// npm run fuzz -- models --count 100000 --seed 1     random models on all paths: the same bits. --from N begins at run N
// npm run fuzz -- tables --count 100000 --seed 1     random tables, written and read back: the same cells

const { values, positionals } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
  allowPositionals: true,
});
const [count, seed, from] = [values.count, values.seed, values.from].map(Number) as [number, number, number];

/** The input that is under way, for whoever waits: one that hangs says no more. */
const tell = (input: number) => {
  if (input % 1000 === 0) console.log(`input ${input}`);
};

const fuzzers: Readonly<Record<string, () => object | Promise<object>>> = {
  files: () => fuzz(count, seed),
  tables: () => fuzzTables(count, seed, from),
  meaning: () => fuzzMeaning('test/fixtures/saved/2026-11-21', count, seed, { from, tell }),
  models: () => fuzzModels(count, seed, { from }),
};

const [kind = 'files'] = positionals;
const run = fuzzers[kind];
if (!run) throw new Error(`npm run fuzz -- ${Object.keys(fuzzers).join(' | ')}: there is no fuzzer ${kind}.`);
const began = performance.now();
const result = await run();
const told = Object.entries(result).map(([name, value]) => `${value} ${name}`);
console.log(`${kind} of seed ${seed} in ${((performance.now() - began) / 1000).toFixed(1)} s: ${told.join(', ')}`);
