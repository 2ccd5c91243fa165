import { builtin } from '../backends/threads/host.js';
import { beside, inBrowser, placeOf, startAt, unstarted, why } from '../backends/threads/scripts.js';
import { BackendError } from '../errors.js';
import type { Request, Response } from './protocol.js';

/** A worker of Node or of a browser. */
export interface Port {
  /** Resolves when the worker has begun; what is sent before may be lost. */
  readonly begun: Promise<void>;
  post(message: Request, transfer?: readonly ArrayBuffer[]): void;
  /** Keeps a process of Node alive, or no longer. */
  hold(alive: boolean): void;
  terminate(): void;
}

export interface PortEvents {
  message(message: Response): void;
  /** The worker has ended, or never began. */
  lost(error: BackendError): void;
}

interface RawEvents {
  message(message: Response): void;
  lost(cause: unknown): void;
}

/** Starts a worker, which may turn out later not to have begun. */
type Start = (events: RawEvents) => Omit<Port, 'begun'>;

interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
  on(event: 'message', handler: (message: Response) => void): void;
  on(event: 'error' | 'messageerror', handler: (error: unknown) => void): void;
  on(event: 'exit', handler: (code: number) => void): void;
}

interface NodeWorkers {
  Worker: new (url: URL, options: { execArgv: string[]; name: string; workerData: object }) => NodeWorker;
}

const inNode =
  ({ Worker }: NodeWorkers, place: URL): Start =>
  ({ message, lost }) => {
    // Flags of the main program, such as --input-type, must not apply to the worker.
    const worker = new Worker(place, { execArgv: [], name: 'myelin', workerData: { role: 'myelin' } });
    worker.on('message', message);
    worker.on('error', lost);
    worker.on('messageerror', lost);
    worker.on('exit', (code) => lost(`it ended with code ${code}`));
    return {
      post: (request, transfer) => worker.postMessage(request, transfer),
      hold: (alive) => (alive ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  };

const inPage =
  (open: () => Worker): Start =>
  ({ message, lost }) => {
    const worker = open();
    worker.onmessage = ({ data }) => message(data as Response);
    worker.onmessageerror = () => lost('a message of it could not be read');
    worker.onerror = (event) => {
      event.preventDefault();
      lost(event.message || 'its script could not be loaded, or the content policy forbids it');
    };
    return {
      post: (request, transfer) => worker.postMessage(request, transfer as Transferable[]),
      hold() {},
      terminate: () => worker.terminate(),
    };
  };

/** Undefined where it does not apply. */
type Way = () => Start | Promise<Start | undefined>;

type Find = () => Promise<string | undefined>;

let findScript: Find | undefined;

/** Says how to find the script where a development server has moved this module away from it. */
export function findScriptBy(find: Find): void {
  findScript = find;
}

async function foundPlace(): Promise<string | undefined> {
  const place = await findScript?.().catch(() => undefined);
  return place === here ? undefined : place;
}

const inPackage = '../../build/worker-host.js';
const inBundle = './worker-host.js';
const here: string = import.meta.url;

/**
 * Returns the ways to start a script, to be tried one after the other until one works. The first of those of pages is
 * written out here, since bundlers look for it.
 */
function ways(given: string | URL | undefined): Way[] {
  const node = builtin<NodeWorkers>('node:worker_threads');
  if (!node && !inBrowser()) throw new BackendError(`There are no workers here: ${NEEDED}.`);
  const at = (place: URL) => (node ? inNode(node, place) : inPage(() => startAt(place, 'myelin')));
  if (given !== undefined) return [() => at(placeOf(given))];
  const literal = () =>
    new Worker(new URL('../../build/worker-host.js', import.meta.url), { type: 'module', name: 'myelin' });
  return [
    () => (node ? at(beside(here, inPackage)) : inPage(literal)),
    async () => {
      const place = await foundPlace();
      return place ? at(new URL(place)) : undefined;
    },
    // A package of another origin, and a page that demands trusted types, need this for the same place.
    () => at(beside(here, inPackage)),
    () => at(beside(here, inBundle)),
  ];
}

const NEEDED = 'Node 20.16 or newer, but not 21 or 22.0 to 22.2, or a browser';

/** A worker that takes more than one try to begin, perhaps. */
class Starting implements Port {
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;
  #port: Omit<Port, 'begun'> | undefined;
  #ready = false;
  #ended = false;
  #held: boolean | undefined;
  readonly #causes: unknown[] = [];

  constructor(
    private readonly ways: Way[],
    private readonly events: PortEvents,
  ) {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    const first = this.ways.shift() as () => Start;
    try {
      this.#open(first());
    } catch (error) {
      this.#causes.push(error);
      if (this.ways.length === 0) throw this.#failed();
      this.#next();
    }
  }

  #open(start: Start): void {
    let over = false;
    const port = start({
      message: (message) => {
        if (message.type !== 'ready') this.events.message(message);
        this.#ready = true;
        this.#begin();
      },
      lost: (error) => {
        if (over || this.#ended) return;
        over = true;
        if (this.#ready) this.events.lost(gone(error));
        else {
          this.#causes.push(error);
          this.#port?.terminate();
          this.#next();
        }
      },
    });
    this.#port = port;
    if (this.#held !== undefined) port.hold(this.#held);
  }

  async #next(): Promise<void> {
    this.#port = undefined;
    for (let way = this.ways.shift(); way && !this.#ended; way = this.ways.shift()) {
      try {
        const start = await way();
        if (!start) continue;
        if (!this.#ended) this.#open(start);
        return;
      } catch (error) {
        this.#causes.push(error);
      }
    }
    if (!this.#ended) this.events.lost(this.#failed());
  }

  #failed(): BackendError {
    const causes = this.#causes;
    return unstarted({ what: 'The worker cannot start', script: 'worker-host', option: 'workerUrl', here, causes });
  }

  post(message: Request, transfer?: readonly ArrayBuffer[]): void {
    this.#port?.post(message, transfer);
  }

  hold(alive: boolean): void {
    this.#held = alive;
    this.#port?.hold(alive);
  }

  terminate(): void {
    this.#ended = true;
    this.#port?.terminate();
  }
}

function gone(cause: unknown): BackendError {
  return new BackendError(
    `The worker is gone: ${why(cause)}. Its models cannot continue; build them again from the last weights that were saved.`,
    { cause },
  );
}

/** @throws BackendError where there are no workers, or this one is not allowed. */
export function startPort(url: string | URL | undefined, events: PortEvents): Port {
  return new Starting(ways(url), events);
}
