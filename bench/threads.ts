import { availableParallelism } from 'node:os';
import { type BackendFactory, wasm } from '../src/index.js';
import { type Effort, measure, type Named } from './measure.js';
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
}

/** A step on several threads. `shareOfPeak` is of as many cores. */
export interface ThreadRow extends StepRow {
  readonly oneThreadUsPerStep: number;
  readonly speedup: number;
}

/** Needs a process that may use all cores. */
export async function measureThreads(groups: readonly ThreadGroup[], effort: Effort): Promise<readonly ThreadTiming[]> {
  if (groups.length === 0) return [];
  const builds: Record<string, BackendFactory> = { exact: await wasm(), two: await wasm({ threads: 2 }) };
  if (availableParallelism() > 2) builds.all = await wasm({ threads: 'auto' });
  const cases = groups.map(({ workload }) => trainingCases({ ...workload, loops: false }, builds));
  const timings = measure(cases.flat(), effort);
  for (const factory of Object.values(builds)) factory.dispose?.();
  return cases.flatMap(([one, ...others]) =>
    others.map((item) => ({ item, us: timings.get(item)!, oneThreadUs: timings.get(one!)! })),
  );
}

/** `peak` is that of one core. */
export function threadRow({ item, us, oneThreadUs }: ThreadTiming, peak: number): ThreadRow {
  const row = stepRow(item, us, peak * item.threads);
  return { ...row, build: 'exact', oneThreadUsPerStep: oneThreadUs, speedup: oneThreadUs / us };
}
