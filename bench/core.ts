import { hasRelaxedSimd, typescript, wasm } from '../src/index.js';
import { type BandwidthRow, bandwidthCases, bandwidthRow, withYardsticks } from './bandwidth.js';
import { type Convergence, convergenceCases, convergenceOf } from './convergence.js';
import { type FitCostRow, fitCostCases, fitCostRow } from './fit-cost.js';
import { type KernelRow, kernelCases, kernelRow } from './kernels.js';
import { type Effort, measure, type Named } from './measure.js';
import { findPeak, type Peak, peakCases, peakOf } from './peak.js';
import { type StagingRow, stagingCases, stagingRow } from './staging.js';
import { type StepRow, stepCases, stepRow } from './steps.js';

/** What takes one core. */
export interface CoreReport {
  readonly peak: Peak;
  readonly kernels: readonly KernelRow[];
  readonly bandwidth: readonly BandwidthRow[];
  readonly steps: readonly StepRow[];
  readonly convergence?: Convergence;
  readonly staging: readonly StagingRow[];
  readonly fit: readonly FitCostRow[];
}

type Select = <T extends Named>(cases: readonly T[]) => readonly T[];

export async function coreCases(select: Select, quick: boolean) {
  const exact = await wasm();
  const fast = hasRelaxedSimd() ? { fast: await wasm({ math: 'fast' }) } : {};
  const builds = { exact, ...fast, typescript: typescript() };
  return {
    // Always: rows are shares of it.
    peaks: [...(await peakCases('exact')), ...(hasRelaxedSimd() ? await peakCases('fast') : [])],
    kernels: select(kernelCases(builds)),
    bandwidth: select(bandwidthCases(exact)),
    steps: select(stepCases(builds)),
    convergence: select(convergenceCases(exact, quick)),
    staging: select(stagingCases(builds)),
    fit: select(fitCostCases(builds)),
  };
}

/** Should run where nothing moves it from core to core. */
export async function measureCore(cases: Awaited<ReturnType<typeof coreCases>>, effort: Effort): Promise<CoreReport> {
  const { peaks, kernels, bandwidth, steps, convergence } = cases;
  const timed = [...peaks, ...kernels, ...withYardsticks(bandwidth), ...steps, ...convergence];
  const timings = measure(timed, effort);
  const staging: StagingRow[] = [];
  const fewest = Math.min(5, effort.rounds);
  for (const item of cases.staging) staging.push(await stagingRow(item, { ...effort, fewest }));
  const fit: FitCostRow[] = [];
  for (const item of cases.fit) fit.push(await fitCostRow(item, effort));
  const peak = findPeak(peaks, timings);
  const converged = convergenceOf(convergence, timings, 'exact');
  return {
    peak,
    kernels: kernels.map((item) => kernelRow(item, timings.get(item)!, peakOf(peak, item.build))),
    bandwidth: bandwidth.map((item) => bandwidthRow(item, timings)),
    steps: steps.map((item) => stepRow(item, timings.get(item)!, peakOf(peak, item.build))),
    ...(converged ? { convergence: converged } : {}),
    staging,
    fit,
  };
}
