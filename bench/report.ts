import { availableParallelism, cpus } from 'node:os';
import type { Convergence } from './convergence.js';
import type { KernelRow } from './kernels.js';
import type { Peak } from './peak.js';
import type { StepRow } from './steps.js';
import { digits, formatTable, percent } from './table.js';

export interface Machine {
  readonly cpu: string;
  readonly node: string;
  readonly pinned: boolean;
}

export interface Report {
  readonly peak: Peak & Machine;
  readonly kernels: readonly KernelRow[];
  readonly steps: readonly StepRow[];
  readonly convergence?: Convergence;
}

export function describeMachine(): Machine {
  const all = cpus();
  return { cpu: all[0]?.model.trim() ?? 'unknown', node: process.version, pinned: availableParallelism() < all.length };
}

/** The report as data; a call's duration follows from the rest. */
export function toJson(report: Report): string {
  const kernels = report.kernels.map(({ us: _, ...row }) => row);
  return `${JSON.stringify({ ...report, kernels }, null, 2)}\n`;
}

/** Rows that differ only in their build, side by side. */
function byBuild<Row extends { readonly build: string }>(rows: readonly Row[], key: (row: Row) => string) {
  const groups = new Map<string, Partial<Record<string, Row>> & { readonly any: Row }>();
  for (const row of rows) groups.set(key(row), { any: row, ...groups.get(key(row)), [row.build]: row });
  return [...groups.values()];
}

function productTable(rows: readonly KernelRow[]): string {
  const withFast = rows.some(({ build }) => build === 'fast');
  const lines = byBuild(rows, ({ kernel, shape }) => `${kernel} ${shape}`).map(({ any, exact, fast, typescript }) => [
    any.kernel,
    any.shape,
    digits(exact?.us),
    digits(exact?.gflops),
    percent(exact?.shareOfPeak),
    ...(withFast ? [digits(fast?.gflops), percent(fast?.shareOfPeak)] : []),
    digits(typescript?.gflops),
    percent(typescript?.shareOfPeak),
  ]);
  return formatTable(
    [
      'product',
      'rows x inputs x units',
      'exact us',
      'GFLOP/s',
      'of peak',
      ...(withFast ? ['fast GFLOP/s', 'of peak'] : []),
      'typescript GFLOP/s',
      'of peak',
    ],
    lines,
  );
}

function streamTable(rows: readonly KernelRow[]): string {
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
    digits(typescript?.nsPerElement),
    exact && typescript ? `${digits(typescript.us / exact.us)}x` : '',
  ]);
  return formatTable(
    ['kernel', 'shape', 'exact us', 'ns/element', 'GB/s', 'of copy', 'typescript ns/element', 'typescript/exact'],
    lines,
  );
}

function stepTable(rows: readonly StepRow[]): string {
  const lines = byBuild(rows, ({ workload }) => workload).flatMap(({ any: _, ...builds }) =>
    Object.values(builds).map((row) => {
      const { workload, build, usPerStep, samplesPerSecond, shareOfPeak } = row!;
      const ratio = builds.exact ? `${digits(usPerStep / builds.exact.usPerStep)}x` : '';
      return [workload, build, digits(usPerStep), digits(samplesPerSecond), percent(shareOfPeak), ratio];
    }),
  );
  return formatTable(['workload', 'build', 'us/step', 'samples/s', 'of peak', 'time/exact'], lines);
}

function convergenceTable({ workload, build, usPerStep }: Convergence): string {
  const lines = Object.entries(usPerStep).map(([stage, us]) => [
    `${workload} ${build}, ${stage}`,
    digits(us),
    `${digits(us / usPerStep.fresh!)}x`,
  ]);
  return formatTable(['convergence', 'us/step', 'over fresh'], lines);
}

export function formatReport({ peak, kernels, steps, convergence }: Report): string {
  const products = kernels.filter(({ gflops }) => gflops !== null);
  const streams = kernels.filter(({ gflops }) => gflops === null);
  const fused = peak.fusedGflops === undefined ? '' : `, fused ${digits(peak.fusedGflops)}`;
  const loops = Object.entries(peak.loops).map(([loop, gflops]) => `${loop} ${digits(gflops)}`);
  const parts = [
    `${peak.cpu}, Node ${peak.node}, ${peak.pinned ? 'pinned to one core' : 'not pinned'}\n` +
      `peak of plain 128-bit multiply + add: ${digits(peak.gflops)} GFLOP/s${fused} (${loops.join(', ')})`,
  ];
  if (products.length > 0) parts.push(productTable(products));
  if (streams.length > 0) parts.push(streamTable(streams));
  if (steps.length > 0) parts.push(stepTable(steps));
  if (convergence) parts.push(convergenceTable(convergence));
  return parts.join('\n\n');
}
