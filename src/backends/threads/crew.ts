import { BackendError } from '../../errors.js';
import { endedOf, type Watched } from './ended.js';
import { builtin } from './host.js';
import { ownPlace } from './own-place.js';
import { beside, inBrowser, placeOf, startAt, unstarted } from './scripts.js';
import type { ThreadData } from './team.js';

/** One thread, as far as the pool needs it. */
export interface Member {
  postMessage(message: unknown): void;
  terminate(): void;
  /** Returns whether it has ended, without waiting for an event. Needs to be asked once while it lives. */
  ended?(): boolean;
}

interface NodeWorker extends Watched {
  postMessage(message: unknown): void;
  terminate(): void;
  unref(): void;
  once(event: string, handler: (value: unknown) => void): void;
}

interface NodeWorkers {
  Worker: new (url: URL, options: { workerData: ThreadData; execArgv: string[] }) => NodeWorker;
}

type Lost = (error: unknown) => void;

/** Starts one thread, which answers when it is ready; `lost` hears of its end. */
type Start = (data: ThreadData, ready: (answer: unknown) => void, lost: Lost) => Member;

/** @throws BackendError where no worker can be started. */
export const nodeWorkers = () => builtin<NodeWorkers>('node:worker_threads');

const inNode =
  (place: URL): Start =>
  (data, ready, lost) => {
    const { Worker } = nodeWorkers() as NodeWorkers;
    // Flags of the main program, such as --input-type, must not apply to the worker.
    const worker = new Worker(place, { workerData: data, execArgv: [] });
    worker.once('message', (answer) => {
      worker.unref();
      ready(answer);
    });
    worker.once('error', lost);
    worker.once('exit', (code) => lost(`a worker ended with code ${code}`));
    return {
      postMessage: (message) => worker.postMessage(message),
      terminate: () => worker.terminate(),
      ...endedOf(worker),
    };
  };

const inPage =
  (open: () => Worker): Start =>
  (data, ready, lost) => {
    const worker = open();
    worker.onmessage = (event) => ready(event.data);
    worker.onmessageerror = () => lost('a message could not be read');
    worker.onerror = (event) => {
      event.preventDefault();
      lost(event.message || 'its script could not be loaded, or the content policy forbids it');
    };
    worker.postMessage(data);
    return worker;
  };

const inPackage = '../../../build/thread.js';
const inBundle = './thread.js';
const here: string = import.meta.url;

/**
 * Returns the ways to start a script, to be tried one after the other until one works. The first of those of pages is
 * written out here, since bundlers look for it.
 */
function ways(given: string | URL | undefined): (() => Start | Promise<Start | undefined>)[] {
  const node = nodeWorkers() !== undefined;
  if (!node && !inBrowser()) throw new BackendError('Threads cannot start: there are no workers here.');
  const at = (place: URL) => (node ? inNode(place) : inPage(() => startAt(place, 'myelin-thread')));
  if (given !== undefined) return [() => at(placeOf(given))];
  const literal = () =>
    new Worker(new URL('../../../build/thread.js', import.meta.url), { type: 'module', name: 'myelin-thread' });
  return [
    () => (node ? at(beside(here, inPackage)) : inPage(literal)),
    async () => {
      const place = await ownPlace();
      return place ? at(new URL(place)) : undefined;
    },
    () => at(beside(here, inBundle)),
  ];
}

/** A thread may find that it cannot compute: then it answers with the reason. */
function startOne(start: Start, data: ThreadData, members: Member[], lost: Lost): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (error: unknown) => {
      reject(error);
      lost(error);
    };
    const ready = (answer: unknown) => {
      if (answer === 'ready') resolve();
      else gone(answer);
    };
    members.push(start(data, ready, gone));
  });
}

/**
 * Starts the threads of a pool. `lost` hears of one that ends later.
 * @throws BackendError
 */
export async function openCrew(
  team: readonly ThreadData[],
  given: string | URL | undefined,
  lost: Lost,
): Promise<readonly Member[]> {
  const causes: unknown[] = [];
  try {
    for (const way of ways(given)) {
      const members: Member[] = [];
      let open = false;
      try {
        const start = await way();
        if (!start) continue;
        await Promise.all(team.map((data) => startOne(start, data, members, (error) => open && lost(error))));
        open = true;
        return members;
      } catch (error) {
        causes.push(error);
        for (const member of members) member.terminate();
      }
    }
  } catch (error) {
    causes.push(error);
  }
  const [cause] = causes;
  if (cause instanceof BackendError) throw cause;
  throw unstarted({ what: 'A thread could not start', script: 'thread', option: 'threadUrl', here, causes });
}
