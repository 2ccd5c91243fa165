/** The best epoch by some of the rows. */
export interface Choice {
  best: number;
  bestEpoch: number;
  temperature: number;
  /** Nothing changes it any more. */
  done: boolean;
}

/** The share of the epochs so far over which losses are averaged to judge an epoch. */
const WINDOW = 0.2;

/**
 * Choices of an epoch and a temperature, each by losses of its own. A single epoch is ahead of those around it by chance, and
 * hardly better on other rows; the mean over a fifth of the epochs is not.
 */
export class Choices {
  #list: Choice[];
  /** By epoch the losses of all choices at the first temperature, at the second, and so on. */
  #judged: Float64Array[] = [];
  readonly #width: number;

  constructor(
    count: number,
    readonly temperatures: readonly number[],
  ) {
    this.#list = Array.from({ length: count }, () => ({
      best: Number.NaN,
      bestEpoch: -1,
      temperature: 1,
      done: false,
    }));
    this.#width = count * temperatures.length;
  }

  get list(): readonly Readonly<Choice>[] {
    return this.#list;
  }

  /** All losses, epoch by epoch. */
  get judged(): Float64Array {
    const all = new Float64Array(this.#judged.length * this.#width);
    this.#judged.forEach((losses, epoch) => {
      all.set(losses, epoch * this.#width);
    });
    return all;
  }

  restore(list: readonly Choice[], judged: Float64Array): void {
    this.#list = list.map((choice) => ({ ...choice }));
    this.#judged = Array.from({ length: judged.length / this.#width }, (_, epoch) =>
      judged.slice(epoch * this.#width, (epoch + 1) * this.#width),
    );
  }

  /** The number of losses of an epoch. */
  get width(): number {
    return this.#width;
  }

  /**
   * Takes the loss of each choice in an epoch at a temperature, NaN of those that have no rows; returns the choices that it
   * betters.
   */
  take(epoch: number, temperature: number, losses: readonly number[]): ReadonlySet<number> {
    this.#judged[epoch] ??= new Float64Array(this.#width).fill(Number.NaN);
    const at = this.temperatures.indexOf(temperature) * this.#list.length;
    this.#judged[epoch].set(losses, at);
    const first = epoch - Math.floor(WINDOW * (epoch + 1));
    const bettered = new Set<number>();
    this.#list.forEach((choice, i) => {
      if (choice.done) return;
      let sum = 0;
      for (let e = first; e <= epoch; e++) sum += this.#judged[e]![at + i]!;
      const loss = sum / (epoch + 1 - first);
      // Without rows, the last epoch is taken.
      const better = Number.isNaN(loss) ? choice.bestEpoch < epoch : loss < choice.best;
      if (choice.bestEpoch >= 0 && !better) return;
      choice.best = loss;
      choice.bestEpoch = epoch;
      choice.temperature = temperature;
      bettered.add(i);
    });
    return bettered;
  }

  /** Ends the choices that no epoch up to this one has bettered for so many. */
  wait(epoch: number, patience: number): void {
    for (const choice of this.#list) if (epoch - choice.bestEpoch >= patience) choice.done = true;
  }
}
