// More threads are not always faster: cores that share no cache send each other what one of them writes, and neighbours take cores
// away, for minutes at a time. All numbers of threads end in the same bits, so the steps of training themselves are timed.

/** A way to run a program. */
export interface Way {
  readonly threads: number;
  readonly run: () => void;
}

/** Runs of each way that are not timed, since engines compile code while it runs for the first times. */
const WARM_UPS = 2;

/** Timed runs of each way, of which the fastest counts. */
const TRIALS = 3;

/** Milliseconds after which the ways are timed again. */
const LASTING = 5000;

/** Fewer threads have to take less than this share of the time of more. */
const WORTH_CHANGING = 0.97;

/** Finds out, by running it, with how many threads a program is fastest. */
export class Choice {
  #chosen: Way;
  #best: number[];
  /** The runs of this trial so far; all ways take turns. */
  #runs = 0;
  #until = 0;

  /**
   * `ways` begins with most threads; `told` hears of each choice, with the time of the chosen over that of most threads.
   * `now` is the time in milliseconds.
   */
  constructor(
    private readonly ways: readonly Way[],
    private readonly told: (threads: number, ratio: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#chosen = ways[0] as Way;
    this.#best = ways.map(() => Infinity);
  }

  /** Runs the program once. */
  readonly run = (): void => {
    const begun = this.now();
    if (begun < this.#until) {
      this.#chosen.run();
      return;
    }
    const { ways } = this;
    const turn = this.#runs % ways.length;
    ways[turn]!.run();
    // Nothing is known of a run that throws.
    if (this.#runs++ >= WARM_UPS * ways.length) {
      this.#best[turn] = Math.min(this.#best[turn]!, this.now() - begun);
    }
    if (this.#runs === (WARM_UPS + TRIALS) * ways.length) this.#choose();
  };

  #choose(): void {
    const [most] = this.#best as [number];
    const best = this.#best.reduce((a, time, way) => (time < WORTH_CHANGING * this.#best[a]! ? way : a), 0);
    this.#chosen = this.ways[best] as Way;
    this.told(this.#chosen.threads, this.#best[best]! / most);
    // The code has run, and so is compiled.
    this.#runs = WARM_UPS * this.ways.length;
    this.#best = this.ways.map(() => Infinity);
    this.#until = this.now() + LASTING;
  }
}

/** Lists the numbers of threads that are tried: all, half of them, and so on down to one. */
export function numbersToTry(threads: number): readonly number[] {
  const numbers = [threads];
  while (numbers.at(-1)! > 1) numbers.push(Math.floor(numbers.at(-1)! / 2));
  return numbers;
}
