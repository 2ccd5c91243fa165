/** Lets a run of `fit` pause and go on. */
export interface TrainingControl {
  /** True from a call of `pause` to the next of `resume`. */
  readonly paused: boolean;
  /** Resolves once the run pauses between two batches, or has ended; at once where none has begun. */
  pause(): Promise<void>;
  /** Lets a paused run go on; does nothing to one that is not paused. */
  resume(): void;
  /** Is called by `fit` between batches: resolves at once, or, while paused, when the run may go on. */
  halt(): Promise<void>;
  /** Is called by `fit` when it begins (true) and when it has ended (false). */
  running(run: boolean): void;
  /** Calls back whenever `paused` is set, until the function that it returns is called; for workers. */
  watch(handler: (paused: boolean) => void): () => void;
}

/**
 * Returns a control for the option of `fit` of this name: `control.pause()` lets the run pause between two batches, in
 * validation too, and `control.resume()` go on. Meanwhile the model may be used as in a callback.
 */
export function trainingControl(): TrainingControl {
  let paused = false;
  let running = false;
  let wake: (() => void)[] = [];
  let still: (() => void)[] = [];
  const watchers = new Set<(paused: boolean) => void>();
  const set = (value: boolean) => {
    paused = value;
    for (const handler of watchers) handler(value);
  };
  const release = (list: (() => void)[]) => {
    for (const resolve of list) resolve();
  };
  return {
    get paused() {
      return paused;
    },
    pause() {
      set(true);
      if (!running) return Promise.resolve();
      return new Promise((resolve) => still.push(resolve));
    },
    resume() {
      set(false);
      const waiting = wake;
      wake = [];
      release(waiting);
    },
    halt() {
      // In a worker, the run may learn of `resume` while this call is on its way.
      if (!paused) return Promise.resolve();
      const waiting = still;
      still = [];
      release(waiting);
      return new Promise((resolve) => wake.push(resolve));
    },
    running(run) {
      running = run;
      if (run) return;
      release(still);
      release(wake);
      [still, wake] = [[], []];
    },
    watch(handler) {
      watchers.add(handler);
      return () => watchers.delete(handler);
    },
  };
}
