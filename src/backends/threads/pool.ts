import { BackendError, checkNumber, MyelinError, noRoom } from '../../errors.js';
import { type Backend, type BackendFactory, type Call, heapElements, type Phase } from '../../kernels/contract.js';
import type { Ground } from '../../kernels/own/composed.js';
import { phasesOf, segments } from '../../program/split.js';
import type { Extras } from '../extras.js';
import type { instances } from '../instance.js';
import type { KernelBytes } from '../sources.js';
import { Choice, numbersToTry } from './choice.js';
import { COMMAND, Control } from './control.js';
import { type Member, nodeWorkers, openCrew } from './crew.js';
import { cores } from './host.js';
import { FreeRooms, type Room, weight } from './rooms.js';
import { why } from './scripts.js';
import { bindPhases, type Message, runPhases, type ThreadData } from './team.js';

/** Says whether this thread may sleep: everywhere but on a browser's main thread. */
const maySleep = () => typeof (globalThis as { document?: unknown }).document === 'undefined';

function sharedMemoryProblem(): string | undefined {
  const { crossOriginIsolated, process } = globalThis as {
    crossOriginIsolated?: boolean;
    process?: { versions?: { node?: string } };
  };
  if (typeof SharedArrayBuffer === 'undefined') {
    if (crossOriginIsolated !== false) return 'this engine has no SharedArrayBuffer';
    return 'there is no SharedArrayBuffer here; a page must be isolated (headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';
  }
  if (process?.versions?.node !== undefined && !nodeWorkers()) {
    return `threads need Node 20.16 or newer, but not 21 or 22.0 to 22.2; this is ${process.versions.node}`;
  }
  return undefined;
}

/** Returns where the size of a module's section of imports stands. */
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
 * @throws BackendError for a module that imports its memory in another form.
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

interface Asked {
  readonly threads?: number | 'auto';
  readonly threadUrl?: string | URL;
  readonly math: BackendFactory['math'];
  readonly tall?: boolean | undefined;
  /** Says what was chosen before. */
  readonly reason?: string | undefined;
}

/**
 * As many threads as asked for, over modules with shared memory. Undefined, or a reason, where one has to do: for 'auto' it
 * may.
 * @throws BackendError where a thread cannot start, or has no memory to share
 */
export async function openThreads(
  { threads: asked, threadUrl, math, tall, reason }: Asked,
  make: typeof instances,
  compile: (bytes: Uint8Array<ArrayBuffer>) => Promise<WebAssembly.Module>,
  bytes: () => KernelBytes,
): Promise<BackendFactory | string | undefined> {
  const auto = asked === 'auto';
  const problem = sharedMemoryProblem();
  const threads = auto
    ? Math.max(1, Math.min(8, cores()))
    : checkNumber(asked, 'wasm.threads', { min: 1, max: 64, integer: true });
  if (threads === 1) return undefined;
  if (problem !== undefined) {
    if (auto) return `Computing on one thread: ${problem}.`;
    throw new BackendError(`wasm({ threads: ${threads} }): ${problem}.`);
  }
  const given = bytes();
  const [core, others] = await Promise.all([
    given.core().then((own) => compile(withSharedMemory(own))),
    typeof given.extras === 'string' ? given.extras : given.extras(),
  ]);
  const extras =
    typeof others === 'string'
      ? make.withoutExtras(others)
      : new make.Extras((kernel) => withSharedMemory(others(kernel)));
  try {
    // This is tried out, since engines refuse some modules, and some memories, only here.
    const memory = make.allocate(1, true);
    make.instantiate({ core, extras }, memory);
    const pool = await new Pool(make, { core, extras }, threads, tall).start(memory, threadUrl);
    return {
      name: 'wasm',
      math,
      threads,
      get reason() {
        return [reason, pool.remark].filter(Boolean).join(' ') || undefined;
      },
      open: (elements) => pool.open(elements),
      prepare: make.preparing(core, extras),
      dispose: () => pool.terminate(),
    };
  } catch (error) {
    if (!auto) throw error;
    const single = `Computing on one thread. ${error instanceof BackendError ? error.message : why(error)}`;
    console.warn(`myelin: ${single}`);
    return single;
  }
}

/** Threads that compute together. Idle ones sleep; none keeps a process alive. */
export class Pool {
  readonly #control: Control;
  #crew: readonly Member[] = [];
  #heaps = 0;
  #programs = 0;
  #looping = false;
  /** The number of modules beyond the core that the threads have been given. */
  #given = 0;
  #failure: string | undefined;
  /** Says that fewer threads than all were faster, if they were the last time that a program was timed. */
  remark: string | undefined;
  readonly #free = new FreeRooms();
  readonly #dropped = new FinalizationRegistry<Room>((room) => this.#drop(room));

  constructor(
    private readonly make: typeof instances,
    readonly modules: { readonly core: WebAssembly.Module; readonly extras: Extras },
    readonly threads: number,
    private readonly tall: boolean | undefined,
  ) {
    this.#control = Control.create(threads, maySleep(), cores());
    this.#control.lost = () => this.#crew.some((member) => member.ended?.());
  }

  /** `memory` is of one page, for threads to see whether they can compute. */
  async start(memory: WebAssembly.Memory, threadUrl: string | URL | undefined): Promise<this> {
    const { threads, tall } = this;
    const data = {
      role: 'myelin-thread',
      control: this.#control.buffer,
      threads,
      cores: cores(),
      module: this.modules.core,
      memory,
      tall,
    } as const;
    const team = Array.from({ length: threads - 1 }, (_, i): ThreadData => ({ ...data, thread: i + 1 }));
    this.#crew = await openCrew(team, threadUrl, (error) => {
      this.#failure ??= why(error);
    });
    return this;
  }

  open(elements: number): Backend {
    this.#check();
    const room = this.#room(elements);
    const { heap, memory, kernels } = room;
    let disposed = false;
    const backend: Backend & { readonly weight: unknown } = {
      heap: new Float32Array(memory.buffer, 0, heapElements(elements)),
      kernels,
      longestCall: this.make.longestCall,
      weight: weight(memory),
      linkShared: (calls, updates) => {
        const cut = (threads: number) => segments(phasesOf(calls, threads, updates));
        const whole = cut(this.threads);
        if (!whole.flat().some((phase) => phase.length > 1)) return undefined;
        const ground = { heap: new Float32Array(memory.buffer), kernels, memory };
        // All threads pay for a program so long that others get their turn in between.
        if (whole.length > 1) return whole.map((group) => this.#link(heap, group, ground));
        const ways = numbersToTry(this.threads).map((threads) => ({
          threads,
          run: threads === 1 ? this.#alone(calls, ground) : this.#link(heap, cut(threads).flat(), ground),
        }));
        return [new Choice(ways, (threads, ratio) => this.#chose(threads, ratio)).run];
      },
      dispose: () => {
        if (disposed) return;
        disposed = true;
        this.#dropped.unregister(backend);
        this.#drop(room);
      },
    };
    this.#dropped.register(backend, room, backend);
    return backend;
  }

  #room(elements: number): Room {
    const free = this.#free.take(elements);
    if (free) {
      this.#tell([{ type: 'forget', heap: free.heap }]);
      return free;
    }
    try {
      const memory = this.make.allocate(elements, true);
      const kernels = this.make.instantiate(this.modules, memory, this.tall);
      const heap = this.#heaps++;
      this.#tell([{ type: 'heap', heap, memory }]);
      return { heap, memory, kernels };
    } catch (thrown) {
      // The module has been instantiated before, so memory is what is lacking.
      throw thrown instanceof MyelinError ? thrown : noRoom(elements, thrown);
    }
  }

  #link(heap: number, phases: readonly Phase[], ground: Ground): () => void {
    const program = this.#programs++;
    const { extras } = this.modules;
    // Functions that only other threads call are compiled here as well.
    for (const [kernel] of phases.flat(2)) void ground.kernels[kernel];
    const own = bindPhases(phases, 0, ground);
    const message: Message = { type: 'program', program, heap, phases };
    const modules = extras.modules.slice();
    const compiled = modules.filter(Boolean).length;
    this.#tell(compiled > this.#given ? [{ type: 'extras', modules }, message] : [message]);
    this.#given = compiled;
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

  /** Binds a program for this thread alone. */
  #alone(calls: readonly Call[], ground: Ground): () => void {
    const own = bindPhases([[calls]], 0, ground);
    return () => {
      this.#check();
      for (const steps of own) for (let i = 0; i < steps.length; i++) steps[i]!();
    };
  }

  #chose(threads: number, ratio: number): void {
    this.remark =
      threads === this.threads
        ? undefined
        : `A program takes ${Math.round(100 * ratio)}% of the time on ${threads} of the ${this.threads} threads, and so runs on those.`;
  }

  #drop(room: Room): void {
    try {
      const gone = this.#free.put(room);
      if (gone.length > 0) this.#tell(gone.map(({ heap }) => ({ type: 'drop', heap })));
    } catch {
      // Threads that have ended hold nothing; the next computation with them reports it.
    }
  }

  /** Gives up on the threads, and sends those away that still wait for the others. */
  #fail(error: unknown): void {
    this.#failure ??= why(error);
    this.#control.fail();
  }

  /** Calls the threads out of their loop, hands them messages and sends them back. */
  #tell(messages: readonly Message[]): void {
    this.#check();
    if (this.#looping) {
      this.#control.lost(); // for the first time, see Member.ended
      this.#control.give(COMMAND.listen);
      try {
        this.#control.awaitListening();
      } catch (error) {
        this.#fail(error);
        this.#check();
      }
    }
    for (const member of this.#crew) {
      for (const message of messages) member.postMessage(message);
      member.postMessage({ type: 'loop' } satisfies Message);
    }
    this.#looping = true;
  }

  #check(): void {
    if (this.#failure === undefined) return;
    throw new BackendError(
      `The threads of this backend are gone: ${this.#failure}. Its models cannot go on; open another backend and build ` +
        'them again from the last weights that were saved.',
    );
  }

  terminate(): void {
    this.#failure = 'they were ended';
    for (const member of this.#crew) member.terminate();
  }
}
