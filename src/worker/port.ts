import { builtin } from '../backends/threads/host.js';
import { BackendError } from '../errors.js';
import type { Request, Response } from './protocol.js';

/** A worker of Node or of a browser. */
export interface Port {
  post(message: Request, transfer?: readonly ArrayBuffer[]): void;
  /** Whether it keeps a process of Node alive. */
  hold(alive: boolean): void;
  terminate(): void;
}

export interface PortEvents {
  message(message: Response): void;
  /** The worker has ended, or never began. */
  lost(why: string): void;
}

interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
  on(event: 'message', handler: (message: Response) => void): void;
  on(event: 'error' | 'messageerror', handler: (error: Error) => void): void;
  on(event: 'exit', handler: (code: number) => void): void;
}

interface NodeWorkers {
  Worker: new (url: URL, options: { execArgv: string[]; name: string }) => NodeWorker;
}

function startNode(workers: NodeWorkers, url: URL, { message, lost }: PortEvents): Port {
  // Flags of the main program, such as --input-type, are not the worker's.
  const worker = new workers.Worker(url, { execArgv: [], name: 'myelin' });
  worker.on('message', message);
  worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)));
  worker.on('messageerror', (error) => lost(error.message));
  worker.on('exit', (code) => lost(`it ended with code ${code}`));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

/** The place of the script stands in the call itself, where bundlers look for it. */
function startBrowser(url: string | URL | undefined, { message, lost }: PortEvents): Port {
  const worker =
    url === undefined
      ? new Worker(new URL('./worker-host.js', import.meta.url), { type: 'module', name: 'myelin' })
      : new Worker(url, { type: 'module', name: 'myelin' });
  worker.onmessage = ({ data }) => message(data as Response);
  worker.onmessageerror = () => lost('a message of it could not be read');
  worker.onerror = (event) => {
    event.preventDefault();
    lost(event.message || 'its script, worker-host.js, could not be loaded; workerUrl says where it lies');
  };
  return {
    post: (request, transfer) => worker.postMessage(request, transfer as Transferable[]),
    hold() {},
    terminate: () => worker.terminate(),
  };
}

/** @throws BackendError where there are no workers, or this one is not allowed. */
export function startPort(url: string | URL | undefined, events: PortEvents): Port {
  const node = builtin<NodeWorkers>('node:worker_threads');
  try {
    if (node) return startNode(node, new URL(url ?? './worker-host.js', import.meta.url), events);
    if (typeof Worker !== 'undefined') return startBrowser(url, events);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BackendError(
      `The worker cannot start: ${why}. A page may start scripts of its own origin only, and those that its content ` +
        'policy allows (worker-src); workerUrl says where worker-host.js lies.',
      { cause },
    );
  }
  throw new BackendError('There are no workers here: Node 20.16 or newer, or a browser.');
}
