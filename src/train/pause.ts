/** Milliseconds of uninterrupted work after which `fit` hands over to the event loop. */
const SLICE = 16;

declare const setImmediate: ((callback: () => void) => void) | undefined;

/** Resolves after the event loop had a turn. A message port is not throttled in background tabs, timers are. */
function turn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Returns a function that gives a promise to wait for when the time slice is used up, else undefined. */
export function makePause(slice = SLICE): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < slice) return undefined;
    return turn().then(() => {
      last = performance.now();
    });
  };
}

/** Runs under way in this process. They share one slice between two turns of the event loop. */
let runs = 0;
let sliceBegan = Number.NEGATIVE_INFINITY;

/** What waits for a slice, in order. */
const waiting: (() => void)[] = [];

/** Gives the next slice to the run that has waited longest. */
function nextSlice(): void {
  sliceBegan = performance.now();
  waiting.shift()?.();
  if (waiting.length > 0) turn().then(nextSlice);
}

/** Says that a run begins; without others a slice begins with it. What it returns says that it has ended. */
export function beginRun(): () => void {
  if (runs++ === 0) sliceBegan = performance.now();
  return () => {
    runs--;
  };
}

/**
 * Gives a promise to wait for when the slice is used up, by whichever run, else undefined. However many runs there are, the
 * event loop has a turn after each slice, and one of them has the next.
 */
export function sharedPause(): Promise<void> | undefined {
  if (performance.now() - sliceBegan < SLICE) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) turn().then(nextSlice);
  });
}
