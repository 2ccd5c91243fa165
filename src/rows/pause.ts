/** Milliseconds of uninterrupted work after which `fit` hands over to the event loop. */
const SLICE = 16;

declare const setImmediate: ((callback: () => void) => void) | undefined;

/** Resolves after the event loop had a turn. A message port is not throttled in background tabs, timers are. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    try {
      if (typeof setImmediate === 'function') return void setImmediate(resolve);
    } catch {
      // Some edge runtimes have a MessageChannel that throws.
    }
    // jsdom under Jest has neither.
    if (typeof MessageChannel !== 'function') return void setTimeout(resolve, 0);
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
let sliceBegan = -Infinity;

/** The runs that wait for a slice, in order. */
const waiting: (() => void)[] = [];

/** Gives the next slice to the run that has waited longest. */
function nextSlice(): void {
  sliceBegan = performance.now();
  waiting.shift()?.();
  if (waiting.length > 0) turn().then(nextSlice);
}

/** Waits for a slice after those that others wait for. */
function awaitSlice(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) turn().then(nextSlice);
  });
}

/**
 * Does work as a run: at once where there is no other, else from the next slice on, since of many that are called at the
 * same time each has data to read first.
 */
export async function asRun<T>(work: () => Promise<T>): Promise<T> {
  if (runs++ > 0) await awaitSlice();
  else sliceBegan = performance.now();
  try {
    return await work();
  } finally {
    runs--;
  }
}

/**
 * Gives a promise to wait for when the slice is used up, by whichever run, else undefined. However many runs there are, the
 * event loop has a turn after each slice, and one of them has the next.
 */
export function sharedPause(): Promise<void> | undefined {
  return performance.now() - sliceBegan < SLICE ? undefined : awaitSlice();
}
