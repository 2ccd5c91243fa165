import { NonFiniteError } from '../errors.js';
import { Generator, stream } from '../kernels/philox.js';
import type { FitPlan, Pair } from './batches.js';
import type { Logs } from './callbacks.js';
import { debugProfile } from './debug.js';
import type { Engine } from './engine.js';
import { Gathered, type Measured } from './gather.js';
import type { Model } from './model.js';
import { makePause } from './pause.js';
import type { Outcome } from './steps.js';
import { type BoundTarget, INFERENCE_ROWS } from './training-plan.js';

/** `history[name][i]` is the value at the end of the i-th epoch. */
export interface History {
  readonly epoch: number[];
  readonly history: Record<string, number[]>;
}

/** Steps with more work than this hand over to the event loop between calls, not only between steps. */
const LONG_STEP_FLOPS = 2e7;

/** Rows to shuffle between two looks at the clock. */
const SHUFFLE_SLICE = 20_000;

/** A permutation of 0..n-1 by Fisher and Yates, drawn for this epoch. */
export async function shuffled(n: number, seed: number, epoch: number, pause = makePause()): Promise<Uint32Array> {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const generator = new Generator(seed, stream('shuffle'), epoch);
  for (let i = n - 1; i > 0; i--) {
    const pausing = i % SHUFFLE_SLICE === 0 ? pause() : undefined;
    if (pausing) await pausing;
    const j = generator.integer(i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}

/** Sums of an epoch so far; means are over rows, not over batches, and a loss that is a sum is the sum of all. */
class EpochTotals {
  rows = 0;
  readonly #targets: Engine['training']['targets'];
  #norms = 0;
  #updates = 0;
  readonly #sum: Outcome = { loss: 0, penalty: 0, losses: [], hits: [], norm: undefined, refused: false };

  constructor({ training }: Engine) {
    this.#targets = training.targets;
  }

  #rowsOf(target: number, rows: number): number {
    return this.#targets[target]?.objective.summed ? 1 : rows;
  }

  add({ penalty, losses, hits, norm }: Outcome, rows: number): void {
    const sum = this.#sum;
    this.rows += rows;
    sum.penalty += penalty * rows;
    if (norm !== undefined) {
      this.#norms += norm;
      this.#updates++;
    }
    for (let i = 0; i < losses.length; i++) {
      sum.losses[i] = (sum.losses[i] ?? 0) + (losses[i] as number) * this.#rowsOf(i, rows);
      sum.hits[i] = (sum.hits[i] ?? 0) + (hits[i] as number);
    }
  }

  /** `updates` says that these are totals of training; the norm's mean is over updates, NaN where there were none. */
  logs(engine: Engine, measured?: Measured, updates = false): Logs {
    const { rows } = this;
    const { clip, trackGradientNorm } = engine.training;
    const norm = updates && (clip || trackGradientNorm) ? this.#norms / this.#updates : undefined;
    const { hits } = this.#sum;
    const losses = this.#sum.losses.map((sum, i) => sum / this.#rowsOf(i, rows));
    const penalty = this.#sum.penalty / rows;
    const loss = losses.reduce((sum, value, i) => sum + this.#targets[i]!.objective.weight * value, 0) + penalty;
    return makeLogs(engine, { loss, penalty, losses, hits, norm, refused: false }, rows, measured);
  }
}

/** The numbers that users see of a step, an epoch or an evaluation; of metrics the counted ones and the `measured`. */
export function makeLogs(
  engine: Engine,
  { loss, penalty, losses, hits, norm }: Outcome,
  rows: number,
  measured: Measured = [],
): Logs {
  const { penaltySlots, targets } = engine.training;
  const logs: Record<string, number> = { loss };
  for (let i = 0; i < targets.length; i++) {
    const { name, objective, metrics } = targets[i] as BoundTarget;
    const several = targets.length > 1;
    if (several) logs[`${name}Loss`] = losses[i] as number;
    for (const metric of metrics) {
      const counted = (hits[i] as number) / (rows * objective.hitsPerRow);
      const value = metric.compute ? measured[i]?.get(metric) : counted;
      const label = several ? `${name}${metric.label[0]?.toUpperCase()}${metric.label.slice(1)}` : metric.label;
      if (value !== undefined) logs[label] = value;
    }
  }
  if (penaltySlots.length > 0) logs.penalty = penalty;
  if (norm !== undefined) logs.gradientNorm = norm;
  return logs;
}

/** Refuses to go on from a gradient whose norm is not finite; the step has left weights and state as they were. */
export function checkNorm(outcome: Outcome, where: string): void {
  if (!outcome.refused) return;
  throw new NonFiniteError(
    `The gradient's norm is ${outcome.norm} ${where}; the loss is ${outcome.loss}. The step was not applied and the ` +
      'weights are those of the step before. A lower learning rate or scaled inputs usually help.',
  );
}

export async function fit(model: Model, engine: Engine, plan: FitPlan): Promise<History> {
  const { x, y, rows: total, epochs, batchSize, callbacks, validation } = plan;
  const batches = Math.ceil(total / batchSize);
  const result: History = { epoch: [], history: {} };
  const pause = makePause();
  let logs: Logs = {};
  let warned = false;
  const gathered = Gathered.of(engine, total);
  model.stopTraining = false;
  for (const callback of callbacks) await callback.onTrainBegin?.(model);
  for (let i = 0; i < epochs && !model.stopTraining; i++) {
    const epoch = model.epochs;
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, model);
    const order = plan.shuffle ? await shuffled(total, plan.seed, epoch, pause) : undefined;
    const totals = new EpochTotals(engine);
    gathered?.restart();
    for (let batch = 0; batch < batches && !model.stopTraining; batch++) {
      const start = batch * batchSize;
      const rows = Math.min(batchSize, total - start);
      const program = engine.program(engine.steps.mode, rows, plan.weighted);
      engine.stageBatch(program, x, y, start, order);
      plan.mixup?.apply(engine, program, x, y, start, order);
      const outcome =
        program.flops > LONG_STEP_FLOPS ? await engine.steps.runInParts(program, pause) : engine.steps.run(program);
      checkNorm(outcome, `in epoch ${epoch}, batch ${batch}`);
      totals.add(outcome, rows);
      gathered?.add(engine, program);
      if (!warned && !Number.isFinite(outcome.loss)) {
        warned = true;
        console.warn(
          `myelin: the loss is ${outcome.loss} in epoch ${epoch}, batch ${batch}. A lower learning rate or inputs ` +
            'scaled to about -1..1 usually help; globalClipNorm keeps such a step away from the weights.',
        );
      }
      for (const callback of callbacks) {
        await callback.onBatchEnd?.(batch, makeLogs(engine, outcome, rows), model);
      }
      const pausing = pause();
      if (pausing) await pausing;
    }
    logs = totals.logs(engine, gathered && (await inSlices(gathered.measure(), pause)), true);
    if (validation) {
      const evaluated = await validate(engine, validation, pause);
      const named = Object.entries(evaluated).map(([name, value]) => [
        `val${name[0]?.toUpperCase()}${name.slice(1)}`,
        value,
      ]);
      logs = { ...logs, ...Object.fromEntries(named) };
    }
    model.epochs = epoch + 1;
    result.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      const values = result.history[name] ?? [];
      values.push(value);
      result.history[name] = values;
    }
    for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, model);
    if (i === 0) await debugProfile(engine, plan);
    await pause();
  }
  for (const callback of callbacks) await callback.onTrainEnd?.(logs, model);
  return result;
}

/** Loss and metrics over all rows, with a chance to stop after every call. */
function* evaluation(
  engine: Engine,
  mode: 'evaluate' | 'validate',
  { x, y, rows: total, weighted }: Pair,
): globalThis.Generator<void, Logs> {
  const totals = new EpochTotals(engine);
  const gathered = Gathered.of(engine, total);
  for (let start = 0; start < total; start += INFERENCE_ROWS) {
    const rows = Math.min(INFERENCE_ROWS, total - start);
    const program = engine.program(mode, rows, weighted);
    engine.stageBatch(program, x, y, start);
    for (const step of program.steps) {
      step();
      yield;
    }
    totals.add(engine.steps.outcome(), rows);
    gathered?.add(engine, program);
  }
  return totals.logs(engine, gathered && (yield* gathered.measure()));
}

/** Loss and metrics over all rows, in one go; a step under way does not notice. */
export function evaluate(engine: Engine, pair: Pair): Logs {
  return engine.steps.keepingReports(() => {
    const steps = evaluation(engine, 'evaluate', pair);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  });
}

/** The same between the steps of `fit`, handing over to `pause`. */
async function validate(engine: Engine, pair: Pair, pause: () => Promise<void> | undefined): Promise<Logs> {
  engine.steps.midway = true;
  try {
    return await inSlices(evaluation(engine, 'validate', pair), pause);
  } finally {
    engine.steps.midway = false;
  }
}

/** Runs steps to their end, handing over to `pause` in between. */
async function inSlices<T>(steps: globalThis.Generator<void, T>, pause: () => Promise<void> | undefined): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const pausing = pause();
    if (pausing) await pausing;
  }
}
