// This code runs in a worker: it waits for orders, computes its share, and reads messages only when told to.

import type { Ground } from '../../kernels/own/composed.js';
import { partOf } from '../extras.js';
import { instantiate, type Modules } from '../instance.js';
import { COMMAND, Control } from './control.js';
import { builtin } from './host.js';
import { bindPhases, type Message, runPhases, type ThreadData } from './team.js';

interface Port {
  postMessage(message: unknown): void;
  listen(handler: (message: Message) => void): void;
}

/** The first thread has compiled the extras before it asks others for one. */
const noExtras = {
  need(kernel: string): never {
    throw new Error(`no kernel ${kernel}`);
  },
};

/** The heaps and programs that this thread knows. */
class Thread {
  readonly #control: Control;
  readonly #heaps = new Map<number, Ground>();
  readonly #programs = new Map<number, { heap: number; phases: ReturnType<typeof bindPhases> }>();
  /** The modules beyond the core, once they are here: see `partOf`. */
  #extras: readonly (WebAssembly.Module | undefined)[] = [];
  #seen = 0;

  constructor(private readonly data: ThreadData) {
    this.#control = new Control(data.control, data.threads, true, data.cores);
  }

  get #modules(): Modules {
    return {
      core: this.data.module,
      extras: { need: (kernel) => this.#extras[partOf(kernel)] ?? noExtras.need(kernel) },
    };
  }

  receive(message: Message): void {
    switch (message.type) {
      case 'heap':
        this.#heaps.set(message.heap, {
          memory: message.memory,
          heap: new Float32Array(message.memory.buffer),
          kernels: instantiate(this.#modules, message.memory, this.data.tall),
        });
        break;
      case 'extras':
        this.#extras = message.modules;
        break;
      case 'program': {
        const ground = this.#heaps.get(message.heap);
        if (!ground) throw new Error(`no heap ${message.heap}`);
        const phases = bindPhases(message.phases, this.data.thread, ground);
        this.#programs.set(message.program, { heap: message.heap, phases });
        break;
      }
      case 'forget':
      case 'drop':
        if (message.type === 'drop') this.#heaps.delete(message.heap);
        for (const [id, { heap }] of this.#programs) if (heap === message.heap) this.#programs.delete(id);
        break;
      case 'loop':
        this.#loop();
        break;
    }
  }

  /** Returns when there are messages to read. */
  #loop(): void {
    const control = this.#control;
    for (;;) {
      this.#seen = control.awaitOrder(this.#seen);
      if (control.command === COMMAND.listen) {
        control.announceListening();
        return;
      }
      const program = this.#programs.get(control.argument);
      if (!program) throw new Error(`no program ${control.argument}`);
      runPhases(program.phases, control);
    }
  }

  fail(): void {
    this.#control.fail();
  }
}

function start(port: Port, data: ThreadData): void {
  try {
    instantiate({ core: data.module, extras: noExtras }, data.memory);
  } catch (error) {
    port.postMessage(error instanceof Error ? error.message : String(error));
    return;
  }
  const thread = new Thread(data);
  port.listen((message) => {
    try {
      thread.receive(message);
    } catch (error) {
      thread.fail();
      throw error;
    }
  });
  port.postMessage('ready');
}

interface NodeWorkers {
  readonly parentPort: {
    postMessage(message: unknown): void;
    on(event: 'message', handler: (message: Message) => void): void;
  };
  readonly workerData: ThreadData;
}

/** Serves the pool that has started this worker. */
export function serve(): void {
  const node = builtin<NodeWorkers>('node:worker_threads');
  if (node) {
    const { parentPort, workerData } = node;
    const listen: Port['listen'] = (handler) => parentPort.on('message', handler);
    start({ postMessage: (message) => parentPort.postMessage(message), listen }, workerData);
    return;
  }
  const scope = globalThis as unknown as {
    postMessage(message: unknown): void;
    onmessage: ((event: { data: unknown }) => void) | null;
    onmessageerror: (() => void) | null;
  };
  // A thread whose own content policy forbids WebAssembly cannot even receive a module.
  scope.onmessageerror = () => scope.postMessage('it could not read what it was given');
  const listen: Port['listen'] = (handler) => {
    scope.onmessage = (event) => handler(event.data as Message);
  };
  scope.onmessage = ({ data }) => {
    start({ postMessage: (message) => scope.postMessage(message), listen }, data as ThreadData);
  };
}
