import { sharedPause } from '../rows/pause.js';
import type { FitPlan } from './fit-plan.js';
import { onAbort } from './on-abort.js';
import type { EpochClock } from './position.js';

/** Ends a run, or lets it stand still, between two of its steps. */
export class Interruption {
  #aborted = false;
  /** Ends what is being waited for. */
  #giveUp: ((reason: unknown) => void) | undefined;

  constructor(
    private readonly plan: Pick<FitPlan, 'signal' | 'control'>,
    private readonly clock: EpochClock,
  ) {}

  /** Listens to the signal until what it returns is called. */
  watch(): (() => void) | undefined {
    const { signal } = this.plan;
    this.#aborted = signal?.aborted ?? false;
    return (
      signal &&
      onAbort(signal, () => {
        this.#aborted = true;
        this.#giveUp?.(signal.reason);
      })
    );
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Throws where the run is to end; returns what to wait for while it is paused. */
  pauseIfAsked(): Promise<void> | undefined {
    const { signal, control } = this.plan;
    if (this.#aborted) throw signal?.reason;
    if (!control?.paused) return undefined;
    const since = performance.now();
    return this.orAborted(control.halt()).then(() => {
      this.clock.leaveOut(performance.now() - since);
    });
  }

  /** The same, and hands over to the event loop where it is time to. */
  readonly pause = (): Promise<void> | undefined => this.pauseIfAsked() ?? sharedPause();

  /** Waits, but not longer than until the signal comes. */
  readonly orAborted = <T>(waited: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      this.#giveUp = reject;
      waited.then(resolve, reject);
    });
}
