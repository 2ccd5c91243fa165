import type { Engine } from '../engine/engine.js';
import { nextMode } from '../engine/steps.js';
import { checkNumber, show, ValueError } from '../errors.js';
import type { LinkedProgram } from '../program/run.js';
import type { Pair } from './arrays.js';
import { checkIndices } from './changed.js';
import type { Mixup } from './mixup.js';
import { shuffled } from './shuffle.js';

/**
 * Returns a promise where the run is to wait: for the event loop to have a turn, or while it is paused. Throws to end the
 * run.
 */
export type Pause = () => Promise<void> | undefined;

/** Records what a run that is resumed must find as it left it. */
export interface FeedState {
  readonly rows?: number;
  readonly batchSize?: number;
  readonly steps?: number;
  readonly shuffle?: boolean;
  readonly seed: number;
}

/** Supplies training with batches. */
export interface Feed {
  readonly state: FeedState;
  /** Batches of every epoch, where that is known. */
  readonly steps: number | undefined;
  /** Rows of an epoch at most, or as a guess. */
  readonly rows: number;
  /** Goes to a batch of an epoch. */
  begin(epoch: number, batch: number): void | Promise<void>;
  /** Returns whether there is another batch in this epoch, or a promise of what to give to `take`. */
  pull(batch: number, pause: Pause): boolean | Promise<unknown>;
  take(pulled: unknown): boolean;
  /** Puts the batch into its program; as it is in the data where it is not to be mixed. */
  stage(mixed?: boolean): LinkedProgram;
  /** Counts the batch as used; until then it can be read again. */
  passed(): void;
  /** Ends the run, whatever the reason. */
  close(): void;
  /** Returns which row of all data a row of the batch is, if it is one. */
  rowOf?(row: number): number;
  /** All rows, where they are in memory. */
  readonly sample: Pair | undefined;
  /** Those of them that are taken, where it is not all. */
  readonly chosen?: Uint32Array | undefined;
}

/** Batches of rows that lie in memory. With `steps`, epochs of this many batches, one pass over the rows after the other. */
export class ArrayFeed implements Feed {
  readonly steps: number;
  readonly rows: number;
  readonly x = 'x';
  readonly y = 'y';
  /** Rows of a pass. */
  readonly #total: number;
  /** Batches of a pass. */
  readonly #perPass: number;
  #pass = -1;
  #order: Uint32Array | undefined;
  #start = 0;
  #epoch = 0;
  #batch = 0;

  constructor(
    private readonly engine: Engine,
    readonly sample: Pair,
    private readonly options: {
      readonly batchSize: number;
      readonly shuffle: boolean;
      readonly seed: number;
      readonly steps: number | undefined;
      readonly mixup: Mixup | undefined;
      /** Rows of the sample to take; default all. */
      readonly rows?: Uint32Array | undefined;
    },
  ) {
    const { batchSize, steps } = options;
    this.#total = options.rows?.length ?? sample.rows;
    this.#perPass = Math.ceil(this.#total / batchSize);
    this.steps = steps ?? this.#perPass;
    this.rows = steps === undefined ? this.#total : steps * Math.min(batchSize, this.#total);
  }

  get state(): FeedState {
    const { batchSize, shuffle, seed } = this.options;
    return { rows: this.#total, batchSize, steps: this.steps, shuffle, seed };
  }

  begin(epoch: number): void {
    this.#epoch = epoch;
  }

  pull(batch: number, pause: Pause): boolean | Promise<unknown> {
    if (batch >= this.steps) return false;
    const count = this.#epoch * this.steps + batch;
    const pass = this.steps === this.#perPass ? this.#epoch : Math.floor(count / this.#perPass);
    this.#batch = count - pass * this.#perPass;
    this.#start = this.#batch * this.options.batchSize;
    return pass === this.#pass || this.#turn(pass, pause);
  }

  async #turn(pass: number, pause: Pause): Promise<void> {
    const { shuffle, seed, rows } = this.options;
    const order = shuffle ? await shuffled(this.#total, seed, pass, pause) : undefined;
    this.#order = rows && order ? order.map((place) => rows[place] as number) : (order ?? rows);
    this.#pass = pass;
  }

  get chosen(): Uint32Array | undefined {
    return this.options.rows;
  }

  take(): boolean {
    return true;
  }

  stage(mixed = true): LinkedProgram {
    const { engine, options } = this;
    const { x, y, weighted } = this.sample;
    const rows = Math.min(options.batchSize, this.#total - this.#start);
    const mode = nextMode(engine);
    const program = options.mixup
      ? engine.program(mode, rows, weighted)
      : engine.programFor(mode, rows, weighted, x, this.#start, this.#order);
    engine.stageBatch(program, x, y, this.#start, this.#order);
    checkIndices(engine, program, this);
    if (mixed) options.mixup?.apply(engine, program);
    return program;
  }

  rowOf(row: number): number {
    const drawn = this.#order?.[this.#start + row] ?? this.#start + row;
    return this.sample.origin?.[drawn] ?? drawn;
  }

  passed(): void {}

  close(): void {}
}

/** Reads numbers of rows. @throws ValueError for anything but rows from 0 to `total` - 1. */
export function readRows(given: ArrayLike<number>, total: number): Uint32Array {
  if (typeof given?.length !== 'number' || given.length === 0) {
    throw new ValueError({ argument: 'rows', given: show(given), expected: 'numbers of rows, at least one' });
  }
  for (let i = 0; i < given.length; i++) {
    checkNumber(given[i], `rows[${i}]`, { min: 0, max: total - 1, integer: true });
  }
  return Uint32Array.from(given);
}
