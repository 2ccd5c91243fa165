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
