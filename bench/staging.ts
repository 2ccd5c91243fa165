import { Engine } from '../src/engine/engine.js';
import { planUpdate } from '../src/engine/rare/update-plan.js';
import { takeStep } from '../src/engine/steps.js';
import { type BackendFactory, matrix } from '../src/index.js';
import { buildGraph, sequence } from '../src/nn/graph.js';
import { bindLoss, type LossName } from '../src/nn/losses.js';
import { makeOptimizer } from '../src/nn/optimizers/optimizers.js';
import { outputLayer } from '../src/program/network.js';
import { shuffled } from '../src/rows/shuffle.js';
import { type Effort, median, type Named } from './measure.js';
import { denseWidths } from './models.js';
import { makeRandom } from './random.js';
import { type Workload, workloads } from './workloads.js';

/** What staging costs in `fit`: copying a batch's rows, shuffled, from where they lie into the heap. */
export interface StagingCase extends Named {
  readonly workload: Workload;
  readonly build: string;
  readonly factory: BackendFactory;
}

export interface StagingRow {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  /** Of copying a batch. */
  readonly usPerBatch: number;
  /** Of a step of `fit`, the copying within. */
  readonly usPerStep: number;
  readonly shareOfStep: number;
  /** Of copying a batch, this build over the one before. */
  readonly ratio?: number;
}

/** Milliseconds of one of so many stagings and steps. */
interface StagingWork {
  stage(times: number): number;
  step(times: number): number;
}

/** As many rows as a common data set has, but not more memory than it takes to exceed a processor's caches. */
const MOST_ROWS = 60_000;
const MOST_ELEMENTS = 2 ** 24;

/** Stagings in one reading of the clock last at least this long. */
const READING_MS = 0.02;

export function stagingCases(builds: Readonly<Record<string, BackendFactory>>): readonly StagingCase[] {
  return workloads.flatMap((workload) =>
    Object.entries(builds)
      .filter(([, { name }]) => name === 'wasm')
      .map(([build, factory]) => {
        return { name: `staging ${workload.name} ${build}`, quick: workload.quick ?? false, workload, build, factory };
      }),
  );
}

function makeEngine({ layers, training }: Workload, factory: BackendFactory): Engine {
  const engine = new Engine(buildGraph(sequence(layers)), 3, factory);
  const { units, activation = 'linear' } = outputLayer(engine.network, 0);
  const optimizer = makeOptimizer(training.optimizer);
  engine.configure({
    losses: [bindLoss(training.loss as LossName, units, activation)],
    optimizer,
    ...planUpdate(training),
  });
  engine.steps.ownRate = 0;
  return engine;
}

let data = new Float32Array(0);

/** One array for all workloads; filled once, as that takes longer than measuring. */
function elements(count: number): Float32Array {
  if (data.length < count) {
    const random = makeRandom(11);
    data = Float32Array.from({ length: count }, () => 2 * random() - 1);
  }
  return data.subarray(0, count);
}

export async function stagingWork({ workload, factory }: StagingCase): Promise<StagingWork> {
  const { layers, batch } = workload;
  const columns = denseWidths(layers)[0]!;
  const rows = Math.min(MOST_ROWS, Math.floor(MOST_ELEMENTS / columns));
  const x = matrix(elements(rows * columns), rows, columns);
  const y = matrix(
    Float32Array.from({ length: rows }, (_, i) => i % 2),
    rows,
    1,
  );
  const order = await shuffled(rows, 5, 0);
  const engine = makeEngine(workload, factory);
  const program = engine.program('train', batch);
  let row = 0;
  const stage = (times: number) => {
    const begin = performance.now();
    for (let i = 0; i < times; i++) {
      engine.stageBatch(program, [x], [y], row, order);
      row = row + 2 * batch > rows ? 0 : row + batch;
    }
    return (performance.now() - begin) / times;
  };
  const step = (times: number) => {
    const begin = performance.now();
    for (let i = 0; i < times; i++) takeStep(engine, program);
    return (performance.now() - begin) / times;
  };
  return { stage, step };
}

/** Steps and stagings until compilers have had their time; returns how many take long enough to time. */
function warmUp({ stage, step }: StagingWork, { warmUpMs }: Effort): number {
  const began = performance.now();
  let times = 1;
  let last = 0;
  do {
    step(times);
    last = stage(times);
    if (last * times < READING_MS) times *= 2;
  } while (performance.now() - began < warmUpMs || last * times < READING_MS);
  return times;
}

/**
 * Times staging and the rest of a step of `fit`. Steps and stagings alternate, so that each finds the caches as the
 * other left them; several batches are staged at a time where one is too short to time. `before` takes turns with it.
 */
export async function stagingRow(item: StagingCase, effort: Effort, before?: StagingWork): Promise<StagingRow> {
  const works = [await stagingWork(item), ...(before ? [before] : [])];
  const subjects = works.map((work) => ({
    work,
    times: warmUp(work, effort),
    staged: [] as number[],
    stepped: [] as number[],
  }));
  const { staged, stepped } = subjects[0]!;
  for (
    const begin = performance.now();
    staged.length < effort.fewest || performance.now() - begin < effort.budgetMs * subjects.length;
  ) {
    for (const subject of subjects) {
      subject.stepped.push(subject.work.step(subject.times));
      subject.staged.push(subject.work.stage(subject.times));
    }
    subjects.reverse();
  }
  const usPerBatch = median(staged) * 1e3;
  const usPerStep = usPerBatch + median(stepped) * 1e3;
  const rival = subjects.find(({ work }) => work === before);
  return {
    workload: item.workload.name,
    build: item.build,
    threads: item.factory.threads,
    usPerBatch,
    usPerStep,
    shareOfStep: usPerBatch / usPerStep,
    ...(rival ? { ratio: usPerBatch / (median(rival.staged) * 1e3) } : {}),
  };
}
