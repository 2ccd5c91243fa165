import { availableParallelism } from 'node:os';
import { type BackendFactory, wasm } from '../src/index.js';
import { type Before, withRivals } from './before.js';
import { type Effort, measure, type Named } from './measure.js';
import { roundTrip } from './round-trip.js';
import { type StepCase, type StepRow, stepRow, trainingCases } from './steps.js';
import { type Workload, workloads } from './workloads.js';

/** A workload large enough for threads: all its numbers of threads, or none. */
export interface ThreadGroup extends Named {
  readonly workload: Workload;
}

export const threadGroups: readonly ThreadGroup[] = workloads
  .filter(({ threads }) => threads)
  .map((workload) => ({ name: `threads ${workload.name}`, quick: workload.name === 'W4', workload }));

export interface ThreadTiming {
  readonly item: StepCase;
  readonly us: number;
  /** On one thread, in turns with this. */
  readonly oneThreadUs: number;
  /** On as many threads, of the build before. */
  readonly beforeUs?: number;
  /** Nanoseconds of a round trip between two threads in this run, before the steps and after them. */
  readonly roundTripNs: readonly [number, number];
}

/** A step on several threads. `shareOfPeak` is of as many cores. */
export interface ThreadRow extends StepRow {
  readonly oneThreadUsPerStep: number;
  readonly speedup: number;
  readonly roundTripNs: readonly [number, number];
}

/** The cases of each group of these names, that of one thread first, and what ends their threads. */
export async function threadCases(names: readonly string[]) {
  const groups = threadGroups.filter(({ name }) => names.includes(name));
  const builds: Record<string, BackendFactory> = { exact: await wasm(), two: await wasm({ threads: 2 }) };
  if (availableParallelism() > 2) builds.all = await wasm({ threads: 'auto' });
  const cases = groups.map(({ workload }) => trainingCases({ ...workload, loops: false }, builds));
  const dispose = () => {
    for (const factory of Object.values(builds)) factory.dispose?.();
  };
  return { cases, dispose };
}

/** Needs a process that may use all cores. */
export async function measureThreads(
  groups: readonly ThreadGroup[],
  effort: Effort,
  before?: Before,
): Promise<readonly ThreadTiming[]> {
  if (groups.length === 0) return [];
  const names = groups.map(({ name }) => name);
  const { cases, dispose } = await threadCases(names);
  const rival = before && (await before.attempt('threads', (library) => library.threadCases(names)));
  const rivals = before?.pair(
    cases.flatMap(([, ...others]) => others),
    rival?.cases.flatMap(([, ...others]) => others) ?? [],
  );
  const first = roundTrip();
  const timings = measure(withRivals(cases.flat(), rivals), effort);
  const roundTripNs = [first, roundTrip()] as const;
  dispose();
  rival?.dispose();
  return cases.flatMap(([one, ...others]) =>
    others.map((item) => {
      const beforeUs = timings.get(rivals?.get(item) as StepCase);
      const timing = { item, us: timings.get(item)!, oneThreadUs: timings.get(one!)!, roundTripNs };
      return beforeUs === undefined ? timing : { ...timing, beforeUs };
    }),
  );
}

/** `peak` is that of one core. */
export function threadRow({ item, us, oneThreadUs, beforeUs, roundTripNs }: ThreadTiming, peak: number): ThreadRow {
  const row = stepRow(item, us, peak * item.threads);
  const ratio = beforeUs === undefined ? {} : { ratio: us / beforeUs };
  return { ...row, build: 'exact', oneThreadUsPerStep: oneThreadUs, speedup: oneThreadUs / us, roundTripNs, ...ratio };
}
