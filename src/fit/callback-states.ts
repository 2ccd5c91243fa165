import type { Callback } from '../callbacks/interfaces.js';

type States = Readonly<Record<string, unknown>>;

/** Holds what the callbacks of a run remember, by name; those of one name are numbered. */
export class CallbackStates {
  readonly #stateful: readonly (readonly [name: string, callback: Callback])[];

  constructor(
    callbacks: readonly Callback[],
    /** States yet to be given back to them, where the run goes on with an earlier one. */
    private restored: States | undefined,
  ) {
    const seen = new Map<string, number>();
    this.#stateful = callbacks
      .filter(({ getState }) => getState)
      .map((callback) => {
        const { name = 'callback' } = callback;
        const count = (seen.get(name) ?? 0) + 1;
        seen.set(name, count);
        return [count === 1 ? name : `${name}.${count}`, callback];
      });
  }

  get state(): States {
    return {
      ...Object.fromEntries(this.#stateful.map(([name, callback]) => [name, callback.getState?.()])),
      ...this.restored,
    };
  }

  /** Gives back, once. */
  restore(): void {
    const { restored } = this;
    for (const [name, callback] of this.#stateful) {
      if (restored && Object.hasOwn(restored, name)) callback.setState?.(restored[name]);
    }
    this.restored = undefined;
  }
}
