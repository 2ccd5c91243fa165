import type { Solver } from '../nn/optimizers/solver.js';
import type { Pace } from '../program/parameter.js';
import type { Tensor } from '../program/plan.js';
import { type LinkedProgram, run } from '../program/run.js';
import type { Update } from '../program/training.js';
import { rare } from '../rare.js';
import type { Engine } from './engine.js';
import { type Outcome, readOutcome, type Trouble } from './outcome.js';
import { HISTORY } from './step-counts.js';

/**
 * A step that has begun. Counts change in `finishStep` alone, so that one which is dropped before it has changed a weight
 * is as if it had not been.
 *
 *     beginStep -> guarded                                    -> finishStep
 *               -> risky: what lasts is copied                -> finishStep looks for what it spoilt, and undoes it
 *               -> solved: risky, runs as a solver asks       -> the same; `trouble` is what stopped the solver at first
 */
export type Step =
  | { readonly kind: 'guarded'; readonly program: LinkedProgram }
  | { readonly kind: 'risky'; readonly program: LinkedProgram; readonly undo: () => void }
  | {
      readonly kind: 'solved';
      readonly program: LinkedProgram;
      readonly undo: () => void;
      readonly solver: Solver;
      readonly rate: number;
      trouble: Trouble | undefined;
    };

/** Returns the learning rate of the next step; 0 before `compile`. */
export function learningRate(engine: Engine): number {
  const { ownRate, taken } = engine.steps;
  return ownRate ?? (engine.compiled ? engine.training.optimizer.rate(taken) : 0);
}

/** Says what the next batch does: update, or add its gradient to those that wait for the update. */
export function nextMode({ steps, training }: Engine): 'train' | 'accumulate' {
  return steps.accumulated + 1 < training.accumulationSteps ? 'accumulate' : 'train';
}

/** Counts the batches of all updates from 1 on, those that were refused left out; draws of dropout differ by it. */
export function nextBatch({ steps, training }: Engine): number {
  return steps.taken * training.accumulationSteps + steps.accumulated + 1;
}

/** Returns the slots of a report: evaluations share those of loss and metrics. */
function reportsOf({ slots, training }: Engine): readonly Tensor[] {
  const { targets, penaltySlots } = training;
  return [slots.block, ...penaltySlots, ...targets.flatMap(({ report }) => [report.loss, report.hits])];
}

/** Copies tensors; what it returns puts them back. */
export function keep(engine: Engine, tensors: readonly Tensor[]): () => void {
  const kept = tensors.map(({ offset, size }) => [offset, engine.heap.slice(offset, offset + size)] as const);
  return () => {
    for (const [offset, values] of kept) engine.heap.set(values, offset);
  };
}

/** Does `work` and puts back what a step under way has reported so far. */
export function keepingReports<T>(engine: Engine, work: () => T): T {
  const putBack = keep(engine, reportsOf(engine));
  try {
    return work();
  } finally {
    putBack();
  }
}

function open(engine: Engine, program: LinkedProgram, rate: number): Step {
  const { safeRate, optimizer } = engine.training;
  if (rate < safeRate) return { kind: 'guarded', program };
  const undo = rare().keepLasting(engine);
  const { solver } = optimizer;
  return solver
    ? { kind: 'solved', program, undo, solver, rate, trouble: undefined }
    : { kind: 'risky', program, undo };
}

/** Begins a staged training step: writes its numbers into the slots. */
export function beginStep(engine: Engine, program: LinkedProgram): Step {
  const { heap, steps, training } = engine;
  if (program.stochastic) engine.writeRandomState(nextBatch(engine));
  const { optimizer, paces, update, averaging } = training;
  const rate = learningRate(engine);
  const step = open(engine, program, rate);
  if (program.mode === 'accumulate') {
    const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
    if (steps.accumulated === 0) heap.fill(0, sum.offset, sum.offset + sum.size);
    return step;
  }
  const number = steps.taken + 1;
  for (let i = 0; i < paces.length; i++) {
    const pace = paces[i] as Pace;
    optimizer.fill(heap, pace, rate * pace.multiplier, number);
  }
  if (averaging && update.average) heap[update.average.share.offset] = averaging.share(number);
  return step;
}

/** Yields wherever the program of a step is to run: once, or as often as a solver asks. */
export function* runsOf(engine: Engine, step: Step): Generator<void, void> {
  if (step.kind !== 'solved') return yield;
  yield* step.solver.solve(engine, step.program, step.rate, {
    slots: reportsOf(engine),
    loss: () => readOutcome(engine).loss,
    findsNonFinite() {
      step.trouble = rare().findTrouble(engine, step.program);
      return step.trouble !== undefined;
    },
  });
}

/** Takes a staged training step. */
export function takeStep(engine: Engine, program: LinkedProgram): Outcome {
  const step = beginStep(engine, program);
  if (step.kind === 'solved') for (const _ of runsOf(engine, step)) run(program);
  else run(program);
  return finishStep(engine, step);
}

/** Ends a step. One in which something is not finite leaves weights, state and all counts as they were. */
export function finishStep(engine: Engine, step: Step): Outcome {
  const outcome = readOutcome(engine);
  const { heap, slots, steps, training } = engine;
  const { clip, trackGradientNorm, averaging } = training;
  const { mode } = step.program;
  const stopped = Number.isNaN(heap[slots.factor.offset]);
  if (stopped || step.kind !== 'guarded') outcome.trouble = rare().troubleOf(engine, step, stopped);
  const { trouble } = outcome;
  let size = heap[slots.largest.offset] as number;
  if (clip || trackGradientNorm) {
    const norm = heap[slots.norm.offset] as number;
    size = norm;
    if (mode === 'train' || (clip && trouble)) outcome.norm = norm;
  }
  if (trouble) return outcome;
  if (mode === 'accumulate') {
    steps.accumulated++;
    return outcome;
  }
  steps.taken++;
  steps.accumulated = 0;
  const place = steps.taken & (HISTORY - 1);
  steps.recent[place] = outcome.loss;
  steps.recent[place + HISTORY] = size;
  if (averaging?.overwrites(steps.taken)) rare().applyAverage(engine);
  return outcome;
}

/** Computes the gradients of the step to come, without taking it. */
export function runGradients(engine: Engine, program: LinkedProgram): void {
  if (program.stochastic) engine.writeRandomState(nextBatch(engine));
  run(program);
}
