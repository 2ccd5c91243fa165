import { checkNumber, checkOptions } from '../../errors.js';
import { onAbort } from '../../fit/on-abort.js';

/** After the batch or the epoch by which so many seconds or epochs have passed since the last time. */
export type CheckpointEvery = { readonly seconds: number } | { readonly epochs: number };

/**
 * Pauses in training, in which a checkpoint is written: the networks end as for a signal and go on, to the same bits.
 */
export class Pauses {
  readonly #seconds: number;
  readonly #epochs: number;
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #passed = 0;
  #unwatch: (() => void) | undefined;

  /** @throws ValueError */
  constructor(given: CheckpointEvery) {
    const unit = typeof given === 'object' && given !== null && 'seconds' in given ? 'seconds' : 'epochs';
    checkOptions(given, [unit], 'checkpointEvery');
    const every = (given as Readonly<Record<string, unknown>>)[unit];
    const range = unit === 'seconds' ? { above: 0, max: 2 ** 31 / 1000 } : { min: 1, integer: true };
    const value = checkNumber(every, `checkpointEvery.${unit}`, range);
    this.#seconds = unit === 'seconds' ? value : Infinity;
    this.#epochs = unit === 'epochs' ? value : Infinity;
  }

  /** Until the next pause; the signal comes then, and when the other one does. */
  begin(signal: AbortSignal | undefined): AbortSignal {
    const controller = new AbortController();
    this.#controller = controller;
    this.#passed = 0;
    if (signal?.aborted) controller.abort(signal.reason);
    this.#unwatch = signal && onAbort(signal, () => controller.abort(signal.reason));
    if (this.#seconds < Infinity) {
      this.#timer = setTimeout(() => controller.abort(this), 1000 * this.#seconds);
    }
    return controller.signal;
  }

  /** An epoch of all networks has passed. */
  epoch(): void {
    const controller = this.#controller;
    // This runs once the networks have been told how to go on.
    if (++this.#passed === this.#epochs) queueMicrotask(() => controller.abort(this));
  }

  /** Training has paused or come to its end. */
  end(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.#controller.abort(this);
  }
}
