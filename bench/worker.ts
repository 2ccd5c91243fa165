import { type Matrix, type Model, matrix, wasm } from '../src/index.js';
import { type RemoteModel, wasm as remoteWasm, sequential, share, transfer } from '../src/worker/index.js';
import { computed } from '../test/programs/computed.js';
import type { Before } from './before.js';
import { type Effort, median, type Named } from './measure.js';
import { makeModel, problemFor } from './models.js';
import { type Workload, workloads } from './workloads.js';

/** `fit` in a worker, next to `fit` itself. */
export interface WorkerCase extends Named {
  readonly workload: Workload;
}

export interface WorkerRow {
  readonly workload: string;
  /** Of `fit` on the thread that calls it. */
  readonly directUsPerStep: number;
  /** In a worker that is given the data with `transfer`: the array itself moves there and back. */
  readonly usPerStep: number;
  /** The first over the second. */
  readonly throughput: number;
  /** The throughput where the data are copied, as by default, and where they lie in memory that threads share. */
  readonly copied: number;
  readonly shared: number;
  /** Longest time that the calling thread's event loop stood still meanwhile, in all rounds. */
  readonly longestGapMs: number;
  /** Longest time that this thread computed in between, whoever else kept it from a core. */
  readonly longestComputingMs: number;
  /** `usPerStep` over that of the build before. */
  readonly ratio?: number;
}

/** A model that trains in a worker; `fit` moves the data there and back. */
export interface RemoteWork {
  readonly model: RemoteModel;
  fit(x: Matrix, y: Matrix, epochs: number): Promise<unknown>;
}

const NAMES = ['W1', 'W2', 'W3', 'W4', 'W5'];
/** Of a call of `fit`, and milliseconds that it takes. */
const EPOCHS = 10;
const CALL_MS = 1000;

export const workerCases: readonly WorkerCase[] = workloads
  .filter(({ name }) => NAMES.includes(name))
  .map((workload) => ({ name: `worker ${workload.name}`, quick: workload.name === 'W2', workload }));

/** Notes how long the event loop stands still while it ticks. */
class Ticker {
  gap = 0;
  computing = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last = 0;
  #computed = 0;

  start(): void {
    this.#last = performance.now();
    this.#computed = computed();
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  stop(): void {
    this.#tick();
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.gap = Math.max(this.gap, performance.now() - this.#last);
    this.computing = Math.max(this.computing, computed() - this.#computed);
    this.#computed = computed();
    this.#last = performance.now();
  }
}

/** Rows of several batches, one below the other. */
function join(batches: readonly Matrix[]): Matrix {
  const { rows, columns } = batches[0]!;
  const data = new Float32Array(batches.length * rows * columns);
  batches.forEach((batch, i) => {
    data.set(batch.data, i * rows * columns);
  });
  return matrix(data, batches.length * rows, columns);
}

/** Of the workload of that name: layers are made by the library that runs them. */
export async function remoteWork(name: string): Promise<RemoteWork> {
  const { layers, batch, training } = workloads.find((workload) => workload.name === name) as Workload;
  const model = await sequential({ layers, seed: 3, backend: remoteWasm() });
  await model.compile(training);
  return { model, fit: (x, y, epochs) => model.fit(transfer(x), y, { epochs, batchSize: batch }) };
}

/** Calls `fit` of both, and in the worker of `before`, in turns. Needs a process that may use all cores. */
async function workerRow(
  { workload }: WorkerCase,
  rounds: number,
  callMs: number,
  before?: RemoteWork,
): Promise<WorkerRow> {
  const { batch } = workload;
  const direct = makeModel(workload, await wasm());
  const moving = await remoteWork(workload.name);
  const remote = moving.model;
  const few = problemFor(workload, 8);
  const small = { x: join(few.map(({ x }) => x)), y: join(few.map(({ y }) => y)) };
  const time = async (model: Model | RemoteModel, { x, y }: typeof small, epochs: number) => {
    const start = performance.now();
    await (model as RemoteModel).fit(x, y, { epochs, batchSize: batch });
    return performance.now() - start;
  };
  // Until compilers have had their time.
  let perEpoch = 0;
  const moved = async (work: RemoteWork, { x, y }: typeof small, epochs: number) => {
    const start = performance.now();
    await work.fit(x, y, epochs);
    return performance.now() - start;
  };
  for (const begin = performance.now(); performance.now() - begin < Math.min(400, callMs); ) {
    perEpoch = await time(direct, small, 4);
    await time(remote, small, 4);
    if (before) await moved(before, small, 4);
  }
  const batches = Math.max(8, Math.round(((callMs / EPOCHS) * 8 * 4) / perEpoch));
  const many = Array.from({ length: batches }, (_, i) => few[i % 8]!);
  const data = { x: join(many.map(({ x }) => x)), y: join(many.map(({ y }) => y)) };
  const shared = { x: await share(data.x), y: data.y };
  const spent: Record<'before' | 'direct' | 'transferred' | 'copied' | 'shared', number[]> = {
    before: [],
    direct: [],
    transferred: [],
    copied: [],
    shared: [],
  };
  const ticker = new Ticker();
  for (let round = 0; round < rounds; round++) {
    if (before) spent.before.push(await moved(before, data, EPOCHS));
    spent.direct.push(await time(direct, data, EPOCHS));
    ticker.start();
    spent.transferred.push(await moved(moving, data, EPOCHS));
    spent.copied.push(await time(remote, data, EPOCHS));
    spent.shared.push(await time(remote, shared, EPOCHS));
    ticker.stop();
  }
  await remote.dispose();
  await before?.model.dispose();
  const steps = batches * EPOCHS;
  const directMs = median(spent.direct);
  return {
    workload: workload.name,
    directUsPerStep: (directMs / steps) * 1e3,
    usPerStep: (median(spent.transferred) / steps) * 1e3,
    throughput: directMs / median(spent.transferred),
    copied: directMs / median(spent.copied),
    shared: directMs / median(spent.shared),
    longestGapMs: ticker.gap,
    longestComputingMs: ticker.computing,
    ...(before ? { ratio: median(spent.transferred) / median(spent.before) } : {}),
  };
}

export async function measureWorkers(cases: readonly WorkerCase[], effort: Effort, quick: boolean, before?: Before) {
  const rows: WorkerRow[] = [];
  for (const item of cases) {
    const rival = before && (await before.attempt(item.name, ({ remoteWork }) => remoteWork(item.workload.name)));
    rows.push(await workerRow(item, effort.rounds, quick ? 20 : CALL_MS, rival));
  }
  return rows;
}
