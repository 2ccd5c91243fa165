import type { Engine } from '../engine/engine.js';
import { nextMode } from '../engine/steps.js';
import { prefixed, StreamError, ValueError } from '../errors.js';
import type { LinkedProgram } from '../program/run.js';
import { isPromise } from '../realms.js';
import { checkBatch, type Pair, type Targets } from '../rows/arrays.js';
import type { Batch, Batches } from '../rows/batches.js';
import type { Feed, FeedState, Pause } from '../rows/feed.js';
import { isOnce } from '../rows/iterate.js';
import type { Mixup } from '../rows/mixup.js';
import { isDone, open, type Reading, readBatch, targetsOf } from './batch-reading.js';

export interface StreamOptions {
  readonly steps: number | undefined;
  readonly seed: number;
  readonly mixup: Mixup | undefined;
  readonly weigh: (pair: Pair) => Pair;
  /** Epochs to train. */
  readonly epochs: number;
  /** Is told of the targets of the first batch, in which it finds the names of classes. */
  readonly learn: (y: Targets | undefined) => Promise<void>;
}

/** Batches as they come, one at a time in memory. */
export class StreamFeed implements Feed {
  readonly steps: number | undefined;
  readonly rows = 0;
  readonly sample = undefined;
  readonly #restarts: boolean;
  #reading: Reading<Batch> | undefined;
  #epoch = 0;
  #batch = 0;
  #item: unknown;
  /** Labels were looked for. */
  #looked = false;

  constructor(
    private readonly engine: Engine,
    private readonly source: Batches,
    private readonly options: StreamOptions,
  ) {
    this.steps = options.steps;
    this.#restarts = !isOnce(source);
    if (this.#restarts || options.steps !== undefined || options.epochs === 1) return;
    throw new ValueError({
      argument: 'epochs',
      given: `${options.epochs} with a generator, which cannot start again`,
      expected: '1, or stepsPerEpoch as well',
      hint: 'Pass the generator function itself, which is called for each epoch, or an object with [Symbol.iterator].',
    });
  }

  get state(): FeedState {
    const { steps, seed } = this.options;
    return steps === undefined ? { seed } : { steps, seed };
  }

  get #place(): string {
    return `epoch ${this.#epoch}, batch ${this.#batch}`;
  }

  begin(epoch: number, batch: number): void | Promise<void> {
    this.#epoch = epoch;
    this.#batch = 0;
    if (this.#restarts) this.close();
    this.#reading = open(this.source, epoch, 'x');
    if (this.#restarts && batch > 0) return this.#skip(batch);
  }

  /** Reads what an earlier run has trained on already. */
  async #skip(batches: number): Promise<void> {
    const reading = this.#reading as Reading<Batch>;
    for (; this.#batch < batches; this.#batch++) {
      if (isDone(await reading.next(), this.#place)) throw this.#early(`${batches} to go on from`);
      reading.used();
    }
  }

  #early(wanted: string): StreamError {
    const [epoch, batch] = [this.#epoch, this.#batch];
    return new StreamError(
      `The stream of batches ends before batch ${batch} of epoch ${epoch}, where ${wanted} were wanted.`,
      epoch,
      batch,
    );
  }

  pull(batch: number, _pause: Pause): boolean | Promise<unknown> {
    if (this.steps !== undefined && batch >= this.steps) return false;
    this.#batch = batch;
    const pulled = (this.#reading as Reading<Batch>).next();
    if (!this.#looked) return this.#look(pulled);
    return isPromise(pulled) ? pulled : this.take(pulled);
  }

  async #look(pulled: unknown): Promise<unknown> {
    const result = await pulled;
    const y = isDone(result, this.#place) ? undefined : targetsOf((result as IteratorResult<Batch>).value);
    this.#looked = true;
    try {
      await this.options.learn(y);
    } catch (error) {
      this.passed();
      throw prefixed(error, this.#place, ': ');
    }
    return result;
  }

  take(pulled: unknown): boolean {
    if (isDone(pulled, this.#place)) {
      if (this.steps !== undefined) throw this.#early(`${this.steps} steps per epoch`);
      return false;
    }
    this.#item = (pulled as IteratorResult<Batch>).value;
    return true;
  }

  stage(mixed = true): LinkedProgram {
    const { engine, options } = this;
    let pair: Pair;
    try {
      pair = options.weigh(readBatch(engine, this.#item, this.#place));
      checkBatch(engine, pair.rows, `${this.#place}: x`);
    } catch (error) {
      this.passed();
      throw error;
    }
    const { x, y, rows, weighted } = pair;
    const mode = nextMode(engine);
    const program = options.mixup
      ? engine.program(mode, rows, weighted)
      : engine.programFor(mode, rows, weighted, x, 0);
    engine.stageBatch(program, x, y, 0);
    if (mixed) options.mixup?.apply(engine, program);
    return program;
  }

  passed(): void {
    this.#item = undefined;
    this.#reading?.used();
  }

  /** Closes the stream. A generator that was passed stays open: it is not ours, and another run may go on with it. */
  close(): void {
    if (this.#restarts) this.#reading?.close();
    this.#reading = undefined;
  }
}
