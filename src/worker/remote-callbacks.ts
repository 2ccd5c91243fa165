import type { Ask, CallSettings, PackedCallback, States } from './protocol.js';

/** The factories of callbacks, by name. */
export type Factories = Readonly<Record<string, (...args: never[]) => object>>;

interface Stateful {
  getState?(): unknown;
  setState?(state: unknown): void;
}

/** Milliseconds of batches whose hooks go together, and how many at most. */
const GROUP_MS = 16;
const GROUP_SIZE = 512;

/** Groups that may be under way before training waits for the calling side. */
const GROUPS = 2;

/** Sends functions to call, and resolves when all have run. */
export type Send = (asks: readonly Ask[]) => Promise<{ readonly answers: readonly unknown[] }>;

/** The worker's side of callbacks: tells the calling side of hooks, in order and without leaving any out. */
export class Hooks {
  #waiting: Ask[] = [];
  readonly #made = new Map<number, Stateful>();
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
    private readonly factories: Factories,
  ) {}

  /**
   * Returns a callback that hands its hooks over. One with a state is told of each batch, since its state may be asked for.
   */
  callback({ hooks, fields, state, recipe }: PackedCallback): object {
    const make = recipe && this.factories[recipe.name];
    if (make) {
      const own = make(...(recipe.args as never[])) as Stateful;
      if (recipe.state !== undefined) own.setState?.(recipe.state);
      this.#made.set(recipe.fn, own);
      return own;
    }
    const each = this.eachBatch || state !== undefined;
    const made: Record<string, unknown> = { ...fields };
    for (const [name, fn] of Object.entries(hooks)) {
      const grouped = name.includes('Batch') && !each;
      const told = name === 'setState' || name === 'setParams';
      if (told) made[name] = (value: unknown) => this.#push(fn, [value]);
      else made[name] = name === 'onRestore' ? (model: object) => this.#answer(fn, model) : this.#hook(fn, grouped);
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

  /** Calls a hook whose answer counts. */
  async #answer(fn: number, model: object): Promise<unknown> {
    await this.flush();
    const { answers } = await this.send([this.#ask(fn, [model])]);
    return answers[0];
  }

  /** States of the callbacks that this side has for itself. */
  made(): States {
    return [...this.#made].filter(([, { getState }]) => getState).map(([fn, own]) => [fn, own.getState?.()]);
  }

  #push(fn: number, args: readonly unknown[]): void {
    this.#waiting.push(this.#ask(fn, args));
  }

  #ask(fn: number, args: readonly unknown[]): Ask {
    const self = args.indexOf(this.model);
    return { fn, args: self < 0 ? args : args.map((arg, i) => (i === self ? undefined : arg)), self };
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

/** Returns a callback that tells of progress, every so often. */
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
