import { hasRelaxedSimd, typescript, wasm } from '../src/index.js';
import { type BandwidthRow, bandwidthCases, bandwidthRow, withYardsticks } from './bandwidth.js';
import { type Before, type Library, withRivals } from './before.js';
import { type Convergence, convergenceCases, convergenceOf } from './convergence.js';
import { type FitCostRow, fitCostCases, fitCostRow } from './fit-cost.js';
import { type KernelRow, kernelCases, kernelRow } from './kernels.js';
import { type Case, type Effort, measure, type Named } from './measure.js';
import { findPeak, type Peak, peakCases, peakOf } from './peak.js';
import { setups } from './setups.js';
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

/** What depends on the build: no copies, no loops of the benchmark's own. */
function ofBuild({ kernels, bandwidth, steps, convergence }: CoreCases): readonly Case[] {
  return [
    ...kernels.filter(({ kernel }) => kernel in setups),
    ...bandwidth,
    ...steps.filter(({ build }) => build !== 'loops'),
    ...convergence,
  ];
}

type CoreCases = Awaited<ReturnType<typeof coreCases>>;

/** Should run where nothing moves it from core to core. `before` takes turns with this build. */
export async function measureCore(
  cases: CoreCases,
  effort: Effort,
  before?: { readonly build: Before; readonly cases: CoreCases },
): Promise<CoreReport> {
  const { peaks, kernels, bandwidth, steps, convergence } = cases;
  const timed = [...peaks, ...kernels, ...withYardsticks(bandwidth), ...steps, ...convergence];
  const rivals = before?.build.pair(ofBuild(cases), ofBuild(before.cases));
  const timings = measure(withRivals(timed, rivals), effort);
  const ratioOf = (item: Case): number | undefined => {
    const theirs = timings.get(rivals?.get(item) as Case);
    return theirs === undefined ? undefined : timings.get(item)! / theirs;
  };
  const compared = <Row>(item: Case, row: Row): Row => {
    const ratio = ratioOf(item);
    return ratio === undefined ? row : { ...row, ratio };
  };
  const rivalOf = <T extends Named, Work>(item: T, theirs: readonly T[], make: (library: Library, item: T) => Work) => {
    const rival = theirs.find(({ name }) => name === item.name);
    return rival && before!.build.attempt(item.name, (library) => make(library, rival));
  };
  const staging: StagingRow[] = [];
  const fewest = Math.min(5, effort.rounds);
  for (const item of cases.staging) {
    const rival = await rivalOf(item, before?.cases.staging ?? [], (library, theirs) => library.stagingWork(theirs));
    staging.push(await stagingRow(item, { ...effort, fewest }, rival));
  }
  const fit: FitCostRow[] = [];
  for (const item of cases.fit) {
    const rival = await rivalOf(item, before?.cases.fit ?? [], (library, theirs) => library.fitWork(theirs));
    fit.push(await fitCostRow(item, effort, rival));
  }
  const peak = findPeak(peaks, timings);
  const converged = convergenceOf(convergence, timings, 'exact', ratioOf);
  return {
    peak,
    kernels: kernels.map((item) => compared(item, kernelRow(item, timings.get(item)!, peakOf(peak, item.build)))),
    bandwidth: bandwidth.map((item) => compared(item, bandwidthRow(item, timings))),
    steps: steps.map((item) => compared(item, stepRow(item, timings.get(item)!, peakOf(peak, item.build)))),
    ...(converged ? { convergence: converged } : {}),
    staging,
    fit,
  };
}
