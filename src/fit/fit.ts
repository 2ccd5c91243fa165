import { copyHistory, type History } from '../callbacks/history.js';
import { call, hooksOf } from '../callbacks/hooks.js';
import type { FitOptions, Model, StreamFitOptions } from '../callbacks/interfaces.js';
import { type Cursor, pack, type RunState } from '../callbacks/run-state.js';
import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import { stepInParts } from '../engine/step-in-parts.js';
import { StateError, StreamError } from '../errors.js';
import type { GatheredState, Gathering } from '../nn/metrics/metric.js';
import { EpochTotals, type TotalsState } from '../passes/epoch-totals.js';
import { gather } from '../passes/gather.js';
import { logModes, logNames, validationLogs } from '../passes/log-names.js';
import type { Logs } from '../passes/logs.js';
import { makeLogs } from '../passes/logs.js';
import type { LinkedProgram } from '../program/run.js';
import type { Data } from '../rows/arrays.js';
import { type Batches, isBatches } from '../rows/batches.js';
import { beginRun, sharedPause } from '../rows/pause.js';
import { warnOfData } from './data-lint.js';
import { debugProfile } from './debug.js';
import type { ValidationSource } from './fit-data.js';
import { type FitPlan, planFit } from './fit-plan.js';
import { onAbort } from './on-abort.js';
import { Refusals } from './refusals.js';
import { inSlices, TestHooks, validate } from './validation.js';

/** Steps with more work than this hand over to the event loop between calls, not only between steps. */
const LONG_STEP_FLOPS = 2e7;

/** Fewer rows say little about columns and classes. */
const FEWEST_TO_LINT = 50;

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
  #epoch: number;
  #batch = 0;
  #begun = false;
  #firstEpoch: number;
  #endEpoch: number;
  #totals: EpochTotals;
  #history: History = { epoch: [], history: {}, seconds: [] };
  /** The states that callbacks are to be given back. */
  #restored: Readonly<Record<string, unknown>> | undefined;
  #logs: Logs = {};
  /** The time at which the present epoch began; Infinity between epochs. */
  #began = Number.POSITIVE_INFINITY;
  #inStep = false;
  #aborted = false;
  /** Ends what is being waited for. */
  #giveUp: ((reason: unknown) => void) | undefined;
  readonly #refusals: Refusals;
  readonly #gathered: Gathering | undefined;
  readonly #hooks: ReturnType<typeof hooksFor>;

  constructor(
    private readonly model: Model,
    private readonly engine: Engine,
    private readonly plan: FitPlan,
    cursor: Cursor | undefined,
  ) {
    this.#totals = new EpochTotals(engine, cursor?.totals as TotalsState | undefined);
    this.#gathered = gather(engine, plan.feed.rows);
    this.#refusals = new Refusals(model, engine, plan.feed);
    this.#hooks = hooksFor(plan, model);
    const { firstEpoch, epochs } = plan;
    if (cursor) {
      this.#firstEpoch = cursor.firstEpoch;
      this.#endEpoch =
        epochs === undefined ? cursor.epochs : epochs + (firstEpoch === undefined ? cursor.firstEpoch : 0);
      this.#epoch = cursor.epoch;
      this.#batch = cursor.batch;
      this.#begun = cursor.begun;
      this.#history = cursor.history;
      this.#restored = cursor.callbacks;
      this.#seconds = cursor.seconds;
      if (cursor.recent) engine.steps.recent.set(cursor.recent);
      if (this.#gathered) this.#gathered.state = cursor.gathered as GatheredState;
    } else {
      this.#firstEpoch = this.#epoch = firstEpoch ?? model.epochs;
      this.#endEpoch = (epochs as number) + (firstEpoch === undefined ? model.epochs : 0);
    }
    model.epochs = this.#epoch;
  }

  /** The seconds of the present epoch before `began`. */
  #seconds = 0;

  #elapsed(): number {
    return this.#seconds + Math.max(0, performance.now() - this.#began) / 1e3;
  }

  /** @throws StateError in the middle of a step. */
  get state(): RunState {
    if (this.#inStep) throw new StateError('run: a training step of fit is under way; ask in a callback or after fit.');
    const cursor: Cursor = {
      firstEpoch: this.#firstEpoch,
      epochs: this.#endEpoch,
      epoch: this.#epoch,
      batch: this.#batch,
      begun: this.#begun,
      seconds: this.#elapsed(),
      totals: this.#totals.state,
      recent: Array.from(this.engine.steps.recent),
      gathered: this.#gathered?.state,
      data: this.plan.feed.state,
      callbacks: {
        ...Object.fromEntries(this.#stateful().map(([name, callback]) => [name, callback.getState?.()])),
        ...this.#restored,
      },
      history: this.#history,
    };
    return { version: 1, ...(pack(cursor) as object) } as RunState;
  }

  /** Callbacks with state by name; those of one name are numbered. */
  #stateful() {
    const seen = new Map<string, number>();
    return this.plan.callbacks
      .filter(({ getState }) => getState)
      .map((callback) => {
        const { name = 'callback' } = callback;
        const count = (seen.get(name) ?? 0) + 1;
        seen.set(name, count);
        return [count === 1 ? name : `${name}.${count}`, callback] as const;
      });
  }

  async go(): Promise<History> {
    const { signal, feed } = this.plan;
    this.#aborted = signal?.aborted ?? false;
    const unwatch =
      signal &&
      onAbort(signal, () => {
        this.#aborted = true;
        this.#giveUp?.(signal.reason);
      });
    try {
      return await this.#train();
    } catch (error) {
      this.#inStep = false;
      this.interrupted = this.state;
      await call(this.#hooks.abort, error, this.model);
      throw error;
    } finally {
      unwatch?.();
      feed.close();
    }
  }

  /** Throws where the run is to end; returns what to wait for while it is paused. */
  #pauseIfAsked(): Promise<void> | undefined {
    const { signal, control } = this.plan;
    if (this.#aborted) throw signal?.reason;
    if (!control?.paused) return undefined;
    const since = performance.now();
    return this.#orAborted(control.halt()).then(() => {
      this.#began += performance.now() - since;
    });
  }

  readonly #pause = (): Promise<void> | undefined => this.#pauseIfAsked() ?? sharedPause();

  /** Waits, but not longer than until the signal comes. */
  #orAborted<T>(waited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      waited.then(resolve, reject);
    });
  }

  async #train(): Promise<History> {
    const { model, engine, plan } = this;
    const hooks = this.#hooks;
    model.stopTraining = false;
    const resumed = this.#restored !== undefined;
    const logs = logNames(engine, plan.validation !== undefined);
    const epochs = { firstEpoch: this.#firstEpoch, endEpoch: this.#endEpoch };
    const params = { ...epochs, steps: plan.feed.steps, logs, modes: logModes(engine, logs), resumed };
    for (const callback of plan.callbacks) {
      await callback.setParams?.(params);
    }
    this.#pauseIfAsked();
    if (
      plan.lint &&
      engine.steps.taken === 0 &&
      (plan.feed.chosen?.length ?? plan.feed.sample?.rows ?? 0) >= FEWEST_TO_LINT
    ) {
      await warnOfData(engine, plan, this.#pause);
    }
    await call(hooks.trainBegin, model);
    for (const [name, callback] of this.#stateful()) {
      if (this.#restored && Object.hasOwn(this.#restored, name)) callback.setState?.(this.#restored[name]);
    }
    this.#restored = undefined;
    while (this.#epoch < this.#endEpoch && !model.stopTraining) {
      const paused = this.#pauseIfAsked();
      if (paused) await paused;
      if (await this.#trainEpoch()) await this.#endOfEpoch();
    }
    await call(hooks.trainEnd, this.#logs, model);
    return this.#history;
  }

  /** Runs the batches that are left of an epoch; returns whether there is something to report. */
  async #trainEpoch(): Promise<boolean> {
    const { model, plan } = this;
    const { feed } = plan;
    const hooks = this.#hooks;
    const epoch = this.#epoch;
    if (!this.#begun) await call(hooks.epochBegin, epoch, model);
    this.#begun = true;
    this.#began = performance.now();
    const beginning = feed.begin(epoch, this.#batch);
    if (beginning) await this.#orAborted(beginning);
    while (!model.stopTraining) {
      const paused = this.#pauseIfAsked();
      if (paused) await paused;
      const pulled = feed.pull(this.#batch, this.#pause);
      if (!(typeof pulled === 'boolean' ? pulled : feed.take(await this.#orAborted(pulled)))) break;
      if (hooks.batchBegin.length > 0) await call(hooks.batchBegin, this.#batch, model);
      const program = feed.stage();
      const outcome = this.#isLong(program) ? await this.#stepInParts(program) : this.engine.steps.run(program);
      if (!outcome) continue;
      const { refused } = outcome;
      if (refused) await this.#refusals.meet(epoch, this.#batch, hooks.nonFinite);
      const batch = this.#count(outcome, program);
      if (hooks.batchEnd.length > 0 && !refused) {
        const waiting = call(hooks.batchEnd, batch, makeLogs(this.engine, outcome, program.rows), model);
        if (waiting) await waiting;
      }
      if (hooks.checkpoint.length > 0) await call(hooks.checkpoint, model);
      const pausing = sharedPause();
      if (pausing) await pausing;
    }
    if (this.#batch === 0) {
      if (model.stopTraining) return false;
      throw new StreamError(`The stream of batches yields none in epoch ${epoch}.`, epoch, 0);
    }
    if (model.stopTraining && this.#batch < (feed.steps ?? Number.POSITIVE_INFINITY)) this.interrupted = this.state;
    return true;
  }

  /** A solver's line search runs the program again and again. */
  #isLong({ flops }: LinkedProgram): boolean {
    return flops > LONG_STEP_FLOPS || this.engine.training.optimizer.solver !== undefined;
  }

  async #stepInParts(program: LinkedProgram): Promise<Outcome | undefined> {
    this.#inStep = true;
    const outcome = await stepInParts(this.engine, program, sharedPause, () => this.#aborted);
    this.#inStep = false;
    return outcome;
  }

  /** Takes notice of a batch, after which the next one is due; returns its number. */
  #count(outcome: Outcome, program: LinkedProgram): number {
    const batch = this.#batch++;
    if (outcome.refused) {
      this.#totals.skipped++;
    } else {
      this.#totals.add(outcome, program.rows);
      this.#gathered?.add(this.engine.heap, program);
    }
    this.plan.feed.passed();
    return batch;
  }

  async #endOfEpoch(): Promise<void> {
    const { model, engine, plan } = this;
    this.#refusals.endEpoch(this.#totals.rows);
    const hooks = this.#hooks;
    const epoch = this.#epoch;
    const gathered = this.#gathered;
    const measured = gathered && (await inSlices(gathered.measure(), this.#pause));
    const trained = this.#totals.logs(engine, measured);
    let logs: Logs = { ...trained, learningRate: latestRate(engine) };
    if (plan.validation && plan.validates(epoch)) {
      logs = { ...logs, ...validationLogs(await this.#validate(plan.validation)) };
    }
    this.#logs = logs;
    const { history, ...rest } = this.#history;
    rest.epoch.push(epoch);
    rest.seconds.push(this.#elapsed());
    for (const [name, value] of Object.entries(logs)) {
      const values = history[name];
      if (values) values.push(value);
      else history[name] = [value];
    }
    model.epochs = this.#epoch = epoch + 1;
    this.#batch = 0;
    this.#begun = false;
    this.#seconds = 0;
    this.#began = Number.POSITIVE_INFINITY;
    this.#totals = new EpochTotals(engine);
    gathered?.restart();
    await call(hooks.epochEnd, epoch, logs, model);
    if (hooks.checkpoint.length > 0) await call(hooks.checkpoint, model);
    if (epoch === this.#firstEpoch) await debugProfile(engine, plan.feed);
    await sharedPause();
  }

  async #validate(source: ValidationSource): Promise<Logs> {
    const { test } = this.#hooks;
    if ('pair' in source) return validate(this.engine, source, test, this.#pause);
    const { validateBatches } = await import('./stream.js');
    return validateBatches(this.engine, source, this.#epoch, test, this.#pause, (waited) => this.#orAborted(waited));
  }
}

/** Returns the learning rate of the last step, unless it was set since. */
function latestRate({ steps, training }: Engine): number {
  return steps.ownRate ?? training.optimizer.rate(Math.max(0, steps.taken - 1));
}

/**
 * Trains from the beginning or from where the model's last run was interrupted; `begin` is told of the run. In a module of
 * its own, which models load when they are first fitted. A stream has its options in place of `y`.
 */
export async function fit(
  model: Model,
  engine: Engine,
  x: Data | Batches,
  y: Data | StreamFitOptions | undefined,
  options: FitOptions | undefined,
  begin: (run: FitRun) => void,
): Promise<History> {
  const end = await beginRun();
  try {
    return await plannedFit(model, engine, x, y, options, begin);
  } finally {
    end();
  }
}

async function plannedFit(
  model: Model,
  engine: Engine,
  x: Data | Batches,
  y: Data | StreamFitOptions | undefined,
  options: FitOptions | undefined,
  begin: (run: FitRun) => void,
): Promise<History> {
  const stream = isBatches(x);
  const given = (stream ? (options ?? (y as StreamFitOptions | undefined)) : options) ?? {};
  const plan = await planFit(engine, x, stream ? undefined : (y as Data), given);
  let { resume } = plan;
  for (const callback of plan.callbacks) if (await callback.onRestore?.(model)) resume = true;
  let cursor: Cursor | undefined;
  if (resume) {
    const { checkFeed, readCursor } = await import('./resume.js');
    cursor = readCursor(engine, model.run);
    checkFeed(plan.feed, cursor);
  }
  const run = new FitRun(model, engine, plan, cursor);
  begin(run);
  return copyHistory(await run.go());
}
