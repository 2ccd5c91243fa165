import type { Callback, Model } from '../../callbacks/interfaces.js';
import { onAbort } from '../../fit/on-abort.js';

/**
 * Lets several networks train by turns, an epoch each, in the order of their numbers; those of different lanes side by
 * side. After each round, while all of them pause, `settle` is called; where it returns false all of them end.
 */
export class Rounds {
  /** Epochs that each has completed. */
  readonly completed: number[];
  readonly #controllers: readonly AbortController[];
  readonly #ended: boolean[];
  #settled: number;
  #going: boolean;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly networks: readonly Pick<Model, 'epochs' | 'stopTraining'>[],
    private readonly settle: (epoch: number) => boolean,
    private readonly signal: AbortSignal | undefined,
    { settled, going }: { readonly settled: number; readonly going: boolean },
    private readonly laneOf: (member: number) => number = () => 0,
  ) {
    this.completed = networks.map(({ epochs }) => epochs);
    this.#controllers = networks.map(() => new AbortController());
    this.#ended = networks.map(() => false);
    this.#settled = settled;
    this.#going = going;
  }

  /** Returns a signal of its own for each network's `fit`. */
  signalOf(member: number): AbortSignal {
    return this.#controllers[member]!.signal;
  }

  /** Marks a network as ended by itself, so that the others do not wait for it. */
  retire(member: number): void {
    this.#ended[member] = true;
    this.#proceed();
  }

  /** Runs all of them to their end. @throws what one of them throws, the signal's reason if it comes. */
  async run(fit: (member: number) => Promise<void>): Promise<void> {
    const abort = (reason: unknown) => {
      for (const controller of this.#controllers) controller.abort(reason);
      this.#wake();
    };
    const end = () => abort(this.signal?.reason);
    if (this.signal?.aborted) end();
    const unwatch = this.signal && onAbort(this.signal, end);
    let failure: { readonly error: unknown } | undefined;
    // The earlier run ended between the moment when all networks had completed this round and the moment when it was
    // settled.
    this.#proceed();
    try {
      await Promise.all(
        this.networks.map(async (_, member) => {
          try {
            await fit(member);
          } catch (error) {
            failure ??= { error };
            abort(error);
          }
          this.retire(member);
        }),
      );
    } finally {
      unwatch?.();
    }
    if (failure) throw failure.error;
  }

  /** Comes first among the callbacks of a network: waits for its turn. */
  turn(member: number): Callback {
    return {
      onEpochBegin: async () => {
        await this.#until(member, () => {
          const epoch = this.completed[member]!;
          const first = (i: number) => i < member && this.laneOf(i) === this.laneOf(member);
          const done = (count: number, i: number) => count > (first(i) ? epoch : epoch - 1);
          return !this.#going || this.completed.every((count, i) => i === member || this.#ended[i] || done(count, i));
        });
        if (!this.#going) this.networks[member]!.stopTraining = true;
      },
    };
  }

  /** Comes before what tells of an epoch: waits for networks of lower numbers to have told, so that the order is theirs. */
  order(member: number): Callback {
    const told = (count: number, i: number, epoch: number) => i >= member || this.#ended[i] || count > epoch;
    return {
      onEpochEnd: (epoch) => this.#until(member, () => this.completed.every((count, i) => told(count, i, epoch))),
    };
  }

  /** Comes last: waits for the others. `arrive` is told of the epoch before. */
  barrier(member: number, arrive: (epoch: number) => void): Callback {
    return {
      onEpochEnd: (epoch) => {
        arrive(epoch);
        this.completed[member] = epoch + 1;
        this.#proceed();
        return this.#until(member, () => this.#settled > epoch);
      },
    };
  }

  /** Settles the rounds that all have completed. */
  #proceed(): void {
    if (!this.#controllers[0]!.signal.aborted) this.#settleAll();
    this.#wake();
  }

  #settleAll(): void {
    const active = this.completed.filter((_, i) => !this.#ended[i]);
    const least = Math.min(...(active.length > 0 ? active : [Math.max(...this.completed)]));
    while (this.#going && this.#settled < least) {
      this.#going = this.settle(this.#settled++);
    }
    if (!this.#going) {
      this.#settled = Infinity;
      for (const network of this.networks) network.stopTraining = true;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async #until(member: number, ready: () => boolean): Promise<void> {
    const { signal } = this.#controllers[member]!;
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (ready()) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
