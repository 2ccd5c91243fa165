// All threads share this control block: one Int32Array in a buffer of its own, away from heaps and their static data. Words
// that different threads write lie 128 bytes apart: processors fetch lines of 64 bytes in pairs.

const WORD = {
  /** Counts orders; threads that wait for one wait on it. */
  order: 0,
  /** The command, and for `run` which program. */
  command: 32,
  argument: 33,
  /** The barrier: how many have arrived, how often it opened, how many sleep. */
  arrived: 64,
  opened: 96,
  sleepers: 128,
  /** The number of threads that have left their loop to read messages. */
  listening: 160,
  /** Set where a kernel or a thread failed. */
  failed: 192,
} as const;

export const COMMAND = { listen: 1, run: 2 } as const;

/**
 * The number of times that a waiting thread looks before it sleeps: some 50 microseconds, more than the calls take that
 * only the first thread makes, less than waking costs twice. Where threads share cores, looking keeps the awaited from
 * working.
 */
const SPINS = { ownCore: 50_000, sharedCore: 200 };

/** A thread that does not arrive for so long is taken for dead. */
const PATIENCE_MS = 10_000;

export class ThreadsFailedError extends Error {}

/** Orders, and the barrier between the phases of a program. */
export class Control {
  /** Set by who can tell: whether a thread has ended, which then answers nobody. */
  lost: () => boolean = () => false;
  readonly #words: Int32Array;
  readonly #spins: number;

  constructor(
    readonly buffer: SharedArrayBuffer,
    readonly threads: number,
    /** False on a browser's main thread, which may not sleep and so goes on looking. */
    readonly maySleep: boolean,
    /** Cores of the machine. */
    cores: number,
  ) {
    this.#spins = threads <= cores ? SPINS.ownCore : SPINS.sharedCore;
    this.#words = new Int32Array(buffer);
  }

  static create(threads: number, maySleep: boolean, cores: number): Control {
    return new Control(new SharedArrayBuffer(4 * 256), threads, maySleep, cores);
  }

  get order(): number {
    return Atomics.load(this.#words, WORD.order);
  }

  get command(): number {
    return Atomics.load(this.#words, WORD.command);
  }

  get argument(): number {
    return Atomics.load(this.#words, WORD.argument);
  }

  fail(): void {
    Atomics.store(this.#words, WORD.failed, 1);
    Atomics.notify(this.#words, WORD.opened);
    Atomics.notify(this.#words, WORD.listening);
  }

  /** Gives an order to all threads. */
  give(command: number, argument = 0): void {
    const words = this.#words;
    Atomics.store(words, WORD.command, command);
    Atomics.store(words, WORD.argument, argument);
    Atomics.add(words, WORD.order, 1);
    if (Atomics.load(words, WORD.sleepers) > 0) Atomics.notify(words, WORD.order);
  }

  /** Waits for an order after the one last `seen`, however long it takes, and returns its number. */
  awaitOrder(seen: number): number {
    this.#wait(WORD.order, seen, Infinity);
    return this.order;
  }

  /** Waits until all threads are here. */
  barrier(): void {
    const words = this.#words;
    const opened = Atomics.load(words, WORD.opened);
    if (Atomics.add(words, WORD.arrived, 1) === this.threads - 1) {
      Atomics.store(words, WORD.arrived, 0);
      Atomics.store(words, WORD.opened, (opened + 1) | 0);
      if (Atomics.load(words, WORD.sleepers) > 0) Atomics.notify(words, WORD.opened);
      return;
    }
    this.#wait(WORD.opened, opened, PATIENCE_MS);
  }

  /** Called by a thread that is about to read its messages. */
  announceListening(): void {
    Atomics.add(this.#words, WORD.listening, 1);
    Atomics.notify(this.#words, WORD.listening);
  }

  /** Waits until all but this thread read their messages. */
  awaitListening(): void {
    const words = this.#words;
    for (;;) {
      const listening = Atomics.load(words, WORD.listening);
      if (listening === this.threads - 1) break;
      this.#wait(WORD.listening, listening, PATIENCE_MS);
    }
    Atomics.store(words, WORD.listening, 0);
  }

  /** Looks for a while whether a word has changed from `value`, then sleeps. */
  #wait(word: number, value: number, patience: number): void {
    const words = this.#words;
    for (let spin = 0; spin < this.#spins; spin++) {
      if (Atomics.load(words, word) !== value) return;
    }
    const start = performance.now();
    Atomics.add(words, WORD.sleepers, 1);
    try {
      while (Atomics.load(words, word) === value) {
        if (Atomics.load(words, WORD.failed)) throw new ThreadsFailedError('a thread failed');
        if (this.lost()) throw new ThreadsFailedError('a thread ended');
        if (performance.now() - start > patience) {
          throw new ThreadsFailedError(`a thread did not answer within ${patience / 1000} seconds`);
        }
        if (this.maySleep) Atomics.wait(words, word, value, 200);
      }
    } finally {
      Atomics.sub(words, WORD.sleepers, 1);
    }
  }
}
