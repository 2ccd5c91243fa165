import { type NonFiniteError, nearest, show, UnknownNameError, ValueError } from '../errors.js';
import type { Model } from './model.js';

/**
 * Numbers of a batch or an epoch: `loss`, metrics, `penalty`, `gradientNorm`; of an epoch also `learningRate`, that of its
 * last step, and where there was validation `valLoss` and so on. Of metrics the batches of `fit` have `accuracy` alone,
 * since others cost more than a step. With several outputs `priceLoss` and so on.
 */
export type Logs = Readonly<Record<string, number>>;

/** What callbacks are told before training begins. */
export interface FitParams {
  /** The first epoch and the one after the last, counted as callbacks count them. */
  readonly firstEpoch: number;
  readonly endEpoch: number;
  /** Batches of an epoch; undefined for a stream without `stepsPerEpoch`. */
  readonly steps: number | undefined;
  /** Names of the numbers that `onEpochEnd` gets; those of validation only in epochs that are validated. */
  readonly logs: readonly string[];
  /** The run goes on where one was interrupted. */
  readonly resumed: boolean;
}

type Hooked = void | Promise<void>;

/** Plain data: what JSON holds, and also NaN, infinities and Float32Arrays. */
export type State = unknown;

/**
 * Hooks into `fit`, in the order of Keras. Each may return a promise, which is awaited. To end training, set
 * `model.stopTraining`. Callbacks are called in the order of their list.
 */
export interface Callback {
  /** What the state of a run files the callback's own under; needed with `getState`. */
  readonly name?: string;
  /** What the callback must know to go on in another process. */
  getState?(): State;
  /** Takes what `getState` returned, after `onTrainBegin` of a resumed run. */
  setState?(state: State): void;
  setParams?(params: FitParams): Hooked;
  /** Before everything else. What puts a saved run into `model` returns true, and `fit` goes on with `model.run`. */
  onRestore?(model: Model): boolean | Promise<boolean>;
  onTrainBegin?(model: Model): Hooked;
  onTrainEnd?(logs: Logs, model: Model): Hooked;
  /** In place of `onTrainEnd`, where an error or a signal ends training. */
  onAbort?(reason: unknown, model: Model): Hooked;
  /**
   * A batch that met NaN or infinity, and changed nothing. Where this sets `model.stopTraining`, `fit` ends with it instead
   * of throwing.
   */
  onNonFinite?(error: NonFiniteError, model: Model): Hooked;
  onEpochBegin?(epoch: number, model: Model): Hooked;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): Hooked;
  onBatchBegin?(batch: number, model: Model): Hooked;
  onBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** Another name of `onBatchBegin`, which it goes before. */
  onTrainBatchBegin?(batch: number, model: Model): Hooked;
  /** Another name of `onBatchEnd`, which it goes before. */
  onTrainBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** After all callbacks have seen the end of a batch or an epoch: the moment to save model and run. */
  onCheckpoint?(model: Model): Hooked;
  /** Validation, and `evaluateBatches`. */
  onTestBegin?(model: Model): Hooked;
  onTestEnd?(logs: Logs, model: Model): Hooked;
  onTestBatchBegin?(batch: number, model: Model): Hooked;
  onTestBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** `predictBatches`. */
  onPredictBegin?(model: Model): Hooked;
  onPredictEnd?(model: Model): Hooked;
  onPredictBatchBegin?(batch: number, model: Model): Hooked;
  onPredictBatchEnd?(batch: number, model: Model): Hooked;
}

export type HookName = Extract<keyof Callback, `on${string}`>;

const NAMES = 'Train Epoch Batch TrainBatch Test TestBatch Predict PredictBatch';

/** Names of the functions of an object and of its class. */
function methodsOf(given: object): readonly string[] {
  const names: string[] = [];
  let holder: object | null = given;
  do {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && name !== 'constructor') names.push(name);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  } while (holder !== null && Object.getPrototypeOf(holder) !== null);
  return names;
}

/** Refuses an object none of whose functions is called, such as one with hooks as Keras writes them. */
function checkHooks(callback: object, known: readonly string[], argument: string): void {
  const called = [...known, 'setParams', 'getState', 'setState'];
  if (called.some((name) => typeof (callback as Record<string, unknown>)[name] === 'function')) return;
  const methods = methodsOf(callback);
  if (methods.length === 0) return;
  const [guess] = methods.flatMap((name) => nearest(name, known) ?? []);
  throw new ValueError({
    argument,
    given: `an object with ${methods.join(', ')} and no hook`,
    expected: `at least one of ${known.join(', ')}`,
    ...(guess === undefined ? {} : { hint: `Did you mean '${guess}'?` }),
  });
}

/** Refuses what is no list of callbacks, and hooks that nothing calls. Callbacks may keep other fields for themselves. */
export function checkCallbacks(callbacks: unknown): asserts callbacks is readonly Callback[] {
  if (!Array.isArray(callbacks)) {
    throw new ValueError({ argument: 'callbacks', given: show(callbacks), expected: 'an array of callbacks' });
  }
  const known = [
    ...NAMES.split(' ').flatMap((name) => [`on${name}Begin`, `on${name}End`]),
    ...['onRestore', 'onAbort', 'onCheckpoint', 'onNonFinite'],
  ];
  callbacks.forEach((callback: unknown, i) => {
    if (typeof callback !== 'object' || callback === null) {
      const hint = typeof callback === 'function' ? { hint: 'Call it: earlyStopping(), not earlyStopping.' } : {};
      const expected = 'an object with hooks';
      throw new ValueError({ argument: `callbacks[${i}]`, given: show(callback), expected, ...hint });
    }
    for (const key of Object.keys(callback)) {
      if (!/^on[A-Z]/.test(key) || known.includes(key)) continue;
      throw new UnknownNameError({
        argument: `callbacks[${i}].${key}`,
        given: `the hook '${key}'`,
        expected: `one of ${known.join(', ')}`,
        hint: `Did you mean '${nearest(key, known) ?? 'onEpochEnd'}'?`,
      });
    }
    checkHooks(callback, known, `callbacks[${i}]`);
  });
}

type Hook = (...args: never[]) => unknown;

/** A hook of every callback that has it, under the first of its names that is there. */
export function hooksOf<N extends HookName>(callbacks: readonly Callback[], ...names: N[]): HooksOf<N> {
  const hooks = callbacks.flatMap((callback) => {
    const name = names.find((candidate) => typeof callback[candidate] === 'function');
    return name ? [(callback[name] as Hook).bind(callback)] : [];
  });
  return hooks as unknown as HooksOf<N>;
}

export type HooksOf<N extends HookName> = readonly NonNullable<Callback[N]>[];

/** Calls hooks one after the other; returns a promise only where one of them does. */
export function call<A extends readonly unknown[]>(
  hooks: readonly ((...args: A) => unknown)[],
  ...args: A
): Promise<void> | undefined {
  for (let i = 0; i < hooks.length; i++) {
    const waiting = (hooks[i] as (...args: A) => unknown)(...args);
    if (typeof (waiting as PromiseLike<unknown> | undefined)?.then !== 'function') continue;
    return (waiting as Promise<unknown>).then(() => call(hooks.slice(i + 1), ...args));
  }
  return undefined;
}
