import type { CompileOptions } from '../engine/compile-plan.js';
import type { INTERNALS, Internals } from '../engine/internals.js';
import type { Summary } from '../engine/rare/summary.js';
import type { NamedLayer } from '../engine/rare/trainable.js';
import type { NonFiniteError } from '../errors.js';
import type { LintCode } from '../insight/finding.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { Matrix, MatrixLike } from '../matrix.js';
import type { ClassNames } from '../nn/class-names.js';
import type { BuildableSpec } from '../nn/graph.js';
import type { MetricLabels, Metrics } from '../nn/metrics/registry.js';
import type { Weights } from '../nn/parameters.js';
import type { Logs } from '../passes/logs.js';
import type { Mode } from '../program/emitter.js';
import type { Profile, ProfileOptions } from '../program/profile.js';
import type { Data, Targets } from '../rows/arrays.js';
import type { Batches } from '../rows/batches.js';
import type { ClassWeightOption } from '../rows/class-weights.js';
import type { EvaluateOptions, SampleWeight, WeightOptions } from '../rows/sample-weights.js';
import type { GradientMethods } from './gradient-methods.js';
import type { History, Validating } from './history.js';
import type { PredictionMethods } from './prediction-methods.js';
import type { RunState } from './run-state.js';
import type { TrainingControl } from './training-control.js';

// A model trains by options, among which are callbacks, which are given the model: the three are declared in one file.
// Everything that trains or is called back imports them from here; src/model/model.ts implements the model.

/**
 * A model over one heap: what `sequential` and `model` return. Dropping it frees everything. `Names` are those of its metrics,
 * where `compile` has told them; of any other model logs and histories may have any name.
 */
export interface Model<Names extends string = string> extends GradientMethods, PredictionMethods {
  /** Epochs that `fit` has finished; a further `fit` goes on counting. */
  epochs: number;
  /**
   * The names of the classes: of the columns of the output, in order, or for one column of the classes 0 and 1; of several
   * outputs by the output's name. `compile` and `fit` take them, or `fit` finds them in labels, sorted. Targets may be labels of
   * these names, and `predictClasses` returns them. Saved with the model. Default: none.
   */
  classNames?: ClassNames | undefined;
  /** Describes how inputs are made from raw data, as plain data of your own. Saved with the model. */
  preprocessing?: unknown;
  /** Set by a callback to end `fit` after the present batch. */
  stopTraining: boolean;
  /** The backend that the model was built with. */
  readonly backend: BackendFactory;

  /** The model as plain data, for `modelFromSpec`; `sequential` takes the layers of a stack as they are. */
  readonly spec: BuildableSpec & {
    /** The seed of initialization, shuffling and dropout. */
    readonly seed: number;
  };

  /** @internal */
  readonly [INTERNALS]: Internals;

  /**
   * The learning rate of the next step. Setting it replaces a schedule by a constant.
   * @throws StateError before `compile`; ValueError below 0.
   */
  learningRate: number;

  /** Bytes of the heap as it is; `summary().heapBytes` says the same from the plan. */
  readonly heapBytes: number;

  /**
   * Chooses optimizer, loss and metrics. Weights stay, optimizer state starts anew. Returns the model, whose type names the
   * metrics where it is known to have one output: see `OneOutputModel`.
   * @throws UnknownNameError, ValueError for options out of range or where the loss does not fit the last layer.
   */
  compile<const M extends Metrics = readonly []>(options: CompileOptions<M>): Model;

  /**
   * Freezes layers, or lets them learn again: one by its name (its `name`, or `layers.N`), or all for which a function
   * returns true. Takes effect with the next `compile`, without which the model trains and evaluates no more; weights stay. A
   * frozen layer has no gradients and no optimizer state, and batch normalization uses its moving moments, in training too.
   * @throws UnknownNameError; ValueError for a layer without weights.
   */
  setTrainable(layers: string | ((layer: NamedLayer) => boolean), trainable: boolean): void;

  /**
   * Trains for a number of epochs on rows, or on batches as a stream yields them. Metrics of an epoch are exact, over all
   * rows, of the predictions that its steps made as each batch came; those of validation are of the weights at the epoch's
   * end. Yields to the event loop at least every 50 ms, so that pages and servers stay responsive; `predict` and `evaluate`
   * may be called meanwhile. A run that an error or a signal ends leaves its position in `model.run`.
   * @throws ShapeError, ValueError for data that does not fit, in streams with the number of the batch; StreamError for a
   * stream that ends early; NonFiniteError, which explains where and why; the reason of `signal`.
   */
  fit(x: Data, y: Targets, options: FitOptions & Validating): Promise<History<Names, true>>;
  fit(x: Data, y: Targets, options?: FitOptions): Promise<History<Names>>;
  fit(batches: Batches, options: StreamFitOptions & Validating): Promise<History<Names, true>>;
  fit(batches: Batches, options?: StreamFitOptions): Promise<History<Names>>;

  /**
   * The position of `fit` in its run or, once it was interrupted, where it stood, for `fit(x, y, { ..., resume: true
   * })`; undefined otherwise. Plain JSON; with weights and optimizer state it can be resumed in another process. May be
   * set to what it was.
   * @throws StateError in the middle of a step.
   */
  run: RunState | undefined;

  /**
   * Makes one pass over more rows, in their order, for a model that learns as data comes in; `model.epochs` stays the same.
   * Returns loss and metrics of the pass, as `fit` of one epoch.
   */
  partialFit(x: Data, y: Targets, options?: PartialFitOptions): Promise<Logs<Names>>;

  /**
   * Takes one optimizer step on one batch; with `gradientAccumulationSteps` its share of one. Returns its loss (before the
   * step) and metrics.
   * @throws NonFiniteError where something is not finite, the weights then as before: `await error.explain()` says where and
   * why.
   */
  trainOnBatch(x: Data, y: Targets, options?: WeightOptions): Logs<Names>;

  /** Loss and metrics over all rows, with layers in inference mode. */
  evaluate(x: Data, y: Targets, options?: EvaluateOptions): Logs<Names>;

  /** Loss and metrics of a batch, as `evaluate`; in one call where it has no more than 256 rows. */
  testOnBatch(x: Data, y: Targets, options?: WeightOptions): Logs<Names>;

  /** Loss and metrics over all batches of a stream, of which one is in memory at a time. @throws StreamError */
  evaluateBatches(batches: Batches, options?: EvaluateBatchesOptions): Promise<Logs<Names>>;

  /** Outputs for each batch of a stream of inputs, rows x units each. */
  predictBatches(
    batches: Batches<Data>,
    options?: {
      /** Callbacks of which those hooks are called that begin with `onPredict`; default none. */
      readonly callbacks?: readonly Callback[];
    },
  ): AsyncGenerator<Matrix, void, undefined>;

  /** Copies of all weights and moving moments, by name. */
  getWeights(): Weights;

  /**
   * Returns the weights as `getWeights` does, with averages in place of the trained weights, for a model compiled with
   * `averaging`; frozen weights and moving moments as they are.
   * @throws StateError before anything was averaged.
   */
  averagedWeights(): Weights;

  /**
   * Puts the averages in place of the weights; `getWeights` before keeps those. A model with batch normalization needs
   * `updateMovingMoments` next, for its moments are those of the weights before.
   * @throws StateError before anything was averaged.
   */
  applyAveragedWeights(): void;

  /**
   * Computes the moving moments of batch normalization anew: their means over the batches of x, with the other layers in
   * training mode, as PyTorch's `update_bn`. Rows at the end that are too few for a batch are left out; a frozen layer
   * keeps its moments. `batchSize` is 32 by default.
   */
  updateMovingMoments(
    x: Data,
    options?: {
      /** Rows that one pass computes; default 32. */
      readonly batchSize?: number;
    },
  ): void;

  /**
   * Takes all weights of a model of the same layers, as `getWeights` returns them. Changes nothing if any is missing,
   * unknown, of another shape or not finite.
   * @throws ShapeError, UnknownNameError, ValueError
   */
  setWeights(weights: Readonly<Record<string, MatrixLike>>): void;

  /**
   * Gives back the memory of this model, which throws a StateError afterwards. Dropping the model is enough, once the event
   * loop turns; a loop that makes models and never awaits anything calls this.
   */
  dispose(): void;

  /** Layers with output shapes, parameters and bytes; prints as a table. */
  summary(): Summary;

  /**
   * Times every kernel call of a training step on one batch; prints as a table. Takes about a third of a second or, on
   * large models, four steps, in one go. Changes nothing.
   */
  profile(x: Data, y: Targets, options?: ProfileOptions): Promise<Profile>;

  /**
   * Returns the kernel calls of one mode ('train', 'accumulate', 'gradients', 'inspect', 'moments', 'validate', 'evaluate',
   * 'predict') and number of rows, as text.
   */
  program(mode: Mode, rows: number): string;
}

/** A model of one output, as `sequential` and, of one tensor, `model` return it: the type that `compile` returns names its metrics. */
export interface OneOutputModel<Names extends string = string> extends Model<Names> {
  /**
   * Compiles as `Model.compile` does: with `const net = sequential({ ... }).compile({ ..., metrics: ['accuracy'] })` a misspelt
   * name in what `evaluate` and `fit` return does not compile. Metrics of several outputs have names that begin with those of the
   * outputs, which types do not know: they may be any.
   */
  compile<const M extends Metrics = readonly []>(options: CompileOptions<M>): OneOutputModel<MetricLabels<M>>;
}

/** Options of training on rows or on a stream of batches. */
export interface StreamFitOptions {
  /** The number of epochs to train; default 1. With `initialEpoch` the epoch to end before, as in Keras. */
  readonly epochs?: number;
  /**
   * The number of the first epoch, by which callbacks, schedules of callbacks and the order of rows go; default the epochs
   * that were trained already, `model.epochs`.
   */
  readonly initialEpoch?: number;
  /**
   * Batches of an epoch. Of rows default as many as there are, and other numbers take one pass over the rows after the
   * other; of a stream default all it yields, and for a generator, which goes on with the next epoch, required for more
   * epochs than one.
   */
  readonly stepsPerEpoch?: number;
  /** Seeds the order of rows, the stratified split and mixup; default the model's seed. */
  readonly seed?: number;
  /** Factors of the loss by class: `{ cat: 5 }`, `{ 1: 5 }`, `[1, 5]` or 'balanced'; of several outputs by name. Default: none. */
  readonly classWeight?: ClassWeightOption;
  /** The names of the classes, which become `model.classNames`; default those of labels, sorted, unless the model has some. */
  readonly classNames?: ClassNames;
  /**
   * The alpha, above 0, of mixup (Zhang et al. 2018; 0.1 to 0.4 there): trains on lambda x1 + (1 - lambda) x2 with
   * targets mixed alike, where lambda is drawn from Beta(alpha, alpha) for each batch and rows are paired at random.
   * Metrics compare with the mixed targets. Default: no mixup.
   */
  readonly mixup?: number;
  /**
   * Inputs and targets to evaluate after epochs, and maybe the weights of their rows; or a stream of batches. Default:
   * none.
   */
  readonly validationData?: readonly [Data, Targets] | readonly [Data, Targets, SampleWeight] | Batches;
  /**
   * Validates after every `validationFreq`-th epoch, or after the epochs that a list names, counted from 1 as in Keras;
   * default 1.
   */
  readonly validationFreq?: number | readonly number[];
  /** Batches of validation data to take; default all. */
  readonly validationSteps?: number;
  /** Rows of validation that are computed at a time; default 256. Of a stream the batches as they come. */
  readonly validationBatchSize?: number;
  /** Callbacks, called in this order, before the progress of `verbose`; default none. */
  readonly callbacks?: readonly Callback[];
  /** 0, the default: silent. 1: a bar on the terminal. 2: a line per epoch. 'auto': a bar on terminals, else lines. */
  readonly verbose?: 0 | 1 | 2 | 'auto';
  /**
   * Ends training after the present batch at the latest. `fit` rejects with the signal's reason, the model can be used
   * and `model.run` says where to resume. Default: none.
   */
  readonly signal?: AbortSignal;
  /** The control by which the run can be paused, from `trainingControl()`; default none. */
  readonly control?: TrainingControl;
  /** Goes on with the run that was interrupted, `model.run`, given the same data and options. Default false. */
  readonly resume?: boolean;
}

/** Options of `fit` for matrices. Those of its own are about rows that all lie in memory. */
export interface FitOptions extends WeightOptions, StreamFitOptions {
  /**
   * Rows of x and y to train on, by number from 0; one may come several times. Default all. Folds and networks of an ensemble
   * share a matrix so, in place of a copy for each. Without `shuffle` they are taken in this order.
   */
  readonly rows?: ArrayLike<number>;
  /** Rows of a batch, an integer of at least 1; default 32, with `lbfgs`, which takes nothing less, all rows. */
  readonly batchSize?: number;
  /** A new order each epoch; default true, but for `lbfgs`, which sees all rows at once. */
  readonly shuffle?: boolean;
  /**
   * Share of the rows, taken from the end before shuffling, to evaluate instead of training on. As in Keras and
   * TensorFlow.js the first floor(rows (1 - share)) are trained on. From 0 on and below 1; default 0.
   */
  readonly validationSplit?: number;
  /**
   * Looks at the rows before the first step, from 50 rows on, and warns, once a code, of what makes training harder:
   * columns and targets far from -1..1, constant columns, rare and missing classes, rows for validation that are rows for
   * training. `{ ignore: ['constantColumn'] }` silences a code, false all; default true. See `lint`.
   */
  readonly lint?:
    | boolean
    | {
        /** Codes of findings that are not warned of. */
        readonly ignore: readonly LintCode[];
      };
  /** Draws the rows of `validationSplit` instead, the same share of each class; default false. */
  readonly stratify?: boolean;
}

/** Options of `partialFit`, a part of those of `fit`. */
export type PartialFitOptions = Pick<
  FitOptions,
  'batchSize' | 'sampleWeight' | 'classNames' | 'mixup' | 'seed' | 'signal'
> & {
  /** As in `fit`, but for 'balanced', since what to count is not all there; default none. */
  readonly classWeight?: Exclude<ClassWeightOption, 'balanced'>;
};

/** Options of `evaluateBatches`. */
export interface EvaluateBatchesOptions {
  /** Batches to take; default all. */
  readonly steps?: number;
  /** Callbacks of which those hooks are called that begin with `onTest`; default none. */
  readonly callbacks?: readonly Callback[];
}

/** Tells callbacks what a run will do, before training begins. */
export interface FitParams {
  /** The first epoch and the one after the last, counted as callbacks count them. */
  readonly firstEpoch: number;
  /** The epoch after the last one that will be trained. */
  readonly endEpoch: number;
  /** Batches of an epoch; undefined for a stream without `stepsPerEpoch`. */
  readonly steps: number | undefined;
  /** Names of the numbers that `onEpochEnd` gets; those of validation only in epochs that are validated. */
  readonly logs: readonly string[];
  /** Says of each of `logs` whether its least or its greatest value is the best; `mode: 'auto'` goes by it. */
  readonly modes?: Readonly<Record<string, 'min' | 'max'>>;
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
  /** The key of the callback's state in the state of a run; needed with `getState`. */
  readonly name?: string;
  /** Returns what the callback must know to go on in another process. */
  getState?(): State;
  /** Takes what `getState` returned, after `onTrainBegin` of a resumed run. */
  setState?(state: State): void;
  /** Is told, before `onTrainBegin`, what the run will do. */
  setParams?(params: FitParams): Hooked;
  /** Before everything else. What puts a saved run into `model` returns true, and `fit` goes on with `model.run`. */
  onRestore?(model: Model): boolean | Promise<boolean>;
  /** Is called before the first epoch, and in a resumed run before it goes on. */
  onTrainBegin?(model: Model): Hooked;
  /** Is called when training ends, after all epochs or by `model.stopTraining`, with the logs of the last epoch. */
  onTrainEnd?(logs: Logs, model: Model): Hooked;
  /** In place of `onTrainEnd`, where an error or a signal ends training. */
  onAbort?(reason: unknown, model: Model): Hooked;
  /**
   * A batch in which NaN or infinity occurred, which changed nothing. Where this sets `model.stopTraining`, `fit` ends with
   * it instead of throwing.
   */
  onNonFinite?(error: NonFiniteError, model: Model): Hooked;
  /** Is called before the first batch of an epoch, which counts from 0. */
  onEpochBegin?(epoch: number, model: Model): Hooked;
  /** Is called when an epoch and its validation have ended, with their loss, metrics and learning rate. */
  onEpochEnd?(epoch: number, logs: Logs, model: Model): Hooked;
  /** Is called before a batch is computed; it counts from 0 in each epoch. */
  onBatchBegin?(batch: number, model: Model): Hooked;
  /** Is called when a batch has been computed and applied, with its own loss and metrics. */
  onBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** Another name of `onBatchBegin`, which it goes before. */
  onTrainBatchBegin?(batch: number, model: Model): Hooked;
  /** Another name of `onBatchEnd`, which it goes before. */
  onTrainBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** After all callbacks have seen the end of a batch or an epoch: the moment to save model and run. */
  onCheckpoint?(model: Model): Hooked;
  /** Validation, and `evaluateBatches`. */
  onTestBegin?(model: Model): Hooked;
  /** Is called when validation or `evaluateBatches` ends, with its loss and metrics. */
  onTestEnd?(logs: Logs, model: Model): Hooked;
  /** Is called before a batch is evaluated; it counts from 0. */
  onTestBatchBegin?(batch: number, model: Model): Hooked;
  /** Is called when a batch has been evaluated, with its own loss and metrics. */
  onTestBatchEnd?(batch: number, logs: Logs, model: Model): Hooked;
  /** `predictBatches`. */
  onPredictBegin?(model: Model): Hooked;
  /** Is called when `predictBatches` ends. */
  onPredictEnd?(model: Model): Hooked;
  /** Is called before a batch is predicted; it counts from 0. */
  onPredictBatchBegin?(batch: number, model: Model): Hooked;
  /** Is called when a batch has been predicted. */
  onPredictBatchEnd?(batch: number, model: Model): Hooked;
}
