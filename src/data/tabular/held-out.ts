import { log } from '../../kernels/elementary.js';
import { Generator, stream } from '../../kernels/philox.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { shuffle } from '../splits.js';
import type { Task } from './design.js';

/** Probabilities below are taken for this one, as in the metric. */
const LEAST = 1e-7;
/** Parts of the rows that are left out; the epoch that one is measured at is chosen by the others. */
const GROUPS = 10;

/** The best epoch by some of the rows. */
export interface Choice {
  best: number;
  bestEpoch: number;
  /** Nothing changes it any more. */
  done: boolean;
}

/** What it takes to go on. */
export interface HeldOutState {
  readonly choices: readonly Choice[];
  readonly curve: readonly number[];
  readonly outputs: Float32Array;
  readonly losses: Float64Array;
  readonly latest: readonly Float32Array[];
}

/**
 * What networks say, epoch by epoch, of rows that they did not train on. The best epoch is the one in which all of them
 * together do best. What is measured comes from rows that chose nothing: those of each group at the epoch that is best for
 * all other groups.
 */
export class HeldOut {
  /** Rows that were left out, in order. */
  readonly rows: Uint32Array;
  /** The loss of all together by epoch. */
  readonly curve: number[] = [];
  #choices: Choice[];
  /** For each row the networks that left it out, and where it stands among theirs. */
  readonly #seen: readonly (readonly [member: number, place: number])[][];
  readonly #group: Uint8Array;
  readonly #sizes: readonly number[];
  #latest: Float32Array[];
  /** As chosen by the other groups. */
  readonly #outputs: Float32Array;
  readonly #losses: Float64Array;

  constructor(
    held: readonly Uint32Array[],
    private readonly truth: Float32Array,
    private readonly columns: number,
    private readonly task: Task,
    seed: number,
  ) {
    const seen = new Map<number, [number, number][]>();
    held.forEach((rows, member) => {
      rows.forEach((row, place) => {
        const list = seen.get(row);
        if (list) list.push([member, place]);
        else seen.set(row, [[member, place]]);
      });
    });
    this.rows = Uint32Array.from(seen.keys()).sort();
    this.#seen = Array.from(this.rows, (row) => seen.get(row)!);
    const count = this.rows.length;
    const groups = Math.min(GROUPS, count);
    this.#group = shuffle(
      Uint8Array.from({ length: count }, (_, i) => i % groups),
      new Generator(seed, stream('split', 2)),
    );
    this.#sizes = Array.from({ length: groups }, (_, g) => this.#group.filter((group) => group === g).length);
    this.#choices = Array.from({ length: groups + 1 }, () => ({ best: Number.NaN, bestEpoch: -1, done: false }));
    this.#latest = held.map((rows) => new Float32Array(rows.length * columns));
    this.#outputs = new Float32Array(count * columns);
    this.#losses = new Float64Array(count);
  }

  get state(): HeldOutState {
    return {
      choices: this.#choices,
      curve: this.curve,
      outputs: this.#outputs,
      losses: this.#losses,
      latest: this.#latest,
    };
  }

  set state({ choices, curve, outputs, losses, latest }: HeldOutState) {
    this.#choices = choices.map((choice) => ({ ...choice }));
    this.curve.splice(0, this.curve.length, ...curve);
    this.#outputs.set(outputs);
    this.#losses.set(losses);
    this.#latest = latest.map((data) => data.slice());
  }

  /** The epoch that all rows choose; -1 before there is one. */
  get bestEpoch(): number {
    return this.#choices[0]!.bestEpoch;
  }

  /** Takes what a network says at the end of an epoch of the rows that it left out. */
  take(member: number, outputs: Float32Array): void {
    this.#latest[member] = outputs;
  }

  /** Compares an epoch, after which all have spoken, to those before. Returns whether it is the best. */
  settle(epoch: number): boolean {
    const count = this.rows.length;
    const losses = new Float64Array(count);
    const sums = new Float64Array(this.#sizes.length);
    for (let i = 0; i < count; i++) {
      losses[i] = this.#lossOf(i);
      sums[this.#group[i]!]! += losses[i]!;
    }
    const total = sums.reduce((sum, part) => sum + part, 0);
    this.curve[epoch] = total / count;
    const better = this.#choices.map((choice, i) => {
      if (choice.done) return false;
      const [sum, rows] = i === 0 ? [total, count] : [total - sums[i - 1]!, count - this.#sizes[i - 1]!];
      const loss = sum / rows;
      // Where there is no other row, the last epoch.
      if (rows > 0 && choice.bestEpoch >= 0 && !(loss < choice.best)) return false;
      choice.best = Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
      choice.bestEpoch = epoch;
      return true;
    });
    for (let i = 0; i < count; i++) {
      if (!better[this.#group[i]! + 1]) continue;
      this.#losses[i] = losses[i]!;
      this.#outputs.set(this.#meanOf(i), i * this.columns);
    }
    return better[0]!;
  }

  /** Ends the choices that no epoch up to this one has bettered for so many; returns whether any goes on. */
  wait(epoch: number, patience: number): boolean {
    for (const choice of this.#choices) if (epoch - choice.bestEpoch >= patience) choice.done = true;
    return this.#choices.some(({ done }) => !done);
  }

  /** Means of what the networks that left them out say of the rows, each at the epoch that the others chose. */
  get outputs(): Matrix {
    return makeMatrix(this.#outputs, this.rows.length, this.columns);
  }

  /**
   * The loss to expect of all networks together, for each row. Of regression in units of the scaled target; single rows
   * may be below 0.
   */
  get losses(): Float64Array {
    return this.#losses;
  }

  /** The mean square of the errors of `outputs`, of regression. */
  get squared(): number {
    const sum = this.#outputs.reduce((sum, value, i) => sum + (value - this.truth[this.rows[i]!]!) ** 2, 0);
    return sum / this.rows.length;
  }

  #meanOf(i: number): Float32Array {
    const seen = this.#seen[i]!;
    const mean = new Float32Array(this.columns);
    for (let c = 0; c < this.columns; c++) {
      let sum = 0;
      for (const [member, place] of seen) sum += this.#latest[member]![place * this.columns + c]!;
      mean[c] = sum / seen.length;
    }
    return mean;
  }

  /**
   * Of two networks, the loss that the mean of as many as there are is expected to have. A squared error is exact: products
   * of two errors are what is left of the mean of many. A log loss is so to second order: from the mean of 2 to that of M it
   * falls by (1/2 - 1/M) d^2, d being the difference of the two probabilities as a share of their sum.
   */
  #lossOf(i: number): number {
    const seen = this.#seen[i]!;
    const members = this.#latest.length;
    const said = (j: number, column: number) => {
      const [member, place] = seen[j]!;
      return this.#latest[member]![place * this.columns + column]!;
    };
    const target = this.truth[this.rows[i]!]!;
    if (this.task === 'regression') {
      const a = said(0, 0) - target;
      if (seen.length === 1) return a * a;
      const b = said(1, 0) - target;
      return (1 - 1 / members) * a * b + (a * a + b * b) / 2 / members;
    }
    const a = said(0, target);
    if (seen.length === 1) return -log(Math.max(a, LEAST));
    const b = said(1, target);
    const loss = -log(Math.max((a + b) / 2, LEAST));
    const difference = a + b > 0 ? (a - b) / (a + b) : 0;
    return loss - (1 / 2 - 1 / members) * difference * difference;
  }
}
