// Times training steps of Myelin and of other libraries. Each library runs in a process of its own, all on one core, and
// they take turns.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findLibraries } from './libraries.js';
import { measure } from './measure.js';
import { writeProblem } from './problem.js';
import { describeMachine, formatReport, toJson } from './report.js';
import { workloads } from './workloads.js';

const USAGE = `npm start -- [--quick] [--only REGEX] [--json FILE]
  --quick  W1, W2 and one row of I1, in under a minute
  --only   what matches 'library workload', such as '^(myelin|jax-js) W4'
  --json   also writes the numbers to a file`;

const FULL = { rounds: 9, sampleMs: 50, warmUpMs: 500, budgetMs: 1500, fewest: 2 };
const QUICK = { rounds: 3, sampleMs: 30, warmUpMs: 200, budgetMs: 300, fewest: 1 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function say(message) {
  console.error(message);
}

async function main() {
  const only = new RegExp(values.only);
  const libraries = findLibraries(say);
  const folder = mkdtempSync(join(tmpdir(), 'myelin-peers-'));
  const results = [];
  try {
    for (const workload of workloads) {
      if (values.quick && !workload.quick) continue;
      const chosen = libraries.filter(({ name }) => only.test(`${name} ${workload.name}`));
      if (chosen.length === 0) continue;
      say(`${workload.name}: ${chosen.map(({ name }) => name).join('; ')}`);
      const file = join(folder, 'problem');
      writeProblem(file, workload);
      results.push(...(await measure(workload, file, chosen, values.quick ? QUICK : FULL)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (results.some(({ short }) => short)) process.exitCode = 1;
  const machine = describeMachine(libraries, process.argv.slice(2));
  console.log(formatReport(results, machine));
  if (values.json !== undefined) writeFileSync(values.json, toJson(results, machine));
}

if (values.help) {
  console.log(USAGE);
} else if (!existsSync(new URL('../../build/index.js', import.meta.url))) {
  say('Build the library first: npm ci && npm run build, in its root.');
  process.exitCode = 1;
} else {
  await main();
}
