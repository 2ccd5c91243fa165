import { BackendError, checkNumber, ValueError } from '../../errors.js';
import type { Backend, Phase } from '../../kernels/contract.js';
import { phasesOf, segments } from '../../program/split.js';
import type { instances } from '../instance.js';
import { COMMAND, Control } from './control.js';
import { builtin } from './host.js';
import { bindPhases, type Message, runPhases, type ThreadData } from './team.js';

/** A worker of Node or of a browser, as far as the pool needs it. */
interface Worker {
  postMessage(message: unknown): void;
  terminate(): void;
}

interface NodeWorkers {
  Worker: new (
    url: URL,
    options: { workerData: ThreadData; execArgv: string[] },
  ) => Worker & {
    unref(): void;
    once(event: string, handler: (value: unknown) => void): void;
    readonly performance: { eventLoopUtilization(): { idle: number } };
  };
}

/**
 * Whether a worker of Node has ended, told without waiting for an event: the idle time of its loop is then negative. Needs
 * to be asked once while the worker lives.
 */
const hasEnded = (worker: InstanceType<NodeWorkers['Worker']>) => worker.performance.eventLoopUtilization().idle < 0;

const nodeWorkers = () => builtin<NodeWorkers>('node:worker_threads');

/** Whether this thread may sleep: everywhere but on a browser's main thread. */
const maySleep = () => typeof (globalThis as { document?: unknown }).document === 'undefined';

function sharedMemoryProblem(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') {
    return 'there is no SharedArrayBuffer here; a page must be isolated (headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';
  }
  const isNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
  if (isNode && !nodeWorkers()) return 'threads need Node 20.16 or newer';
  return undefined;
}

function cores(): number {
  const os = builtin<{ availableParallelism(): number }>('node:os');
  return os?.availableParallelism() ?? (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 1;
}

/** How many threads an option asks for; 'auto' is 1 where threads cannot be had. */
export function checkThreads(threads: unknown): number {
  const problem = sharedMemoryProblem();
  if (threads === 'auto') return problem === undefined ? Math.max(1, Math.min(8, cores())) : 1;
  const count = checkNumber(threads, 'wasm.threads', { min: 1, max: 64, integer: true });
  if (count > 1 && problem !== undefined) throw new BackendError(`wasm({ threads: ${count} }): ${problem}.`);
  return count;
}

/** Where the size of a module's section of imports stands. */
function importsOf(bytes: Uint8Array): number {
  for (let at = 8; at < bytes.length; ) {
    const begin = at + 1;
    if (bytes[at] === 2) return begin;
    let size = 0;
    for (at = begin; at < bytes.length; ) {
      const byte = bytes[at] as number;
      size += (byte & 127) * 128 ** (at++ - begin);
      if (byte < 128) break;
    }
    at += size;
  }
  return bytes.length;
}

/**
 * Rewrites the module's memory import from "at least 1 page" to "shared, at most 65536 pages". Nothing else of a module
 * depends on whether its memory is shared.
 */
export function withSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = [3, ...new TextEncoder().encode('env'), 6, ...new TextEncoder().encode('memory')];
  const limits = [2, 0, 1];
  const pattern = [...name, ...limits];
  const at = bytes.findIndex((_, i) => pattern.every((byte, k) => bytes[i + k] === byte));
  const size = importsOf(bytes);
  if (at < size || (bytes[size] as number) + 3 > 127) {
    throw new BackendError('The module imports its memory in a form that cannot be shared.');
  }
  const end = at + pattern.length;
  const result = new Uint8Array(bytes.length + 3);
  result.set(bytes.subarray(0, end));
  result[size] = (bytes[size] as number) + 3;
  result[end - 2] = 3;
  result.set([0x80, 0x80, 4], end);
  result.set(bytes.subarray(end), end + 3);
  return result;
}

/** The bytes that users bring, to be rewritten for shared memory; a compiled module no longer has any. */
export function bytesOf(source: unknown): Uint8Array | undefined {
  if (source === undefined) return undefined;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  throw new ValueError({
    argument: 'wasm.source',
    given: 'a compiled module',
    expected: 'the bytes of myelin/kernels.wasm',
    hint: 'With threads the module is rewritten for shared memory before it is compiled.',
  });
}

/** Threads over a module with shared memory. */
export function openPool(
  make: typeof instances,
  module: WebAssembly.Module,
  threads: number,
  threadUrl: string | URL | undefined,
  tall: boolean | undefined,
): Promise<Pool> {
  // What several entries of the package share, or is loaded on demand, lies in chunks/, one folder down.
  const place = import.meta.url.includes('/chunks/') ? '../thread.js' : './thread.js';
  return new Pool(make, module, threads, new URL(threadUrl ?? place, import.meta.url), tall).ready();
}

/** Threads that compute together. Idle ones sleep; none keeps a process alive. */
export class Pool {
  readonly #control: Control;
  readonly #workers: Worker[] = [];
  readonly #ended: (() => boolean)[] = [];
  readonly #ready: Promise<unknown>;
  #heaps = 0;
  #programs = 0;
  #looping = false;
  #failure: string | undefined;
  readonly #dropped = new FinalizationRegistry<number>((heap) => this.#drop(heap));

  constructor(
    private readonly make: typeof instances,
    readonly module: WebAssembly.Module,
    readonly threads: number,
    url: URL,
    private readonly tall: boolean | undefined,
  ) {
    this.#control = Control.create(threads, maySleep(), cores());
    this.#control.lost = () => this.#ended.some((ended) => ended());
    const started: Promise<void>[] = [];
    for (let thread = 1; thread < threads; thread++) started.push(this.#start(thread, url));
    this.#ready = Promise.all(started);
  }

  #start(thread: number, url: URL): Promise<void> {
    const { threads, module, tall } = this;
    const data: ThreadData = { control: this.#control.buffer, threads, cores: cores(), thread, module, tall };
    return new Promise((resolve, reject) => {
      const lost = (why: unknown) => {
        this.#failure ??= why instanceof Error ? why.message : String(why);
        reject(new BackendError(`A thread could not start: ${this.#failure}`));
      };
      const node = nodeWorkers();
      if (node) {
        // Flags of the main program, such as --input-type, are not the worker's.
        const worker = new node.Worker(url, { workerData: data, execArgv: [] });
        worker.once('message', () => {
          worker.unref();
          resolve();
        });
        worker.once('error', lost);
        worker.once('exit', (code) => lost(`a worker ended with code ${code}`));
        this.#workers.push(worker);
        this.#ended.push(() => hasEnded(worker));
      } else {
        const worker = new globalThis.Worker(url, { type: 'module' });
        worker.onmessage = () => resolve();
        worker.onerror = (event) => lost(event.message);
        worker.postMessage(data);
        this.#workers.push(worker);
      }
    });
  }

  async ready(): Promise<this> {
    await this.#ready;
    return this;
  }

  open(elements: number): Backend {
    this.#check();
    const memory = this.make.allocate(elements, true);
    const heap = this.#heaps++;
    this.#tell([{ type: 'heap', heap, memory }]);
    const kernels = this.make.instantiate(this.module, memory, this.tall);
    const backend: Backend = {
      heap: new Float32Array(memory.buffer),
      kernels,
      longestCall: this.make.longestCall,
      linkShared: (calls, updates) => {
        const phases = phasesOf(calls, this.threads, updates);
        if (!phases.some((phase) => phase.length > 1)) return undefined;
        return segments(phases).map((group) => this.#link(heap, group, kernels));
      },
      dispose: () => {
        this.#dropped.unregister(backend);
        this.#drop(heap);
      },
    };
    this.#dropped.register(backend, heap, backend);
    return backend;
  }

  #link(heap: number, phases: readonly Phase[], kernels: Backend['kernels']): () => void {
    const program = this.#programs++;
    this.#tell([{ type: 'program', program, heap, phases }]);
    const own = bindPhases(phases, 0, kernels);
    return () => {
      this.#check();
      try {
        this.#control.give(COMMAND.run, program);
        runPhases(own, this.#control);
      } catch (error) {
        this.#fail(error);
        this.#check();
      }
    };
  }

  #drop(heap: number): void {
    try {
      this.#tell([{ type: 'drop', heap }]);
    } catch {
      // Threads that are gone hold nothing; whoever computes with them will hear of it.
    }
  }

  /** Gives up on the threads, and sends those away that still wait for the others. */
  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error.message : String(error);
    this.#control.fail();
  }

  /** Calls the threads out of their loop, hands them messages and sends them back. */
  #tell(messages: readonly Message[]): void {
    this.#check();
    if (this.#looping) {
      this.#control.lost(); // for the first time, see hasEnded
      this.#control.give(COMMAND.listen);
      try {
        this.#control.awaitListening();
      } catch (error) {
        this.#fail(error);
        this.#check();
      }
    }
    for (const worker of this.#workers) {
      for (const message of messages) worker.postMessage(message);
      worker.postMessage({ type: 'loop' } satisfies Message);
    }
    this.#looping = true;
  }

  #check(): void {
    if (this.#failure === undefined) return;
    throw new BackendError(
      `The threads of this backend are gone: ${this.#failure}. Its models cannot go on; open another backend and build ` +
        'them anew from the last weights that were saved.',
    );
  }

  terminate(): void {
    this.#failure = 'they were ended';
    for (const worker of this.#workers) worker.terminate();
  }
}
