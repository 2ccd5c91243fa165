import type { Ask, CallSettings, PackedCallback } from './protocol.js';

/** Milliseconds of batches whose hooks go together, and how many at most. */
const GROUP_MS = 16;
const GROUP_SIZE = 512;

/** Groups that may be under way before training waits for the calling side. */
const GROUPS = 2;

/** Sends functions to call, and resolves when all have run. */
export type Send = (asks: readonly Ask[]) => Promise<unknown>;

/** The worker's side of callbacks: tells the calling side of hooks, in order and without leaving any out. */
export class Hooks {
  #waiting: Ask[] = [];
  #lastSent = -Infinity;
  /** Groups under way. */
  #open = 0;
  /** Resolves when the oldest is through. */
  #answered: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly send: Send,
    /** The worker's own, for which the calling side puts its. */
    private readonly model: object,
    private readonly eachBatch: boolean,
    /** The last known state of callbacks, by number. */
    private readonly states: Map<number, unknown>,
  ) {}

  /** A callback that hands its hooks over. One with a state is told of each batch, since its state may be asked for. */
  callback({ hooks, fields, state }: PackedCallback): object {
    const each = this.eachBatch || state !== undefined;
    const made: Record<string, unknown> = { ...fields };
    for (const [name, fn] of Object.entries(hooks)) {
      const grouped = name.includes('Batch') && !each;
      made[name] = name === 'setState' ? (value: unknown) => this.#push(fn, [value]) : this.#hook(fn, grouped);
    }
    if (state) {
      this.states.set(state.fn, state.value);
      made.getState = () => this.states.get(state.fn);
    }
    return made;
  }

  #hook(fn: number, grouped: boolean): (...args: unknown[]) => Promise<void> | undefined {
    return (...args) => {
      this.#push(fn, args);
      if (!grouped) return this.flush();
      if (this.#failure) throw this.#failure.error;
      if (performance.now() - this.#lastSent < GROUP_MS && this.#waiting.length < GROUP_SIZE) return undefined;
      this.#sendWaiting();
      return this.#open > GROUPS ? this.#answered : undefined;
    };
  }

  #push(fn: number, args: readonly unknown[]): void {
    const self = args.indexOf(this.model);
    this.#waiting.push({ fn, args: self < 0 ? args : args.map((arg, i) => (i === self ? undefined : arg)), self });
  }

  #sendWaiting(): void {
    if (this.#waiting.length === 0) return;
    const asks = this.#waiting;
    this.#waiting = [];
    this.#lastSent = performance.now();
    this.#open++;
    const before = this.#answered;
    const through = this.send(asks).then(
      () => {
        this.#open--;
      },
      (error) => {
        this.#open--;
        this.#failure ??= { error };
      },
    );
    this.#answered = before.then(() => through);
  }

  /** Resolves when all hooks so far have run. @throws what one of them threw. */
  async flush(): Promise<void> {
    this.#sendWaiting();
    await this.#answered;
    if (this.#failure) throw this.#failure.error;
  }
}

/** A callback that tells of progress, every so often. */
export function progressCallback(
  { interval }: NonNullable<CallSettings['progress']>,
  tell: (event: object) => void,
): object {
  let epoch = 0;
  let batch = 0;
  let last = performance.now();
  return {
    onEpochBegin(present: number) {
      epoch = present;
    },
    onBatchEnd(present: number, logs: object) {
      batch = present;
      const now = performance.now();
      if (now - last < interval) return;
      last = now;
      tell({ epoch, batch, logs });
    },
    onEpochEnd(_: number, logs: object) {
      last = performance.now();
      tell({ epoch, batch, logs });
    },
  };
}
