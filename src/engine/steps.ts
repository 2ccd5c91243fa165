import { StateError } from '../errors.js';
import type { Heap } from '../kernels/contract.js';
import type { Pace } from '../program/parameter.js';
import type { Tensor } from '../program/plan.js';
import { type LinkedProgram, run } from '../program/run.js';
import type { Update } from '../program/training.js';
import type { ModelMemory } from './memory.js';
import { findSpoilt, findTrouble, keepLasting, reconsider, type Trouble } from './non-finite.js';
import { type Outcome, readOutcome } from './outcome.js';
import type { Compiled } from './training-plan.js';

export const HISTORY = 16;

/** The steps of a compiled model: what happens before and after their calls, and what they count. */
export class Steps {
  /** Optimizer steps taken since `compile`. */
  taken = 0;
  /** A step is between two of its calls. */
  midway = false;
  /** The trouble that the last refused step met. */
  trouble: Trouble | undefined;
  /** Losses of the last updates, and norms of gradients or what stands in for them, by their number modulo 16. */
  readonly recent = new Float64Array(2 * HISTORY);
  /** Puts back what a risky step may spoil. */
  #undo: (() => void) | undefined;
  /** The trouble that a solver met at the present weights. */
  #met: Trouble | undefined;
  /** Batches whose gradients wait for the update. */
  accumulated = 0;
  /** Set in place of the optimizer's own. */
  ownRate: number | undefined;
  readonly #memory: ModelMemory;

  constructor(memory: ModelMemory) {
    this.#memory = memory;
  }

  /** Counts from zero, for a model compiled anew. */
  restart(): void {
    this.taken = 0;
    this.accumulated = 0;
    this.ownRate = undefined;
    this.recent.fill(Number.NaN);
  }

  /** The learning rate of the next step; 0 before `compile`. */
  get learningRate(): number {
    if (this.ownRate !== undefined) return this.ownRate;
    return this.#memory.compiled ? this.training.optimizer.rate(this.taken) : 0;
  }

  set learningRate(value: number) {
    this.ownRate = value;
  }

  get heap(): Heap {
    return this.#memory.heap;
  }

  get training(): Compiled {
    return this.#memory.training;
  }

  /** Copies tensors; what it returns puts them back. */
  copy(tensors: readonly Tensor[]): () => void {
    const kept = tensors.map(({ offset, size }) => this.heap.slice(offset, offset + size));
    return () => {
      tensors.forEach(({ offset }, i) => {
        this.heap.set(kept[i] as Float32Array, offset);
      });
    };
  }

  /** The slots of a step's report: evaluations share those of loss and metrics. */
  get reports(): readonly Tensor[] {
    const { targets, penaltySlots } = this.training;
    return [this.#memory.slots.block, ...penaltySlots, ...targets.flatMap(({ report }) => [report.loss, report.hits])];
  }

  /** Does `work` and puts back what a step under way has reported so far. */
  keepingReports<T>(work: () => T): T {
    const putBack = this.copy(this.reports);
    try {
      return work();
    } finally {
      putBack();
    }
  }

  /** Says what the next batch does: update, or add its gradient to those that wait for the update. */
  get mode(): 'train' | 'accumulate' {
    return this.accumulated + 1 < this.training.accumulationSteps ? 'accumulate' : 'train';
  }

  /** Counts the batches of all updates from 1 on, those that were refused left out; draws of dropout differ by it. */
  get batch(): number {
    return this.taken * this.training.accumulationSteps + this.accumulated + 1;
  }

  /** Counts a step and writes its numbers into the slots. */
  #begin({ mode, stochastic }: LinkedProgram): void {
    if (stochastic) this.#memory.writeRandomState(this.batch);
    const { optimizer, paces, update, averaging, safeRate } = this.training;
    const { learningRate } = this;
    this.#undo = learningRate < safeRate ? undefined : keepLasting(this.#memory);
    if (mode === 'accumulate') {
      const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
      if (this.accumulated === 0) this.heap.fill(0, sum.offset, sum.offset + sum.size);
      return;
    }
    this.taken++;
    for (let i = 0; i < paces.length; i++) {
      const pace = paces[i] as Pace;
      optimizer.fill(this.heap, pace, learningRate * pace.multiplier, this.taken);
    }
    if (averaging && update.average) this.heap[update.average.share.offset] = averaging.share(this.taken);
  }

  /** Runs a staged training step. */
  run(program: LinkedProgram): Outcome {
    if (this.training.optimizer.solver) {
      for (const _ of this.begun(program)) run(program);
    } else {
      this.#begin(program);
      run(program);
    }
    return this.finish(program);
  }

  /** Begins a step, and yields wherever the program is to run: once, or as often as a solver asks. */
  *begun(program: LinkedProgram): Generator<void, void> {
    const { solver } = this.training.optimizer;
    const { learningRate } = this;
    this.#begin(program);
    if (solver) yield* solver.solve(this, program, learningRate);
    else yield;
  }

  /** Looks for NaN and infinity in what the program computed at the present weights; returns whether it found any. */
  findsNonFinite(program: LinkedProgram): boolean {
    this.#met = findTrouble(this.#memory, program);
    return this.#met !== undefined;
  }

  /** A batch that meets something not finite leaves weights, state and all counts as they were. */
  finish(program: LinkedProgram): Outcome {
    const outcome = this.outcome();
    const { heap, slots, training } = this.#memory;
    const { clip, trackGradientNorm, averaging } = training;
    const { mode } = program;
    const stopped = Number.isNaN(heap[slots.factor.offset]);
    if (stopped || this.#undo) outcome.refused = this.#isRefused(program, stopped);
    let size = heap[slots.largest.offset] as number;
    if (clip || trackGradientNorm) {
      const norm = heap[slots.norm.offset] as number;
      size = norm;
      if (mode === 'train' || (clip && outcome.refused)) outcome.norm = norm;
    }
    if (outcome.refused) {
      if (mode === 'train') this.taken--;
    } else if (mode === 'accumulate') {
      this.accumulated++;
    } else {
      const place = this.taken & (HISTORY - 1);
      this.recent[place] = outcome.loss;
      this.recent[place + HISTORY] = size;
      this.accumulated = 0;
      if (averaging?.overwrites(this.taken)) this.applyAverage();
    }
    return outcome;
  }

  /** Looks closely at a step that the program's guard has stopped, or that was risky. */
  #isRefused(program: LinkedProgram, stopped: boolean): boolean {
    const memory = this.#memory;
    const undo = this.#undo;
    let trouble = this.#met ?? (stopped ? reconsider(memory, program) : undefined);
    this.#met = undefined;
    this.#undo = undefined;
    memory.heap[memory.slots.factor.offset] = 1;
    if (!trouble && !stopped) {
      if (!memory.training.optimizer.solver) trouble = findTrouble(memory, program);
      trouble ??= findSpoilt(memory);
      if (trouble) undo?.();
    }
    this.trouble = trouble;
    return trouble !== undefined;
  }

  /**
   * Returns the distance from the weights to their averages on the heap, to be added to the offsets of parameters.
   * @throws StateError before anything was averaged.
   */
  averageShift(): number {
    const { averaging, update } = this.training;
    if (!averaging || !update.average) {
      throw new StateError('The model keeps no averages: compile({ averaging }) asks for them.');
    }
    if (!averaging.begun(this.taken)) {
      throw new StateError(`No weights have been averaged yet, after ${this.taken} updates.`);
    }
    return update.average.values.offset - this.#memory.flatParameters.offset;
  }

  /** Puts the averages in place of the weights. */
  applyAverage(): void {
    const { offset, size } = this.#memory.flatParameters;
    const from = offset + this.averageShift();
    this.heap.copyWithin(offset, from, from + size);
  }

  /** Does what comes before the calls of a step, for a profile of them. */
  rehearse(program: LinkedProgram): void {
    this.#begin(program);
    if (program.mode === 'train') this.taken--;
  }

  /** Runs a staged program that leaves the batch's moments in place of the moving ones. */
  runMoments(program: LinkedProgram, batch: number): void {
    if (program.stochastic) this.#memory.writeRandomState(this.batch + batch);
    this.heap[this.#memory.slots.factor.offset] = 1;
    run(program);
  }

  /** Computes the gradients of the step to come, without taking it. */
  runGradients(program: LinkedProgram): void {
    if (program.stochastic) this.#memory.writeRandomState(this.batch);
    run(program);
  }

  outcome(): Outcome {
    return readOutcome(this.#memory);
  }
}
