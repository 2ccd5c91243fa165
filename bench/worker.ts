import { readFileSync } from 'node:fs';
import { type Matrix, type Model, matrix, wasm } from '../src/index.js';
import { type RemoteModel, wasm as remoteWasm, sequential } from '../src/worker/index.js';
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
  /** The same in a worker, sending the data included. */
  readonly usPerStep: number;
  /** The first over the second. */
  readonly throughput: number;
  /** Longest time that the calling thread's event loop stood still meanwhile, in all rounds. */
  readonly longestGapMs: number;
  /** The same without waiting for a core, which neighbours cause; null where the system does not tell. */
  readonly longestStandMs: number | null;
}

const NAMES = ['W1', 'W2', 'W3', 'W4', 'W5'];
/** Of a call of `fit`, and milliseconds that it takes. */
const EPOCHS = 10;
const CALL_MS = 1000;

export const workerCases: readonly WorkerCase[] = workloads
  .filter(({ name }) => NAMES.includes(name))
  .map((workload) => ({ name: `worker ${workload.name}`, quick: workload.name === 'W2', workload }));

/** Milliseconds that this thread has waited for a core. */
function waited(): number | null {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return null;
  }
}

/** Notes how long the event loop stands still while it ticks. */
class Ticker {
  gap = 0;
  stand: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last = 0;
  #waited: number | null = null;

  start(): void {
    this.#last = performance.now();
    this.#waited = waited();
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  stop(): void {
    this.#tick();
    clearInterval(this.#timer);
  }

  #tick(): void {
    const gap = performance.now() - this.#last;
    const waiting = waited();
    this.gap = Math.max(this.gap, gap);
    if (waiting !== null && this.#waited !== null) {
      this.stand = Math.max(this.stand ?? 0, gap - (waiting - this.#waited));
    }
    this.#waited = waiting;
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

/** Calls `fit` of both in turns. Needs a process that may use all cores. */
async function workerRow({ workload }: WorkerCase, rounds: number, callMs: number): Promise<WorkerRow> {
  const { layers, batch, training } = workload;
  const direct = makeModel(workload, await wasm());
  const remote = await sequential({ layers, seed: 3, backend: remoteWasm() });
  await remote.compile(training);
  const few = problemFor(workload, 8);
  const small = { x: join(few.map(({ x }) => x)), y: join(few.map(({ y }) => y)) };
  const time = async (model: Model | RemoteModel, { x, y }: typeof small, epochs: number) => {
    const start = performance.now();
    await (model as RemoteModel).fit(x, y, { epochs, batchSize: batch });
    return performance.now() - start;
  };
  // Until compilers have had their time.
  let perEpoch = 0;
  for (const begin = performance.now(); performance.now() - begin < Math.min(400, callMs); ) {
    perEpoch = await time(direct, small, 4);
    await time(remote, small, 4);
  }
  const batches = Math.max(8, Math.round(((callMs / EPOCHS) * 8 * 4) / perEpoch));
  const many = Array.from({ length: batches }, (_, i) => few[i % 8]!);
  const data = { x: join(many.map(({ x }) => x)), y: join(many.map(({ y }) => y)) };
  const [direct1, remote1]: [number[], number[]] = [[], []];
  const ticker = new Ticker();
  for (let round = 0; round < rounds; round++) {
    direct1.push(await time(direct, data, EPOCHS));
    ticker.start();
    remote1.push(await time(remote, data, EPOCHS));
    ticker.stop();
  }
  await remote.dispose();
  const steps = batches * EPOCHS;
  const [directMs, remoteMs] = [median(direct1), median(remote1)];
  return {
    workload: workload.name,
    directUsPerStep: (directMs / steps) * 1e3,
    usPerStep: (remoteMs / steps) * 1e3,
    throughput: directMs / remoteMs,
    longestGapMs: ticker.gap,
    longestStandMs: ticker.stand,
  };
}

export async function measureWorkers(cases: readonly WorkerCase[], effort: Effort, quick: boolean) {
  const rows: WorkerRow[] = [];
  for (const item of cases) rows.push(await workerRow(item, effort.rounds, quick ? 20 : CALL_MS));
  return rows;
}
