import type { Report } from './report.js';
import { digits, formatTable } from './table.js';

/** Microseconds by what was measured. */
function timesOf({ kernels, steps, staging, fit }: Report): ReadonlyMap<string, number> {
  const threads = (count: number) => (count > 1 ? `, ${count} threads` : '');
  return new Map([
    ...kernels.map(({ kernel, shape, build, us }) => [`kernel ${kernel} ${shape} ${build}`, us] as const),
    ...steps.map((row) => [`step ${row.workload} ${row.build}${threads(row.threads)}`, row.usPerStep] as const),
    ...staging.map(({ workload, build, usPerBatch }) => [`staging ${workload} ${build}`, usPerBatch] as const),
    ...fit.map(({ workload, build, usPlain }) => [`fit ${workload} ${build}`, usPlain] as const),
  ]);
}

/** The same work under several engines side by side, and how many times as long each takes as the first. */
export function formatEngines(reports: readonly Report[]): string {
  const times = reports.map(timesOf);
  const names = [...new Set(times.flatMap((map) => [...map.keys()]))];
  const lines = names.map((name) => {
    const [first, ...others] = times.map((map) => map.get(name));
    const pairs = others.flatMap((us) => [digits(us), first && us ? `${(us / first).toFixed(2)}x` : '']);
    return [name, digits(first), ...pairs];
  });
  const [first, ...others] = reports.map(({ peak }) => peak.node);
  return formatTable(['us, by engine', first!, ...others.flatMap((engine) => [engine, 'to the first'])], lines);
}
