import { availableParallelism, cpus } from 'node:os';
import type { BandwidthRow } from './bandwidth.js';
import type { ColdStart } from './cold.js';
import type { Convergence } from './convergence.js';
import type { FitCostRow } from './fit-cost.js';
import type { KernelRow } from './kernels.js';
import type { Peak } from './peak.js';
import type { SavingRow } from './saving.js';
import type { StagingRow } from './staging.js';
import type { StepRow } from './steps.js';
import { digits, formatTable, percent } from './table.js';
import type { ThreadRow } from './threads.js';
import type { WorkerRow } from './worker.js';

export interface Machine {
  readonly cpu: string;
  readonly node: string;
  readonly pinned: boolean;
  /** That a process may use; steps on several threads were not pinned. */
  readonly cores: number;
}

export interface Report {
  readonly peak: Peak & Machine;
  readonly kernels: readonly KernelRow[];
  readonly bandwidth: readonly BandwidthRow[];
  /** Those with more than one thread last. */
  readonly steps: readonly (StepRow | ThreadRow)[];
  readonly convergence?: Convergence;
  readonly staging: readonly StagingRow[];
  readonly fit: readonly FitCostRow[];
  readonly workers?: readonly WorkerRow[];
  readonly saving?: readonly SavingRow[];
  readonly coldStart?: ColdStart;
}

/** Such as "Node v20.20.2". */
function engineName(): string {
  const { deno, bun } = process.versions;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${process.version}` : `Bun ${bun}`;
}

export function describeMachine(): Machine {
  const all = cpus();
  const cores = availableParallelism();
  return { cpu: all[0]?.model.trim() ?? 'unknown', node: engineName(), pinned: cores < all.length, cores };
}

/** The report as data, and those of `others`, under which it was repeated; a call's duration follows from the rest. */
export function toJson(report: Report, others: readonly Report[] = []): string {
  const plain = (of: Report) => ({ ...of, kernels: of.kernels.map(({ us: _, ...row }) => row) });
  const engines = others.length > 0 ? { engines: others.map(plain) } : {};
  return `${JSON.stringify({ ...plain(report), ...engines }, null, 2)}\n`;
}

/** The head of a column of ratios, where any of the rows has one. */
function ratioHead(rows: readonly { readonly ratio?: number }[]): readonly string[] {
  return rows.some(({ ratio }) => ratio !== undefined) ? ['ratio'] : [];
}

function ratioCell(head: readonly string[], ratio: number | undefined): readonly string[] {
  return head.map(() => ratio?.toFixed(3) ?? '');
}

/** Rows that differ only in their build, side by side. */
function byBuild<Row extends { readonly build: string }>(rows: readonly Row[], key: (row: Row) => string) {
  const groups = new Map<string, Partial<Record<string, Row>> & { readonly any: Row }>();
  for (const row of rows) groups.set(key(row), { any: row, ...groups.get(key(row)), [row.build]: row });
  return [...groups.values()];
}

function productTable(rows: readonly KernelRow[]): string {
  const withFast = rows.some(({ build }) => build === 'fast');
  const head = ratioHead(rows);
  const lines = byBuild(rows, ({ kernel, shape }) => `${kernel} ${shape}`).map(({ any, exact, fast, typescript }) => [
    any.kernel,
    any.shape,
    digits(exact?.us),
    digits(exact?.gflops),
    percent(exact?.shareOfPeak),
    ...ratioCell(head, exact?.ratio),
    ...(withFast ? [digits(fast?.gflops), percent(fast?.shareOfPeak), ...ratioCell(head, fast?.ratio)] : []),
    digits(typescript?.gflops),
    percent(typescript?.shareOfPeak),
    ...ratioCell(head, typescript?.ratio),
  ]);
  return formatTable(
    [
      'product',
      'rows x inputs x units',
      'exact us',
      'GFLOP/s',
      'of peak',
      ...head,
      ...(withFast ? ['fast GFLOP/s', 'of peak', ...head] : []),
      'typescript GFLOP/s',
      'of peak',
      ...head,
    ],
    lines,
  );
}

function streamTable(rows: readonly KernelRow[]): string {
  const head = ratioHead(rows);
  const copies = new Map(rows.filter(({ kernel }) => kernel === 'copy').map((row) => [row.shape, row.gbPerSecond]));
  const ofCopy = ({ shape, gbPerSecond }: KernelRow) => {
    const copy = copies.get(shape);
    return copy && gbPerSecond ? percent(gbPerSecond / copy) : '';
  };
  const lines = byBuild(rows, ({ kernel, shape }) => `${kernel} ${shape}`).map(({ any, exact, typescript }) => [
    any.kernel,
    any.shape,
    digits(exact?.us),
    digits(exact?.nsPerElement),
    digits(exact?.gbPerSecond),
    exact ? ofCopy(exact) : '',
    ...ratioCell(head, exact?.ratio),
    digits(typescript?.nsPerElement),
    ...ratioCell(head, typescript?.ratio),
    exact && typescript ? `${digits(typescript.us / exact.us)}x` : '',
  ]);
  return formatTable(
    [
      'kernel',
      'shape',
      'exact us',
      'ns/element',
      'GB/s',
      'of copy',
      ...head,
      'typescript ns/element',
      ...head,
      'typescript/exact',
    ],
    lines,
  );
}

function bandwidthTables(rows: readonly BandwidthRow[]): readonly string[] {
  const table = (
    kind: BandwidthRow['kind'],
    head: readonly string[],
    share: (row: BandwidthRow) => readonly string[],
  ) => {
    const compared = ratioHead(rows);
    const lines = rows
      .filter((row) => row.kind === kind)
      .map((row) => [
        row.kernel,
        row.shape,
        digits(row.nsPerElement),
        digits(row.yardstickNs),
        ...share(row),
        row.ok ? 'ok' : 'MISSED',
        ...ratioCell(compared, row.ratio),
      ]);
    return lines.length === 0 ? [] : [formatTable([...head, ...compared], lines)];
  };
  const times = ({ ofYardstick, asked }: BandwidthRow) => [`${digits(ofYardstick)}x`, `${asked}x`];
  return [
    ...table('copy', ['like a copy', 'shape', 'ns/element', 'copy', 'times', 'at most', ''], times),
    ...table('loop', ['exponentials', 'shape', 'ns/element', 'plain loop', 'faster', 'at least', ''], times),
    ...table(
      'slab',
      ['optimizer', 'parameters', 'ns each', 'copy of as many bytes', 'speed of that', 'of a slab', 'at least', ''],
      ({ ofYardstick, asked, ofSameBytes }) => [percent(ofSameBytes), percent(ofYardstick), percent(asked)],
    ),
  ];
}

function stepTable(rows: readonly StepRow[]): string {
  const head = ratioHead(rows);
  const lines = byBuild(rows, ({ workload }) => workload).flatMap(({ any: _, ...builds }) =>
    Object.values(builds).map((row) => {
      const { workload, build, usPerStep, samplesPerSecond, shareOfPeak } = row!;
      const ofExact = builds.exact ? `${digits(usPerStep / builds.exact.usPerStep)}x` : '';
      const cells = [workload, build, digits(usPerStep), digits(samplesPerSecond), percent(shareOfPeak), ofExact];
      return [...cells, ...ratioCell(head, row!.ratio)];
    }),
  );
  return formatTable(['workload', 'build', 'us/step', 'samples/s', 'of peak', 'time/exact', ...head], lines);
}

function threadTable(rows: readonly ThreadRow[], cores: number): string {
  const head = ratioHead(rows);
  const lines = rows.map(({ workload, build, threads, usPerStep, oneThreadUsPerStep, shareOfPeak, speedup, ratio }) => [
    `${workload} ${build}, ${threads} threads`,
    digits(usPerStep),
    digits(oneThreadUsPerStep),
    `${speedup.toFixed(2)}x`,
    percent(shareOfPeak),
    ...ratioCell(head, ratio),
  ]);
  const trips = rows.flatMap(({ roundTripNs }) => roundTripNs).map(Math.round);
  const names = [
    `threads, on ${cores} cores, round trip ${Math.min(...trips)} to ${Math.max(...trips)} ns`,
    'us/step',
    'on one thread',
    'speedup',
    'of peak of all',
  ];
  return formatTable([...names, ...head], lines);
}

function workerTable(rows: readonly WorkerRow[]): string {
  const compared = ratioHead(rows);
  const lines = rows.map((row) => [
    `${row.workload} exact`,
    digits(row.usPerStep),
    digits(row.directUsPerStep),
    percent(row.throughput),
    percent(row.copied),
    percent(row.shared),
    digits(row.longestGapMs),
    digits(row.longestComputingMs),
    ...ratioCell(compared, row.ratio),
  ]);
  const head = [
    'fit in a worker',
    'us/step',
    'fit itself',
    'throughput, moved',
    'copied',
    'shared',
    'longest gap, ms',
    'computing',
    ...compared,
  ];
  return formatTable(head, lines);
}

function stagingTable(rows: readonly StagingRow[]): string {
  const head = ratioHead(rows);
  const lines = rows.map(({ workload, build, usPerBatch, usPerStep, shareOfStep, ratio }) => [
    `${workload} ${build}`,
    digits(usPerBatch),
    digits(usPerStep),
    `${(shareOfStep * 100).toFixed(2)}%`,
    ...ratioCell(head, ratio),
  ]);
  return formatTable(['staging of shuffled rows', 'us/batch', 'us/step of fit', 'of step', ...head], lines);
}

function fitTable(rows: readonly FitCostRow[]): string {
  const head = ratioHead(rows);
  const lines = rows.map(({ workload, build, usBare, usPlain, usPerStep, share, ratio }) => [
    `${workload} ${build}`,
    digits(usBare),
    digits(usPlain),
    digits(usPerStep),
    `${(share * 100).toFixed(1)}%`,
    ...ratioCell(head, ratio),
  ]);
  return formatTable(
    ['a step of fit', 'us, without fit', 'us, plain', 'us, callbacks and metrics', 'these two add', ...head],
    lines,
  );
}

function savingTable(rows: readonly SavingRow[]): string {
  const head = ratioHead(rows);
  const lines = rows.map(({ model, megabytes, saveMs, writeMs, shareOfWrite, loadMs, readMs, ratio, loadRatio }) => [
    model,
    digits(megabytes),
    digits(saveMs),
    ...ratioCell(head, ratio),
    digits(writeMs),
    percent(shareOfWrite),
    digits(loadMs),
    ...ratioCell(head, loadRatio),
    digits(readMs),
  ]);
  return formatTable(
    ['saving', 'MB', 'save, ms', ...head, 'plain write and fsync', 'speed of that', 'load, ms', ...head, 'plain read'],
    lines,
  );
}

function coldStartTable(row: ColdStart): string {
  const { workload, ratios } = row;
  const names = {
    ms: 'process to the end of its first step, ms',
    bareMs: 'node -e 0, ms',
    overBareMs: 'the first over the second, ms',
    bundleKb: 'bundle, minified, KB',
    bundleGzipKb: 'the same with gzip, KB',
    fitGzipKb: 'and with what a plain fit loads, KB',
    onDemandGzipKb: 'all on demand (fit, streams, threads, fast arithmetic ...), gzip, KB',
  } as const;
  const head = ratios ? ['ratio'] : [];
  const lines = (Object.keys(names) as (keyof typeof names)[]).map((key) => [
    names[key],
    digits(row[key]),
    ...ratioCell(head, (ratios as Partial<Record<string, number>> | undefined)?.[key]),
  ]);
  return formatTable([`cold start, ${workload} exact`, '', ...head], lines);
}

function convergenceTable({ workload, build, usPerStep, ratios }: Convergence): string {
  const head = ratios ? ['ratio'] : [];
  const lines = Object.entries(usPerStep).map(([stage, us]) => [
    `${workload} ${build}, ${stage}`,
    digits(us),
    `${digits(us / usPerStep.fresh!)}x`,
    ...ratioCell(head, ratios?.[stage]),
  ]);
  return formatTable(['convergence', 'us/step', 'over fresh', ...head], lines);
}

export function formatReport(report: Report): string {
  const { peak, kernels, bandwidth, steps, convergence, staging, fit, workers, saving, coldStart } = report;
  const products = kernels.filter(({ gflops }) => gflops !== null);
  const streams = kernels.filter(({ gflops }) => gflops === null);
  const fused = peak.fusedGflops === undefined ? '' : `, fused ${digits(peak.fusedGflops)}`;
  const loops = Object.entries(peak.loops).map(([loop, gflops]) => `${loop} ${digits(gflops)}`);
  const parts = [
    `${peak.cpu}, ${peak.node}, ${peak.pinned ? 'pinned to one core' : 'not pinned'}\n` +
      `peak of plain 128-bit multiply + add: ${digits(peak.gflops)} GFLOP/s${fused} (${loops.join(', ')})`,
  ];
  if (products.length > 0) parts.push(productTable(products));
  if (streams.length > 0) parts.push(streamTable(streams));
  parts.push(...bandwidthTables(bandwidth));
  const threaded = steps.filter((row): row is ThreadRow => row.threads > 1);
  const alone = steps.filter(({ threads }) => threads === 1);
  if (alone.length > 0) parts.push(stepTable(alone));
  if (convergence) parts.push(convergenceTable(convergence));
  if (staging.length > 0) parts.push(stagingTable(staging));
  if (fit.length > 0) parts.push(fitTable(fit));
  if (threaded.length > 0) parts.push(threadTable(threaded, peak.cores));
  if (workers) parts.push(workerTable(workers));
  if (saving) parts.push(savingTable(saving));
  if (coldStart) parts.push(coldStartTable(coldStart));
  return parts.join('\n\n');
}
