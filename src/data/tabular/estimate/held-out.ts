import { exp, log } from '../../../kernels/lib/elementary.js';
import { Generator, stream } from '../../../kernels/lib/philox.js';
import { type Matrix, makeMatrix } from '../../../matrix.js';
import { shuffle } from '../../splits.js';
import type { Task } from '../design.js';
import { type Choice, Choices } from './choices.js';
import { lossOfMore } from './more-networks.js';

/** Probabilities below are taken for this one, as in the metric. */
const LEAST = 1e-7;
/** The least probability that has a logarithm to divide. */
const TINY = 1e-30;
/** A product of probabilities that is so small takes no more of them. */
const SMALL = 1e-250;
/** Parts of the rows that are left out; the epoch that one is measured at is chosen by the others. */
const GROUPS = 25;
/** Logarithms of probabilities are divided by one of these: what networks say is more certain than right. */
const TEMPERATURES = [1, 1.5, 2, 3, 4];
/** Numbers up to which an epoch is measured at all of them. */
const MOST_NUMBERS = 100_000;

/**
 * Each choice is made as if so many rows more were of another class: where few are wrong it would hang on those few.
 */
const OTHERS = 2;

/** Holds the state that a resumed run needs. */
export interface HeldOutState {
  readonly choices: readonly Choice[];
  /** The losses by which epochs were judged: for each epoch, at each temperature, the loss of each choice. */
  readonly judged: Float64Array;
  /** Losses of an epoch in it. */
  readonly perEpoch: number;
  readonly curve: readonly number[];
  readonly outputs: Float32Array;
  readonly losses: Float64Array;
  readonly latest: readonly Float32Array[];
}

/**
 * Collects the predictions of networks, epoch by epoch, for rows that they did not train on. The best epoch is the one in
 * which all of them together do best. Metrics come from rows that chose nothing: those of each group at the epoch that is
 * best for all other groups.
 */
export class HeldOut {
  /** Rows that were left out, in order. */
  readonly rows: Uint32Array;
  /** The loss of all together by epoch. */
  readonly curve: number[] = [];
  readonly #choices: Choices;
  /** For each row the networks that left it out, and where it is among theirs. */
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
    this.#latest = held.map((rows) => new Float32Array(rows.length * columns));
    this.#outputs = new Float32Array(count * columns);
    this.#losses = new Float64Array(count);
    const numbers = held.reduce((sum, rows) => sum + rows.length * columns, 0);
    const temperatures = task === 'classification' && numbers <= MOST_NUMBERS ? TEMPERATURES : [1];
    this.#choices = new Choices(groups + 1, temperatures);
  }

  get state(): HeldOutState {
    return {
      choices: this.#choices.list,
      judged: this.#choices.judged,
      perEpoch: this.#choices.width,
      curve: this.curve,
      outputs: this.#outputs,
      losses: this.#losses,
      latest: this.#latest,
    };
  }

  set state({ choices, judged, curve, outputs, losses, latest }: Omit<HeldOutState, 'perEpoch'>) {
    this.#choices.restore(choices, judged);
    this.curve.splice(0, this.curve.length, ...curve);
    this.#outputs.set(outputs);
    this.#losses.set(losses);
    this.#latest = latest.map((data) => data.slice());
  }

  /** The epoch that all rows choose; -1 before there is one. */
  get bestEpoch(): number {
    return this.#choices.list[0]!.bestEpoch;
  }

  /** The epoch with the lowest loss of its own, not that of the epochs before it as well. */
  get lowestEpoch(): number {
    return this.curve.reduce((lowest, loss, epoch) => (loss < this.curve[lowest]! ? epoch : lowest), 0);
  }

  /** The divisor of the inputs of softmax that is best for all rows. */
  get temperature(): number {
    return this.#choices.list[0]!.temperature;
  }

  /** Takes what a network says at the end of an epoch of the rows that it left out. */
  take(member: number, outputs: Float32Array): void {
    this.#latest[member] = outputs;
  }

  /** Compares an epoch, after which all have spoken, to those before. Returns whether it is the best. */
  settle(epoch: number): boolean {
    let better = false;
    this.curve[epoch] = Infinity;
    for (const temperature of this.#choices.temperatures) {
      const said = this.#latest.map((outputs) => this.#tempered(outputs, temperature));
      if (this.#compare(epoch, temperature, said)) better = true;
    }
    return better;
  }

  /** Takes what is better than before; returns whether the choice of all rows changes. */
  #compare(epoch: number, temperature: number, said: readonly Float32Array[]): boolean {
    const count = this.rows.length;
    const losses = new Float64Array(count);
    const sums = new Float64Array(this.#sizes.length);
    const least = new Float64Array(this.#sizes.length);
    const share = this.task === 'classification' ? OTHERS / (count + OTHERS) : 0;
    let measured = 0;
    for (let i = 0; i < count; i++) {
      losses[i] = this.#lossOf(i, said);
      measured += losses[i]!;
      sums[this.#group[i]!]! +=
        share === 0 ? losses[i]! : (1 - share) * losses[i]! + share * this.#otherLossOf(i, said);
      if (this.task === 'regression') least[this.#group[i]!]! += this.#leastOf(i, said, losses[i]!);
    }
    const total = sums.reduce((sum, part) => sum + part, 0);
    const floor = least.reduce((sum, part) => sum + part, 0);
    const bounded = this.task === 'regression' ? Math.max(measured, floor) : measured;
    this.curve[epoch] = Math.min(this.curve[epoch]!, bounded / count);
    const judged = this.#choices.list.map((_, i) => {
      const [sum, rows] = i === 0 ? [total, count] : [total - sums[i - 1]!, count - this.#sizes[i - 1]!];
      if (rows === 0) return Number.NaN;
      const bound = i === 0 ? floor : floor - least[i - 1]!;
      const loss = (this.task === 'regression' ? Math.max(sum, bound) : sum) / rows;
      return Number.isNaN(loss) ? Infinity : loss;
    });
    const bettered = this.#choices.take(epoch, temperature, judged);
    for (let i = 0; i < count; i++) {
      if (!bettered.has(this.#group[i]! + 1)) continue;
      this.#losses[i] = losses[i]!;
      this.#outputs.set(this.#meanOf(i, said), i * this.columns);
    }
    return bettered.has(0);
  }

  /** Probabilities at another temperature. */
  #tempered(outputs: Float32Array, temperature: number): Float32Array {
    if (temperature === 1) return outputs;
    const { columns } = this;
    const made = new Float32Array(outputs.length);
    for (let start = 0; start < outputs.length; start += columns) {
      let sum = 0;
      for (let i = start; i < start + columns; i++) {
        made[i] = exp(log(Math.max(outputs[i]!, TINY)) / temperature);
        sum += made[i]!;
      }
      for (let i = start; i < start + columns; i++) made[i] = made[i]! / sum;
    }
    return made;
  }

  /**
   * Ends the choices that no epoch up to this one has bettered for so many; returns whether that of all rows goes on, which
   * ends the others, too.
   */
  wait(epoch: number, patience: number): boolean {
    this.#choices.wait(epoch, patience);
    return !this.#choices.list[0]!.done;
  }

  /** Means of what the networks that left them out say of the rows, each at the epoch that the others chose. */
  get outputs(): Matrix {
    return makeMatrix(this.#outputs, this.rows.length, this.columns);
  }

  /**
   * The loss to expect of all networks together, for each row. Of regression the square of the scaled error; single
   * rows may be below 0.
   */
  get losses(): Float64Array {
    return this.#losses;
  }

  /** The mean square of the errors of `outputs`, of regression. */
  get squared(): number {
    const sum = this.#outputs.reduce((sum, value, i) => sum + (value - this.truth[this.rows[i]!]!) ** 2, 0);
    return sum / this.rows.length;
  }

  #meanOf(i: number, said: readonly Float32Array[]): Float32Array {
    const seen = this.#seen[i]!;
    const mean = new Float32Array(this.columns);
    for (let c = 0; c < this.columns; c++) {
      let sum = 0;
      for (const [member, place] of seen) sum += said[member]![place * this.columns + c]!;
      mean[c] = sum / seen.length;
    }
    return mean;
  }

  /** Returns the log loss of a row if it were of another class than it is, whichever. */
  #otherLossOf(i: number, said: readonly Float32Array[]): number {
    const target = this.truth[this.rows[i]!]!;
    const seen = this.#seen[i]!;
    let sum = 0;
    let product = 1;
    for (let c = 0; c < this.columns; c++) {
      if (c === target) continue;
      let p = 0;
      for (let j = 0; j < seen.length; j++) p += said[seen[j]![0]]![seen[j]![1] * this.columns + c]!;
      // One logarithm of a product replaces many: with thousands of classes they would take longer than training.
      product *= Math.max(p / seen.length, LEAST);
      if (product > SMALL) continue;
      sum -= log(product);
      product = 1;
    }
    return (sum - log(product)) / (this.columns - 1);
  }

  /**
   * Returns the squared error of all networks together if their errors had nothing in common: less is chance, as where one
   * of them is far off. Where all of them left out the row, its loss is no estimate.
   */
  #leastOf(i: number, all: readonly Float32Array[], loss: number): number {
    const seen = this.#seen[i]!;
    if (seen.length === this.#latest.length) return loss;
    const target = this.truth[this.rows[i]!]!;
    const squares = seen.reduce((sum, [member, place]) => sum + (all[member]![place]! - target) ** 2, 0);
    return squares / seen.length / this.#latest.length;
  }

  /** Returns the loss that all networks together are expected to have on a row, by what those say that left it out. */
  #lossOf(i: number, all: readonly Float32Array[]): number {
    const seen = this.#seen[i]!;
    const target = this.truth[this.rows[i]!]!;
    const members = this.#latest.length;
    const column = this.task === 'regression' ? 0 : target;
    const said = seen.map(([member, place]) => all[member]![place * this.columns + column]!);
    return lossOfMore(said, members, this.task === 'regression' ? (mean) => (mean - target) ** 2 : logLoss);
  }
}

const logLoss = (p: number) => -log(Math.max(p, LEAST));
