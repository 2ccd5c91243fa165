import type { History, Validating } from '../callbacks/history.js';
import type { Callback, FitOptions, Model, StreamFitOptions } from '../callbacks/interfaces.js';
import { progress } from '../callbacks/progress.js';
import type { CompileOptions } from '../engine/compile-plan.js';
import { checkNumber, lookUp, StateError, show, ValueError } from '../errors.js';
import type { Matrix, MatrixNumbers } from '../matrix.js';
import type { MetricLabels, Metrics } from '../nn/metrics/registry.js';
import type { GradientOptions, Gradients, OutputGradientOptions, OutputGradients } from '../passes/gradient-options.js';
import type { Logs } from '../passes/logs.js';
import type { BatchSizeOption, PredictOptions } from '../passes/predict.js';
import type { PredictClassesOptions, PredictedClass } from '../passes/rare/predict-classes.js';
import type { Data, Targets } from '../rows/arrays.js';
import type { Batches } from '../rows/batches.js';
import type { Connection } from './connection.js';
import { type FunctionName, type MethodRow, methods, rowOf } from './methods.js';
import { unpackError } from './packed-errors.js';
import { Packer } from './packing.js';
import type { BackendInfo, CallSettings, Description, ModelState, Property } from './protocol.js';
import { pulled } from './pulled.js';
import { Scope, type Target } from './scope.js';

type Plain = number | string | boolean | null | undefined;
type Method = (...args: never[]) => unknown;

/** Methods whose types are not those of the model with a promise around what they return. */
type Special = 'compile' | 'fit' | 'gradients' | 'predict' | 'predictClasses' | 'backend' | Reporting;

/** Methods that return loss and metrics. */
type Reporting = 'partialFit' | 'trainOnBatch' | 'evaluate' | 'testOnBatch' | 'evaluateBatches';

type RemoteMembers<Names extends string> = {
  readonly [K in Exclude<keyof Model, Special> as Model[K] extends Method ? K : never]: Model<Names>[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => R extends AsyncGenerator ? R : Promise<Awaited<R>>
    : never;
} & {
  [K in Exclude<keyof Model, Special> as Model[K] extends Method ? never : K]: Model[K] extends Plain
    ? Model[K]
    : Promise<Model[K]>;
};

type Facing<T> = T extends Model ? RemoteModel : T;

type Hooks = {
  [K in keyof Callback]: Callback[K] extends ((...args: infer A) => infer R) | undefined
    ? (...args: { [I in keyof A]: Facing<A[I]> }) => R
    : Callback[K];
};

/** A callback of `fit` in a worker: the same hooks, on this side, with the model of this side. */
export interface RemoteCallback extends Hooks {}

/** Tells how far `fit` has come. */
export interface Progress {
  /** The epoch, from 0 on. */
  readonly epoch: number;
  /** The last batch that ended. */
  readonly batch: number;
  /** Loss and metrics of that batch; at the end of an epoch those of the epoch. */
  readonly logs: Logs;
}

/** Options of `fit`, and what only workers have. */
export interface RemoteFitOptions extends Omit<FitOptions, 'callbacks'>, RemoteOptions {}

/** The same for a stream of batches. */
export interface RemoteStreamFitOptions extends Omit<StreamFitOptions, 'callbacks'>, RemoteOptions {}

/** A callback of myelin, such as `earlyStopping()`. */
export interface NamedCallback {
  /** Its name, by which the worker makes it anew. */
  readonly name?: string;
}

/** Options that only `fit` in a worker has. */
export interface RemoteOptions {
  /** Callbacks, called in this order; default none. */
  readonly callbacks?: readonly (RemoteCallback | NamedCallback)[];
  /**
   * Is told of the last batch every `progressInterval`, and of each epoch's last. Does not hold training up; what it
   * throws ends and rejects `fit`. Default: none.
   */
  readonly onProgress?: (progress: Progress) => void;
  /** Milliseconds between two calls of `onProgress`; default 100. */
  readonly progressInterval?: number;
  /**
   * Says whether hooks of batches run in groups, some 16 ms of training at a time and up to three groups after it, or
   * each before the next batch begins. Default 'grouped', which costs nothing. None is left out, and those of epochs
   * come after all of their batches. With 'each', `stopTraining`, and whatever else a hook does, counts from the next
   * batch on.
   */
  readonly batchHooks?: 'grouped' | 'each';
}

/**
 * A model in a worker: the methods of `Model`, which return promises, and its properties. Plain ones, such as `epochs` and
 * `learningRate`, are as the worker last told, and may be set; a value that is refused rejects the next call. Others, such
 * as `spec`, are promises.
 */
export interface RemoteModel<Names extends string = string> extends RemoteMembers<Names> {
  /** Describes the backend that the worker opened. */
  readonly backend: BackendInfo;
  /** Chooses optimizer, loss and metrics in the worker; see `Model.compile`. Resolves with this model. */
  compile<const M extends Metrics = readonly []>(options: CompileOptions<M>): Promise<RemoteModel>;
  /** Trains in the worker; see `Model.fit`. Resolves with the history when training has ended. */
  fit(x: Data, y: Targets, options: RemoteFitOptions & Validating): Promise<History<Names, true>>;
  /** Trains in the worker; see `Model.fit`. Resolves with the history when training has ended. */
  fit(x: Data, y: Targets, options?: RemoteFitOptions): Promise<History<Names>>;
  /** Trains in the worker; see `Model.fit`. Resolves with the history when training has ended. */
  fit(batches: Batches, options: RemoteStreamFitOptions & Validating): Promise<History<Names, true>>;
  /** Trains in the worker; see `Model.fit`. Resolves with the history when training has ended. */
  fit(batches: Batches, options?: RemoteStreamFitOptions): Promise<History<Names>>;
  /** Makes one pass over more rows in the worker; see `Model.partialFit`. */
  partialFit(...args: Parameters<Model['partialFit']>): Promise<Logs<Names>>;
  /** Takes one step in the worker; see `Model.trainOnBatch`. */
  trainOnBatch(...args: Parameters<Model['trainOnBatch']>): Promise<Logs<Names>>;
  /** Evaluates rows in the worker; see `Model.evaluate`. */
  evaluate(...args: Parameters<Model['evaluate']>): Promise<Logs<Names>>;
  /** Evaluates a batch in the worker; see `Model.testOnBatch`. */
  testOnBatch(...args: Parameters<Model['testOnBatch']>): Promise<Logs<Names>>;
  /** Evaluates a stream in the worker; see `Model.evaluateBatches`. */
  evaluateBatches(...args: Parameters<Model['evaluateBatches']>): Promise<Logs<Names>>;
  /** Computes gradients in the worker; see `Model.gradients`. */
  gradients(x: Data, y: Targets, options?: GradientOptions): Promise<Gradients>;
  /** Computes gradients from given ones of the outputs in the worker; see `Model.gradients`. */
  gradients(x: Data, options: OutputGradientOptions): Promise<OutputGradients>;
  /** Computes outputs in the worker, rows x units; see `Model.predict`. */
  predict<Output extends MatrixNumbers | Float32Array>(x: Data, options: PredictOptions<Output>): Promise<Output>;
  /** Computes outputs in the worker, rows x units; see `Model.predict`. */
  predict(x: Data, options?: BatchSizeOption): Promise<Matrix>;
  /** Predicts the class of each row in the worker; see `Model.predictClasses`. */
  predictClasses<Classes = readonly PredictedClass[]>(x: Data, options?: PredictClassesOptions): Promise<Classes>;
  /** Frees the model, and ends its worker if it has one of its own. Fails while `fit` is running, as `Model.dispose` does. */
  dispose(): Promise<void>;
}

/** A model of one output in a worker: the type of what `compile` resolves with names its metrics, as that of `OneOutputModel`. */
export interface OneOutputRemoteModel<Names extends string = string> extends RemoteModel<Names> {
  /** Chooses optimizer, loss and metrics in the worker; see `OneOutputModel.compile`. Resolves with this model. */
  compile<const M extends Metrics = readonly []>(
    options: CompileOptions<M>,
  ): Promise<OneOutputRemoteModel<MetricLabels<M>>>;
}

/** Ends the worker of a model that was dropped. */
const dropped = new FinalizationRegistry<() => void>((drop) => drop());

/** Holds what the calling side knows of a model. */
class Mirror implements Target {
  remote!: object;
  disposed = false;
  readonly #properties = new Map<string, Property>();
  /** Settings so far; what the worker told before it knew of the last is stale. */
  #settings = 0;

  constructor(
    readonly connection: Connection,
    readonly model: number,
    readonly description: Description,
    /** The worker serves no other model. */
    readonly own: boolean,
  ) {}

  update(state: ModelState | undefined): void {
    for (const [name, property] of Object.entries(state?.changed ?? {})) {
      if (state?.settings === this.#settings || property.kind !== 'value') this.#properties.set(name, property);
    }
  }

  get(name: string): unknown {
    const property = this.#properties.get(name);
    if (property?.kind === 'object') {
      return this.connection.call({ type: 'get', model: this.model, name }, this.scope());
    }
    if (property?.kind === 'error') throw unpackError(property.error);
    return property?.value;
  }

  set(name: string, value: unknown): void {
    this.#settings++;
    const asked = this.#properties.get(name)?.kind === 'object' || (typeof value === 'object' && value !== null);
    this.#properties.set(name, asked ? { kind: 'object' } : { kind: 'value', value });
    this.connection.tell({ type: 'set', model: this.model, name, value, count: this.#settings });
  }

  scope(): Scope {
    const { connection } = this;
    return new Scope(
      {
        nextArray: () => connection.nextArray(),
        nextSignal: () => connection.nextSignal(),
        abort: (signal, reason) => connection.abort(signal, reason),
        pause: (control, paused) => connection.pause(control, paused),
        known: (thing) => connection.known(thing),
      },
      this,
      this.description,
    );
  }

  async call(
    method: string,
    takes: 'method' | 'function',
    args: readonly unknown[],
    put?: (value: unknown) => Promise<boolean>,
  ): Promise<unknown> {
    if (this.disposed) throw new StateError(`${method}: the model was disposed of.`);
    const scope = this.scope();
    const row = rowOf(method, takes);
    const { rest, settings: fitting } = row.trains ? splitOptions(args, scope) : { rest: args, settings: {} };
    const settings = put ? { ...fitting, put: scope.keep(put) } : fitting;
    const packer = new Packer(scope, this.description);
    const packed = packer.arguments(row, rest);
    const { notes, loans } = packer;
    const lent = loans.map(({ path }) => path);
    const { model } = this;
    const result = await this.connection.call(
      { type: 'call', model, method, takes, args: packed, notes, lent, settings },
      scope,
      packer,
    );
    if (row.ends) this.end();
    if (method === 'compile') return this.remote;
    return row.fills ? fillOutput(args, result) : result;
  }

  end(): void {
    this.disposed = true;
    dropped.unregister(this);
    if (this.own) this.connection.terminate();
    else this.connection.tell({ type: 'drop', model: this.model });
  }
}

/** Shows progress on this side, where the terminal is. */
function withProgress<O extends RemoteFitOptions>({ verbose, ...options }: O): object {
  const { callbacks = [] } = options;
  const mode = ({ 1: 'bar', 2: 'lines', auto: 'auto' } as const)[verbose as 1 | 2 | 'auto'];
  if (mode === undefined || !Array.isArray(callbacks)) return { ...options, ...(verbose ? { verbose } : {}) };
  return { ...options, callbacks: [...callbacks, progress({ mode })] };
}

/** Takes out of the options of `fit` what is for this side. */
function splitOptions(args: readonly unknown[], scope: Scope): { rest: readonly unknown[]; settings: CallSettings } {
  const options = args.at(-1);
  if (typeof options !== 'object' || options === null) return { rest: args, settings: {} };
  const { onProgress, progressInterval = 100, batchHooks = 'grouped', ...others } = options as RemoteFitOptions;
  lookUp({ grouped: true, each: true }, batchHooks, 'batchHooks');
  checkNumber(progressInterval, 'progressInterval', { min: 0 });
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new ValueError({ argument: 'onProgress', given: show(onProgress), expected: 'a function' });
  }
  const isOptions = Object.keys(others).length < Object.keys(options).length;
  return {
    rest: isOptions || 'verbose' in others ? [...args.slice(0, -1), withProgress(others)] : args,
    settings: {
      eachBatch: batchHooks === 'each',
      ...(onProgress ? { progress: { fn: scope.keep(onProgress), interval: progressInterval } } : {}),
    },
  };
}

/** Copies predictions to where they were asked to be. */
function fillOutput(args: readonly unknown[], result: unknown): unknown {
  const output = (args[1] as Partial<PredictOptions<MatrixNumbers | Float32Array>> | undefined)?.output;
  if (output === undefined) return result;
  const [to, from] = [output, result].map((value) => ('data' in (value as object) ? (value as Matrix).data : value));
  if (to !== from) (to as Float32Array).set(from as Float32Array);
  return output;
}

/**
 * Makes the function that drops the model. It is a function of its own, so that its result does not keep the model of this
 * side alive.
 */
function makeDrop(connection: Connection, model: number, own: boolean): () => void {
  return () => (own ? connection.terminate() : connection.tell({ type: 'drop', model }));
}

const mirrors = new WeakMap<object, Mirror>();

/** Builds the model of this side from what the worker says of its own. */
export function makeRemote(
  connection: Connection,
  model: number,
  description: Description,
  state: ModelState,
  own: boolean,
): RemoteModel {
  const mirror = new Mirror(connection, model, description, own);
  mirror.update(state);
  const remote = {};
  const define = (name: string, property: PropertyDescriptor) =>
    Object.defineProperty(remote, name, { enumerable: true, ...property });
  for (const [name, { yields }] of Object.entries<MethodRow>(methods)) {
    const call = (...args: unknown[]) => mirror.call(name, 'method', args);
    const generate = (...args: unknown[]) => pulled((put) => mirror.call(name, 'method', args, put));
    define(name, { value: yields ? generate : call, enumerable: false });
  }
  for (const name of Object.keys(state.changed)) {
    const set = (value: unknown) => mirror.set(name, value);
    define(name, { get: () => mirror.get(name), ...(description.settable.includes(name) ? { set } : {}) });
  }
  define('backend', { value: description.backend });
  mirror.remote = remote;
  mirrors.set(remote, mirror);
  dropped.register(remote, makeDrop(connection, model, own), mirror);
  return remote as RemoteModel;
}

/** Calls a function that takes a model, in the model's worker. @throws ValueError for anything but a model in a worker. */
export function callWith(model: RemoteModel, name: FunctionName, args: readonly unknown[]): Promise<unknown> {
  const mirror = mirrors.get(model);
  if (mirror) return mirror.call(name, 'function', args);
  const expected = "a model of 'myelin/worker'";
  throw new ValueError({ argument: 'model', given: show(model), expected });
}
