import type { History } from '../callbacks/history.js';
import type { FitOptions, Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { internalsOf } from '../engine/internals.js';
import { nextMode, takeStep } from '../engine/steps.js';
import { checkBoolean, checkOptions, ShapeError, StateError, show, ValueError } from '../errors.js';
import { compileCalls, type KnownLists } from '../kernels/own/call-list.js';
import type { Logs } from '../passes/logs.js';
import { logsOf } from '../passes/one-batch.js';
import { refusedBatch } from '../passes/refused-batch.js';
import type { JoinCalls } from '../program/run.js';
import { rare } from '../rare.js';
import { checkBatch, type Data, type Pair, readPair, type Targets } from '../rows/arrays.js';

/** A step of more operations than this in its products gains nothing by being one call, and `fit` cuts long ones. */
const MOST_FLOPS = 4e6;

/** Says that data is by member. */
export interface PerMember {
  /** True where `x` and `y` are arrays with an entry for each member, in the order of `models`. */
  readonly perMember: true;
}

/** Says that one batch or data set is for all members. */
export interface ForAllMembers {
  /** False, the default: `x` and `y` are for all members. */
  readonly perMember?: false;
}

/** Options of `trainOnBatch` of a group. */
export type LockstepBatchOptions = PerMember | ForAllMembers;

/** Options of `fit` of a group: those of a model's `fit`, for all members, and whose the data is. */
export type LockstepFitOptions = FitOptions & LockstepBatchOptions;

/** Returns the options of one member: its place in `models`, and the model. May return other callbacks for each. */
export type LockstepMemberOptions = (member: number, model: Model) => FitOptions;

/** Networks of one architecture that train as one program: what `lockstep` returns. */
export interface Lockstep {
  /** The members that have not left, in order. They remain models of their own, to be used between calls of the group. */
  readonly models: readonly Model[];
  /**
   * Takes a training step with each member, as its `trainOnBatch` does, and returns their logs in order. All batches are checked
   * before the first member changes.
   * @throws ShapeError, ValueError for data that does not fit, with nothing changed; NonFiniteError of the first member whose
   * step was refused, once the others have taken theirs.
   */
  trainOnBatch(x: Data, y: Targets, options?: ForAllMembers): Logs[];
  trainOnBatch(x: readonly Data[], y: readonly Targets[], options: PerMember): Logs[];
  /**
   * Trains all members as their own `fit` would, and returns a history for each. Members may stop at different epochs, by
   * callbacks of their own: callbacks are given the member as their model. Callbacks with a memory, such as `earlyStopping`,
   * must be made for each member, by a function in place of options. With a function, the fourth argument says whether data is by
   * member.
   * @throws ValueError for callbacks with a memory that all share; what the first member that failed throws, once all others
   * have ended.
   */
  fit(x: Data, y: Targets, options?: FitOptions & ForAllMembers): Promise<History[]>;
  fit(x: readonly Data[], y: readonly Targets[], options: FitOptions & PerMember): Promise<History[]>;
  fit(x: Data, y: Targets, options: LockstepMemberOptions): Promise<History[]>;
  fit(x: readonly Data[], y: readonly Targets[], options: LockstepMemberOptions, data: PerMember): Promise<History[]>;
  /** Lets a member go: it trains no more with the others, and is a model as before. @throws ValueError for what is no member */
  leave(model: Model): void;
}

/** Makes one call of a small program that trains. */
function joining(lists: KnownLists): JoinCalls {
  return ({ mode, flops, symbolic, calls, updates }, { kernels, base = 0, memory }) => {
    if (mode !== 'train' && mode !== 'accumulate') return undefined;
    if (!memory || flops > MOST_FLOPS || calls.some(([name]) => updates.get(name))) return undefined;
    const listed = symbolic.map(({ kernel, args }, i) => ({
      kernel,
      numbers: (calls[i] as readonly unknown[]).slice(1) as number[],
      offset: args.map((arg) => typeof arg !== 'number'),
    }));
    return compileCalls(listed, kernels, base, lists);
  };
}

/** Tells networks apart whose weights or inputs differ in shape. */
function shapeOf({ network: { inputs, parameters, outputs } }: Engine): string {
  return JSON.stringify([
    inputs.map(({ width }) => width),
    parameters.map(({ name, value }) => [name, value.rows, value.columns]),
    outputs.length,
  ]);
}

interface Member {
  readonly model: Model;
  readonly engine: Engine;
}

class Group implements Lockstep {
  #members: readonly Member[];

  constructor(models: readonly Model[]) {
    this.#members = models.map((model) => ({ model, engine: internalsOf(model).engine }));
    const first = this.#members[0] as Member;
    const shape = shapeOf(first.engine);
    this.#members.forEach(({ model, engine }, i) => {
      engine.checkCompiled();
      if (models.indexOf(model) !== i) {
        throw new ValueError({
          argument: `models[${i}]`,
          given: 'a model for the second time',
          expected: 'each model once',
        });
      }
      if (shapeOf(engine) !== shape) {
        throw new ShapeError({
          argument: `models[${i}]`,
          given: 'a network of another architecture',
          expected: 'the inputs, layers and units of models[0]',
        });
      }
    });
    this.#checkIdle('lockstep');
    const join = joining(new WeakMap());
    for (const { engine } of this.#members) if (engine.network.threads === 1) engine.joinCalls(join);
  }

  get models(): readonly Model[] {
    return this.#members.map(({ model }) => model);
  }

  trainOnBatch(x: Data | readonly Data[], y: Targets | readonly Targets[], options: LockstepBatchOptions = {}): Logs[] {
    checkOptions(options, ['perMember'], 'trainOnBatch');
    const dataOf = this.#dataOf(x, y, options.perMember);
    this.#checkIdle('trainOnBatch');
    const members = this.#members;
    const pairs: Pair[] = [];
    for (let i = 0; i < members.length; i++) {
      const { engine } = members[i] as Member;
      const pair = readPair(engine, ...dataOf(i));
      checkBatch(engine, pair.rows);
      pairs.push(pair);
    }
    let failure: { readonly error: unknown } | undefined;
    const logs: Logs[] = [];
    for (let i = 0; i < members.length; i++) {
      const { engine } = members[i] as Member;
      const pair = pairs[i] as Pair;
      const program = engine.program(nextMode(engine), pair.rows);
      engine.stageBatch(program, pair.x, pair.y, 0);
      const outcome = takeStep(engine, program);
      const skips = engine.training.onNonFinite === 'skip';
      if (outcome.trouble && !skips) {
        failure ??= { error: rare().refusal(engine, outcome, refusedBatch(engine, ...dataOf(i), undefined)) };
        continue;
      }
      const own = logsOf(engine, program, outcome);
      logs.push(skips ? { ...own, skippedBatches: outcome.trouble ? 1 : 0 } : own);
    }
    if (failure) throw failure.error;
    return logs;
  }

  async fit(
    x: Data | readonly Data[],
    y: Targets | readonly Targets[],
    options: LockstepFitOptions | LockstepMemberOptions = {},
    data: LockstepBatchOptions = {},
  ): Promise<History[]> {
    checkOptions(data, ['perMember'], 'fit');
    this.#checkIdle('fit');
    const { perMember, ...shared }: LockstepFitOptions = typeof options === 'function' ? data : { ...data, ...options };
    const dataOf = this.#dataOf(x, y, perMember);
    const { callbacks = [] } = shared as FitOptions;
    const withMemory = callbacks.find(({ getState }) => getState);
    if (withMemory && this.#members.length > 1) {
      throw new ValueError({
        argument: 'callbacks',
        given: `${withMemory.name ?? 'a callback'} with a memory, for all members`,
        expected: 'one for each member',
        hint: 'Pass a function in place of options: fit(x, y, () => ({ callbacks: [earlyStopping()] })).',
      });
    }
    const own = this.#members.map(({ model }, i) => (typeof options === 'function' ? options(i, model) : shared));
    const runs = this.#members.map(({ model }, i) => model.fit(...dataOf(i), own[i] as FitOptions));
    const ended = await Promise.allSettled(runs);
    return ended.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  leave(model: Model): void {
    const member = this.#members.find((other) => other.model === model);
    if (!member) {
      throw new ValueError({ argument: 'model', given: show(model), expected: 'a member of the group' });
    }
    this.#checkIdle('leave');
    member.engine.joinCalls();
    this.#members = this.#members.filter((other) => other !== member);
  }

  /** Returns what tells the data of a member. */
  #dataOf(x: unknown, y: unknown, perMember = false): (member: number) => [Data, Targets] {
    checkBoolean(perMember, 'perMember');
    if (!perMember) return () => [x as Data, y as Targets];
    const count = this.#members.length;
    for (const [argument, list] of Object.entries({ x, y })) {
      if (Array.isArray(list) && list.length === count) continue;
      throw new ShapeError({
        argument,
        given: Array.isArray(list) ? `an array of ${list.length}` : show(list),
        expected: `an array with an entry for each of ${count} members`,
      });
    }
    return (member) => [(x as Data[])[member] as Data, (y as Targets[])[member] as Targets];
  }

  #checkIdle(method: string): void {
    if (!this.#members.some(({ engine, model }) => engine.steps.midway || internalsOf(model).running)) return;
    throw new StateError(`${method}: fit is still running on a member; await it first.`);
  }
}

/**
 * Trains several networks of one architecture as one program: each with its own seed, weights, rates, weight decay, dropout and
 * batches. Every member ends in the bits that it would have had alone. Small networks gain: their steps become one function of
 * WebAssembly that all members share, made at run time; on the TypeScript backend, with threads, for large networks and where the
 * engine refuses such a module they run as they would alone. Networks that differ in layers without weights may stand together.
 * @param models compiled models with the same inputs and the same shapes of weights, each once
 * @throws ValueError for no models, or one that comes twice; ShapeError for another architecture; StateError before `compile`
 * and while `fit` runs on one
 */
export function lockstep(models: readonly Model[]): Lockstep {
  if (Array.isArray(models) && models.length > 0) return new Group(models);
  throw new ValueError({ argument: 'models', given: show(models), expected: 'an array of at least one model' });
}
