import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COLD_START, measureColdStart } from './cold.js';
import { type CoreReport, coreCases, measureCore } from './core.js';
import type { Effort, Named } from './measure.js';
import { describeMachine, formatReport, type Machine, type Report, toJson } from './report.js';
import { measureSaving, type SavingRow, savingCases } from './saving.js';
import { measureThreads, type ThreadTiming, threadGroups, threadRow } from './threads.js';
import { measureWorkers, type WorkerRow, workerCases } from './worker.js';

const USAGE = `npm run bench -- [--quick] [--only REGEX] [--json FILE]
  --quick  a few seconds' smoke: few rounds, few cases
  --only   cases whose name matches, such as 'step W2' or 'kernel denseForward .* exact'; --list shows all
  --json   also writes the numbers to a file`;

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

async function corePart(): Promise<PinnedReport> {
  return { ...(await measureCore(await coreCases(select, quick), effort.core)), machine: describeMachine() };
}

/** Runs a part in a process of its own, on one core where the system can promise one and it asks for that. */
function run<T>(part: Part): T {
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--part', part];
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

async function measureAll(): Promise<Report> {
  const { machine, peak, steps, ...core } = run<PinnedReport>('core');
  const timings = groups.length > 0 ? run<ThreadTiming[]>('threads') : [];
  const hosted = workers.length > 0 ? { workers: run<WorkerRow[]>('workers') } : {};
  const saved = saving.length > 0 ? { saving: run<SavingRow[]>('saving') } : {};
  const started = cold.length > 0 ? { coldStart: await measureColdStart(effort.starts) } : {};
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
  console.log(JSON.stringify(await measureThreads(groups, effort.threads)));
} else if (values.part === 'workers') {
  console.log(JSON.stringify(await measureWorkers(workers, effort.threads, quick)));
} else if (values.part === 'saving') {
  console.log(JSON.stringify(await measureSaving(saving, effort.saves)));
} else {
  const report = await measureAll();
  console.log(formatReport(report));
  if (values.json !== undefined) writeFileSync(values.json, toJson(report));
}
