// Tells that a worker of Node has died while this thread waits for it without returning to the event loop, where no
// 'exit' arrives. Measured in bench/NOTES.md, "Cleverness that pays"; test/backends/ended.test.ts kills a worker, under
// every version of Node that the tests run on.

/** The part of Node's Worker that tells. */
export interface Watched {
  readonly performance?: { eventLoopUtilization?(): { idle: number } };
}

const inBun = (globalThis as { process?: { versions?: { bun?: string } } }).process?.versions?.bun !== undefined;

/**
 * Adds `ended()` where the engine can tell. It has to be asked once while the worker lives: Node then remembers when the
 * worker's event loop began, and takes that from 0, and so arrives at negative idle time, once the loop is gone. Deno
 * has no such function, Bun one that complains.
 */
export function endedOf(worker: Watched): { ended?(): boolean } {
  if (inBun) return {};
  return { ended: () => (worker.performance?.eventLoopUtilization?.().idle ?? 0) < 0 };
}
