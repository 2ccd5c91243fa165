import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Before } from './before.js';
import { COLD_START, measureColdStart } from './cold.js';
import { type CoreReport, coreCases, measureCore } from './core.js';
import { formatEngines } from './engines.js';
import type { Effort, Named } from './measure.js';
import { describeMachine, formatReport, type Machine, type Report, toJson } from './report.js';
import { measureSaving, type SavingRow, savingCases } from './saving.js';
import { measureThreads, type ThreadTiming, threadGroups, threadRow } from './threads.js';
import { measureWorkers, type WorkerRow, workerCases } from './worker.js';

const USAGE = `npm run bench -- [--quick] [--only REGEX] [--json FILE] [--before FOLDER] [--node PATH,...]
  --quick  a few seconds' smoke: few rounds, few cases
  --only   cases whose name matches, such as 'step W2' or 'kernel denseForward .* exact'; --list shows all
  --json   also writes the numbers to a file
  --before another built copy of the package (its folder, or its build/), which runs in the same processes, in turns
           with this one; every table gets a column 'ratio': the time here over the time there
  --node   other engines, by the paths of their programs (Node, Deno, Bun): everything is measured under each after this
           one, and a last table has their times side by side
  --goals  measures the goals of a release in place of all else (bench/goals/rows.js), those whose row matches --only; --json
           writes { goals: [{ row, seen, goal, met, reason }] }. It takes half an hour, on cores that have nothing else to do`;

interface Efforts {
  readonly core: Effort;
  readonly threads: Effort;
  readonly starts: number;
  readonly saves: number;
}

const FULL: Efforts = {
  core: { rounds: 15, sampleMs: 1, warmUpMs: 40, budgetMs: 300, fewest: 2 },
  // A neighbour on either core disturbs these, so more samples of more steps.
  threads: { rounds: 15, sampleMs: 5, warmUpMs: 100, budgetMs: 2000, fewest: 9 },
  starts: 15,
  saves: 25,
};
const SMOKE: Effort = { rounds: 3, sampleMs: 0.1, warmUpMs: 1, budgetMs: 10, fewest: 1 };
const QUICK: Efforts = { core: SMOKE, threads: SMOKE, starts: 3, saves: 3 };

/** What a process of its own measures: `core` on one core, the others on all. It prints the numbers as JSON. */
type Part = 'core' | 'threads' | 'workers' | 'saving';

/** What the part `core` prints. */
type PinnedReport = CoreReport & { readonly machine: Machine };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    before: { type: 'string' },
    node: { type: 'string', default: '' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    part: { type: 'string' },
  },
});
const { quick } = values;
const effort = quick ? QUICK : FULL;
const only = new RegExp(values.only);
const select = <T extends Named>(cases: readonly T[]): readonly T[] =>
  cases.filter((item) => only.test(item.name) && (item.quick || !quick));

const groups = select(threadGroups);
const workers = select(workerCases);
const saving = select(savingCases);
const cold = select([{ name: COLD_START, quick: true }]);

/** The package's folder, as run.js found it. */
const root = values.before;

// Only parts measure.
const before = root === undefined || values.part === undefined ? undefined : await Before.load(root);

async function corePart(): Promise<PinnedReport> {
  const cases = await coreCases(select, quick);
  const theirs = await before?.attempt('core', (library) => library.coreCases(select, quick));
  const rival = before && theirs && { build: before, cases: theirs };
  return { ...(await measureCore(cases, effort.core, rival)), machine: describeMachine() };
}

/** How a program of an engine is started with this bundle. */
function commandOf(engine: string): readonly string[] {
  if (engine === process.execPath) return [engine, ...process.execArgv, ...process.argv.slice(1)];
  const { stdout, error } = spawnSync(engine, ['--version'], { encoding: 'utf8' });
  if (error) throw new Error(`--node ${engine}: ${error.message}`);
  const flags = stdout.startsWith('deno') ? ['run', '-A'] : [];
  return [engine, ...flags, ...process.argv.slice(1)];
}

/** Runs a part in a process of its own, on one core where the system can promise one and it asks for that. */
function run<T>(part: Part, engine: string): T {
  const self = [...commandOf(engine), '--part', part];
  const pin = ['taskset', '-c', '0'];
  const canPin = part === 'core' && process.platform === 'linux' && spawnSync(pin[0]!, [...pin.slice(1), 'true']);
  const [program, ...args] = canPin && canPin.status === 0 ? [...pin, ...self] : self;
  const { stdout, status, error } = spawnSync(program!, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error) throw error;
  // What went wrong stands on stderr.
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout) as T;
}

async function measureAll(engine: string): Promise<Report> {
  const { machine, peak, steps, ...core } = run<PinnedReport>('core', engine);
  const timings = groups.length > 0 ? run<ThreadTiming[]>('threads', engine) : [];
  const hosted = workers.length > 0 ? { workers: run<WorkerRow[]>('workers', engine) } : {};
  const saved = saving.length > 0 ? { saving: run<SavingRow[]>('saving', engine) } : {};
  const started = cold.length > 0 ? { coldStart: await measureColdStart(effort.starts, engine, root) } : {};
  const { cores } = describeMachine();
  return {
    ...core,
    ...hosted,
    ...saved,
    ...started,
    peak: { ...peak, ...machine, cores },
    steps: [...steps, ...timings.map((timing) => threadRow(timing, peak.gflops))],
  };
}

if (values.help) {
  console.log(USAGE);
} else if (values.list) {
  const { peaks, kernels, bandwidth, steps, convergence, staging, fit } = await coreCases(select, quick);
  const trained = [...peaks, ...kernels, ...bandwidth, ...steps, ...convergence, ...staging, ...fit];
  const all = [...trained, ...groups, ...workers, ...saving, ...cold];
  console.log(all.map(({ name }) => name).join('\n'));
} else if (values.part === 'core') {
  console.log(JSON.stringify(await corePart()));
} else if (values.part === 'threads') {
  console.log(JSON.stringify(await measureThreads(groups, effort.threads, before)));
} else if (values.part === 'workers') {
  console.log(JSON.stringify(await measureWorkers(workers, effort.threads, quick, before)));
} else if (values.part === 'saving') {
  console.log(JSON.stringify(await measureSaving(saving, effort.saves, before)));
} else {
  const reports: Report[] = [];
  for (const engine of [process.execPath, ...values.node.split(',').filter(Boolean)]) {
    const report = await measureAll(engine);
    if (reports.length > 0) console.log('');
    console.log(formatReport(report));
    reports.push(report);
  }
  const [first, ...others] = reports;
  if (others.length > 0) console.log(`\n${formatEngines(reports)}`);
  if (values.json !== undefined) writeFileSync(values.json, toJson(first!, others));
}
