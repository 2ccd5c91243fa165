// The goals of a release: each row is measured by a script of its own, in turns with what it is compared with. Rows of a group come
// from one run. `seen` is a ratio of times unless `more` says that it is how many times as fast; `null` comes with a reason.

/** What a group's script printed, or wrote as JSON where `json` is among its arguments. */
const number = (pattern) => (text) => {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`printed nothing like ${pattern}`);
  return Number(found);
};

const stepsOf = (report, workload, build) =>
  report.steps.find((row) => row.workload === workload && row.build === build && row.threads === 1);

const unchanged = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'I1, 1 row', 'I1, 256 rows'].flatMap((name) =>
  ['exact', 'fast'].map((build) => ({
    row: `${name.replaceAll(/, (\d+) rows?/g, '-$1')}-${build}`,
    goal: 1.02,
    read: (report) => stepsOf(report, name, build)?.ratio ?? null,
  })),
);

/** Goals of threads depend on what a round trip between two cores takes. */
const threaded = (row, near, far) => ({
  row: `threads-${row}`,
  more: true,
  goal: (report) => (roundTripOf(report) < 150 ? near : far),
  read: (report) => report.steps.find(({ workload, threads }) => workload === row && threads === 2)?.speedup ?? null,
});

const roundTripOf = ({ steps }) => Math.max(...steps.flatMap(({ roundTripNs = [] }) => roundTripNs));

const acrossEngines = (name) => ({
  row: `${name}-W4`,
  needs: name,
  read: ({ of, newest }) => stepsOf(of, 'W4', 'exact').usPerStep / stepsOf(newest, 'W4', 'exact').usPerStep,
});

/** `script` is of bench/; `bench` stands for the main benchmark. `pinned` runs on one core. */
export const groups = [
  {
    script: 'tabular-time.js',
    args: ['--adult'],
    before: true,
    json: true,
    rows: [
      { row: 'adult-before', goal: 0.7, read: ({ before }) => before },
      { row: 'adult-float64', goal: 0.84, read: ({ float64 }) => float64 },
      { row: 'adult-float32', goal: 1.3, read: ({ float32 }) => float32 },
    ],
  },
  {
    script: 'sparse.js',
    pinned: true,
    rows: [
      { row: 'sparse-forward', more: true, goal: 20, read: number(/^forward: .*1\/([\d.]+)/m) },
      { row: 'sparse-gradient', more: true, goal: 20, read: number(/^gradient .*1\/([\d.]+)/m) },
      { row: 'sparse-step', more: true, goal: 7, read: number(/^step .*1\/([\d.]+)/m) },
    ],
  },
  {
    script: 'lockstep.js',
    pinned: true,
    rows: [
      { row: 'lockstep-W1', goal: 0.18, read: number(/^lockstep-W1: .*ratio ([\d.]+)/m) },
      { row: 'lockstep-W2', goal: 0.85, read: number(/^lockstep-W2: .*ratio ([\d.]+)/m) },
      { row: 'lockstep-W3', goal: 1, read: number(/^lockstep-W3: .*ratio ([\d.]+)/m) },
    ],
  },
  {
    bench: ['--only', '^threads'],
    cores: 2,
    rows: [threaded('W4', 1.7, 1.35), threaded('W5', 1.85, 1.6), threaded('W6', 1.95, 1.85)],
  },
  {
    script: 'auto-threads.js',
    args: ['50'],
    cores: 2,
    rows: [{ row: 'threads-auto', more: true, goal: 0.98, read: number(/least ([\d.]+)/) }],
  },
  {
    script: 'members.js',
    json: true,
    cores: 2,
    rows: [{ row: 'members-2', more: true, goal: 1.85, read: ([{ seen }]) => seen }],
  },
  {
    script: 'small.js',
    pinned: true,
    rows: [
      { row: 'fit-W1', goal: 1.25, read: number(/^fit-W1 ([\d.]+)/m) },
      { row: 'fit-W2', goal: 1.03, read: number(/^fit-W2 ([\d.]+)/m) },
      { row: 'predict-1', goal: 1.05, read: number(/^predict-1 ([\d.]+)/m) },
    ],
  },
  { bench: ['--only', '^step (W|I1).* (exact|fast)$'], before: true, rows: unchanged },
  {
    engines: true,
    rows: [
      { ...acrossEngines('deno'), goal: 1.25 },
      { ...acrossEngines('bun'), goal: 1.35 },
    ],
  },
  {
    missing: 'there is no quantize in this tree',
    rows: [
      { row: 'int8-exact', more: true, goal: 1.7 },
      { row: 'int8-fast', more: true, goal: 1.4 },
    ],
  },
];
