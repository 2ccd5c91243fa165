import { copyHistory, type History, recordEpoch } from '../callbacks/history.js';
import { call, hooksOf } from '../callbacks/hooks.js';
import type { FitOptions, Model, StreamFitOptions } from '../callbacks/interfaces.js';
import { type Cursor, type Position, pack, type RunState } from '../callbacks/run-state.js';
import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import { stepInParts } from '../engine/step-in-parts.js';
import { takeStep } from '../engine/steps.js';
import { StateError, StreamError } from '../errors.js';
import type { GatheredState } from '../nn/metrics/metric.js';
import { EpochTotals, type TotalsState } from '../passes/epoch-totals.js';
import { logModes, logNames, validationLogs } from '../passes/log-names.js';
import type { Logs } from '../passes/logs.js';
import { makeLogs } from '../passes/logs.js';
import { splitLongCall } from '../program/product-axes.js';
import type { LinkedProgram } from '../program/run.js';
import type { Data, Targets } from '../rows/arrays.js';
import { type Batches, isBatches } from '../rows/batches.js';
import { asRun, sharedPause } from '../rows/pause.js';
import { CallbackStates } from './callback-states.js';
import { warnOfData } from './data-lint.js';
import { debugProfile } from './debug.js';
import type { ValidationSource } from './fit-data.js';
import { type FitPlan, planFit } from './fit-plan.js';
import { Interruption } from './interruption.js';
import { EpochClock, nextEpoch, positionOf } from './position.js';
import { Refusals } from './refusals.js';
import { atHand, inSlices, TestHooks, validate } from './validation.js';

/** Steps with more work than this hand over to the event loop between calls, not only between steps. */
const LONG_STEP_FLOPS = 2e7;

/** Steps of less than this, in floating point operations, follow each other without a look at the clock between. */
const MOST_UNSEEN = 1e6;

/** Elementwise kernels and updates take about this per element of the heap, in operations of products. */
const WORK_PER_ELEMENT = 40;

/** Fewer rows say little about columns and classes. */
const FEWEST_TO_LINT = 50;

type Rest = Parameters<typeof planFit> extends [Model, ...infer R] ? R : never;

/** Hooks of the loop, looked up once. */
function hooksFor({ callbacks }: FitPlan, model: Model) {
  return {
    trainBegin: hooksOf(callbacks, 'onTrainBegin'),
    trainEnd: hooksOf(callbacks, 'onTrainEnd'),
    abort: hooksOf(callbacks, 'onAbort'),
    nonFinite: hooksOf(callbacks, 'onNonFinite'),
    epochBegin: hooksOf(callbacks, 'onEpochBegin'),
    epochEnd: hooksOf(callbacks, 'onEpochEnd'),
    batchBegin: hooksOf(callbacks, 'onTrainBatchBegin', 'onBatchBegin'),
    batchEnd: hooksOf(callbacks, 'onTrainBatchEnd', 'onBatchEnd'),
    checkpoint: hooksOf(callbacks, 'onCheckpoint'),
    test: new TestHooks(callbacks, model),
  };
}

/** A run of `fit`, from batch to batch; `state` says at any time between two of them how to go on. */
export class FitRun {
  /** Set where the run ends before its end. */
  interrupted: RunState | undefined;
  readonly #position: Position;
  readonly #clock: EpochClock;
  readonly #totals: EpochTotals;
  readonly #history: History;
  readonly #states: CallbackStates;
  readonly #interruption: Interruption;
  readonly #refusals: Refusals;
  readonly #hooks: ReturnType<typeof hooksFor>;
  readonly #resumed: boolean;
  #inStep = false;
  /** Work since the last look at the clock. */
  #unseenWork = 0;

  constructor(
    private readonly model: Model,
    private readonly engine: Engine,
    private readonly plan: FitPlan,
    cursor: Cursor | undefined,
  ) {
    this.#resumed = cursor !== undefined;
    this.#position = positionOf(plan, model.epochs, cursor);
    this.#clock = new EpochClock(cursor?.seconds);
    const [totals, gathered] = [cursor?.totals as TotalsState | undefined, cursor?.gathered as GatheredState];
    this.#totals = new EpochTotals(engine, plan.feed.rows, totals, gathered);
    this.#history = cursor?.history ?? { epoch: [], history: {}, seconds: [] };
    this.#states = new CallbackStates(plan.callbacks, cursor?.callbacks);
    this.#interruption = new Interruption(plan, this.#clock);
    this.#refusals = new Refusals(model, engine, plan.feed);
    this.#hooks = hooksFor(plan, model);
    if (cursor?.recent) engine.steps.recent.set(cursor.recent);
    model.epochs = this.#position.epoch;
  }

  /** @throws StateError in the middle of a step. */
  get state(): RunState {
    if (this.#inStep) throw new StateError('run: a training step of fit is under way; ask in a callback or after fit.');
    const cursor: Cursor = {
      ...this.#position,
      seconds: this.#clock.seconds,
      totals: this.#totals.state,
      recent: Array.from(this.engine.steps.recent),
      gathered: this.#totals.gathered?.state,
      data: this.plan.feed.state,
      callbacks: this.#states.state,
      history: this.#history,
    };
    return { version: 1, ...(pack(cursor) as object) } as RunState;
  }

  async go(): Promise<History> {
    const unwatch = this.#interruption.watch();
    try {
      return await this.#train();
    } catch (error) {
      this.#inStep = false;
      this.interrupted = this.state;
      await call(this.#hooks.abort, error, this.model);
      throw error;
    } finally {
      unwatch?.();
      this.plan.feed.close();
    }
  }

  async #train(): Promise<History> {
    const { model, plan } = this;
    const hooks = this.#hooks;
    model.stopTraining = false;
    await this.#tellParams();
    this.#interruption.pauseIfAsked();
    await this.#lint();
    await call(hooks.trainBegin, model);
    this.#states.restore();
    const position = this.#position;
    let logs: Logs = {};
    while (position.epoch < position.epochs && !model.stopTraining) {
      const paused = this.#interruption.pauseIfAsked();
      if (paused) await paused;
      if (!(await this.#trainEpoch())) continue;
      const { epoch } = position;
      logs = await this.#endOfEpoch();
      await call(hooks.epochEnd, epoch, logs, model);
      if (hooks.checkpoint.length > 0) await call(hooks.checkpoint, model);
      if (epoch === position.firstEpoch) await debugProfile(this.engine, plan.feed);
      await sharedPause();
    }
    await call(hooks.trainEnd, logs, model);
    return this.#history;
  }

  async #tellParams(): Promise<void> {
    const { engine, plan } = this;
    const { firstEpoch, epochs: endEpoch } = this.#position;
    const logs = logNames(engine, plan.validation !== undefined);
    const resumed = this.#resumed;
    const params = { firstEpoch, endEpoch, steps: plan.feed.steps, logs, modes: logModes(engine, logs), resumed };
    for (const callback of plan.callbacks) {
      await callback.setParams?.(params);
    }
  }

  async #lint(): Promise<void> {
    const { engine, plan } = this;
    const rows = plan.feed.chosen?.length ?? plan.feed.sample?.rows ?? 0;
    if (!plan.lint || engine.steps.taken > 0 || rows < FEWEST_TO_LINT) return;
    await warnOfData(engine, plan, this.#interruption.pause);
  }

  /** Runs the batches that are left of an epoch; returns whether there is something to report. */
  async #trainEpoch(): Promise<boolean> {
    const { model, plan } = this;
    const { feed } = plan;
    const hooks = this.#hooks;
    const interruption = this.#interruption;
    const position = this.#position;
    const { epoch } = position;
    if (!position.begun) await call(hooks.epochBegin, epoch, model);
    position.begun = true;
    this.#clock.start();
    const beginning = feed.begin(epoch, position.batch);
    if (beginning) await interruption.orAborted(beginning);
    while (!model.stopTraining) {
      const paused = interruption.pauseIfAsked();
      if (paused) await paused;
      const pulled = feed.pull(position.batch, interruption.pause);
      if (!(typeof pulled === 'boolean' ? pulled : feed.take(await interruption.orAborted(pulled)))) break;
      if (hooks.batchBegin.length > 0) await call(hooks.batchBegin, position.batch, model);
      const program = feed.stage();
      const outcome = this.#isLong(program) ? await this.#stepInParts(program) : takeStep(this.engine, program);
      if (!outcome) continue;
      const refused = outcome.trouble !== undefined;
      if (refused) await this.#refusals.meet(outcome, epoch, position.batch, hooks.nonFinite);
      const batch = this.#count(outcome, program);
      if (hooks.batchEnd.length > 0 && !refused) {
        const waiting = call(hooks.batchEnd, batch, makeLogs(this.engine, outcome, program.rows), model);
        if (waiting) await waiting;
      }
      if (hooks.checkpoint.length > 0) await call(hooks.checkpoint, model);
      const pausing = this.#isTimeToLook(program) ? sharedPause() : undefined;
      if (pausing) await pausing;
    }
    if (position.batch === 0) {
      if (model.stopTraining) return false;
      throw new StreamError(`The stream of batches yields none in epoch ${epoch}.`, epoch, 0);
    }
    const left = position.batch < (feed.steps ?? Infinity);
    if (model.stopTraining && left) this.interrupted = this.state;
    return true;
  }

  /** A look at the clock takes a thirtieth of the smallest steps; so much work between two takes a millisecond at most. */
  #isTimeToLook({ flops, end }: LinkedProgram): boolean {
    this.#unseenWork += flops + WORK_PER_ELEMENT * end;
    if (this.#unseenWork < MOST_UNSEEN) return false;
    this.#unseenWork = 0;
    return true;
  }

  /** A solver's line search runs the program again and again. */
  #isLong({ flops }: LinkedProgram): boolean {
    return flops > LONG_STEP_FLOPS || this.engine.training.optimizer.solver !== undefined;
  }

  async #stepInParts(program: LinkedProgram): Promise<Outcome | undefined> {
    this.#inStep = true;
    const outcome = await stepInParts(this.engine, program, sharedPause, () => this.#interruption.aborted);
    this.#inStep = false;
    return outcome;
  }

  /** Counts a batch, after which the next one is due; returns its number. */
  #count(outcome: Outcome, program: LinkedProgram): number {
    if (outcome.trouble) this.#totals.skipped++;
    else this.#totals.add(outcome, program);
    this.plan.feed.passed();
    return this.#position.batch++;
  }

  /** Measures and validates, writes the epoch down and goes to the next; returns what there is to report. */
  async #endOfEpoch(): Promise<Logs> {
    const { model, engine, plan } = this;
    const position = this.#position;
    const { epoch } = position;
    this.#refusals.endEpoch(this.#totals.rows);
    const trained = await inSlices(this.#totals.logs(), this.#interruption.pause);
    let logs: Logs = { ...trained, learningRate: latestRate(engine) };
    if (plan.validation && plan.validates(epoch)) {
      logs = { ...logs, ...validationLogs(await this.#validate(plan.validation)) };
    }
    recordEpoch(this.#history, epoch, logs, this.#clock.seconds);
    nextEpoch(position);
    model.epochs = position.epoch;
    this.#clock.reset();
    this.#totals.restart();
    return logs;
  }

  async #validate(source: ValidationSource): Promise<Logs> {
    const { pause, orAborted } = this.#interruption;
    const evaluated =
      'pair' in source
        ? atHand(this.engine, source)
        : (await import('./stream.js')).streamed(this.engine, source, this.#position.epoch, orAborted);
    return validate(this.engine, evaluated, this.#hooks.test, pause);
  }
}

/** Returns the learning rate of the last step, unless it was set since. */
function latestRate({ steps, training }: Engine): number {
  return steps.ownRate ?? training.optimizer.rate(Math.max(0, steps.taken - 1));
}

/** Plans, and leaves the names of classes as they were where that fails. */
async function planNamed(model: Model, ...rest: Rest): Promise<FitPlan> {
  const { classNames } = model;
  try {
    return await planFit(model, ...rest);
  } catch (error) {
    if (model.classNames !== classNames) model.classNames = classNames;
    throw error;
  }
}

const sameNames = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Refuses names that are not those of the run that goes on. @throws StateError */
function checkRestored(options: FitOptions): FitOptions {
  if (options.classNames === undefined) return options;
  throw new StateError(
    'classNames: other names than those of the run to go on with; leave them out, it brings its own.',
  );
}

/**
 * Trains from the beginning or from where the model's last run was interrupted; `begin` is told of the run. In a module of
 * its own, which models load when they are first fitted. A stream has its options in place of `y`.
 */
export function fit(
  model: Model,
  engine: Engine,
  x: Data | Batches,
  y: Targets | StreamFitOptions | undefined,
  options: FitOptions | undefined,
  begin: (run: FitRun) => void,
): Promise<History> {
  engine.cutCalls(splitLongCall);
  return asRun(async () => {
    const stream = isBatches(x);
    const given = (stream ? (options ?? (y as StreamFitOptions | undefined)) : options) ?? {};
    const targets = stream ? undefined : (y as Targets);
    let plan = await planNamed(model, engine, x, targets, given);
    let { resume } = plan;
    const { classNames } = model;
    for (const callback of plan.callbacks) if (await callback.onRestore?.(model)) resume = true;
    // Labels were read by other names than those of the saved run.
    if (!sameNames(model.classNames, classNames))
      plan = await planNamed(model, engine, x, targets, checkRestored(given));
    let cursor: Cursor | undefined;
    if (resume) {
      const { checkFeed, readCursor } = await import('./resume.js');
      cursor = readCursor(engine, model.run);
      checkFeed(plan.feed, cursor);
    }
    const run = new FitRun(model, engine, plan, cursor);
    begin(run);
    return copyHistory(await run.go());
  });
}
