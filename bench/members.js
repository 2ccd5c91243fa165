// Row members-2: a whole `tabular` call, with members one after another and in workers, in turns. Build first.
//   node bench/members.js [--members 5] [--epochs 16] [--rounds 6] [--rows 30000] [--data FOLDER] [--threads auto] [--json FILE]
// Needs cores that are free. On a shared machine the best third of the turns of each side says what they would do alone; the
// medians of all turns stand beside it. Both sides must end in the same bits.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCsv, tabular } from '../build/data.js';

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '5' },
    epochs: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '6' },
    rows: { type: 'string', default: '30000' },
    threads: { type: 'string', default: 'auto' },
    data: { type: 'string', default: resolve(import.meta.dirname, '../../shared/data') },
    json: { type: 'string' },
  },
});

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const bestThird = (list) => median([...list].sort((a, b) => a - b).slice(0, Math.ceil(list.length / 3)));

const all = await readCsv(join(values.data, 'uci/adult-train.csv'), { header: false });
const table = all.take(Array.from({ length: Math.min(all.rows, Number(values.rows)) }, (_, i) => i));
const target = table.names.at(-1);
const threads = values.threads === 'auto' ? 'auto' : Number(values.threads);
const given = { target, members: Number(values.members), epochs: Number(values.epochs) };
const sides = { one: { ...given, threads: 1 }, many: { ...given, threads } };
const seconds = { one: [], many: [] };
const peaks = { one: 0, many: 0 };
const used = { one: [], many: [] };
let workers = 0;
let bytes;

for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of round % 2 ? ['many', 'one'] : ['one', 'many']) {
    const before = process.cpuUsage();
    const began = performance.now();
    const watch = setInterval(() => {
      peaks[name] = Math.max(peaks[name], process.memoryUsage.rss());
    }, 50);
    const onThreads = (count) => {
      if (name === 'many') workers = count;
    };
    const pipeline = await tabular(sides[name]).fit(table, { onThreads });
    clearInterval(watch);
    seconds[name].push((performance.now() - began) / 1000);
    const { user, system } = process.cpuUsage(before);
    used[name].push((user + system) / 1e6);
    const now = Buffer.from(pipeline.serialize());
    bytes ??= now;
    if (!now.equals(bytes)) throw new Error('the sides differ');
    console.log(`${name}: ${seconds[name].at(-1).toFixed(2)} s, processor ${used[name].at(-1).toFixed(2)} s`);
  }
}
const seen = bestThird(seconds.one) / bestThird(seconds.many);
const medians = median(seconds.one) / median(seconds.many);
const megabytes = (count) => `${Math.round(count / 2 ** 20)} MB`;
console.log(
  `members-2: ${workers} workers are ${seen.toFixed(2)} times as fast as one thread (best third), ${medians.toFixed(2)} by all medians;`,
);
console.log(
  `processor's time ${(median(used.many) / median(used.one)).toFixed(2)} times that of one thread, by medians;`,
);
console.log(`most memory in use ${megabytes(peaks.one)} and ${megabytes(peaks.many)}`);
if (values.json)
  writeFileSync(values.json, JSON.stringify([{ row: 'members-2', seen, goal: 1.85, met: seen >= 1.85 }]));
